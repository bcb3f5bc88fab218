# SPDX-License-Identifier: Apache-2.0
"""hw.axi.top: the protocol over a bus, with a stand-in for the engine, and a load with the whole
machine. The slave alone has its bench in tests/sim/benches.
"""

import zlib
from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.layer_sums import self_test_of
from hw.array import ArraySpec
from hw.axi.line import AxiLine
from hw.axi.top import AxiTop
from hw.build_plan import BuildPlan, image_of
from hw.capacity import Capacity
from hw.tiling import Tiling
from hw.uart import protocol
from hw.uart.facts import Info, Load, State, Status
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request
from sim.runner import Simulation
from tests.hw.uart.stand_in import MACHINE, StandInModel, stand_in_top

pytestmark = pytest.mark.sim

MODEL = StandInModel()
GENERATE = protocol.generate_payload(MODEL.digest[:8], MODEL.self_test)
SUMS = protocol.SUMS.pack(*MODEL.part.sums[:2], 0, 0, 0, 0, 0, MODEL.part.sums[2])
RATE = protocol.DIVISOR.pack(99)  # there is none: the answer is as on any line
INFO = Info(MACHINE, Load(), MODEL.part.facts, Status(State.POWER_UP, 0, True, 0, 0))
EXCHANGE = (
    (Frame(Request.INFO, 0xC0DB), Frame(Request.INFO | ANSWER, 0xC0DB, INFO.pack())),
    (Frame(Request.SELF_TEST, 5), Frame(Request.SELF_TEST | ANSWER, 5, 2 * SUMS)),
    (Frame(Request.BAUD, 6, RATE), Frame(Request.BAUD | ANSWER, 6, RATE)),
    (
        Frame(Request.GENERATE, 7, GENERATE),
        Frame(Request.GENERATE | ANSWER, 7, MODEL.picture(MODEL.self_test)),
    ),
    (Frame(Request.LOAD_END, 8), Frame(ERROR, 8, bytes([Error.NO_LOAD]))),
)


def test_the_protocol_over_the_bus():
    sent, expected = (b"".join(wire.encode() for wire in side) for side in zip(*EXCHANGE))
    top = AxiTop(stand_in_top(MODEL, line=AxiLine(4)))
    Simulation(top, "axi_top").run(
        "sim.benches.tb_axi_top", env={"SENT": sent.hex(), "EXPECTED": expected.hex()}
    )


def load_and_draw(plan, model, latents, picture):
    """Return (request, answer) of each frame of a load, and of a picture behind it."""
    latents_of_test, sums = self_test_of(model, plan.capacity.array.columns)
    image = image_of(model, plan.capacity, latents_of_test, sums)
    model_id = bytes.fromhex(model.digest)[: protocol.ID_SIZE]
    begin = protocol.LOAD_BEGIN.pack(
        image[: protocol.ID_SIZE], len(image), zlib.crc32(image), model_id
    )
    steps = [(Request.LOAD_BEGIN, begin, protocol.OFFSET.pack(0))]
    for offset in range(0, len(image), protocol.MAX_DATA):
        chunk = image[offset : offset + protocol.MAX_DATA]
        behind = protocol.OFFSET.pack(offset + len(chunk))
        steps.append((Request.LOAD_DATA, protocol.OFFSET.pack(offset) + chunk, behind))
    *hidden, whole = sums
    padding = [0] * (protocol.HIDDEN_LAYERS - len(hidden))
    steps.append((Request.LOAD_END, b"", 2 * protocol.SUMS.pack(*hidden, *padding, whole)))
    asked = protocol.generate_payload(model_id, latents)
    steps.append((Request.GENERATE, asked, picture))
    return [
        (Frame(kind, tag, sent), Frame(kind | ANSWER, tag, answer))
        for tag, (kind, sent, answer) in enumerate(steps, 1)
    ]


def test_a_model_comes_over_the_bus_into_the_whole_machine():
    name = Path(__file__).parents[2] / "conformance" / "two-layers-2-bits"
    model = model_file.load(name.with_suffix(".safetensors"))
    latents = np.load(name.with_suffix(".latents.npy"))[0].tolist()
    picture = np.load(name.with_suffix(".pictures.npy"))[0].tobytes()
    capacity = Capacity.of(Tiling(model.spec, ArraySpec(4, 4)))
    plan = BuildPlan(capacity, 100_000_000, bus="axi")
    exchange = load_and_draw(plan, model, latents, picture)
    sent, expected = (b"".join(wire.encode() for wire in side) for side in zip(*exchange))
    Simulation(plan.top(), "axi_top").run(
        "sim.benches.tb_axi_top",
        env={"SENT": sent.hex(), "EXPECTED": expected.hex()},
        testcase="answers",
    )
