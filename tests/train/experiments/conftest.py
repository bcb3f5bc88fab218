# SPDX-License-Identifier: Apache-2.0
"""Models and figures that the tests of the experiments share."""

import pytest

from golden import model_file
from golden.spec import GeneratorSpec
from tests.models import random_model
from train.experiments import (
    bits,
    discriminators,
    measuring,
    mixed_bits,
    quality,
    three_channel_head,
)

SPEC = GeneratorSpec.avatars(channels=(6, 5, 4))


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A small model in an empty folder, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    model_file.save(random_model(SPEC), "model.safetensors")
    return "model.safetensors"


@pytest.fixture
def figures(monkeypatch):
    """Figures of no generator: alike, but re-render is 10, 11, ... in the order of the subjects."""
    made_up = dict.fromkeys(measuring.COLUMNS, 2.5)
    made_up |= {"novelty_to_leave_one_out": 1.1, "near_copies": 3, "near_copies_of_fresh": 1}
    known = dict.fromkeys(("real", "training_set", "blends"), made_up)
    monkeypatch.setattr(measuring, "calibration", lambda shape: known)
    monkeypatch.setattr(quality, "calibration", lambda: known)

    def measured(subjects, seed):
        return {s.label: made_up | {"re_render": 10.0 + n} for n, s in enumerate(subjects)}

    for module in (quality, bits, mixed_bits, discriminators, three_channel_head):
        monkeypatch.setattr(module, "measure_all", measured)
