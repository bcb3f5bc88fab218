# SPDX-License-Identifier: Apache-2.0
"""The times of a picture on the line, in pixels and lines."""

from dataclasses import dataclass

CLOCKS = 5  # of the domain ``sync`` in a pixel: ten bits on each lane, two a clock


@dataclass(frozen=True)
class Mode:
    """A video mode whose line and frame begin with their blanking; syncs are low while they last.

    Attributes
    ----------
    width, height : int
        Pixels and lines that are seen.
    front, sync, back : int
        Pixels of the blanking of a line: before its sync, of it, behind it.
    lines_front, lines_sync, lines_back : int
        Lines of the blanking of a frame.
    """

    width: int = 640
    height: int = 480
    front: int = 16
    sync: int = 96
    back: int = 48
    lines_front: int = 10
    lines_sync: int = 2
    lines_back: int = 33

    @property
    def blank(self):
        """Pixels of a line before the first one that is seen."""
        return self.front + self.sync + self.back

    @property
    def lines_blank(self):
        """Lines of a frame before the first one that is seen."""
        return self.lines_front + self.lines_sync + self.lines_back

    @property
    def pixels(self):
        """Of a whole line."""
        return self.blank + self.width

    @property
    def lines(self):
        """Of a whole frame."""
        return self.lines_blank + self.height


VGA = Mode()  # 640x480; at 125 MHz a pixel clock of 25 MHz, and 59.5 frames a second
CLOCK_HZ = 125_000_000
