# SPDX-License-Identifier: Apache-2.0
"""boards.build.board_top: a flash at the pins of a board, and its clock through its own cell."""

import re

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.build.board_top import BoardTop
from boards.catalogue.registry import BOARDS
from hw.flash.reader import PINS, FlashReader
from tests.synthesized import cells_of

WITH_FLASH = [name for name, board in BOARDS.items() if board.flash_bytes]


class ReadsAlone(wiring.Component):
    """A top that reads its flash, and does nothing else."""

    rx: In(1)
    tx: Out(1)
    active: Out(1)
    error: Out(1)
    flash: Out(PINS)
    holds: Out(1)
    refused: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FlashReader(2)
        wiring.connect(m, reader.pins, wiring.flipped(self.flash))
        m.d.sync += [
            reader.o.ready.eq(self.rx),
            self.tx.eq(reader.o.p.xor()),
            self.holds.eq(reader.o.valid),
            self.refused.eq(reader.o.p[0]),
        ]
        return m


def files_of(name):
    board = BOARDS[name]
    top = BoardTop(ReadsAlone(), board, 125_000_000)
    return board.platform().prepare(top, emit_src=False, debug_verilog=False).files


def test_boards_with_a_memory_outside_have_a_flash():
    assert WITH_FLASH == ["ulx3s-85f", "colorlight-i9"]
    for board in BOARDS.values():
        outside = any(each.array.weight_bus for each in board.capacities.values())
        assert outside == bool(board.flash_bytes)


@pytest.mark.parametrize("name", WITH_FLASH)
def test_each_signal_has_its_pin(name):
    text = files_of(name)["top.lpf"]
    text = text.decode() if isinstance(text, bytes) else text
    sites = dict(re.findall(r'LOCATE COMP "spi_flash_0__(\w+?)__io" SITE "(\w+)"', text))
    if "model" in BOARDS[name].lamps:
        assert 'LOCATE COMP "led_3__io"' in text
    # The chip reads its bitstream through these, whatever the board.
    wanted = {"cs": "R2", "copi": "W2", "cipo": "V2"}
    if name == "ulx3s-85f":  # on the i9 they are free pins of its edge
        wanted |= {"hold": "W1", "wp": "Y2"}
    assert sites == wanted


def test_the_clock_leaves_by_its_own_cell():
    cells = cells_of(files_of("ulx3s-85f")["top.il"])
    (clock,) = [cell for cell in cells.values() if cell["type"] == "USRMCLK"]
    registers = {
        cell["connections"]["Q"][0] for cell in cells.values() if cell["type"] == "TRELLIS_FF"
    }
    assert clock["connections"]["USRMCLKI"][0] in registers
