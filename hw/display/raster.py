# SPDX-License-Identifier: Apache-2.0
"""Where the picture on the line is: the counters of pixels and lines."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.display.mode import CLOCKS


class Raster(wiring.Component):
    """Count the pixels of a mode, at first those of the last line, unseen: so a frame ends soon.

    Parameters
    ----------
    mode : hw.display.mode.Mode

    Members
    -------
    tick : Out(1)
        The last clock of a pixel: what belongs to pixels changes behind it.
    x, y : Out
        The pixel, and its line; both count their blanking first.
    line_ends, frame_ends : Out(1)
        It is the last one of the line, or of the frame.
    seen, hsync, vsync : Out(1)
        Of the pixel; syncs as they are on the line. That of frames begins with one of lines.
    """

    def __init__(self, mode):
        self.mode = mode
        super().__init__(
            {
                "tick": Out(1),
                "x": Out(range(mode.pixels)),
                "y": Out(range(mode.lines), init=mode.lines - 1),
                "line_ends": Out(1),
                "frame_ends": Out(1),
                "seen": Out(1),
                "hsync": Out(1, init=1),
                "vsync": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        mode = self.mode
        clock = Signal(range(CLOCKS))
        last_line, seen_line, sync_line = Signal(init=1), Signal(), Signal()
        m.d.sync += [clock.eq(clock + 1), self.tick.eq(clock == CLOCKS - 2)]
        m.d.comb += self.frame_ends.eq(self.line_ends & last_line)
        with m.If(self.tick):
            m.d.sync += [
                clock.eq(0),
                self.x.eq(self.x + 1),
                self.line_ends.eq(self.x == mode.pixels - 2),
            ]
            with m.If(self.x == mode.front - 1):
                m.d.sync += [self.hsync.eq(0), self.vsync.eq(~sync_line)]
            with m.If(self.x == mode.front + mode.sync - 1):
                m.d.sync += self.hsync.eq(1)
            with m.If(self.x == mode.blank - 1):
                m.d.sync += self.seen.eq(seen_line)
            with m.If(self.line_ends):
                m.d.sync += [self.x.eq(0), self.y.eq(self.y + 1), self.seen.eq(0)]
                m.d.sync += last_line.eq(self.y == mode.lines - 2)
                with m.If(self.y == mode.lines_front - 1):
                    m.d.sync += sync_line.eq(1)
                with m.If(self.y == mode.lines_front + mode.lines_sync - 1):
                    m.d.sync += sync_line.eq(0)
                with m.If(self.y == mode.lines_blank - 1):
                    m.d.sync += seen_line.eq(1)
                with m.If(last_line):
                    m.d.sync += [self.y.eq(0), seen_line.eq(0)]
        return m
