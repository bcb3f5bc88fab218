# SPDX-License-Identifier: Apache-2.0
"""Latents of the chip: known words, whole periods, and the distributions that they promise."""

import math
from itertools import islice
from statistics import NormalDist

import numpy as np
import pytest

from golden.latents import CHOICES
from golden.on_chip_latents import (
    MAX_SEED,
    SINES,
    SIZES,
    STEPS,
    TAPS,
    arc,
    draw_on_chip,
    magnitudes,
    tausworthe,
    words,
)
from support.failures import InputError


def first(seed, count):
    return np.fromiter(words(seed), np.uint32, count)


def test_words_are_those_of_taus88():
    """The 10,000th word that Boost and Thrust name for registers that hold 341."""
    assert next(islice(tausworthe(341, 341, 341), 9999, None)) == 3535848941


def times(a, b, size, tap):
    """Multiply polynomials over GF(2), bits of a number, modulo x^size + x^tap + 1."""
    product = 0
    for bit in range(size):
        product ^= (b >> bit & 1) * (a << bit)
    for bit in range(2 * size - 2, size - 1, -1):
        if product >> bit & 1:
            product ^= (1 << size | 1 << tap | 1) << bit - size
    return product


def power(exponent, size, tap):
    """Return x to the power of `exponent`."""
    result, square = 1, 2
    while exponent:
        if exponent & 1:
            result = times(result, square, size, tap)
        square = times(square, square, size, tap)
        exponent >>= 1
    return result


@pytest.mark.parametrize(
    ("size", "tap", "step", "primes"),
    [
        (*register, primes)
        for register, primes in zip(
            zip(SIZES, TAPS, STEPS), [(2**31 - 1,), (233, 1103, 2089), (3, 5, 29, 43, 113, 127)]
        )
    ],
)
def test_each_register_has_its_whole_period(size, tap, step, primes):
    """Its polynomial is primitive, and its steps share no factor with 2^size - 1."""
    period = 2**size - 1
    assert power(period, size, tap) == 1
    assert all(power(period // prime, size, tap) != 1 for prime in primes)
    rest = period
    for prime in primes:
        while rest % prime == 0:
            rest //= prime
    assert rest == 1
    assert math.gcd(step, period) == 1


@pytest.mark.parametrize("number", range(3))
def test_registers_have_the_stated_polynomials(number):
    """A register alone gives words that overlap as windows of one sequence of bits."""
    size, tap, step = SIZES[number], TAPS[number], STEPS[number]
    registers = [0, 0, 0]
    registers[number] = 1 << 31 | 5 << 32 - size
    each = list(islice(tausworthe(*registers), 60))
    bits = [int(bit) for word in each for bit in f"{word:032b}"[:step]]
    assert all(bits[n + size] == bits[n + tap] ^ bits[n] for n in range(len(bits) - size))


def test_every_bit_of_a_seed_is_all_over_the_first_words():
    """Registers are linear: the difference of two seeds is the same wherever they lie."""
    flips = [first(1 << bit, 128) ^ first(0, 128) for bit in range(32)]
    assert len({flip.tobytes() for flip in flips}) == 32
    ones = np.array([[int(word).bit_count() for word in flip] for flip in flips])
    assert ones[:, 0].min() >= 8
    assert ones[:, 0].max() <= 24
    assert ones.mean(1).min() > 13.5
    assert ones.mean(1).max() < 18.5


def test_words_are_even_and_their_neighbours_independent():
    drawn = first(3, 1 << 17)
    for shift in (0, 8, 16, 24):
        counts = np.bincount(drawn >> shift & 255, minlength=256)
        assert abs(chi_square(counts) - 255) < 4 * math.sqrt(2 * 255)
    pairs = np.bincount((drawn[:-1] >> 28) * 16 + (drawn[1:] >> 28), minlength=256)
    assert abs(chi_square(pairs) - 255) < 4 * math.sqrt(2 * 255)


def chi_square(counts):
    expected = counts.sum() / counts.size
    return ((counts - expected) ** 2 / expected).sum()


def test_the_table_is_the_inverse_of_the_normal_distribution():
    table = magnitudes().astype(int)
    share = NormalDist().cdf
    edges = [round(2**16 * (share((m + 0.5) / 32) - 0.5)) for m in range(127)]
    assert np.searchsorted(table, range(1, 128)).tolist() == edges
    assert table[-1] == 127
    assert table[0] == 0


def test_normal_numbers_have_the_promised_moments():
    drawn = draw_on_chip(11, 5000, "normal", 100)
    x = drawn / 32
    count = x.size
    assert abs(x.mean()) < 4 / math.sqrt(count)
    assert abs(x.var() - 1 - 1 / (12 * 32**2)) < 4 * math.sqrt(2 / count)
    assert abs((x**3).mean()) < 4 * math.sqrt(15 / count)
    assert abs((x**4).mean() - 3) < 4 * math.sqrt(96 / count) + 0.01  # its ends are cut
    edges = NormalDist(sigma=32)
    bins = np.clip(drawn, -90, 90).ravel() // 10
    wanted = []
    for low in range(-9, 10):
        below = 0 if low == -9 else edges.cdf(10 * low - 0.5)
        above = 1 if low == 9 else edges.cdf(10 * low + 9.5)
        wanted.append(count * (above - below))
    seen = np.bincount(bins + 9, minlength=19)
    assert ((seen - wanted) ** 2 / wanted).sum() < 18 + 4 * math.sqrt(2 * 18)


@pytest.mark.parametrize("distance", [1, 2, 99, 100, 101])
def test_neighbours_are_not_correlated(distance):
    x = draw_on_chip(12, 5000, "normal", 100).ravel() / 32
    assert abs((x[:-distance] * x[distance:]).mean()) < 4 / math.sqrt(x.size)
    signs = np.sign(x)
    assert abs((signs[:-distance] * signs[distance:]).mean()) < 4 / math.sqrt(x.size)


def test_seeds_give_independent_latents():
    seeds = np.random.default_rng(1).integers(0, MAX_SEED, 500)
    drawn = np.array([draw_on_chip(int(seed), 1, "normal", 100)[0] for seed in seeds]) / 32
    assert abs((drawn[1:] * drawn[:-1]).mean()) < 4 / math.sqrt(drawn.size)
    assert abs(drawn[:, 0].mean()) < 4 / math.sqrt(500)
    assert abs(drawn.mean()) < 4 / math.sqrt(drawn.size)


@pytest.mark.parametrize("options", [1, 2, 4, 20, 204])
def test_each_option_is_as_likely_as_any(options):
    count = 10_000
    drawn = draw_on_chip(5, count, "categorical", CHOICES * options)
    parts = drawn.reshape(count, CHOICES, options)
    assert ((parts == 127).sum(2) == 1).all()
    assert ((parts == 0).sum(2) == options - 1).all()
    spread = 4 * math.sqrt(2 * options)
    for number in range(CHOICES):
        counts = np.bincount(parts[:, number].argmax(1), minlength=options)
        assert abs(chi_square(counts) - (options - 1)) < spread
    pairs = parts[:, 0].argmax(1) * options + parts[:, 1].argmax(1)
    if options <= 20:
        seen = chi_square(np.bincount(pairs, minlength=options**2))
        assert abs(seen - (options**2 - 1)) < 4 * math.sqrt(2) * options


def test_a_categorical_walk_changes_the_choices_in_turn():
    parts = draw_on_chip(5, 2001, "categorical", 100, 16).reshape(-1, CHOICES, 20).argmax(2)
    changes = parts[1:] != parts[:-1]
    assert np.array_equal(changes, np.arange(2000)[:, None] % CHOICES == np.arange(CHOICES))
    on = (parts[1:] - parts[:-1])[changes] % 20
    assert abs(chi_square(np.bincount(on, minlength=20)[1:]) - 18) < 4 * math.sqrt(36)
    same = draw_on_chip(5, 1, "categorical", 100)
    assert np.array_equal(draw_on_chip(5, 1, "categorical", 100, 2), same)


@pytest.mark.parametrize("steps", [2, 16, 32])
def test_a_walk_leads_from_latent_to_latent(steps):
    drawn, walk = (draw_on_chip(6, 640, "normal", 50, each) for each in (1, steps))
    assert np.array_equal(walk[::steps], drawn[: 640 // steps])
    norms = np.sqrt((walk.astype(float) ** 2).mean(1)) / 32
    assert abs(norms.mean() - 1) < 0.05
    assert norms.min() > 0.6
    assert norms.max() < 1.4
    paces = np.abs(np.diff(walk.astype(int), axis=0)).mean(1)
    assert paces.max() < 60 / steps + 4


def test_arcs_round_half_up_and_saturate():
    half = np.array([0, 181, 256])  # of two steps
    points = np.array([[1, -1, 127, -127, 3], [0, 0, 127, -127, -2]], np.int8)
    assert arc(points, half).tolist() == [[1, -1, 127, -127, 3], [1, -1, 127, -128, 1]]
    exact = np.array([0, 128, 256])
    assert arc(np.array([[1, -1], [0, 0]], np.int8), exact).tolist() == [[1, -1], [1, 0]]


def test_sines_keep_the_norm():
    assert [SINES[0], SINES[16], SINES[32]] == [0, 181, 256]
    norms = [(s * s + c * c) / 65536 for s, c in zip(SINES, SINES[::-1])]
    assert max(abs(norm - 1) for norm in norms) < 0.005


def test_fewer_latents_are_the_first_of_more():
    for distribution, steps in (("normal", 1), ("normal", 8), ("categorical", 8)):
        more = draw_on_chip(9, 19, distribution, 20, steps)
        assert np.array_equal(draw_on_chip(9, 5, distribution, 20, steps), more[:5])


def test_what_a_seed_draws_stays():
    assert first(1, 3).tolist() == FIRST_WORDS
    assert draw_on_chip(1, 1, "normal", 8).tolist() == FIRST_NORMAL
    drawn = draw_on_chip(MAX_SEED, 1, "categorical", 100)
    assert np.flatnonzero(drawn[0]).tolist() == FIRST_CHOICES


FIRST_WORDS = [2554262056, 3877815542, 2541502453]
FIRST_NORMAL = [[-8, -42, -7, -35, 11, 18, 10, -70]]
FIRST_CHOICES = [6, 21, 49, 71, 82]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1, 1, "normal", 100), "--on-chip-seed is -1; give 0 to 4294967295"),
        ((2**32, 1, "normal", 100), "--on-chip-seed is 4294967296"),
        ((0, 0, "normal", 100), "--count is 0"),
        ((0, 1, "tanh", 100), "latents are tanh; the chip draws normal or categorical ones"),
        ((0, 1, "normal", 100, 3), "--walk is 3; give 2, 4, 8, 16 or 32 steps"),
        ((0, 1, "normal", 100, 64), "--walk is 64;"),
        ((0, 1, "categorical", 99), "a multiple of 5"),
    ],
)
def test_impossible_draws_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        draw_on_chip(*arguments)
