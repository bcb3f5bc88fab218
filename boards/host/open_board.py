# SPDX-License-Identifier: Apache-2.0
"""The first words with a board: what it is, whether it is well, how fast the line can be."""

import time

from boards.host.link import Link
from boards.host.port import has_no_rate, has_own_rate
from hw.uart import protocol
from hw.uart.facts import Flash
from support.failures import CheckFailed, InputError

FLASH_TIME = 10.0  # seconds in which any image is read from a flash, and tested
FLASH_PAUSE = 0.2  # seconds between looks: a board that answers does not read
RATES = (3_000_000, 2_000_000, 1_500_000, 1_000_000, 921_600, 460_800, 230_400)  # of adapters


class SelfTestFailed(CheckFailed):
    """A board does not make the picture that came with its model."""


def open_board(port, *, baud=None, clock=time.monotonic, notice=lambda text: None):
    """Open a board: ask for its info and its self-test, then raise the rate of the line.

    A board that holds no model has nothing to test. One that loads from its flash is waited for.

    Parameters
    ----------
    port : str
        As :func:`boards.host.port.open_port` takes it.
    baud : int, optional
        Rate to go on with; by default as :func:`raise_baud` chooses it.
    notice : callable
        Takes one line of text, where the rate could not be chosen here.
    clock : callable
        As of :class:`boards.host.link.Link`.

    Returns
    -------
    boards.host.link.Link

    Raises
    ------
    SelfTestFailed
        Model, build and the first wrong layer are in its message.
    InputError
        As from :class:`boards.host.link.Link`, or the rate cannot be had.
    """
    link = Link(port, clock=clock)
    try:
        if await_flash(link).model:
            check(link)
        if baud is None:
            raise_baud(link)
            if has_own_rate(port):
                notice(
                    f"{port}: the far end sets the rate of the line; the board stays at "
                    f"{link.baud:,} baud, with which it starts"
                )
        elif baud != link.baud:
            link.change_baud(baud)
    except BaseException:
        link.close()
        raise
    return link


def await_flash(link):
    """Return the info of the board behind a link, once it is done with its flash, or time is up."""
    end = link.clock() + FLASH_TIME
    while (info := link.info()).status.flash == Flash.READING and link.clock() < end:
        time.sleep(FLASH_PAUSE)
    return info


def check(link):
    """Let the board behind a link test itself.

    Raises
    ------
    SelfTestFailed
    """
    info = link.held()
    expect_right(link, link.self_test(), info.model.model_id, "program it again")


def expect_right(link, result, model_id, remedy):
    """Refuse the :class:`boards.host.link.SelfTest` of a board that is not well.

    Raises
    ------
    SelfTestFailed
    """
    layer, layers = result.wrong_layer, len(result.stored)
    if layer is None:
        return
    where = f"layer {layer} is the first that is wrong"
    if layer == layers:
        before = "layer 1 is right" if layers == 2 else f"layers 1 to {layers - 1} are right"
        where = f"{before}, the picture is wrong"
    stored, computed = result.stored[layer - 1], result.computed[layer - 1]
    build = link.info().machine.build_id.hex()
    raise SelfTestFailed(
        f"{link.port}: the board fails its self-test, {where} (CRC {computed:08x}, not "
        f"{stored:08x}); model {model_id.hex()}, build {build}: {remedy}; if that does not help, "
        "build it for a lower clock, and look at its supply"
    )


def raise_baud(link):
    """Go on at the highest of `RATES` that board, port and line can do; the start-up rate is one.

    A port whose rate is set at its far end stays at the start-up rate; a bus has none to choose.

    A rate at which answers do not come back at once, several in a row, is left for the next lower.
    """
    if has_own_rate(link.port) or has_no_rate(link.port):
        return
    clock_hz = link.info().machine.clock_hz
    for baud in RATES:
        try:
            protocol.divisor(clock_hz, baud)
        except ValueError:
            continue
        try:
            link.change_baud(baud)
            return
        except InputError:
            link.info()  # the line is back at a rate that works, or this says why not
