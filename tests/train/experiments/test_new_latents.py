# SPDX-License-Identifier: Apache-2.0
"""New latents beside the pictures of training."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import cli
from golden import model_file
from pictures import save_png
from tests.models import random_model
from tests.train.experiments.conftest import SPEC
from train.data.training_set import load


@pytest.mark.parametrize("pictures", [1, 10])
def test_new_latents_need_training_pictures_that_differ(model, capsys, pictures):
    folder = Path("own")
    folder.mkdir()
    for n in range(pictures):
        shade = max(0, n - 6)  # seven of ten are alike
        save_png(folder / f"{n}.png", np.full((32, 32, 3), 20 * shade, np.uint8))
    training = {"data": "own", "pictures": pictures, "data_digest": load("own", None, 0).digest}
    model_file.save(dataclasses.replace(random_model(SPEC), training=training), model)
    assert cli.main(["experiment", "new-latents", "--model", model, "--out", "out"]) == 2
    (error,) = (line for line in capsys.readouterr().err.splitlines() if "error" in line)
    assert "own: most of its pictures are one" in error
