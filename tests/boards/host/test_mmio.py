# SPDX-License-Identifier: Apache-2.0
"""boards.host.mmio: registers as a serial port, with a played machine behind them."""

import struct
from collections import deque

import numpy as np
import pytest
import serial

from boards.host import mmio, port
from boards.host.mmio import MmioPort
from boards.host.open_board import open_board
from boards.host.self_test import as_text, self_test_report
from hw.axi.registers import DEPTH, Control, Register, Status
from hw.uart import protocol
from hw.uart.protocol import Request
from support.failures import InputError
from tests.boards.host.played import answer, picture

PORT = "mmio:0x43c00000"


class PlayedRegisters:
    """A machine's registers; it takes a byte whenever it is looked at, and answers requests."""

    def __init__(self, *, deaf=False):
        self.deaf = deaf
        self.requests, self.resets = [], []
        self._unstuffer = protocol.Unstuffer()
        self._sent, self._answers = deque(), deque()

    def __getitem__(self, register):
        if register == Register.RX_FIFO:
            return self._answers.popleft()  # IndexError: read while empty
        assert register == Register.STATUS
        if self._sent and not self.deaf:
            for body in self._unstuffer.feed([self._sent.popleft()]):
                self.requests.append(protocol.Frame.decode(body))
                self._answers.extend(answer(self.requests[-1]).encode())
        valid = Status.RX_VALID if self._answers else 0
        return valid | (Status.TX_FULL if len(self._sent) == DEPTH else 0)

    def __setitem__(self, register, value):
        if register == Register.CONTROL:
            self.resets.append(value)
        else:
            assert register == Register.TX_FIFO
            assert len(self._sent) < DEPTH, "written while full"
            self._sent.append(value)


@pytest.fixture
def registers(monkeypatch):
    played = PlayedRegisters()
    monkeypatch.setattr(port, "open_mmio", lambda _, timeout: MmioPort(played, timeout=timeout))
    return played


def test_a_board_behind_registers(registers):
    latents = np.random.default_rng(0).integers(-128, 128, (5, 100)).astype(np.int8)
    with open_board(PORT) as connection:
        made = list(connection.stream(latents))
        assert [each.tobytes() for each in made] == [picture(each.tobytes()) for each in latents]
        text = as_text(self_test_report(connection))
    assert registers.resets == [Control.RESET_TX | Control.RESET_RX]
    assert Request.BAUD not in [request.type for request in registers.requests]
    assert f"{PORT}, a bus" in text


def test_a_machine_that_takes_nothing():
    machine = MmioPort(PlayedRegisters(deaf=True), timeout=0.05)
    machine.write(bytes(DEPTH))
    with pytest.raises(serial.SerialTimeoutException):
        machine.write(b"x")
    assert machine.read(1) == b""


def test_the_registers_lie_at_the_address(tmp_path, monkeypatch):
    memory = tmp_path / "mem"
    memory.write_bytes(bytes(3 * mmio.PAGE))
    monkeypatch.setattr(mmio, "MEMORY", str(memory))
    address = mmio.PAGE + 0x20
    opened = port.open_port(f"mmio:{address:#x}", baud=protocol.BAUD, timeout=0.05)
    opened.write(b"\xc0")
    opened.close()
    opened.close()
    assert not opened.is_open
    words = struct.unpack_from("<4I", memory.read_bytes(), address)
    assert words == (0, 0xC0, 0, Control.RESET_TX | Control.RESET_RX)


@pytest.mark.parametrize("text", ["", "43c00000z", "-16", "0x43c00004", "0x100000000"])
def test_no_address(text):
    with pytest.raises(InputError, match="give mmio:ADDRESS, a multiple of 16"):
        port.open_port(f"mmio:{text}", baud=protocol.BAUD, timeout=1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError, "no permission for /dev/mem; run this as root"),
        (FileNotFoundError, "this machine has no /dev/mem"),
        (OSError, "/dev/mem cannot be mapped there"),
    ],
)
def test_memory_that_is_closed_to_us(monkeypatch, error, words):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(mmio.os, "open", refuse)
    with pytest.raises(InputError, match=words):
        port.open_port(PORT, baud=protocol.BAUD, timeout=1)
