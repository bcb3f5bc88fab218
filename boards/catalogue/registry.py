# SPDX-License-Identifier: Apache-2.0
"""All boards by name, and what each can hold: ``avatar boards``."""

from __future__ import annotations

from boards.catalogue import arty_a7, colorlight_i9, orangecrab, pynq_z2, tang_nano_20k, ulx3s
from support.failures import InputError

BOARDS = {
    board.name: board
    for board in (
        ulx3s.BOARD,
        orangecrab.BOARD_85F,
        orangecrab.BOARD_25F,
        colorlight_i9.BOARD,
        tang_nano_20k.BOARD,
        arty_a7.BOARD,
        pynq_z2.BOARD,
    )
}


def board(name):
    """Return the :class:`boards.catalogue.board.Board` called `name`.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in BOARDS:
        raise InputError(f"board {name!r} is unknown; choose from {', '.join(BOARDS)}")
    return BOARDS[name]
