# SPDX-License-Identifier: Apache-2.0
"""Four channels to their banks, against division with remainder."""

import os

import cocotb

from hw.contents import pack
from hw.tiling import LANES
from sim.benches.bench import generator, play, start, unpack
from sim.benches.components import TILINGS, map_depth

TILING = TILINGS[os.environ["TILING"]]
CYCLES = 4000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def writes_each_channel_to_its_bank(dut):
    rng = generator()
    array = TILING.array
    inputs = {f"lane_scatter__{name}": [] for name in PORTS}
    expected = []  # a dict of bank to (address, value) each cycle
    for _ in range(CYCLES):
        layer = int(rng.integers(3))
        size, channels = (4, 8, 16)[layer], TILING.spec.shapes[layer].out_channels
        column_tile = rng.integers(TILING.layers[layer].column_tiles)
        first = int(column_tile * array.columns + rng.integers(TILING.quads) * LANES)
        if first >= channels:
            first = int(column_tile * array.columns)
        y, x = rng.integers(0, size, 2)
        plane, valid = rng.integers(3), rng.random() < 0.7
        values = rng.integers(0, 256, LANES)
        lanes = [n for n in range(LANES) if first + n < channels and rng.random() < 0.8]
        row = (
            valid,
            sum(1 << lane for lane in lanes),
            first % array.rows,
            first // array.rows,
            layer,
            y,
            x,
            plane,
            pack(values, 8),
        )
        for record, value in zip(inputs.values(), row, strict=True):
            record.append(int(value))
        expected.append(
            {
                (first + n) % array.rows: (
                    (((first + n) // array.rows * size + y) * size + x) * 4 + plane,
                    values[n],
                )
                for n in lanes
                if valid
            }
        )

    await start(dut)
    seen = await play(dut, inputs, [f"lane_scatter__{name}" for name in ("en", "address", "data")])
    en = unpack(seen["lane_scatter__en"], 1, array.rows, signed=False)
    width = (map_depth(TILING) - 1).bit_length()
    address = unpack(seen["lane_scatter__address"], width, array.rows, signed=False)
    data = unpack(seen["lane_scatter__data"], 8, array.rows, signed=False)
    for n in range(CYCLES - 1):
        written = {r: (address[n + 1, r], data[n + 1, r]) for r in en[n + 1].nonzero()[0]}
        assert written == expected[n], f"cycle {n}"


PORTS = ("valid", "mask", "row", "group", "layer", "y", "x", "plane", "values")
