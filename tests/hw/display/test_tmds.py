# SPDX-License-Identifier: Apache-2.0
"""hw.display.tmds: every byte in every balance, against the standard's flow chart and a decoder."""

from functools import cache

import numpy as np

from hw.display.tmds import TmdsEncoder
from sim.screen.dvi import CONTROLS, balance_of, byte_of
from tests.hw.uart.line import simulate


@cache
def encoded(byte, balance):
    """Return the word and the new balance, as figure 3-5 of the standard draws it."""
    bits = [byte >> n & 1 for n in range(8)]
    xnor = sum(bits) > 4 or (sum(bits) == 4 and not bits[0])
    chain = [bits[0]]
    for bit in bits[1:]:
        chain.append(1 - (chain[-1] ^ bit) if xnor else chain[-1] ^ bit)
    eighth = 0 if xnor else 1
    ones, zeros = sum(chain), 8 - sum(chain)
    if balance == 0 or ones == zeros:
        ninth = 1 - eighth
        change = zeros - ones if eighth == 0 else ones - zeros
    elif (balance > 0 and ones > zeros) or (balance < 0 and zeros > ones):
        ninth = 1
        change = 2 * eighth + zeros - ones
    else:
        ninth = 0
        change = -2 * (1 - eighth) + ones - zeros
    body = [1 - bit if ninth else bit for bit in chain]
    word = sum(bit << n for n, bit in enumerate([*body, eighth, ninth]))
    return word, balance + change


def walk():
    """Return bytes that meet every balance that there is with every byte, from balance 0 on."""
    left, at, bytes_ = {0: set(range(256))}, 0, []
    while any(left.values()):
        byte = left[at].pop() if left[at] else _towards(at, left)
        left[at].discard(byte)
        bytes_.append(byte)
        at = encoded(byte, at)[1]
        left.setdefault(at, set(range(256)))
    return bytes_, set(left)


def _towards(at, left):
    """Return a byte that begins a shortest way to a balance with bytes left."""
    first, queue = {at: None}, [at]
    for here in queue:
        for byte in range(256):
            there = encoded(byte, here)[1]
            if there not in first:
                first[there] = byte if here == at else first[here]
                if left[there]:
                    return first[there]
                queue.append(there)
    raise AssertionError("no way")


def words_of(pixels):
    """Return what the encoder makes of (seen, data, control) a step."""
    dut, words = TmdsEncoder(), []

    async def bench(ctx):
        for seen, data, control in [*pixels, *[(0, 0, 0)] * dut.latency]:
            ctx.set(dut.seen, seen)
            ctx.set(dut.data, data)
            ctx.set(dut.control, control)
            ctx.set(dut.step, 0)
            await ctx.tick()
            ctx.set(dut.step, 1)
            await ctx.tick()
            words.append(ctx.get(dut.word))

    simulate(dut, bench)
    return np.array(words[dut.latency - 1 :][: len(pixels)])


def test_every_byte_in_every_balance():
    data, balances = walk()
    assert balances == set(range(-8, 9, 2))
    assert len(data) >= 256 * len(balances)
    words = words_of([(1, byte, 0) for byte in data])
    expected, balance = [], 0
    for byte in data:
        word, balance = encoded(byte, balance)
        expected.append(word)
    np.testing.assert_array_equal(words, expected)
    # What a monitor needs, by the decoder that judges the pins: the bytes, and no drift.
    np.testing.assert_array_equal(byte_of(words), data)
    assert np.abs(np.cumsum(balance_of(words))).max() <= 10
    assert not np.isin(words, CONTROLS).any()


def test_control_tokens_begin_the_balance_anew():
    byte = next(n for n in range(256) if encoded(n, encoded(n, 0)[1])[0] != encoded(n, 0)[0])
    first = encoded(byte, 0)[0]
    pixels = [(1, byte, 0), (0, 0x55, 0), (1, byte, 3), *[(0, 0xAA, n) for n in range(4)]]
    words = words_of([*pixels, (1, byte, 0)])
    np.testing.assert_array_equal(words[[1, 3, 4, 5, 6]], CONTROLS[[0, 0, 1, 2, 3]])
    np.testing.assert_array_equal(words[[0, 2, 7]], first)
