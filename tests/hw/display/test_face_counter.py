# SPDX-License-Identifier: Apache-2.0
"""hw.display.face_counter: the faces of each second, digit by digit."""

import numpy as np
import pytest

from hw.display.face_counter import DIGITS, UNKNOWN, FaceCounter
from tests.hw.uart.line import simulate

SECOND = 1105


def number_of(digits):
    return sum(int(digit) * 10**place for place, digit in enumerate(digits))


@pytest.mark.parametrize("rate", [0.01, 1.0])
def test_each_second_has_its_faces(rate):
    dut = FaceCounter(SECOND)
    rng = np.random.default_rng(round(100 * rate))
    faces = rng.random(3 * SECOND) < rate
    wanted = [int(faces[n : n + SECOND].sum()) for n in range(0, 3 * SECOND, SECOND)]
    told = []

    async def bench(ctx):
        for n, face in enumerate(faces):
            ctx.set(dut.face, bool(face))
            ctx.set(dut.frame, n % 97 == 0)
            await ctx.tick()
            if n % 97 == 2 * DIGITS:
                digits = list(ctx.get(dut.digits))
                told.append((n - 2 * DIGITS, digits))

    simulate(dut, bench)
    for n, digits in told:
        if n < SECOND:
            assert digits == [UNKNOWN] + [0] * (DIGITS - 1)
        else:
            assert number_of(digits) == wanted[n // SECOND - 1]
    if rate == 1.0:
        assert wanted == [SECOND] * 3  # none is lost where a second ends


def test_the_digits_do_not_change_within_a_frame():
    dut = FaceCounter(SECOND)

    async def bench(ctx):
        ctx.set(dut.face, 1)
        ctx.set(dut.frame, 1)
        await ctx.tick()
        ctx.set(dut.frame, 0)
        for _ in range(3 * SECOND):
            await ctx.tick()
            assert ctx.get(dut.digits[0]) == UNKNOWN

    simulate(dut, bench)
