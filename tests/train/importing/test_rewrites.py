# SPDX-License-Identifier: Apache-2.0
"""Each rewrite computes what PyTorch's own layers do, in float64."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from support.failures import InputError
from tests.train.settings import QUICK
from train.importing import rewrites

SEEDS = st.integers(0, 2**32 - 1)
FEW = st.integers(1, 4)


def transposed(x, weight, stride, crops):
    """The layer as rewrites has it: the full output, cropped or with rows of zeros added."""
    full = functional.conv_transpose2d(x, torch.from_numpy(np.array(weight)), stride=stride)
    (top, bottom), (left, right) = crops
    return functional.pad(full, (-left, -right, -top, -bottom))


def draw(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def assert_same(found, wanted):
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-12, atol=1e-12)


@given(SEEDS, FEW, FEW, st.integers(1, 5), st.integers(1, 5), st.integers(0, 5), st.integers(2, 6))
@QUICK
def test_mirrored_kernel_is_the_convolution(seed, inputs, outputs, height, width, padding, size):
    assume(size + 2 * padding >= max(height, width))
    x, w = draw(seed, 2, inputs, size, size), draw(seed, outputs, inputs, height, width)
    crops = [(k - 1 - padding,) * 2 for k in (height, width)]
    found = transposed(x, rewrites.mirrored(w.numpy()), 1, crops)
    assert_same(found, functional.conv2d(x, w, padding=padding))


@given(SEEDS, FEW, FEW, st.integers(1, 5), st.integers(0, 3), st.integers(1, 5))
@QUICK
def test_after_nearest_is_upsample_and_convolution(seed, inputs, outputs, k, padding, size):
    assume(2 * size + 2 * padding >= k)
    x, w = draw(seed, 2, inputs, size, size), draw(seed, outputs, inputs, k, k)
    kernel = rewrites.after_nearest(rewrites.mirrored(w.numpy()))
    assert kernel.shape[2:] == (k + 1, k + 1)
    found = transposed(x, kernel, 2, [(k - 1 - padding,) * 2] * 2)
    wanted = functional.conv2d(nn.Upsample(scale_factor=2)(x), w, padding=padding)
    assert_same(found, wanted)


@given(SEEDS, FEW, FEW, st.integers(1, 4), st.integers(0, 3), st.integers(2, 5))
@QUICK
def test_shuffled_is_convolution_and_pixel_shuffle(seed, inputs, outputs, k, padding, size):
    assume(size + 2 * padding >= k)
    x, w = draw(seed, 2, inputs, size, size), draw(seed, 4 * outputs, inputs, k, k)
    kernel = rewrites.shuffled(rewrites.mirrored(w.numpy()))
    assert kernel.shape == (inputs, outputs, 2 * k, 2 * k)
    found = transposed(x, kernel, 2, [(2 * (k - 1 - padding),) * 2] * 2)
    assert_same(found, functional.pixel_shuffle(functional.conv2d(x, w, padding=padding), 2))
    # The other order of channels: (2a + b) * outputs + c.
    other = w.numpy().reshape(outputs, 4, inputs, k, k).swapaxes(0, 1).reshape(w.shape)
    assert (rewrites.shuffled(rewrites.mirrored(other), rewrites.DCR) == kernel).all()


@given(SEEDS, FEW, FEW, st.integers(1, 4), st.integers(1, 4))
@QUICK
def test_arranged_is_linear_and_reshape(seed, latent, channels, height, width):
    z, w = draw(seed, 2, latent), draw(seed, channels * height * width, latent)
    places = np.arange(len(w)).reshape(channels, height, width)
    kernel = rewrites.arranged(w.numpy().T, places)
    wanted = functional.linear(z, w).reshape(2, channels, height, width)
    assert_same(functional.conv_transpose2d(z[..., None, None], torch.from_numpy(kernel)), wanted)


@given(SEEDS, FEW, st.booleans(), st.sampled_from((1e-5, 1e-3, 0.8)))
@QUICK
def test_batch_norm_is_scale_and_shift(seed, channels, affine, eps):
    norm = nn.BatchNorm2d(channels, eps, affine=affine).double().eval()
    norm.running_mean.copy_(draw(seed, channels))
    norm.running_var.copy_(draw(seed + 1, channels).abs() + 0.1)
    parts = [norm.running_mean.numpy(), norm.running_var.numpy(), eps]
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        parts += [norm.weight.detach().numpy(), norm.bias.detach().numpy()]
    scale, shift = (torch.from_numpy(each)[:, None, None] for each in rewrites.batch_norm(*parts))
    x = draw(seed, 2, channels, 3, 3)
    assert_same(scale * x + shift, norm(x).detach())


def test_batch_norm_refuses_a_negative_variance():
    with pytest.raises(InputError, match="a running variance is negative"):
        rewrites.batch_norm(np.zeros(2), np.array([1.0, -1.0]), 1e-5)


@given(SEEDS, st.integers(1, 2), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4),
       *[st.integers(-2, 4)] * 4)  # fmt: skip
@QUICK
def test_squared_is_the_same_layer_with_equal_padding(
    seed, stride, height, width, size, top, bottom, left, right
):
    # The same crop in all makes pictures square, as those that can be written at all are.
    bottom = height - width + left + right - top
    outs = (size - 1) * stride + height - top - bottom
    assume(outs >= 1 and max(top, bottom) < height and max(left, right) < width)
    assume(-2 <= bottom <= 4)
    x, w = draw(seed, 2, 2, size, size), draw(seed, 2, 3, height, width).numpy()
    wanted = transposed(x, w, stride, [(top, bottom), (left, right)])
    try:
        kernel, padding, more = rewrites.squared(w, stride, [(top, bottom), (left, right)])
    except InputError as error:
        assert "a kernel of" in str(error)  # noqa: PT017
        return
    assert kernel.shape[2] == kernel.shape[3]
    assert 0 <= padding < kernel.shape[2]
    assert 0 <= more < stride
    found = functional.conv_transpose2d(
        x, torch.from_numpy(kernel), stride=stride, padding=padding, output_padding=more
    )
    assert_same(found, wanted)


def test_uneven_same_padding_of_keras_is_a_kernel_of_6():
    """Kernel 5, stride 2, 'same': crops 1 before and 2 behind."""
    weight = np.random.default_rng(0).standard_normal((2, 3, 5, 5))
    kernel, padding, more = rewrites.squared(weight, 2, [(1, 2), (1, 2)])
    assert (kernel.shape[2:], padding, more) == ((6, 6), 2, 0)
    assert (kernel[:, :, 1:, 1:] == weight).all()
    assert not kernel[:, :, 0].any()
    assert not kernel[:, :, :, 0].any()


def test_squared_refuses_a_kernel_over_8():
    with pytest.raises(InputError, match="would need a kernel of 9x9; at most 8x8"):
        rewrites.squared(np.ones((1, 1, 9, 9)), 1, [(0, 0), (0, 0)])


@given(SEEDS, st.integers(1, 2), st.integers(1, 4), st.integers(0, 6), st.integers(0, 6))
@QUICK
def test_unused_input_reaches_no_output(seed, stride, k, before, behind):
    size = 8
    assume((size - 1) * stride + k - before - behind >= 1)
    cut = rewrites.unused_input(k, stride, (before, behind))
    assume(sum(cut) < size)
    x, w = draw(seed, 1, 1, size, 1), draw(seed, 1, 1, k, 1).numpy()
    wanted = transposed(x, w, stride, [(before, behind), (0, 0)])
    left = [crop - stride * each for crop, each in zip((before, behind), cut)]
    assert max(left) < k
    found = transposed(x[:, :, cut[0] : size - cut[1]], w, stride, [left, (0, 0)])
    assert_same(found, wanted)
