# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from golden.latents import distribution_of, draw_latents, load_latents, quantize_latents
from support.failures import InputError


def test_quantisation_rounds_ties_to_even_and_saturates():
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 127.4, 127.5, 1e300, -128.4, -1e300]) / 32
    assert quantize_latents(x).tolist() == [0, 2, 2, 0, -2, 127, 127, 127, -128, -128]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_quantisation_of_every_float(dtype):
    x = np.arange(-256, 256, dtype=dtype) / 32
    assert np.array_equal(quantize_latents(x), np.arange(-256, 256).clip(-128, 127))


def test_a_seed_draws_the_documented_numbers():
    x = np.random.default_rng(7).standard_normal((3, 100))
    assert np.array_equal(draw_latents(7, 3), np.rint(32 * x).clip(-128, 127))


def test_other_distributions_are_made_of_the_same_numbers():
    x = np.random.default_rng(7).standard_normal((400, 100))
    assert np.array_equal(draw_latents(7, 400, "tanh"), quantize_latents(np.tanh(x)))
    z = draw_latents(7, 400, "categorical")
    for latent, numbers in zip(z, x):
        ones = [20 * group + numbers[20 * group :][:20].argmax() for group in range(5)]
        assert np.flatnonzero(latent).tolist() == ones
    assert set(z[z != 0]) == {127}
    assert (z != 0).sum(0).min() > 3  # of 20 expected: each may be chosen


@pytest.mark.parametrize("training", [{}, {"latents": "normal"}])
def test_latents_are_normal_unless_a_file_tells_otherwise(training):
    assert distribution_of(training, "m") == "normal"
    assert distribution_of({"latents": "categorical"}, "m") == "categorical"


@pytest.mark.parametrize("told", ["uniform", 3, None, ["normal"]])
def test_latents_that_are_not_known(told):
    with pytest.raises(InputError, match=r"m: latents are .*; give normal or tanh or categorical"):
        distribution_of({"latents": told}, "m")


def test_fewer_latents_are_the_first_of_more():
    assert np.array_equal(draw_latents(7, 2), draw_latents(7, 6)[:2])


@pytest.mark.parametrize(("seed", "count", "word"), [(-1, 1, "seed"), (0, 0, "count")])
def test_impossible_draws_are_refused(seed, count, word):
    with pytest.raises(InputError, match=word):
        draw_latents(seed, count)


@pytest.mark.parametrize("shape", [(100,), (1, 100), (5, 100)])
def test_files_of_int8_are_taken_as_they_are(tmp_path, shape):
    latents = np.arange(np.prod(shape)).astype(np.int8).reshape(shape)
    np.save(tmp_path / "z.npy", latents)
    assert np.array_equal(load_latents(tmp_path / "z.npy"), latents.reshape(-1, 100))


def test_files_of_floats_are_quantised_also_big_endian_and_fortran_order(tmp_path):
    x = np.random.default_rng(1).standard_normal((4, 100))
    np.save(tmp_path / "z.npy", np.asfortranarray(x).astype(">f8"))
    assert np.array_equal(load_latents(tmp_path / "z.npy"), quantize_latents(x))


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((2, 99)), "shape"),
        (np.zeros((0, 100)), "shape"),
        (np.zeros((1, 1, 100)), "shape"),
        (np.zeros((), np.int8), "shape"),
        (np.zeros((1, 100), np.int16), "dtype"),
        (np.zeros((1, 100), np.uint8), "dtype"),
        (np.zeros((1, 100), complex), "dtype"),
        (np.full((1, 100), np.nan), "NaN"),
        (np.full((1, 100), -np.inf), "infinity"),
        (np.array([{}] * 100), "npy"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, word):
    path = tmp_path / "z.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(InputError, match=word) as caught:
        load_latents(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x01\x00\x04\x00{(1\n"]
)
def test_foreign_and_cut_files_are_refused(tmp_path, content):
    path = tmp_path / "z.npy"
    path.write_bytes(content)
    with pytest.raises(InputError, match="npy"):
        load_latents(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.npy", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            load_latents(path)
