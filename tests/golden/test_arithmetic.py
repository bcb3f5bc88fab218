# SPDX-License-Identifier: Apache-2.0
import numpy as np

from golden.arithmetic import activate, activate_leaky, pixels, plane_inputs, requantize


def requantize_one(acc, *, bias=0, mul=1, shift=1, low=-512, high=511):
    acc = np.array([[[acc]]])
    return requantize(acc, np.array([bias]), np.array([mul]), shift, low=low, high=high).item()


def test_ties_round_towards_plus_infinity():
    assert [requantize_one(acc) for acc in (-5, -3, -1, 1, 3, 5)] == [-2, -1, 0, 1, 2, 3]


def test_other_fractions_round_to_nearest():
    assert [requantize_one(acc, shift=2) for acc in (-7, -6, -5, 5, 6, 7)] == [-2, -1, -1, 1, 2, 2]


def test_bias_comes_before_the_factor():
    assert requantize_one(10, bias=-4, mul=3, shift=1) == 9


def test_both_ends_saturate():
    assert requantize_one(2**31 - 1, mul=65535) == 511
    assert requantize_one(-(2**31), mul=65535) == -512


def test_worst_case_is_exact_at_every_shift():
    for shift in range(1, 41):
        for acc in (2**26, -(2**26)):
            wide = (2 * acc * 65535 + 2 ** (shift - 1)) >> shift  # Python's integers never overflow
            found = requantize_one(acc, bias=acc, mul=65535, shift=shift, low=-(2**62), high=2**62)
            assert found == wide


def test_channels_keep_their_own_factors():
    acc = np.full((2, 3, 4, 4), 100)
    out = activate(acc, np.array([0, 1, -200]), np.array([1, 2, 3]), 1)
    assert out.dtype == np.uint8
    assert out[:, :, 0, 0].tolist() == [[50, 101, 0]] * 2


def test_leaky_channels_shrink_what_is_negative():
    acc = np.array([-7, -6, -5, -1, 0, 1, 5, 300, -3000]).reshape(1, 1, 1, 9)
    out = activate_leaky(acc, np.array([0]), np.array([2]), np.array([1]), 1)
    assert out.dtype == np.int8
    assert out.ravel().tolist() == [-3, -3, -2, 0, 0, 1, 5, 127, -128]
    out = activate_leaky(acc, np.array([6]), np.array([2]), np.array([1]), 1)
    assert out.ravel().tolist()[:3] == [0, 0, 1]  # the bias decides on which side it is


def test_pixels_index_the_table_from_minus_512():
    table = np.arange(1024) % 251
    acc = np.array([-(10**6), -2, -1, 0, 1, 2, 10**6]).reshape(1, 1, 1, 7)
    out = pixels(acc, np.array([0]), np.array([2]), 1, table.astype(np.uint8))
    assert out.ravel().tolist() == [table[i] for i in (0, 510, 511, 512, 513, 514, 1023)]


def test_plane_inputs_do_not_saturate():
    z = np.array([[127, -128]], np.int8)
    inputs = plane_inputs(z, np.array([127, -128], np.int8), np.array([1, -1], np.int8))
    assert inputs.tolist() == [[[127, -128], [254, -256], [128, -129]]]
