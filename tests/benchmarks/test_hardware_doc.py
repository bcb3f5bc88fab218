# SPDX-License-Identifier: Apache-2.0
"""The tables, figures and study of docs/hardware.md."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import beyond, cycle_tables, hardware_figures, hardware_tables
from golden.spec import GeneratorSpec
from hw.model.cycle_model import CycleModel
from support.failures import InputError

ROOT = Path(__file__).parents[2]


def test_winograd_is_exact():
    assert beyond.winograd_exact(seed=1)


def test_operand_ranges_are_reached_and_never_left():
    acts, weights = beyond.operands(5)
    corners = np.array(np.meshgrid(*[[0, 255]] * 9)).reshape(9, -1).T.reshape(-1, 3, 3)
    found = np.abs(beyond.B @ corners @ beyond.B.T).max(axis=0)
    np.testing.assert_array_equal(acts, found)
    corners = np.array(np.meshgrid(*[[-15, 15]] * 4)).reshape(4, -1).T.reshape(-1, 2, 2)
    np.testing.assert_array_equal(weights, np.abs(beyond.G @ corners @ beyond.G.T).max(axis=0))


def test_two_products_fit_as_in_the_hardware():
    assert [beyond.packs(255, 2 ** (bits - 1) - 1) for bits in (4, 5, 6)] == [True, True, False]


def test_products_of_winograd():
    plain, fast = beyond.products(GeneratorSpec.preset("compact"))
    assert sum(plain) == 10_920_320
    assert fast[1] / plain[1] == pytest.approx(36 / 49)
    assert fast[2] / plain[2] == pytest.approx(144 / 225)


def test_tables_replace_what_stood_there(monkeypatch):
    monkeypatch.setitem(hardware_tables.TABLES, "cycles", lambda: "| new |")
    text = "a\n<!-- table: cycles -->\n| old |\n<!-- end -->\nb\n"
    filled = hardware_tables.fill(text)
    assert filled == text.replace("old", "new")
    assert hardware_tables.fill(filled) == filled
    with pytest.raises(InputError, match="table 'speed' is unknown"):
        hardware_tables.fill(text.replace("cycles", "speed"))


@pytest.mark.parametrize("alone", [True, False])
def test_lost_cycles_sum_to_all(alone):
    header, rows = cycle_tables.lost(alone=alone)
    assert len(header) == len(rows[0]) == 1 + len(cycle_tables.CASES)
    numbers = np.array([[float(cell.replace(",", "")) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(numbers[1:].sum(axis=0), numbers[0], atol=0.3)


@pytest.mark.parametrize("name", ["cycles", "lost", "lost-alone", "memories", "fits"])
def test_the_page_holds_the_tables_of_today(name):
    page = (ROOT / "docs" / "hardware.md").read_text()
    made = f"<!-- table: {name} -->\n{hardware_tables.TABLES[name]()}\n<!-- end -->"
    assert made in page, "make them again: python -m benchmarks.hardware_tables"


def test_the_networks_are_the_published_ones():
    sizes = [shape.out_size for shape in cycle_tables.TENSORFLOW.shapes]
    assert sizes == [7, 7, 14, 28]
    assert [spec.shapes[-1].out_size for spec in (cycle_tables.RGB, cycle_tables.PYTORCH)] == [
        32,
        64,
    ]
    for spec in (cycle_tables.KERNELS_744, cycle_tables.KERNELS_733):
        assert [shape.out_size for shape in spec.shapes] == [7, 14, 28]


def test_the_page_shows_the_figures_of_today(tmp_path):
    hardware_figures.main(["--out", str(tmp_path)])
    for name in hardware_figures.FIGURES:
        drawn, shown = (
            np.asarray(Image.open(folder / f"{name}.png"))
            for folder in (tmp_path, ROOT / "docs" / "hardware")
        )
        np.testing.assert_array_equal(drawn.shape, shown.shape)
        assert np.abs(drawn.astype(int) - shown).mean() < 1  # fonts may differ a little


def test_the_recorder_changes_nothing():
    tiling = hardware_figures.compact()
    run = hardware_figures.Recorder(CycleModel(tiling))
    made = [run.make() for _ in range(2)]
    assert made == CycleModel(tiling).passes(2)
    assert len(run.jobs) == 2 * len(CycleModel(tiling).jobs)
    for _, fed, read, free in run.jobs:
        assert fed[0] < fed[1] < read[0] < read[1]
        assert read[0] < free
