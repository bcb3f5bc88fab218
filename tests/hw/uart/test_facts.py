# SPDX-License-Identifier: Apache-2.0
"""hw.uart.facts and hw.uart.identity: bytes of an info answer and of the identity memory."""

import dataclasses

import pytest

from golden.spec import GeneratorSpec, Layer
from hw.uart import identity, protocol
from hw.uart.facts import ACTIVATIONS, Info, Load, Machine, ModelFacts, State, Status
from hw.uart.identity import Identity, ModelPart
from tests.hw.uart.stand_in import MACHINE, StandInModel

MODEL = StandInModel()
STATUS = Status(State.UPLOADED, next=77, ready=True, core_cycles=2**32 - 1, stalled_cycles=1)


def test_a_machine_by_hand():
    packed = Machine(b"12345678", b"abcdefgh", 10**8, 300, tuple(range(17))).pack()
    assert packed[:16] == b"12345678abcdefgh"
    assert packed[16:20] == (10**8).to_bytes(4, "little")
    assert packed[20:24] == (300).to_bytes(4, "little")
    assert packed[24:32] == bytes([0, 0, 0, 0, 1, 0, 0, 0])
    assert Machine.unpack(packed).capacity == tuple(range(17))


def test_a_model_by_hand():
    layers = ((1024, 7, 1, 6, 0, "leaky_relu", 8), (3, 4, 2, 1, 1, "table", 2))
    facts = ModelFacts(16384, 3, 1024, 1, layers, bytes(range(32)))
    packed = facts.pack()
    assert packed[:8] == bytes([State.POWER_UP, 0, 0x40, 3, 0, 4, 1, 2])
    assert packed[8:24] == bytes([0, 4, 7, 1, 6, 0, 1, 8, 3, 0, 4, 2, 1, 1, 2, 2])
    assert packed[24:72] == bytes(48)
    assert packed[72:] == bytes(range(32))
    assert ModelFacts.unpack(packed) == facts


@pytest.mark.parametrize(
    ("latents", "byte"), [("", 3), ("normal", 0x13), ("tanh", 0x23), ("categorical", 0x33)]
)
def test_the_kind_of_latents_stands_beside_the_planes(latents, byte):
    facts = dataclasses.replace(MODEL.part.facts, planes=3, latents=latents)
    assert facts.pack()[6] == byte
    assert ModelFacts.unpack(facts.pack()) == facts


def test_a_load_by_hand():
    load = Load(1000, 0x01020304, b"model-id")
    assert load.pack() == (1000).to_bytes(4, "little") + b"\4\3\2\1model-id"
    assert Load.unpack(load.pack()) == load


@pytest.mark.parametrize("state", list(State))
def test_info_there_and_back(state):
    model = MODEL.part.facts if state in (State.POWER_UP, State.UPLOADED) else None
    info = Info(MACHINE, Load(3, 4, b"model-id"), model, dataclasses.replace(STATUS, state=state))
    assert len(info.pack()) == Info.SIZE
    assert Info.unpack(info.pack()) == info


@pytest.mark.parametrize(
    ("at", "value", "complaint"),
    [(7, 9, "9 layers"), (14, 3, "layer 1: activation 3"), (6, 0x41, "latents of kind 4")],
)
def test_models_that_cannot_be(at, value, complaint):
    packed = bytearray(MODEL.part.facts.pack())
    packed[at] = value
    with pytest.raises(ValueError, match=complaint):
        ModelFacts.unpack(bytes(packed))


def test_a_state_that_cannot_be():
    with pytest.raises(ValueError, match="4 is not a valid State"):
        Status.unpack(b"\4" + STATUS.pack()[1:])


def test_the_identity_memory():
    contents = Identity(MACHINE, MODEL.part).contents()
    assert contents[: identity.LOAD] == MACHINE.pack()
    assert contents[identity.CAPACITY_ID :][:8] == MACHINE.capacity_id
    assert contents[identity.LOAD : identity.MODEL] == bytes(16)
    assert contents[identity.MODEL] == State.POWER_UP
    assert contents[identity.MODEL_ID :][:32] == MODEL.digest
    sums = protocol.SUMS.unpack(contents[identity.STORED_SUMS : identity.LATENTS])
    assert sums == (*MODEL.part.sums[:2], 0, 0, 0, 0, 0, MODEL.part.sums[2])
    assert list(contents[identity.LATENTS :]) == [each & 0xFF for each in MODEL.self_test]
    empty = Identity(MACHINE).contents()
    assert contents.startswith(empty)
    assert len(empty) == identity.MODEL  # what follows is 0: no model


def test_the_part_of_a_spec():
    layers = (
        Layer(20, kernel_size=7, stride=1, padding=0, activation="leaky_relu"),
        Layer(3, activation="table", weight_bits=4),
    )
    spec = GeneratorSpec(100, 1, layers)
    part = ModelPart.of(spec, "ab" * 32, [0] * 100, [1, 2])
    assert part.facts.pixels == 14 * 14
    assert part.facts.colours == 3
    assert part.facts.layers == ((20, 7, 1, 0, 0, "leaky_relu", 8), (3, 4, 2, 1, 0, "table", 4))
    assert part.facts.digest == bytes.fromhex("ab" * 32)
    assert set(ACTIVATIONS) == {"relu", "leaky_relu", "table"}


@pytest.mark.parametrize(
    ("latent", "distribution", "told"),
    [
        (100, "normal", "normal"),
        (100, "categorical", "categorical"),
        (99, "categorical", ""),
        (100, ["uniform"], ""),
    ],
)
def test_a_part_tells_the_kind_of_latents(latent, distribution, told):
    layers = (Layer(2), Layer(1, activation="table"))
    spec = GeneratorSpec(latent, 1, layers)
    part = ModelPart.of(spec, "ab" * 32, [0] * latent, [1, 2], distribution)
    assert part.facts.latents == told
