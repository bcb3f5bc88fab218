# SPDX-License-Identifier: Apache-2.0
"""The order of tiles, two avatars of it, against :mod:`sim.benches.expected`."""

import os

import cocotb

from hw.engine.sequencer import tile_layout
from sim.benches import expected
from sim.benches.bench import fields, start
from sim.benches.components import TILINGS
from sim.streams import StreamSink

TILING = TILINGS[os.environ["TILING"]]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def walks_the_tiles(dut, stall):
    sink = StreamSink(dut, "sequencer__o", stall=stall)
    wanted = list(expected.tiles(TILING))
    layout = tile_layout(TILING)

    await start(dut)
    for avatar in range(2):
        words = await sink.recv(len(wanted))
        for n, (word, tile) in enumerate(zip(words, wanted, strict=True)):
            assert fields(layout, word, tile) == tile, f"avatar {avatar}, tile {n}"
