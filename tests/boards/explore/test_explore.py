# SPDX-License-Identifier: Apache-2.0
"""`avatar explore`: what fits, what binds, and the fit of the logic."""

import json

import numpy as np
import pytest

import cli
from boards.chips.capacity import board_blocks
from boards.chips.devices import device
from boards.chips.families import ECP5, GOWIN, XILINX
from boards.explore import area, sweep
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.tiling import Tiling

LINE = 3_000_000
CLOCK = 100_000_000


def runs_of(factors, family=ECP5):
    """Return runs whose LUTs and flip-flops are the terms' sum, and half of it."""
    runs = []
    for channels, bits, rows, columns in area.RUNS:
        run = {
            "family": family.name,
            "channels": list(channels),
            "weight_bits": bits,
            "rows": rows,
            "columns": columns,
        }
        luts = float(area.terms(area.capacity_of(run)) @ factors)
        runs.append(run | {"luts": luts, "flip_flops": luts / 2})
    return runs


FACTORS = np.array([2000, 1.5, 0.5, 0.25])


@pytest.fixture(autouse=True)
def few_sizes(monkeypatch):
    monkeypatch.setattr(sweep, "SIZES", (4, 16))


@pytest.fixture
def fits():
    runs = runs_of(FACTORS)
    return {resource: area.fit(runs, resource, ECP5) for resource in area.RESOURCES}


def test_a_sum_of_terms_is_found_again(fits):
    np.testing.assert_allclose(fits["luts"].factors, FACTORS, rtol=1e-6)
    np.testing.assert_allclose(fits["flip_flops"].factors, FACTORS / 2, rtol=1e-6)
    assert fits["luts"].residual < 1e-9


def test_another_family_is_a_factor():
    runs = runs_of(FACTORS) + runs_of(1.25 * FACTORS, GOWIN)[:2]
    np.testing.assert_allclose(area.fit(runs, "luts", GOWIN).factors, 1.25 * FACTORS, rtol=1e-6)


def test_a_family_without_syntheses_is_taken_for_an_ecp5():
    found = area.fit(runs_of(FACTORS), "luts", XILINX)
    assert found.family == "ecp5"
    np.testing.assert_allclose(found.factors, FACTORS, rtol=1e-6)


def test_no_resource_shrinks_with_size():
    runs = runs_of(FACTORS)
    runs[0]["luts"] *= 3  # an outlier that a negative term would follow
    found = area.fit(runs, "luts", ECP5)
    assert min(found.factors) >= 0
    assert found.residual > 0.05
    assert found.left_out >= found.residual


def test_points_are_the_models_numbers(fits):
    found = sweep.report(device("lfe5u-85f"), (128, 64, 32), CLOCK, LINE, fits)
    (point,) = (
        point
        for point in found["points"]
        if (point["rows"], point["columns"], point["weight_bits"]) == (16, 16, 5)
    )
    tiling = Tiling(GeneratorSpec.preset("compact", 5), ArraySpec(16, 16))
    cycles = CycleModel(tiling).cycles_interval
    assert point["cycles_interval"] == cycles
    assert point["core_per_second"] == pytest.approx(CLOCK / cycles, abs=0.01)
    assert point["blocks"] == board_blocks(Capacity.of(tiling), ECP5)
    assert point["multipliers"] >= 128
    assert point["weights"] == "on chip"
    assert point["bound"] == "UART"
    assert point["per_second"] == found["link_per_second"]
    assert found["link_per_second"] == pytest.approx(97, abs=1)


def test_what_does_not_fit_says_by_how_much(fits):
    found = sweep.report(device("gw2a-18"), (512, 256, 128), CLOCK, LINE, fits)
    on_chip = [point for point in found["points"] if point["weights"] == "on chip"]
    assert all(point["lacks"]["blocks"] == point["blocks"] - 46 for point in on_chip)
    assert found["fastest"] is None


def test_weights_from_outside_bind(fits):
    found = sweep.report(device("xc7a100t"), (512, 256, 128), CLOCK, LINE, fits)
    outside = [point for point in found["points"] if point["weights"] == "off chip"]
    assert outside
    large = max(outside, key=lambda point: point["macs_per_cycle"] * (not point["lacks"]))
    assert large["core_bound"] == "weight bandwidth"
    assert large["core_per_second"] < 110


def test_nothing_beats_a_pareto_point(fits):
    points = sweep.sweep(device("lfe5u-85f"), (32, 16, 8), CLOCK, LINE, fits)
    front = [point for point in points if point.pareto]
    assert front
    for best in front:
        assert not best.lacks
        for other in points:
            if not other.lacks and other.weight_bits >= best.weight_bits:
                assert other.core_per_second <= best.core_per_second or other.share >= best.share


def test_the_verb_writes_table_and_picture(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(area, "committed_runs", lambda family: runs_of(FACTORS))
    arguments = ["explore", "--device", "lfe5u-25f", "--preset", "tiny", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    assert "lfe5u-25f: 28 multipliers, 56 block RAMs" in capsys.readouterr().out
    assert json.loads((tmp_path / "explore.json").read_text())["fastest"]["lacks"] == {}
    assert (tmp_path / "explore.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--device", "ice40", "--preset", "tiny"], "device 'ice40' is unknown; choose from"),
        (
            ["--device", "gw2a-18", "--preset", "tiny", "--channels", "8,8,8"],
            "--preset NAME or --channels",
        ),
        (["--device", "gw2a-18", "--preset", "tiny", "--clock", "0"], "--clock is 0 MHz"),
        (["--device", "gw2a-18", "--preset", "tiny", "--baud", "0"], "--baud is 0"),
        (["--device", "gw2a-18", "--preset", "tiny", "--jobs", "2"], "spread --measure"),
        (["--device", "gw2a-18", "--preset", "tiny", "--measure", "--jobs", "0"], "--jobs is 0"),
        (["--device", "gw2a-18", "--preset", "tiny", "--out", ""], "a folder is empty"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["explore", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_the_committed_syntheses_are_those_of_the_program():
    runs = area.committed_runs(ECP5)
    assert [(tuple(r["channels"]), r["weight_bits"], r["rows"], r["columns"]) for r in runs] == [
        *area.RUNS
    ]


@pytest.mark.parametrize("family", [ECP5, GOWIN], ids=["ecp5", "gowin"])
def test_syntheses_take_the_blocks_that_are_promised(family):
    runs = [run for run in area.committed_runs(family) if run["family"] == family.name]
    assert runs
    for run in runs:
        assert run["blocks"] == board_blocks(area.capacity_of(run), family), run
