# SPDX-License-Identifier: Apache-2.0
"""sim.runner: nothing outside decides a build or a run, and only a comparison is a verdict."""

import re
from pathlib import Path

import cocotb
import cocotb_tools
import pygpi
import pytest

from sim.runner import LOG, BenchFailed, NotSimulated, Simulation, Verilator
from support import environment
from support.cache import cache_dir
from support.failures import InputError

PROBE = """
module probe(clk, stop, q);
    input clk, stop;
    output q;
    assign q = clk;
    always @(posedge stop) $fatal;
endmodule
"""
BENCH = """
import os
import signal

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def passes(dut):
    for level in 0, 1:
        dut.clk.value = level
        await Timer(1, "ns")
        assert dut.q.value == level


@cocotb.test()
async def differs(dut):
    assert dut.q.value == 2, "not two"


@cocotb.test()
async def is_told(dut):
    assert os.environ["MACHINE"] == "ours"


@cocotb.test()
async def compares(dut):
    import plain

    two = 2
    assert plain.LOADER == "SourceFileLoader"
    assert dut.q.value.is_resolvable and two == 3


@cocotb.test(timeout_time=5, timeout_unit="ns")
async def hangs(dut):
    await Timer(10, "ns")


@cocotb.test()
async def breaks(dut):
    raise OSError(28, "No space left on device")


@cocotb.test()
async def stops(dut):
    dut.stop.value = 1
    await Timer(1, "ns")


@cocotb.test()
async def dies(dut):
    os.kill(os.getpid(), signal.SIGKILL)
"""
HOSTILE = {
    "WAVES": "1",
    "GUI": "1",
    "COCOTB_TEST_MODULES": "x",
    "COCOTB_RANDOM_SEED": "x",
    "COCOTB_RESULTS_FILE": "/nowhere/x.xml",
    "COVERAGE": "1",
    "LIBPYTHON_LOC": "/nowhere",
    "GPI_EXTRA": "x",
    "GPI_USERS": "x",
    "PYGPI_USERS": "x",
    "SIM_CMD_PREFIX": "false",
    "MODULE": "x",
    "TOPLEVEL": "x",
    "VERILATOR_ROOT": "/nowhere",
    "VERILATOR_BIN": "x",
    "MAKEFLAGS": "-n",
    "CXXFLAGS": "-x",
    "RM": "false",
}


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """A design built under hostile variables, in a cache with an odd name."""
    folder = tmp_path_factory.mktemp("my $fpga #1's é")
    (folder / "tb_probe.py").write_text(BENCH)
    (folder / "plain.py").write_text("LOADER = type(__loader__).__name__\n")
    builds = folder / "avatar-gan-fpga" / "verilator"
    builds.mkdir(parents=True)
    for compiled in (cache_dir() / "verilator").glob("runtime-*"):  # half a build's time
        (builds / compiled.name).symlink_to(compiled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        for name, value in HOSTILE.items():
            patch.setenv(name, value)
        simulation = Simulation(PROBE, "probe")
    assert simulation.build_dir.is_relative_to(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield simulation


@pytest.mark.sim
def test_what_all_designs_share_is_compiled_once():
    Simulation(PROBE + "// one", "probe")
    log = (Simulation(PROBE + "// another", "probe").build_dir / LOG).read_text()
    assert "Vtop.cpp" in log
    assert "verilated.cpp" not in log
    assert "c++-header" not in log


def run(probe, case):
    probe.run("tb_probe", testcase=case)


@pytest.mark.sim
@pytest.mark.parametrize("choice", ["COCOTB_TESTCASE", "COCOTB_TEST_FILTER", "COCOTB_LIST_TESTS"])
def test_variables_of_other_programs_do_not_reach_a_run(probe, monkeypatch, choice):
    for name, value in {**HOSTILE, choice: "1"}.items():
        monkeypatch.setenv(name, value)
    run(probe, "passes")


@pytest.mark.sim
def test_a_runs_own_variables_win(probe, monkeypatch):
    monkeypatch.setenv("MACHINE", "theirs")
    probe.run("tb_probe", testcase="is_told", env={"MACHINE": "ours"})


@pytest.mark.sim
@pytest.mark.parametrize(
    ("case", "reason", "asserted"),
    [
        ("differs", "AssertionError: not two", True),
        ("hangs", "SimTimeoutError: ", True),
        ("breaks", "OSError: [Errno 28] No space left on device", False),
    ],
)
def test_a_failed_test_says_whether_it_compared(probe, case, reason, asserted):
    with pytest.raises(BenchFailed, match=r"^tb_probe: 1 of 1 tests failed") as failed:
        run(probe, case)
    assert (failed.value.reason.splitlines()[0], failed.value.asserted) == (reason, asserted)


@pytest.mark.sim
def test_a_benchs_assertions_tell_their_values_and_other_modules_are_as_they_are(probe):
    with pytest.raises(BenchFailed) as failed:
        run(probe, "compares")
    assert "2 == 3" in failed.value.reason


@pytest.mark.sim
def test_of_a_build_the_program_stays_and_not_its_parts(probe):
    kept = {path.name for path in probe.build_dir.iterdir()}
    assert kept == {"probe", "probe.v", "build.log", "complete"}


@pytest.mark.sim
def test_a_check_in_the_design_is_a_verdict(probe):
    with pytest.raises(
        BenchFailed, match=r"^tb_probe: the design stopped the simulation"
    ) as failed:
        run(probe, "stops")
    assert failed.value.asserted


@pytest.mark.sim
@pytest.mark.parametrize(
    ("bench", "case", "words"),
    [
        ("tb_probe", "dies", "the simulator ended with status -9"),
        ("tb_nothing", None, "No module named 'tb_nothing'"),
        ("tb_probe", "nothing", "did not run tb_probe"),
    ],
)
def test_what_did_not_run_is_no_verdict(probe, bench, case, words):
    with pytest.raises(NotSimulated, match=f"^the simulation did not run {bench}: ") as failed:
        probe.run(bench, testcase=case)
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)
    assert failed.value.status == InputError.status == 2


def test_every_variable_that_cocotb_reads_is_known():
    read = re.compile(r"""(?:_env\.\w+|os\.getenv|environ\.get)\(\s*"([A-Z_]+)\"""")
    names = set()
    for package in (cocotb, cocotb_tools, pygpi):
        for path in Path(package.__file__).parent.rglob("*.py"):
            names |= set(read.findall(path.read_text()))
    assert names >= {"WAVES", "GUI", "COCOTB_TEST_FILTER", "COVERAGE", "SIM_CMD_PREFIX"}
    colour_only = {"NO_COLOR"}
    assert {name for name in names if not environment.FOREIGN.fullmatch(name)} <= colour_only


def test_every_variable_that_a_build_could_take_is_known():
    home = Verilator.find().home
    if home is None:
        pytest.skip("Verilator is the machine's")
    text = Path(home, "include", "verilated.mk").read_text()
    used = set(re.findall(r"\$[({]([A-Z][A-Z0-9_]+)[)}]", text))
    assigned = set(re.findall(r"^\s*([A-Z][A-Z0-9_]+)\s*:?=", text, re.MULTILINE))
    own = {"CURDIR", "MAKECMDGOALS"}  # make sets them
    taken = used - assigned - own
    assert taken >= {"CPPFLAGS", "CXXFLAGS", "OBJCACHE"}
    assert {name for name in taken if not environment.FOREIGN.fullmatch(name)} == set()
