# SPDX-License-Identifier: Apache-2.0
"""The ECP5's tools on a small design: what comes out, twice the same, kept; what fails, and how."""

import json
import stat
import time
from pathlib import Path

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.build.ecp5 import flow
from boards.build.ecp5.routed_report import RoutedReport
from boards.chips.capacity import planned
from hw.primitives.block_ram import BlockRam
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.primitives.multiplier import Multiplier
from hw.rtlil import to_rtlil
from support.failures import InputError
from support.progress import Progress
from support.tools import Tool, ToolFailed

pytestmark = pytest.mark.timeout(900)


class Squares(wiring.Component):
    """A word of a memory, squared: one block RAM, one multiplier."""

    address: In(8)
    square: Out(36)

    def elaborate(self, platform):
        m = Module()
        m.submodules.numbers = numbers = BlockRam(18, 256, range(256))
        m.submodules.multiplier = multiplier = Multiplier(18, 18)
        address = Signal.like(self.address)
        m.d.sync += [address.eq(self.address), self.square.eq(multiplier.product)]
        m.d.comb += [
            numbers.address.eq(address),
            multiplier.a.eq(numbers.data),
            multiplier.b.eq(numbers.data),
            multiplier.b_en.eq(1),
        ]
        return m


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr("support.cache.cache_dir", lambda: folder)  # not that of the tools themselves
        yield folder


def route(design):
    with Progress(disable=True) as progress:
        netlist = flow.synthesize(design, progress)
        return netlist, flow.place_and_route(
            netlist, "lfe5u-25f", progress, package="CABGA381", frequency=50
        )


@pytest.fixture(scope="module")
def design():
    return to_rtlil(Squares(), "top", platform=Ecp5Primitives())


@pytest.fixture(scope="module")
def routed(cache, design):
    return route(design)[1]


def test_what_was_planned_comes_out(design, routed):
    assert planned(design) == {"ebr": 1, "mult": 1}
    assert routed.report.used["ebr"] == 1
    assert routed.report.used["mult"] == 1
    assert routed.report.used["ff"] >= 8 + 36


def test_timing_is_read_by_the_designs_names(routed):
    report = routed.report
    assert list(report.fmax_mhz) == ["clk"] == list(report.constraints_mhz)
    assert report.constraints_mhz["clk"] == 50
    assert 100 < report.fmax_mhz["clk"] < 1000
    path = report.critical_paths["clk"]
    assert set(path.components) <= {"top", "numbers", "multiplier", "numbers.block_0_0"}
    assert path.logic_ns + path.routing_ns == pytest.approx(1000 / report.fmax_mhz["clk"], abs=0.02)


def test_a_second_run_takes_what_is_kept(design, routed, monkeypatch):
    monkeypatch.setattr(Tool, "run", lambda *_, **__: pytest.fail("a tool ran again"))
    assert route(design)[1].folder == routed.folder


def test_the_same_inputs_give_the_same_bytes(design, routed, tmp_path, monkeypatch):
    monkeypatch.setattr("support.cache.cache_dir", lambda: tmp_path)
    again = route(design)[1]
    assert again.folder != routed.folder
    with Progress(disable=True) as progress:
        for folder in (routed.folder, again.folder):
            flow.pack(folder, progress)
    for name in ("routed.config", "timing.json", "top.bit"):
        assert (routed.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_a_failure_names_its_log_and_is_not_kept(cache):
    with pytest.raises(ToolFailed, match=r"yosys failed: ERROR: .*yosys\.log\)"):
        route("this is no RTLIL\n")
    partial = list((cache / "synthesis").glob("*.partial"))
    assert [folder for folder in partial if (folder / "yosys.log").exists()]


def program(folder, text):
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


TOOL = Tool("no-such-tool", "no-such-package", "no-such-script")


def test_a_missing_tool_is_one_line():
    with pytest.raises(InputError, match=r"no-such-tool is not installed; .*\.\[boards\]"):
        _ = Tool("no-such-tool", "no-such-package", "no-such-script").path


def test_a_tool_that_hangs_is_ended(tmp_path, monkeypatch):
    hangs = program(tmp_path, f"sleep 100 & echo $! > {tmp_path}/child; wait")
    monkeypatch.setenv(TOOL.variable, hangs)
    with pytest.raises(ToolFailed, match="took more than 1 s"):
        TOOL.run([], tmp_path, log="log", timeout=1)
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    end = time.monotonic() + 10
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < end, "what the tool started is still there"
        time.sleep(0.05)


def test_lines_of_the_log_come_while_it_runs(tmp_path, monkeypatch):
    slow = program(tmp_path, "echo one > log; sleep 0.3; echo two >> log")
    monkeypatch.setenv(TOOL.variable, slow)
    tool = Tool("no-such-tool", "no-such-package", "no-such-script")
    lines = []
    tool.run([], tmp_path, log="log", timeout=10, watch=lines.append)
    assert [line for line in lines if line] == ["one", "two"]  # an empty one: none came yet


def test_a_program_that_cannot_start_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv(TOOL.variable, str(tmp_path / "nothing"))
    tool = Tool("no-such-tool", "no-such-package", "no-such-script")
    with pytest.raises(InputError, match="NO_SUCH_TOOL"):
        tool.run([], tmp_path, log="log", timeout=10)


def test_names_of_components():
    facts = {
        "fmax": {"$glbnet$clk$TRELLIS_IO_IN": {"achieved": 80.0, "constraint": 100.0}},
        "utilization": {
            cell: {"used": n, "available": 99}
            for n, cell in enumerate(("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D"))
        },
        "critical_paths": [
            {
                "from": "posedge $glbnet$clk$TRELLIS_IO_IN",
                "to": "posedge $glbnet$clk$TRELLIS_IO_IN",
                "path": [
                    step(
                        "array.pe_3_4.act_TRELLIS_FF_Q",
                        "array.pe_3_4.product_LUT4",
                        "clk-to-q",
                        0.5,
                    ),
                    step("array.pe_3_4.product_LUT4", "banks.bank_2.total_FF", "routing", 9.5),
                    step("banks.bank_2.total_FF", "banks.bank_2.total_FF", "setup", 2.5),
                ],
            },
            {"from": "<async>", "to": "posedge $glbnet$clk$TRELLIS_IO_IN", "path": []},
        ],
    }
    report = RoutedReport.of(json.loads(json.dumps(facts)))
    path = report.critical_paths[report.slowest]
    assert str(path) == "array.pe_3_4 -> banks.bank_2"
    assert (path.logic_ns, path.routing_ns) == (3.0, 9.5)
    assert report.used == {"lut": 0, "ff": 1, "ebr": 2, "mult": 3}


def step(begin, end, kind, delay):
    return {"from": {"cell": begin}, "to": {"cell": end}, "type": kind, "delay": delay}


def test_the_flip_flop_behind_a_port(tmp_path):
    flip_flop = {"type": "TRELLIS_FF", "connections": {"DI": [9], "Q": [5]}}
    lut = {"type": "LUT4", "connections": {"Z": [6]}}
    ports = {"enabled": {"CE1": [5]}, "by logic": {"CE1": [6]}, "tied": {"CE1": ["1"]}, "open": {}}
    cells = {"register": flip_flop, "lut": lut}
    cells |= {name: {"type": "MULT18X18D", "connections": pins} for name, pins in ports.items()}
    netlist = {"modules": {"top": {"cells": cells}}}
    (tmp_path / "netlist.json").write_text(json.dumps(netlist))
    found = flow.Netlist(tmp_path, 0).drivers("MULT18X18D", "CE1")
    assert found == {"enabled": "register"}


def test_a_carry_that_nothing_reads_stays_in_its_chain():
    def adder(cin, cout):
        directions = {"CIN": "input", "COUT": "output"}
        pins = {"CIN": [cin], "COUT": [cout]}
        return {"type": "CCU2C", "port_directions": directions, "connections": pins}

    cells = {"first": adder("0", 1), "last": adder(1, 2), "leaves": adder("0", 3)}
    top = {"cells": cells, "ports": {"carry": {"direction": "output", "bits": [3]}}}
    flow.without_idle_carries({"modules": {"top": top}})
    assert {name: cell["connections"]["COUT"] for name, cell in cells.items()} == {
        "first": [1],
        "last": ["x"],
        "leaves": [3],
    }


def test_a_clock_keeps_its_constraint_whatever_yosys_calls_its_net(tmp_path):
    def netlist(folder, **nets):
        cells = {"pll.cell": {"type": "EHXPLLL", "connections": {"CLKOP": [7]}}}
        top = {"cells": cells, "netnames": {name: {"bits": [bit]} for name, bit in nets.items()}}
        folder.mkdir()
        (folder / "netlist.json").write_text(json.dumps({"modules": {"top": top}}))
        return flow.Netlist(folder, 0.0)

    lpf = 'LOCATE COMP "tx";\nFREQUENCY NET "pll.clk" 150000000.0 HZ;\n'
    as_it_is = netlist(tmp_path / "a", **{"top.array.pe.clk": 7, "pll.clk": 7, "a": 8})
    assert as_it_is.with_clock(lpf, "pll.clk") == lpf
    other = netlist(tmp_path / "b", **{"top.array.pe.clk": 7, "memory.clk": 7, "pll.clk": 9})
    assert other.with_clock(lpf, "pll.clk") == lpf.replace("pll.clk", "memory.clk")
    assert other.with_clock('FREQUENCY PORT "clk" 1 HZ;', "pll.clk") == 'FREQUENCY PORT "clk" 1 HZ;'
