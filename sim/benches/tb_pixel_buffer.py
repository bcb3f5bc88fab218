# SPDX-License-Identifier: Apache-2.0
"""Pictures in the last layer's order to pixels row by row, with a sink that is slow or stops."""

import os
from dataclasses import dataclass

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from hw.array import LANES
from hw.contents import pack
from hw.engine.pixel_buffer import WAITING, PixelBuffer
from sim.benches.bench import cycle, generator, reset, start
from sim.benches.components import MACHINES
from sim.streams import StreamSink

MACHINE = MACHINES[os.environ["MACHINE"]]
AT_ONCE = MACHINE.array.lanes  # output phases
PASSES, STORED, COLOURS = 4, 2, 3
PORTS = (
    "take", "valid", "spread", "phase", "slot", "colour", "inside_y", "inside_x", "block",
    "y_odd", "x_odd", "counts", "ready", "done", "values",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """A network's pictures, as the pixel buffer sees them.

    Attributes
    ----------
    size : int
    stride : int
        Of the last layer.
    pictures, colours : int
        Of a pass; of the last layer, 1 where each slot is a plane.
    planes, shifted, spread : bool
        As the members of :class:`hw.engine.pixel_buffer.PixelBuffer`.
    """

    size: int
    stride: int
    pictures: int = 1
    colours: int = 1
    planes: bool = False
    shifted: bool = False
    spread: bool = False

    @property
    def block_row(self):
        return (self.size + 1) // 2

    def steps(self):
        """Yield (fields of a step, (y, x) of each lane's pixel, or None), in order."""
        slots = COLOURS if self.planes else self.pictures
        at_once = AT_ONCE if self.spread else 1
        rows = range(-1, self.size)
        if self.stride == 2:  # the last one has pixels
            rows = range(self.size // 2 + 1 if self.shifted else self.block_row)
        phases = range(0, self.stride**2, at_once)
        for colour in range(self.colours):
            for phase in phases:
                for v in rows:
                    for u in (*rows, rows[-1] + 1):
                        for slot in range(slots):
                            step, places = self._step(phase, at_once, v, u)
                            last = (u, slot) == (rows[-1] + 1, slots - 1)
                            whole = last and phase == phases[-1] and colour == self.colours - 1
                            yield (
                                {
                                    **step,
                                    "slot": slot,
                                    "colour": colour,
                                    "counts": whole,
                                    "ready": max(0, self._whole(v)),
                                    "done": whole and v == rows[-1],
                                },
                                places,
                            )

    def _whole(self, v):
        return v + 1 if self.stride == 1 else 2 * v + (1 if self.shifted else 2)

    def _step(self, phase, at_once, v, u):
        by, bx = (v, u) if self.stride == 2 else (v >> 1, u >> 1)
        inside = [[0 <= self._pixel(at, odd) < self.size for odd in range(2)] for at in (v, u)]
        places = []
        for n in range(phase, phase + at_once):
            odds = divmod(n, 2) if self.stride == 2 else (0, 0)
            place = tuple(self._pixel(at, odd) for at, odd in zip((v, u), odds, strict=True))
            places.append(place if all(0 <= p < self.size for p in place) else None)
        return {
            "spread": self.spread,
            "phase": phase,
            "inside_y": pack(inside[0], 1),
            "inside_x": pack(inside[1], 1),
            "block": (by * self.block_row + bx) % (1 << (MACHINE.pixel_words - 1).bit_length()),
            "y_odd": v % 2,
            "x_odd": u % 2,
        }, places

    def _pixel(self, at, odd):
        """Return the pixel of a place in the grid, along an axis."""
        if self.stride == 1:
            return at
        return 2 * at + odd - 2 * (self.shifted and odd)


SHAPES = (
    Shape(9, 2, planes=True, shifted=True, spread=True),
    Shape(10, 2, pictures=3, colours=3, spread=True),
    Shape(7, 2, pictures=2, colours=3, shifted=True),
    Shape(5, 2, pictures=4),
    Shape(9, 1, planes=True),
    Shape(8, 1, pictures=3, colours=3),
    Shape(1, 1, pictures=4),
    Shape(2, 2, planes=True),
)


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize((("stall", "gap"), [(0.0, 0.0), (0.6, 0.3), (0.0, 0.6)]))
async def sends_rows(dut, stall, gap):
    rng = generator()
    drive(dut, idle(rng))
    await start(dut)
    for shape in SHAPES:
        dut.pixel_buffer__size.value = shape.size - 1
        dut.pixel_buffer__block_row.value = shape.block_row
        dut.pixel_buffer__picture_words.value = shape.block_row**2
        dut.pixel_buffer__pictures.value = shape.pictures - 1
        dut.pixel_buffer__doubled.value = shape.stride == 2
        dut.pixel_buffer__shifted.value = shape.shifted
        dut.pixel_buffer__planes.value = shape.planes
        sink = StreamSink(dut, "pixel_buffer__o", stall=stall)
        await reset(dut)
        await send(dut, rng, sink, gap, shape)


async def send(dut, rng, sink, gap, shape):
    """Send passes of pictures through the buffer."""
    values = rng.integers(0, 256, (PASSES, shape.pictures, shape.size, shape.size, COLOURS))
    written, first_row = [], []
    writing = cocotb.start_soon(write(dut, rng, gap, shape, values, written, first_row))
    while not dut.pixel_buffer__o__valid.value:
        await RisingEdge(dut.clk)
    assert first_row, "a pixel leaves before its row is there"
    assert cycle() - first_row[0] <= PixelBuffer.latency + 2, "the first row came late"
    count = shape.pictures * shape.size**2
    mask = (1 << 24) - 1 if shape.planes or shape.colours > 1 else 255
    for n, pictures in enumerate(values):
        if n == 1 and count > WAITING:  # the sink stops: the buffer fills, and says so
            await ClockCycles(dut.clk, round(3 * len(list(shape.steps())) / (1 - gap)) + 100)
            assert len(written) == n + STORED
            assert not dut.pixel_buffer__free.value
        pixels = await sink.recv(count)
        wanted = [pack(rgb, 8) & mask for rgb in pictures.reshape(-1, COLOURS)]
        assert [pixel & mask for pixel in pixels] == wanted, f"{shape}, pass {n}"
    await writing
    await ClockCycles(dut.clk, 20)
    assert not dut.pixel_buffer__o__valid.value
    assert dut.pixel_buffer__free.value


async def write(dut, rng, gap, shape, values, written, first_row):
    """Write each pass as soon as there is room."""
    for n, pictures in enumerate(values):
        while not dut.pixel_buffer__free.value:
            await RisingEdge(dut.clk)
        drive(dut, idle(rng) | {"take": 1})
        await RisingEdge(dut.clk)
        for step, places in shape.steps():
            while rng.random() < gap:
                drive(dut, idle(rng))
                await RisingEdge(dut.clk)
            picture = pictures[0 if shape.planes else step["slot"]]
            lanes = rng.integers(0, 256, LANES)  # garbage, but where the picture is
            for lane, place in enumerate(places):
                if place:
                    lanes[lane] = picture[*place, step["slot" if shape.planes else "colour"]]
            drive(dut, step | {"take": 0, "valid": 1, "values": pack(lanes, 8)})
            await RisingEdge(dut.clk)
            if step["counts"] and (step["ready"] or step["done"]) and not first_row:
                first_row.append(cycle())
        drive(dut, idle(rng))
        written.append(n)
        await RisingEdge(dut.clk)


def drive(dut, values):
    for name in PORTS:
        getattr(dut, f"pixel_buffer__{name}").value = int(values[name])


def idle(rng):
    """Return a cycle that must not count."""
    widths = dict(zip(PORTS[2:], (1, 2, 2, 2, 2, 2, 7, 1, 1, 1, 8, 1, 32), strict=True))
    drawn = {name: int(rng.integers(1 << width)) for name, width in widths.items()}
    drawn["colour"] %= COLOURS
    return drawn | {"take": 0, "valid": 0}
