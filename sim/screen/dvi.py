# SPDX-License-Identifier: Apache-2.0
"""A monitor: from the levels of four lanes to frames, and whatever is wrong with them.

Source: Digital Visual Interface, revision 1.0 (DDWG, 1999), section 3.3, and VESA's timing of
640x480. It shares nothing with the hardware that it judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from support.failures import CheckFailed

WORD = 10  # bits
CONTROLS = np.array([0b1101010100, 0b0010101011, 0b0101010100, 0b1010101011])  # c1 c0: 00 to 11
WIDTH, HEIGHT = 640, 480
H_FRONT, H_SYNC, H_BACK = 16, 96, 48
V_FRONT, V_SYNC, V_BACK = 10, 2, 33
LINE = H_FRONT + H_SYNC + H_BACK + WIDTH
LINES = V_FRONT + V_SYNC + V_BACK + HEIGHT
FRAME = LINE * LINES
WORST_BALANCE = 10  # ones more or less than zeros that an encoder of the standard leaves


class NoPicture(CheckFailed):
    """The pins carry something that no monitor need show; the message says what and where."""


@dataclass(frozen=True)
class Words:
    """The words of a recording.

    Attributes
    ----------
    lanes : int array, shape (3, N)
        Blue, green, red; bit 0 came first.
    """

    lanes: np.ndarray

    @classmethod
    def of(cls, pins):
        """Cut a recording into words, where the lane of the clock says.

        Parameters
        ----------
        pins : uint8 array
            As :attr:`sim.screen.record.Recording.pins`.

        Raises
        ------
        NoPicture
            The lane of the clock has no steady beat of a word.
        """
        halves = np.stack([pins & 15, pins >> 4], axis=1).reshape(-1)
        bits = (halves[None] >> np.arange(4, dtype=np.uint8)[:, None]) & 1
        clock = bits[3].astype(np.int8)
        rises = np.flatnonzero(np.diff(clock) == 1) + 1
        if len(rises) < 2:
            raise NoPicture("the lane of the clock stands still")
        wrong = np.flatnonzero(np.diff(rises) != WORD)
        if len(wrong):
            raise NoPicture(f"the clock's beat is broken at bit {rises[wrong[0] + 1]}")
        start, count = rises[0], (len(clock) - rises[0]) // WORD
        cut = bits[:, start : start + count * WORD].reshape(4, count, WORD)
        if not (cut[3].sum(axis=1) == WORD // 2).all():
            raise NoPicture("the clock is not high for half of each word")
        return cls(cut[:3].astype(np.int64) @ (1 << np.arange(WORD)))


def control_of(words):
    """Return the control bits of each word, -1 for a word of data."""
    control = np.full(words.shape, -1)
    for bits, token in enumerate(CONTROLS):
        control[words == token] = bits
    return control


def byte_of(words):
    """Return the byte of each word of data."""
    inverted, xor = words >> 9 & 1, words >> 8 & 1
    bits = words & 0xFF ^ np.where(inverted, 0xFF, 0)
    before = bits << 1 & 0xFF
    return bits ^ before ^ np.where(xor, 0, 0xFE)


def balance_of(word):
    """Return how many ones more than zeros a word has."""
    word = np.asarray(word)
    return 2 * sum(word >> n & 1 for n in range(WORD)) - WORD


def frames(pins):
    """Return the whole frames of a recording.

    A frame is counted from the beginning of its vertical sync. What is before the first one, a
    monitor does not look at.

    Parameters
    ----------
    pins : uint8 array
        As :attr:`sim.screen.record.Recording.pins`.

    Returns
    -------
    uint8 array, shape (N, 480, 640, 3)

    Raises
    ------
    NoPicture
        Syncs, blanking, tokens or balance are not as they must be.
    """
    lanes = Words.of(pins).lanes
    control = np.stack([control_of(lane) for lane in lanes])
    vsync = np.where(control[0] >= 0, control[0] >> 1, 1)
    falls = np.flatnonzero(np.diff(vsync) == -1) + 1
    if not len(falls):
        raise NoPicture("there is no vertical sync")
    count = (lanes.shape[1] - falls[0]) // FRAME
    if not count:
        raise NoPicture("there is no whole frame")
    for fall in falls[1:]:
        if (fall - falls[0]) % FRAME:
            raise NoPicture(f"a vertical sync comes {fall - falls[0]} pixels behind the first one")
    cut = slice(falls[0], falls[0] + count * FRAME)
    shape = (3, count, FRAME)
    lanes, control = lanes[:, cut].reshape(shape), control[:, cut].reshape(shape)
    for n in range(count):
        _check_controls(control[:, n], n)
        _check_balance(lanes[:, n], control[:, n], n)
    # A frame begins with the sync of a line: its last pixels are the first line's front porch.
    picture = byte_of(lanes).reshape(3, count, LINES, LINE)
    first_line, first_pixel = V_SYNC + V_BACK, H_SYNC + H_BACK
    seen = picture[:, :, first_line:, first_pixel:][:, :, :HEIGHT, :WIDTH]
    return seen[::-1].transpose(1, 2, 3, 0).astype(np.uint8)


def expected_controls():
    """Return what lane 0 says in each pixel of a frame, from its vertical sync on; -1: data."""
    x, y = np.arange(LINE)[None], np.arange(LINES)[:, None]
    hsync = (x >= H_SYNC).astype(int)
    vsync = (y >= V_SYNC).astype(int)
    line, pixel = y - V_SYNC - V_BACK, x - H_SYNC - H_BACK
    seen = (line >= 0) & (line < HEIGHT) & (pixel >= 0) & (pixel < WIDTH)
    return np.where(seen, -1, hsync | vsync << 1).reshape(-1)


def _check_controls(control, n):
    expected = expected_controls()
    for lane in range(3):
        wanted = expected if lane == 0 else np.minimum(expected, 0)
        wrong = np.flatnonzero(control[lane] != wanted)
        if len(wrong):
            y, x = divmod(int(wrong[0]), LINE)
            raise NoPicture(
                f"frame {n}, lane {lane}, line {y} and pixel {x} behind the vertical sync: "
                f"{_named(control[lane][wrong[0]])} in place of {_named(wanted[wrong[0]])}"
            )


def _named(control):
    return "data" if control < 0 else f"control {control:02b}"


def _check_balance(lanes, control, n):
    change = balance_of(lanes)
    for lane in range(3):
        data = control[lane] < 0
        sums = np.cumsum(np.where(data, change[lane], 0)).reshape(LINES, LINE)
        seen = data.reshape(LINES, LINE)
        before = np.where(seen, sums, 0) - np.where(seen, (sums[:, :1]), 0)
        worst = np.abs(before).max()
        if worst > WORST_BALANCE:
            raise NoPicture(f"frame {n}, lane {lane}: its balance runs off to {worst}")
