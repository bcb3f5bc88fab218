# SPDX-License-Identifier: Apache-2.0
"""tests.mutants: every fault still fits the sources, and a fault reaches its bench."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from sim.benches.components import MACHINES, PARTS
from tests.mutants import run
from tests.mutants.__main__ import MUTANTS, main
from tests.mutants.mutant import Misplaced, Mutant
from tests.mutants.run import Judge, verdict

ROOT = Path(__file__).parents[1]
LANES = Mutant("lanes", "array.py", "LANES = QUAD ", "LANES = 5 ", "bench", "")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_fits_the_sources(mutant):
    text = mutant.text(ROOT)
    assert text != (ROOT / "hw" / mutant.file).read_text()
    compile(text, mutant.file, "exec")
    assert mutant.why


@pytest.mark.parametrize("bench", sorted({mutant.bench for mutant in MUTANTS}))
def test_its_bench_exists(bench):
    if "::" not in bench:
        machine, part = bench.split("/")
        assert machine in MACHINES
        assert part in PARTS
        return
    path, name = bench.split("::")
    assert re.search(rf"^def {name.split('[')[0]}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_names_are_unique_and_many():
    assert len(MUTANTS) >= 30
    assert Counter(mutant.name for mutant in MUTANTS).most_common(1)[0][1] == 1


@pytest.fixture
def lanes_bench(monkeypatch):
    """In place of every bench: fail with an assertion unless the hardware has four lanes."""
    code = "import sys; from hw.array import LANES; print('FAILED x - AssertionError'); "
    monkeypatch.setattr(
        run, "command", lambda bench: [sys.executable, "-c", f"{code}sys.exit(LANES != 4)"]
    )


def test_a_fault_is_in_the_copy_and_nowhere_else(lanes_bench):
    before = (ROOT / "hw" / "array.py").read_bytes()
    with Judge(1) as judge:
        tasks = [(None, "bench"), (LANES, "bench"), (None, "bench")]
        results = {n: next(judge.results([task]))[1] for n, task in enumerate(tasks)}
    assert [results[n].verdict for n in range(3)] == ["passed", "caught", "passed"]
    assert (ROOT / "hw" / "array.py").read_bytes() == before


def test_a_bench_without_end_is_hung(monkeypatch):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(run, "command", lambda bench: sleep)
    with Judge(1, timeout=1) as judge:
        ((_, result),) = judge.results([(None, "bench")])
    assert result.verdict == "hung"


def test_misplaced():
    with pytest.raises(Misplaced, match=r"hw/tiling\.py has its text 0 times"):
        Mutant("x", "tiling.py", "no such text", "", "bench", "").text(ROOT)


@pytest.mark.parametrize(
    ("status", "output", "expected"),
    [
        (0, "1 passed", "passed"),
        (1, "FAILED tests/a.py::test_b - AssertionError: column 3", "caught"),
        (1, "FAILED tests/a.py::test_b - assert [1] == [2]", "caught"),
        (1, "FAILED tests/a.py::test_b - Failed: Timeout (>600.0s) from pytest-timeout.", "caught"),
        (1, "FAILED tests/a.py::test_b - sim.runner.BenchFailed: sim.tb_perf: 1 of 1", "caught"),
        (1, "FAILED tests/a.py::test_b - hw.uart.protocol.FrameError: frame is damaged", "caught"),
        (1, "FAILED tests/a.py::test_b - ValueError: not enough values to unpack", "caught"),
        (1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined", "broken"),
        (1, "FAILED tests/a.py::test_b - amaranth.hdl._ir.DriverConflict: Signal", "broken"),
        (1, "FAILED tests/a.py::test_b - sim.runner.NotSimulated: no space left", "broken"),
        (2, "ERROR tests/a.py - ImportError", "broken"),
        (5, "no tests ran", "broken"),
    ],
)
def test_only_a_failed_check_counts(status, output, expected):
    assert verdict(status, output, 1.0).verdict == expected


def test_the_last_line_counts(lanes_bench, monkeypatch, capsys):
    other = Mutant("harmless", "array.py", "SUMS = 512 ", "SUMS = 513 ", "bench", "")
    monkeypatch.setattr("tests.mutants.__main__.MUTANTS", [LANES, other])
    assert main(["--jobs", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 of 2 mutants caught"
    assert any(line.startswith("SURVIVED harmless") for line in lines)
    assert main(["--jobs", "1", "--only", "lanes"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 mutants caught"


def test_a_fault_that_does_not_fit_is_bad_input(monkeypatch, capsys):
    lost = Mutant("lost", "tiling.py", "no such text", "", "bench", "")
    monkeypatch.setattr("tests.mutants.__main__.MUTANTS", [lost])
    assert main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1
