# SPDX-License-Identifier: Apache-2.0
"""A board with a screen: its pins, its button, what it takes, and what is refused."""

import re

import pytest
from amaranth import Module
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from boards.build.board_top import BoardTop
from boards.build.button import Button
from boards.catalogue.registry import BOARDS
from boards.chips.capacity import DoesNotFit, check_fit, planned
from hw.display.text import NAME, TEXT
from hw.engine.pixel_buffer import RGB
from hw.model.resources import SCREENS, board_memories, top_memories
from support.failures import InputError
from tests.boards.test_boards import Echo
from tests.cli.refusals import refusal
from tests.hw.uart.line import simulate

BOARD = BOARDS["ulx3s-85f"]


class EchoScreen(Echo):
    """The ports of a top with a wall, and next to nothing inside."""

    wall_pixels: Out(stream.Signature(RGB))
    wall_size: Out(8)
    wall_grey: Out(1)
    wall_restart: Out(1)
    wall_button: In(1)
    wall_start: In(1)
    wall_fits: In(1)
    wall_roomy: In(1)
    wall_text: Out(TEXT)
    wall_name: Out(NAME)

    def elaborate(self, platform):
        m = Module()
        m.submodules.echo = echo = Echo()
        m.d.comb += [echo.rx.eq(self.rx), self.tx.eq(echo.tx), self.active.eq(echo.active)]
        pixel = self.wall_pixels.p.as_value()
        m.d.sync += [
            pixel.eq(pixel + self.rx),
            self.wall_pixels.valid.eq(self.wall_button),
            self.wall_size.eq(self.wall_size + self.wall_button),
            self.wall_restart.eq(
                self.wall_button ^ self.wall_start ^ self.wall_fits ^ self.wall_roomy
            ),
            self.wall_text.as_value().eq(self.wall_text.as_value() + self.rx),
            self.wall_name.as_value().eq(self.wall_name.as_value() + self.rx),
        ]
        return m


@pytest.mark.parametrize("store", SCREENS)
def test_pins_and_blocks(store):
    top = BoardTop(EchoScreen(), BOARD, 125_000_000, store)
    files = BOARD.platform().prepare(top, emit_src=False, debug_verilog=False).files
    pairs = set(re.findall(r'LOCATE COMP "hdmi_0__(\w+)__p', files["top.lpf"]))
    assert pairs == {"d", "clk"}
    assert 'LOCATE COMP "button_fire_0__io"' in files["top.lpf"]
    assert ("sdram_0__dq__io" in files["top.lpf"]) == (store == "sdram")
    blocks = planned(files["top.il"])["ebr"]
    capacity = BOARD.capacity()
    with_screen, without = (
        sum(each.blocks for each in memories)
        for memories in (board_memories(capacity, store), top_memories(capacity, wall=True))
    )
    assert blocks == with_screen - without


def test_what_fits():
    first = BOARD.capacity()
    check_fit(first, BOARD.device, "sdram")
    with pytest.raises(DoesNotFit, match="block RAMs"):
        check_fit(first, BOARD.device, "blocks")
    check_fit(BOARD.capacity("pixel_words=256"), BOARD.device, "blocks")


def test_where_the_frame_lies():
    assert BOARD.screen_store(None) is None
    assert BOARD.screen_store("auto") == "sdram"
    assert BOARD.screen_store("blocks") == "blocks"
    with pytest.raises(InputError, match="orangecrab-25f has no socket"):
        BOARDS["orangecrab-25f"].screen_store("auto")


def test_a_button_counts_once():
    dut = Button(20)

    async def bench(ctx):
        async def held(level, clocks):
            ctx.set(dut.level, level)
            count = 0
            for _ in range(clocks):
                await ctx.tick()
                count += ctx.get(dut.pressed)
            return count

        assert await held(0, 50) == 0
        bounces = [await held(n % 2, 7) for n in range(1, 8)]
        assert sum(bounces) == 0
        assert await held(1, 15) + await held(1, 100) == 1
        assert sum([await held(n % 2, 7) for n in range(8)]) == 0
        assert await held(0, 60) == 0
        assert await held(1, 60) == 1

    simulate(dut, bench)


def test_refusals(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, words in (
        (("--board", "orangecrab-25f", "--screen"), "has no socket for one; ulx3s-85f has"),
        (("--board", "ulx3s-85f", "--screen", "--clock", "100"), "a screen has 125, five clocks"),
    ):
        assert words in refusal(capsys, "build", *arguments, "--out", "b")
