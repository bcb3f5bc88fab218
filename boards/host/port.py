# SPDX-License-Identifier: Apache-2.0
"""A serial port, of this machine or over the network: opened, or one line that says why not."""

import contextlib
import errno
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import serial

from boards.host.mmio import PREFIX, open_mmio
from support.failures import InputError

KINDS = ("socket", "rfc2217")  # of ports over the network; the first has bytes and no rate


def open_port(port, *, baud, timeout):
    """Open a port, for this program alone where the system can do that.

    Parameters
    ----------
    port : str
        ``/dev/ttyUSB0``, ``socket://HOST:PORT``, ``rfc2217://HOST:PORT`` or ``mmio:ADDRESS``.
    baud : int
        Rate of the line. That of ``socket://`` is what its far end has.
    timeout : float
        Seconds that a read or a write may take.

    Returns
    -------
    serial.SerialBase or boards.host.mmio.MmioPort

    Raises
    ------
    InputError
        What is wrong with the port, and what to do.
    """
    if port.startswith(PREFIX):
        return open_mmio(port, timeout=timeout)
    kind = _network_kind(port)
    # pyserial's RFC 2217 has no such time-out: its socket's of five seconds ends a write.
    write_timeout = None if kind == "rfc2217" else timeout
    try:
        return serial.serial_for_url(
            port, baud, timeout=timeout, write_timeout=write_timeout, exclusive=True
        )
    except (serial.SerialException, OSError, ValueError) as error:
        raise InputError(f"{port}: {_why_not_open(port, error)}") from error


def has_own_rate(port):
    """Return whether the rate of a port's line is set at its far end, where we cannot."""
    return _network_kind(port) == "socket"


def has_no_rate(port):
    """Return whether there is no line but a bus, which is as fast as it is."""
    return port.startswith(PREFIX)


def why_gone(port, error):
    """Return what to say of a port that was open and then raised `error`."""
    if _network_kind(port):
        return f"the connection is gone ({error})"
    # pyserial's words for a port that had something to read, and then had not.
    if "multiple access on port" in str(error) and os.path.exists(port):
        who = " and ".join(other_programs(port)) or "another program"
        return f"{who} reads this port, too, and takes our answers; close it"
    return f"the port is gone ({error})"


def other_programs(port):
    """Return the programs beside this one that have a port open, as "NAME (process N)".

    Other users' programs are seen by the superuser only, and none where there is no ``/proc``.
    """
    if _network_kind(port):
        return []
    device = os.path.realpath(port)
    found = []
    for process in sorted(Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(OSError):  # it has ended, or is not ours to look at
            files = {os.readlink(file) for file in (process / "fd").iterdir()}
            # A simulated board holds both ends of its terminal.
            simulated = device.startswith("/dev/pts/") and any("ptmx" in name for name in files)
            if device in files and not simulated and int(process.name) != os.getpid():
                name = (process / "comm").read_text().strip()
                found.append(f"{name} (process {process.name})")
    return found


def _network_kind(port):
    """Return which of :data:`KINDS` a port is, or None for a port of this machine."""
    if "://" not in port:
        return None
    kind = port.partition("://")[0].lower()
    if kind not in KINDS:
        raise InputError(
            f"{port}: is no kind of port that is taken; give a serial port as /dev/ttyUSB0, "
            "socket://HOST:PORT or rfc2217://HOST:PORT"
        )
    try:
        parts = urlsplit(port)
        good = bool(parts.hostname) and bool(parts.port)
    except ValueError:
        good = False
    if not good:
        raise InputError(f"{port}: give {kind}://HOST:PORT, with a PORT of 1 to 65535")
    return kind


def _why_not_open(port, error):
    """Say why a port does not open, and what to do."""
    cause = error.__context__
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there; start the server that shares the port, or look at its number"
    if isinstance(cause, socket.gaierror):
        return "there is no host of this name"
    if isinstance(cause, TimeoutError):
        return "the host does not answer"
    if "RFC2217" in str(error):
        return "what listens there does not speak RFC 2217; try socket://"
    busy = " and ".join(other_programs(port)) or "the other program that has it open"
    reasons = {
        errno.ENOENT: "there is no such port; look at `python -m serial.tools.list_ports`",
        errno.EACCES: "no permission; join the group that owns the port, often dialout",
        errno.EBUSY: f"the port is busy; close {busy}",
        errno.EAGAIN: f"the port is busy; close {busy}",
        errno.ENOTTY: "is not a serial port",
    }
    code = getattr(error, "errno", None)
    if code is None and cause is not None and cause.args:  # pyserial wraps termios.error
        code = cause.args[0]
    return reasons.get(code, f"cannot be opened ({error})")
