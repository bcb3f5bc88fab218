# SPDX-License-Identifier: Apache-2.0
"""hw.display.text: what a line of text is, pixel by pixel."""

import numpy as np
import pytest

from hw.display import font
from hw.display.face_counter import DIGITS
from hw.display.mode import CLOCKS, VGA
from hw.display.text import TextLine
from tests.hw.uart.line import simulate

LINE, LEFT = 100, 12  # of the raster, where the text lies
SIDE = 16


def picture(text, width):
    """Return a text, bool, shape (16, width), as the font's table draws it."""
    drawn = np.zeros((8, 8 * len(text)), bool)
    for n, character in enumerate(text):
        for y, row in enumerate(font.rows(ord(character))):
            drawn[y, 8 * n : 8 * n + 8] = [row >> x & 1 for x in range(8)]
    large = np.zeros((SIDE, width), bool)
    drawn = drawn.repeat(2, 0).repeat(2, 1)[:, :width]
    large[:, : drawn.shape[1]] = drawn
    return large


class Bench:
    """A raster whose blanking is short, and the pixels that are lit."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut

    async def write(self, name, slot):
        """Bring a name, a character a clock."""
        dut = self.dut
        for at, character in enumerate(name):
            value = {"valid": 1, "slot": slot, "at": at, "code": ord(character)}
            self.ctx.set(dut.name, value | {"last": at == len(name) - 1})
            await self.ctx.tick()
        self.ctx.set(dut.name, {})

    async def line(self, y, width):
        """Return the pixels of a line from :data:`LEFT` on."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.y, y)
        lit = []
        for x in [0, *[1] * 12, *range(VGA.blank + LEFT, VGA.blank + LEFT + width + 1)]:
            ctx.set(dut.x, x)
            await ctx.tick().repeat(CLOCKS - 1)
            ctx.set(dut.tick, 1)
            ctx.set(dut.turn, x == 0)
            lit.append(ctx.get(dut.lit))
            await ctx.tick()
            ctx.set(dut.tick, 0)
            ctx.set(dut.turn, 0)
        assert not any(lit[1:14])  # what is before the text; a line ends with the first pixel
        return lit[14:]

    async def block(self, width, lines):
        return np.array([await self.line(y, width) for y in lines])


def started(ctx, dut, number, slot=0):
    digits = [int(digit) for digit in f"{number:0{DIGITS}}"[::-1]]
    for member, value in (
        (dut.on, 1), (dut.line, LINE), (dut.left, LEFT), (dut.digits, digits), (dut.slot, slot),
        (dut.text, {"on": 1, "slot": slot}),
    ):  # fmt: skip
        ctx.set(member, value)
    return Bench(ctx, dut)


@pytest.mark.parametrize(
    ("number", "name", "slot"),
    [(0, "x", 0), (2850, "compact-w5", 1), (1234567, "~ABCDEFGHIJKLMNOPQRSTUVW", 0)],
)
def test_a_text(number, name, slot):
    dut = TextLine()
    text = f"{number} faces/s  {name}"
    width = SIDE * len(text) + 20
    lines = [LINE - 1, LINE, LINE + 1, LINE + 7, LINE + SIDE - 1, LINE + SIDE]
    if number == 0:
        lines = range(LINE - 1, LINE + SIDE + 1, 2)
    found = []

    async def bench(ctx):
        bench = started(ctx, dut, number, slot)
        for before in range(2):
            await bench.write("?" * 24, before)
        await bench.write(name, slot)
        # Lines in between are passed with their beginnings alone.
        for y in range(LINE - 1, LINE + SIDE + 1):
            pixels = await bench.line(y, width if y in lines else 20)
            if y in lines:
                found.append(pixels)

    simulate(dut, bench)
    wanted = np.zeros((SIDE + 2, width), bool)
    wanted[1:-1] = picture(text, width)
    np.testing.assert_array_equal(np.array(found), wanted[[y - LINE + 1 for y in lines]])


def test_no_text_but_of_the_slot_that_is_shown():
    dut = TextLine()
    width = SIDE * 16

    async def bench(ctx):
        bench = started(ctx, dut, 7)
        await bench.write("ab", 0)
        lines = (LINE, LINE + 1)
        ctx.set(dut.text, {"on": 1, "slot": 1})  # another name is on its way
        assert not (await bench.block(width, lines)).any()
        ctx.set(dut.text, {"on": 0, "slot": 0})  # it goes with the wall that it belongs to
        assert (await bench.block(width, lines)).any(axis=1).all()
        ctx.set(dut.on, 0)
        for y in range(LINE + 2, LINE + SIDE):
            await bench.line(y, 4)
        assert not (await bench.block(40, lines)).any()

    simulate(dut, bench)
