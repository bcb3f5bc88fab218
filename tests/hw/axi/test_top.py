# SPDX-License-Identifier: Apache-2.0
"""hw.axi.top: the protocol over a bus, with a stand-in for the engine. The slave alone has its
bench in tests/sim/benches.
"""

import pytest

from hw.axi.line import AxiLine
from hw.axi.top import AxiTop
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
