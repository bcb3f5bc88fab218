# SPDX-License-Identifier: Apache-2.0
"""What a run tells: metrics.jsonl, TensorBoard, losses.png, alarms on standard error."""

import json

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from train.data.sprites import collection
from train.loop.watching import LOSSES, METRICS, TENSORBOARD, Watch, smoothed


@pytest.fixture(scope="module")
def sprites():
    return collection(80, 0)[0]


def lines(run):
    return [json.loads(line) for line in (run / METRICS).read_text().splitlines()]


def test_a_short_run_loads_nothing(tmp_path, sprites):
    with Watch(tmp_path, sprites) as watch:
        watch.look(50, sprites[:9])
        watch.draw()
    assert [path.name for path in tmp_path.iterdir()] == [METRICS]
    assert not lines(tmp_path)


def test_scalars_samples_and_curves(tmp_path, sprites):
    with Watch(tmp_path, sprites[:60]) as watch:
        for step in (50, 100, 200):
            watch.draw()
            assert not (tmp_path / LOSSES).exists()
            watch.log({"step": step, "seconds": 1.0, "g": 3.0, "d_colour": 100 / step})
        watch.look(200, sprites[60:69])
        watch.draw()
    assert [line["step"] for line in lines(tmp_path)] == [50, 100, 200, 200]
    assert lines(tmp_path)[3].keys() == {"step", "diversity", "novelty"}
    board = EventAccumulator(str(tmp_path / TENSORBOARD))
    board.Reload()
    assert set(board.Tags()["scalars"]) == {"g", "d_colour", "diversity", "novelty"}
    assert [(e.step, e.value) for e in board.Scalars("d_colour")] == [
        (50, 2.0),
        (100, 1.0),
        (200, 0.5),
    ]
    (grid,) = board.Images("samples")
    assert (grid.step, grid.width, grid.height) == (200, 192, 192)
    with Image.open(tmp_path / LOSSES) as picture:
        assert picture.size == (900, 600)  # losses, and distances to training pictures
        assert np.asarray(picture.convert("L")).std() > 5


def test_an_alarm_is_told_once_and_remembered(tmp_path, sprites, capsys):
    same = np.repeat(sprites[:1], 9, axis=0)

    def look(step, samples):
        capsys.readouterr()
        with Watch(tmp_path, sprites) as watch:  # as a resumed run does
            watch.log({"step": step, "g": 3.0})
            watch.look(step, samples)
        return [line for line in capsys.readouterr().err.splitlines() if "mode collapse" in line]

    (line,) = look(100, same)
    assert line.startswith("step 100: mode collapse: samples lie 0.00 times")
    assert "try " in line
    assert not look(200, same)
    (line,) = look(300, sprites[:9])
    assert "over" in line
    told = [line for line in lines(tmp_path) if line.get("alarm") == "mode collapse"]
    assert [(line["step"], line["raised"]) for line in told] == [(100, True), (300, False)]


def test_smoothed():
    np.testing.assert_allclose(smoothed([2.0, 2.0, 2.0]), 2)
    np.testing.assert_allclose(smoothed([1.0, 3.0]), [1, (0.9 * 1 + 3) / 1.9])
