# SPDX-License-Identifier: Apache-2.0
"""Pictures in layer 4's order to pixels row by row, with a sink that is slow or stops."""

import os

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from hw.contents import pack
from hw.tiling import LANES, PHASES, PICTURE_SIZE, PLANES
from sim.benches import expected
from sim.benches.bench import cycle, generator, start
from sim.benches.components import TILINGS
from sim.streams import StreamSink

TILING = TILINGS[os.environ["TILING"]]
AT_ONCE = TILING.array.layer4_phases  # output phases
PICTURES = 4
STORED = 2
PORTS = ("take", "valid", "group", "plane", "y", "x", "values")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("stall", "gap"), [(0.0, 0.0), (0.6, 0.3)]))
async def sends_rows(dut, stall, gap):
    rng = generator()
    pictures = rng.integers(0, 256, (PICTURES, PICTURE_SIZE, PICTURE_SIZE, PLANES))
    sink = StreamSink(dut, "pixel_buffer__o", stall=stall)
    drive(dut, idle(rng))
    await start(dut)
    written = []
    cocotb.start_soon(write(dut, rng, gap, pictures, written))

    begin = cycle()
    while not dut.pixel_buffer__o__valid.value:
        await RisingEdge(dut.clk)
    steps = list(expected.last_layer_steps(TILING))
    first_row = steps.index((PHASES // AT_ONCE - 1, 0, PLANES - 1, expected.FLUSH))
    assert cycle() - begin < (1 + 3 * gap) * first_row + 10, "the first row came late"

    for n, picture in enumerate(pictures):
        if n == 1:  # the sink stops: the buffer fills, and says so
            await ClockCycles(dut.clk, 3 * len(steps))
            assert len(written) == n + STORED
            assert not dut.pixel_buffer__free.value
        pixels = await sink.recv(PICTURE_SIZE**2)
        wanted = [pack(rgb, 8) for rgb in picture.reshape(-1, PLANES)]
        assert pixels == wanted, f"picture {n}"
    await ClockCycles(dut.clk, 20)
    assert not dut.pixel_buffer__o__valid.value
    assert dut.pixel_buffer__free.value


async def write(dut, rng, gap, pictures, written):
    """Write the pictures, each as soon as there is room."""
    for n, picture in enumerate(pictures):
        while not dut.pixel_buffer__free.value:
            await RisingEdge(dut.clk)
        drive(dut, (1, *idle(rng)[1:]))
        await RisingEdge(dut.clk)
        for group, y, plane, x in expected.last_layer_steps(TILING):
            while rng.random() < gap:
                drive(dut, idle(rng))
                await RisingEdge(dut.clk)
            values = rng.integers(0, 256, LANES)  # garbage, but where the picture is
            for lane in range(AT_ONCE):
                odd_y, odd_x = divmod(group * AT_ONCE + lane, 2)
                at = 2 * y - odd_y, 2 * x - odd_x
                if min(at) >= 0 and max(at) < PICTURE_SIZE:
                    values[lane] = picture[*at, plane]
            drive(dut, (0, 1, group, plane, y, x, pack(values, 8)))
            await RisingEdge(dut.clk)
        drive(dut, idle(rng))
        written.append(n)
        await RisingEdge(dut.clk)


def drive(dut, values):
    for name, value in zip(PORTS, values, strict=True):
        getattr(dut, f"pixel_buffer__{name}").value = int(value)


def idle(rng):
    """Return a cycle that must not count."""
    return (
        0,
        0,
        rng.integers(PHASES // AT_ONCE),
        rng.integers(PLANES),
        *rng.integers(0, 17, 2),
        pack(rng.integers(0, 256, LANES), 8),
    )
