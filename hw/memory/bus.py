# SPDX-License-Identifier: Apache-2.0
"""What the parts of the memory say to each other."""

from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

CHUNK = 16  # words at most that a port gets at a time
READ_PORTS = 2  # 0: weights, 1: the screen
WRITE_PORTS = 2  # 0: upload, 1: the screen


class Command(enum.Enum, shape=3):
    """What a chip is told. Bits are the pins ras, cas and we, from the lowest on; 1 is active."""

    NOTHING = 0b000
    ACTIVATE = 0b001
    READ = 0b010
    REFRESH = 0b011
    PRECHARGE = 0b101
    WRITE = 0b110
    MODE = 0b111


class Activity(enum.Enum, shape=3):
    """What a clock went to."""

    WORD = 0  # a word is read or written
    REFRESH = 1  # refresh, and the row that is opened again behind it
    ROW = 2  # a row is closed or opened
    TURN = 3  # the data pins turn from reads to writes
    WAIT = 4  # nobody asks, or has room
    START = 5  # start-up


def phy_signature(geometry):
    """Return what a controller tells the pins, from registers, a command a clock.

    Members
    -------
    cke, mask : Out(1)
        `mask` keeps the chip's data pins off.
    command : Out(Command)
    bank, address : Out
    write_data, write_en : Out(geometry.width), Out(1)
        Beside their command.
    read_data : In(geometry.width)
        As many clocks behind the command as the PHY says.
    """
    return wiring.Signature(
        {
            "cke": Out(1),
            "mask": Out(1),
            "command": Out(Command),
            "bank": Out(geometry.bank_bits),
            "address": Out(geometry.address_pins),
            "write_data": Out(geometry.width),
            "write_en": Out(1),
            "read_data": In(geometry.width),
        }
    )


def place_layout(geometry):
    """Return the layout of a linear address."""
    return data.StructLayout(
        {"column": geometry.column_bits, "bank": geometry.bank_bits, "row": geometry.row_bits}
    )


def request_layout(geometry):
    """Return the layout of a request: `words` from `address` on; round the end of the memory."""
    return data.StructLayout({"address": geometry.address_bits, "words": geometry.address_bits})


def write_layout(geometry):
    """Return the layout of a word to be written."""
    return data.StructLayout({"address": geometry.address_bits, "data": geometry.width})


def chunk_layout(geometry):
    """Return the layout of a chunk: so many words within a row, less 1, for a port.

    A chunk of writes takes its columns from the port's words, and ends where these leave the row.
    """
    return data.StructLayout(
        {"place": place_layout(geometry), "last": range(CHUNK), "port": 1, "write": 1}
    )


def write_head_signature(geometry):
    """Return the word that a writer offers next.

    Members
    -------
    valid : Out(1)
    follows : Out(1)
        It goes into the row of the word before.
    column, data : Out
    take : In(1)
        Only while `valid`.
    done : In(1)
        The chunk is over.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "follows": Out(1),
            "column": Out(geometry.column_bits),
            "data": Out(geometry.width),
            "take": In(1),
            "done": In(1),
        }
    )
