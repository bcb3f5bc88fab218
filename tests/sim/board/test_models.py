# SPDX-License-Identifier: Apache-2.0
"""One virtual board that starts empty, and model after model over its line: no build between."""

from pathlib import Path

import numpy as np
import pytest

from boards.host.open_board import open_board
from cli.line import holds, image_for, load_model
from golden import model_file
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.engine.load_bus import memories
from hw.image import parse
from hw.tiling import Tiling
from hw.uart.facts import State
from sim.board import virtual_board
from sim.board.roomy import SPECS, roomy
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard
from support.failures import InputError
from tests.models import random_model

pytestmark = pytest.mark.sim

CONFORMANCE = Path(__file__).parents[2] / "conformance"
NAMES = ("grey-28-k7-k3", "colour-24-k5", "two-layers-2-bits", "leaky-16-k3s1")
ARRAY = ArraySpec(rows=8, columns=8)


@pytest.fixture(scope="module")
def models():
    return {name: model_file.load(CONFORMANCE / f"{name}.safetensors") for name in NAMES}


@pytest.fixture(scope="module")
def capacity(models):
    return Capacity.of(*(Tiling(model.spec, ARRAY) for model in models.values()))


@pytest.fixture(scope="module")
def connection(capacity):
    plan = BuildPlan(capacity, CLOCK_HZ)
    with VirtualBoard(virtual_board.build(plan)) as board:
        with open_board(board.path, clock=board.clock) as link:
            assert link.info().status.state == State.NO_MODEL
            yield link


@pytest.mark.parametrize("name", [*NAMES, NAMES[0]])
def test_pictures_are_the_contracts(connection, models, name):
    model = models[name]
    facts = load_model(connection, model)
    assert facts["share"] > 0.9
    assert facts["repeats"] == 0
    assert holds(connection, model)
    latents = np.load(CONFORMANCE / f"{name}.latents.npy")[:3]
    expected = np.load(CONFORMANCE / f"{name}.pictures.npy")[:3]
    made = connection.generate(model, latents)
    np.testing.assert_array_equal(made, expected.reshape(made.shape))
    assert connection.self_test().wrong_layer is None


def test_a_model_that_does_not_fit_changes_nothing(connection, models):
    held = connection.info()
    with pytest.raises(InputError, match="does not fit the machine: weight_words"):
        load_model(connection, random_model(GeneratorSpec.preset("small")))
    assert connection.info() == held


def test_the_image_is_that_of_the_capacity(connection, models, capacity):
    for model in models.values():
        machine_id, words = parse(memories(capacity), image_for(model, connection))
        assert machine_id == connection.info().machine.capacity_id
        assert sum(map(len, words.values())) > 1000


def test_the_roomy_machine_holds_them_all():
    machine = roomy(ARRAY)
    for spec in (*SPECS, GeneratorSpec.preset("compact"), GeneratorSpec.preset("tiny", 8)):
        machine.check(Tiling(spec, ARRAY))
