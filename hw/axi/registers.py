# SPDX-License-Identifier: Apache-2.0
"""The registers of Xilinx' AXI UART Lite (PG142), for its slave here and for the host."""

import enum

DEPTH = 16  # bytes of each FIFO


class Register(enum.IntEnum):
    """Words of the slave, by address / 4. Host's names: what it reads is received."""

    RX_FIFO = 0
    TX_FIFO = 1
    STATUS = 2
    CONTROL = 3


class Status(enum.IntFlag):
    """Bits of the status register. Overrun (5), frame (6) and parity errors (7) cannot be."""

    RX_VALID = 1 << 0
    RX_FULL = 1 << 1
    TX_EMPTY = 1 << 2
    TX_FULL = 1 << 3
    INTERRUPT_ENABLED = 1 << 4


class Control(enum.IntFlag):
    """Bits of the control register."""

    RESET_TX = 1 << 0
    RESET_RX = 1 << 1
    ENABLE_INTERRUPT = 1 << 4


class Response(enum.IntEnum):
    """Of AXI."""

    OKAY = 0
    SLVERR = 2
