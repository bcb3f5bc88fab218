# SPDX-License-Identifier: Apache-2.0
"""A machine on the bus of this processor: its registers in memory, used as a serial port."""

import mmap
import os
import time

import serial

from hw.axi.registers import Control, Register, Status
from hw.uart.protocol import BAUD
from support.failures import InputError

PREFIX = "mmio:"
MEMORY = "/dev/mem"
PAGE = mmap.PAGESIZE
CHUNK = 4096  # bytes that a look takes in at the most: the machine may send without end
NAP = 0.0005  # seconds between two looks at a machine that is silent


def open_mmio(port, *, timeout):
    """Open the registers at an address of this machine's memory.

    Parameters
    ----------
    port : str
        ``mmio:ADDRESS``, as ``mmio:0x43c00000``.
    timeout : float
        Seconds that a read or a write may take.

    Returns
    -------
    MmioPort

    Raises
    ------
    InputError
        The address is none, or the memory is closed to us.
    """
    text = port.removeprefix(PREFIX)
    try:
        address = int(text, 0)
    except ValueError:
        address = -1
    if not 0 <= address < 1 << 32 or address % 16:
        raise InputError(f"{port}: give mmio:ADDRESS, a multiple of 16, as mmio:0x43c00000")
    try:
        descriptor = os.open(MEMORY, os.O_RDWR | os.O_SYNC)
        try:
            page = mmap.mmap(descriptor, PAGE, offset=address - address % PAGE)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise InputError(
            f"{port}: this machine has no {MEMORY}; mmio: is for the processor beside the FPGA"
        ) from None
    except PermissionError:
        raise InputError(
            f"{port}: no permission for {MEMORY}; run this as root, beside the FPGA"
        ) from None
    except (OSError, OverflowError) as error:
        raise InputError(f"{port}: {MEMORY} cannot be mapped there ({error})") from None
    first = address % PAGE // 4
    return MmioPort(memoryview(page).cast("I")[first : first + len(Register)], timeout=timeout)


class MmioPort:
    """As much of a ``serial.Serial`` as our host uses; what was unread before is dropped.

    Parameters
    ----------
    registers : mutable sequence of int
        Words of :class:`hw.axi.registers.Register`. A read of an empty FIFO ends the process on
        some processors, so that the status is read before.
    timeout : float

    Attributes
    ----------
    timeout : float
        Seconds that a read or a write may take.
    baudrate : int
        In whose byte-times the machine counts. Bytes go as fast as the bus takes them.
    is_open : bool
    """

    baudrate = BAUD

    def __init__(self, registers, *, timeout):
        self.timeout, self.is_open = timeout, True
        self._registers, self._received = registers, bytearray()
        registers[Register.CONTROL] = Control.RESET_TX | Control.RESET_RX

    @property
    def in_waiting(self):
        """Bytes that a read returns at once."""
        registers, received = self._registers, self._received
        while len(received) < CHUNK and registers[Register.STATUS] & Status.RX_VALID:
            received.append(registers[Register.RX_FIFO] & 0xFF)
        return len(received)

    def read(self, size):
        """Return `size` bytes, fewer once `timeout` is over."""
        end = time.monotonic() + self.timeout
        while self.in_waiting < size and time.monotonic() < end:
            time.sleep(NAP)
        chunk = bytes(self._received[:size])
        del self._received[:size]
        return chunk

    def write(self, chunk):
        """Send bytes.

        Raises
        ------
        serial.SerialTimeoutException
            The machine takes none for `timeout` seconds.
        """
        registers = self._registers
        end = time.monotonic() + self.timeout
        for byte in chunk:
            while registers[Register.STATUS] & Status.TX_FULL:
                if time.monotonic() > end:
                    raise serial.SerialTimeoutException("write timeout")
            registers[Register.TX_FIFO] = byte

    def close(self):
        """Let go of the registers."""
        if self.is_open and isinstance(self._registers, memoryview):
            self._registers.release()
        self.is_open = False
