# SPDX-License-Identifier: Apache-2.0
"""Boards: pins, clocks, what fits, what is refused; no tool is run."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import cli
from boards.build.board_top import BoardTop
from boards.catalogue.listing import facts, holders
from boards.catalogue.registry import BOARDS
from boards.chips import ecp5_pll, xilinx_pll
from boards.chips.capacity import DoesNotFit, check_fit, memory_table, planned
from boards.chips.devices import DEVICES
from boards.chips.ecp5_pll import TARGET_MHZ
from boards.chips.families import ECP5, GOWIN, XILINX
from golden.layer_sums import self_test_of
from golden.model_file import load
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.memory.machine_port import machine_port
from hw.model.resources import board_memories
from hw.tiling import Tiling
from support.failures import InputError
from support.files import new_folder
from support.tools import YOSYS

ROOT = Path(__file__).parents[2]
MODEL = "tests/conformance/small-16-12-8-w5.safetensors"
LOCATION = re.compile(
    r'LOCATE COMP "(\w+)" SITE|^IO_LOC "(\w+)"|LOC \w+ \[get_ports "(\w+)"\]', re.M
)


class Echo(wiring.Component):
    """The ports of a top, and next to nothing inside."""

    rx: In(1)
    tx: Out(1)
    active: Out(1)
    error: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [self.tx.eq(self.rx), self.active.eq(~self.rx)]
        return m


class EchoOutside(Echo):
    """The same, with a port for a memory."""

    memory: Out(machine_port(16, 1024))


def prepared(board, top=Echo):
    """Return the text of all constraints of a board's top."""
    clock_hz = round(board.clocks_mhz[-1] * 1e6)
    plan = board.platform().prepare(
        BoardTop(top(), board, clock_hz), emit_src=False, debug_verilog=False
    )
    names = [name for name in plan.files if name.endswith((".lpf", ".cst", ".xdc", ".sdc"))]
    texts = [plan.files[name] for name in names]
    return "\n".join(text if isinstance(text, str) else text.decode() for text in texts)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_pins_and_oscillator_are_constrained(board, monkeypatch):
    if board.device.family is XILINX:
        monkeypatch.setenv("YOSYS", YOSYS.path)  # writes the Verilog
    text = prepared(board)
    ports = {next(filter(None, found)) for found in LOCATION.findall(text)}
    assert {port.removesuffix("__io") for port in ports} == {
        f"{board.oscillator}_0",
        "uart_0__rx",
        "uart_0__tx",
        *(
            "_".join(map(str, lamp[:2])) + "".join(f"__{n}" for n in lamp[2:])
            for name, lamp in board.lamps.items()
            if name != "model"  # of a top that loads from a flash
        ),
    }
    if board.device.family is not GOWIN:  # its tools take the clock as an argument
        hertz = f"{board.oscillator_hz:.1f} HZ"
        assert hertz in text or f"-period {1e9 / board.oscillator_hz}" in text
    if board.pll is ecp5_pll.Ecp5Pll:
        assert f'FREQUENCY NET "pll.free" {TARGET_MHZ * 1e6} HZ;' in text


@pytest.mark.parametrize("name", ["ulx3s-85f", "colorlight-i9"])
def test_a_memory_outside_has_its_pins(name):
    board = BOARDS[name]
    pins = re.findall(r'LOCATE COMP "sdram_0__(\w+)__io', prepared(board, EchoOutside))
    assert {"clk", "ras", "cas", "we"} < set(pins)
    geometry = board.sdram.geometry
    assert pins.count("dq") == geometry.width
    assert (pins.count("ba"), pins.count("a")) == (geometry.bank_bits, geometry.address_pins)
    assert board.sdram.timing.cycles(round(max(board.clocks_mhz) * 1e6)).refresh > 500
    outside = [each for each in board.capacities.values() if each.array.weight_bus]
    assert outside
    for capacity in outside:
        assert capacity.array.weight_bus == board.sdram.geometry.width
        assert capacity.weight_words <= board.sdram.geometry.words


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_clock_can_be_made(board):
    assert list(board.clocks_mhz) == sorted(board.clocks_mhz, reverse=True)
    for mhz in board.clocks_mhz:
        out_hz = Fraction(mhz) * 10**6
        in_hz = board.oscillator_hz
        if board.pll is ecp5_pll.Ecp5Pll:
            before, feedback, behind = ecp5_pll.dividers(in_hz, int(out_hz))
            assert Fraction(in_hz * feedback, before) == out_hz
            assert 400e6 <= out_hz * behind <= 800e6
            assert 10e6 <= in_hz / before <= 400e6
        elif board.pll is xilinx_pll.XilinxPll:
            multiplier, divisor = xilinx_pll.factors(in_hz, int(out_hz))
            assert Fraction(in_hz * multiplier, divisor) == out_hz
            assert 800e6 <= in_hz * multiplier <= 1600e6
        else:
            assert out_hz == in_hz


@pytest.mark.parametrize("make", [ecp5_pll.dividers, xilinx_pll.factors])
def test_a_clock_that_no_pll_makes(make):
    with pytest.raises(InputError, match=r"makes no 33\.333 MHz of 25 MHz"):
        make(25_000_000, 33_333_000)


@pytest.mark.parametrize("mhz", [3, 405, 500, 800])
def test_a_clock_out_of_the_plls_range(mhz):
    with pytest.raises(InputError, match=rf"makes 3\.125 to 400 MHz, not {mhz}"):
        ecp5_pll.dividers(25_000_000, mhz * 10**6)


@pytest.mark.parametrize(("board", "mhz"), [("ulx3s-85f", 125), ("pynq-z2", 100)])
def test_the_documents_name_the_build_of_the_design_as_it_is(board, mhz):
    text = (ROOT / "docs" / "boards.md").read_text()
    section = text[text.index(f"$ avatar build --board {board} --model models/compact-normal-w5") :]
    model = load(ROOT / "models" / "compact-normal-w5.safetensors")
    capacity = BOARDS[board].capacity()
    latents, answer = self_test_of(model, capacity.array.columns)
    plan = BuildPlan(
        capacity,
        clock_hz=mhz * 10**6,
        model=model,
        self_test=latents,
        answer=answer,
        platform=BOARDS[board].platform(),
    )
    assert re.search(r"^model +(\w+)", section, re.MULTILINE)[1] == model.digest
    assert re.search(r"^build +(\w+)", section, re.MULTILINE)[1] == plan.build_id.hex()


def test_a_board_without_the_lamp_that_its_simulation_watches(capsys):
    assert cli.main(["board-sim", "--model", MODEL, "--netlist", "colorlight-i9"]) == 2
    assert "colorlight-i9: has no lamp `busy`" in capsys.readouterr().err


def test_lamps_that_a_zero_lights():
    low = {name for name, each in BOARDS.items() if "busy" in each.lamps and each.busy_is_low}
    assert low == {"orangecrab-25f", "orangecrab-85f", "tang-nano-20k"}


def test_a_board_whose_chip_no_model_shows(capsys):
    assert cli.main(["board-sim", "--model", MODEL, "--netlist", "pynq-z2"]) == 2
    assert "pynq-z2: only cells of the ECP5 and of Gowin have models" in capsys.readouterr().err


def test_the_machines_fit_their_chips():
    for board in BOARDS.values():
        for capacity in board.capacities.values():
            check_fit(capacity, board.device)


def test_what_the_machines_hold():
    models = {name: GeneratorSpec.preset(name, 5) for name in GeneratorSpec.PRESETS}
    models |= {f"compact-w{bits}": GeneratorSpec.preset("compact", bits) for bits in (4, 8)}
    held = {
        (board["name"], machine["name"]): machine["models"]
        for board in facts(models)
        for machine in board["machines"]
    }
    assert all(held.values())
    up_to_compact = ["compact", "small", "tiny", "compact-w4"]
    assert held["ulx3s-85f", "w5"] == held["pynq-z2", "w5"] == up_to_compact
    assert held["ulx3s-85f", "w4"] == ["compact-w4"]
    assert held["ulx3s-85f", "w6"] == up_to_compact
    assert held["pynq-z2", "w8"] == [*up_to_compact, "compact-w8"]
    assert held["colorlight-i9", "w5"] == ["small", "tiny"]
    assert held["ulx3s-85f", "sdram-w5"] == [*GeneratorSpec.PRESETS, "compact-w4"]
    assert held["ulx3s-85f", "sdram-w8"] == [*models]
    assert held["colorlight-i9", "sdram-w5"] == ["medium", *up_to_compact]
    assert held["orangecrab-25f", "w5"] == held["tang-nano-20k", "w5"] == ["tiny"]
    assert holders(models["compact-w8"]) == ["ulx3s-85f", "arty-a7-100", "pynq-z2"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("w7", "ulx3s-85f has no machine 'w7'; choose from w5, w4, w6, w8, sdram-w5, sdram-w8, or"),
        ("word=5", "'word' is no size; choose from rows, columns, weight_bits"),
        ("sweeps=", "sweeps is ''; give a whole number"),
        ("sweeps=0", "sweeps is 0; give 1 or more"),
        ("rows=5", "rows is 5; give a multiple of 4"),
    ],
)
def test_capacities_that_are_none(text, complaint):
    with pytest.raises(InputError, match=complaint):
        BOARDS["ulx3s-85f"].capacity(text)


def test_sizes_change_the_first_machine():
    board = BOARDS["ulx3s-85f"]
    first = board.capacity()
    assert first is board.capacity("w5")
    other = board.capacity("rows=8,sweeps=700")
    assert (other.array, other.sweeps) == (ArraySpec(8, 16), 700)
    assert replace(other, array=first.array, sweeps=first.sweeps) == first


def test_the_list_reads_the_same_for_programs(capsys):
    assert cli.main(["boards", "--json"]) == 0
    assert [board["name"] for board in json.loads(capsys.readouterr().out)] == list(BOARDS)
    assert cli.main(["boards"]) == 0
    machines = sum(len(board.capacities) for board in BOARDS.values())
    assert len(capsys.readouterr().out.splitlines()) == 1 + machines


def test_the_memory_table_adds_up():
    capacity = BOARDS["ulx3s-85f"].capacity()
    head, *rows, total = memory_table(capacity, ECP5).splitlines()
    assert head.split()[0] == "memory"
    counts = [int(row.split()[-1]) for row in rows if row.split()[-1] != "logic"]
    assert sum(counts) == int(total.split()[-1])
    assert len(rows) == len(board_memories(capacity))
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("device", "channels", "bits", "array", "complaint"),
    [
        (
            "lfe5u-85f",
            (512, 256, 128),
            5,
            ArraySpec(),
            r"lfe5u-85f has 208 block RAMs, this needs \d+: \d+ short",
        ),
        (
            "xc7a100t",
            (32, 16, 8),
            6,
            ArraySpec(),
            r"has 240 multipliers, this needs 264: 24 short; .*5 bits",
        ),
        (
            "xc7a100t",
            (32, 16, 8),
            5,
            ArraySpec(32, 16),
            r"multipliers, this needs \d+: \d+ short; give fewer",
        ),
    ],
)
def test_what_does_not_fit_is_refused(device, channels, bits, array, complaint):
    spec = GeneratorSpec.avatars(channels=channels, weight_bits=bits)
    with pytest.raises(DoesNotFit, match=complaint):
        check_fit(Capacity.of(Tiling(spec, array)), DEVICES[device])


def test_an_ecp5_makes_of_logic_what_its_multipliers_do_not():
    capacity = BOARDS["ulx3s-85f"].capacity("w4")
    assert capacity.array.macs_per_cycle == 512
    check_fit(capacity, DEVICES["lfe5u-85f"])
    (machine,) = (
        machine
        for board in facts({})
        if board["name"] == "ulx3s-85f"
        for machine in board["machines"]
        if machine["name"] == "w4"
    )
    assert machine["multipliers"] == DEVICES["lfe5u-85f"].multipliers


def test_primitives_are_counted():
    text = "  cell \\DP16KD \\a\n cell \\DP16KD \\b\n cell \\MULT18X18D \\c\n cell $add $1\n"
    assert planned(text) == {"ebr": 2, "mult": 1}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["build", "--board", "nexys", "--model", MODEL], "board 'nexys' is unknown; choose from"),
        (["build", "--board", "ulx3s-85f", "--model", "none.safetensors"], "none.safetensors"),
        (
            ["build", "--board", "ulx3s-85f", "--model", MODEL, "--clock", "99.99"],
            "the PLL makes no 99.99 MHz of 25 MHz",
        ),
        (
            ["build", "--board", "orangecrab-25f", "--capacity", "rows=16"],
            "lfe5u-25f has 56 block RAMs",
        ),
        (
            ["build", "--board", "orangecrab-25f", "--model", "models/compact-w5.safetensors"],
            "orangecrab-25f: the network does not fit the machine: weight_words",
        ),
        (["build", "--board", "ulx3s-85f", "--capacity", "w7"], "has no machine 'w7'"),
        (["build", "--board", "ulx3s-85f", "--bus", "axi"], "has no processor beside the logic"),
        (["build", "--board", "pynq-z2", "--bus", "axi", "--clock", "96"], "makes no 96 MHz"),
        (["build", "--board", "tang-nano-20k", "--model", MODEL, "--clock", "50"], "27 MHz"),
        (["build", "--board", "ulx3s-85f", "--model", MODEL, "--baud", "9600"], "--baud"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys, arguments, complaint):
    out = tmp_path / "out"
    assert cli.main([*arguments, "--out", str(out)]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("avatar: error: ")
    assert complaint in last
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_not_touched(tmp_path, capsys):
    arguments = ["build", "--board", "ulx3s-85f", "--model", MODEL]
    assert cli.main([*arguments, "--out", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with new_folder(tmp_path / "new") as folder:
            (folder / "half").write_text("written")
            _ = 1 // 0
    assert not list(tmp_path.iterdir())
    with new_folder(tmp_path / "new") as folder:
        (folder / "whole").write_text("written")
    assert (tmp_path / "new" / "whole").read_text() == "written"
