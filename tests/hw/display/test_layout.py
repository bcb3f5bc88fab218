# SPDX-License-Identifier: Apache-2.0
"""hw.display.layout: the rule by examples, and the hardware by all sizes."""

import pytest

from hw.display.layout import LARGE, LARGEST, SMALL, SMALLEST, TEXT_HEIGHT, Wall, WallFinder
from hw.display.mode import VGA
from hw.latents.wall import FITS_LATENCY
from tests.hw.uart.line import simulate


@pytest.mark.parametrize(
    ("size", "canvas", "expected"),
    [
        (32, SMALL, (3, 3, 4, 128, 48)),
        (28, SMALL, (3, 3, 4, 152, 72)),
        (64, SMALL, (1, 1, 6, 128, 48)),
        (48, SMALL, (2, 2, 4, 128, 48)),
        (32, LARGE, (20, 15, 1, 0, 0)),
        (28, LARGE, (22, 17, 1, 12, 2)),
        (64, LARGE, (10, 7, 1, 0, 16)),
        (128, LARGE, (5, 3, 1, 0, 48)),
    ],
)
def test_examples(size, canvas, expected):
    wall = Wall.of(size, canvas)
    assert (wall.columns, wall.rows, wall.zoom, wall.left, wall.top) == expected
    assert wall.fits


def test_places_are_filled_row_by_row_and_over_again():
    wall = Wall.of(28, SMALL)
    side = 28 * 4
    assert [wall.place(n) for n in (0, 2, 3, 8, 9)] == [
        (152, 72), (152 + 2 * side, 72), (152, 72 + side),
        (152 + 2 * side, 72 + 2 * side), (152, 72),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "canvas", "rows", "line"),
    [
        (32, LARGE, 14, 448 + 8),
        (28, LARGE, 16, 2 + 16 * 28 + 6),
        (64, LARGE, 6, 16 + 6 * 64 + 24),
        (128, LARGE, 2, 48 + 2 * 128 + 56),
        (8, LARGE, 58, 464),
        (15, LARGE, 30, 450 + 7),
        (16, LARGE, 29, 464),
        (32, SMALL, 2, 48 + 256 + 56),
        (28, SMALL, 2, 72 + 2 * 112 + 48),
    ],
)
def test_rows_give_way_to_a_text(size, canvas, rows, line):
    wall, beside = Wall.of(size, canvas), Wall.of(size, canvas, text=True)
    assert (beside.rows, beside.text) == (rows, line)
    assert wall.text is None
    assert beside.place(wall.columns + 1) == wall.place(wall.columns + 1)
    assert beside.text >= beside.top + beside.rows * size * beside.zoom


@pytest.mark.parametrize(("size", "canvas"), [(64, SMALL), (49, SMALL), (129, LARGE)])
def test_no_room_for_a_text(size, canvas):
    assert Wall.of(size, canvas, text=True) == Wall.of(size, canvas)


@pytest.mark.parametrize(
    ("size", "canvas"), [(1, LARGE), (7, LARGE), (129, LARGE), (97, SMALL), (128, SMALL)]
)
def test_what_has_no_wall(size, canvas):
    assert not Wall.of(size, canvas).fits


@pytest.mark.parametrize("canvas", [SMALL, LARGE], ids=["small", "large"])
def test_all_sizes(canvas):
    dut = WallFinder(canvas)

    async def bench(ctx):
        for size in range(256):
            ctx.set(dut.size, size)
            await ctx.tick().repeat(3)
            assert not ctx.get(dut.o.fits)  # what was found before
            await ctx.tick().repeat(FITS_LATENCY - 3)
            found = ctx.get(dut.o)
            if not SMALLEST <= size <= min(LARGEST, canvas.height):
                assert not found.fits
                continue
            wall = Wall.of(size, canvas)
            right = wall.left + wall.columns * size * wall.zoom
            bottom = wall.top + wall.rows * size * wall.zoom
            assert right <= VGA.width
            assert bottom <= VGA.height
            assert right - wall.left <= canvas.box_width
            assert wall.columns * size <= canvas.width
            assert wall.rows * size <= canvas.height
            assert found.fits
            assert found.size + 1 == size
            assert (found.columns + 1, found.rows + 1) == (wall.columns, wall.rows)
            assert (found.zoom + 1, found.left) == (wall.zoom, wall.left)
            assert found.top == VGA.lines_blank + wall.top
            assert found.height == wall.zoom * size
            beside = Wall.of(size, canvas, text=True)
            assert found.roomy == (beside.text is not None)
            if found.roomy:
                assert found.text_rows + 1 == beside.rows < wall.rows
                assert found.text == VGA.lines_blank + beside.text
                assert beside.text + TEXT_HEIGHT <= bottom

    simulate(dut, bench, cycles=256 * (FITS_LATENCY + 1))
