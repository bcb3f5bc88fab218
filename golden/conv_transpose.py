# SPDX-License-Identifier: Apache-2.0
"""Three forms of transposed convolution on integers: equal results, different numbers of MACs.

All compute PyTorch's ``ConvTranspose2d`` without bias,
``out[n, o, s*i + kh - p, s*j + kw - p] += x[n, c, i, j] * w[c, o, kh, kw]``, on `x` NCHW and `w`
IOkk, exactly: sums must stay below 2**53. Each has a twin that counts the multiplications it makes
for one picture of the batch.
"""

from __future__ import annotations

import numpy as np


def output_size(size, kernel_size, stride, padding, output_padding=0):
    """Height or width of the output for an input of `size`."""
    return (size - 1) * stride + kernel_size - 2 * padding + output_padding


def conv_transpose2d_scatter(x, weight, *, stride, padding, output_padding=0):
    """Scatter: every input pixel adds its product with the whole kernel to an uncropped canvas.

    The definition, word for word; what falls outside the picture is computed and cut off.

    Parameters
    ----------
    x : integer array, shape (N, in_channels, height, width)
    weight : integer array, shape (in_channels, out_channels, kernel, kernel)
    stride, padding, output_padding : int

    Returns
    -------
    int64 array, shape (N, out_channels, out_height, out_width)
        ``out = (size - 1) * stride + kernel - 2 * padding + output_padding``
    """
    count, _, height, width = x.shape
    _, out_channels, kernel, _ = weight.shape
    full_height = output_size(height, kernel, stride, 0, output_padding)
    full_width = output_size(width, kernel, stride, 0, output_padding)
    canvas = np.zeros((count, out_channels, full_height, full_width), np.int64)
    pixels = x.transpose(0, 2, 3, 1)
    for i in range(height):
        for j in range(width):
            stamp = _exact_matmul(pixels[:, i, j], weight.reshape(len(weight), -1))
            window = np.s_[:, :, stride * i : stride * i + kernel, stride * j : stride * j + kernel]
            canvas[window] += stamp.reshape(count, out_channels, kernel, kernel)
    return canvas[:, :, padding : full_height - padding, padding : full_width - padding]


def macs_scatter(x_shape, weight_shape, *, stride, padding, output_padding=0):
    """Products of the scatter form for one picture: every pixel with every tap."""
    _, _, height, width = x_shape
    return int(np.prod(weight_shape)) * height * width


def conv_transpose2d_zero_insertion(x, weight, *, stride, padding, output_padding=0):
    """Zero insertion: spread the input with zeros, pad it, correlate with the mirrored kernel.

    Parameters, result: as :func:`conv_transpose2d_scatter`; `padding` below the kernel's size.
    """
    count, channels, height, width = x.shape
    _, out_channels, kernel, _ = weight.shape
    margin = kernel - 1 - padding
    spread_height = (height - 1) * stride + 1
    spread_width = (width - 1) * stride + 1
    behind = margin + output_padding
    spread = np.zeros(
        (count, channels, margin + spread_height + behind, margin + spread_width + behind), x.dtype
    )
    inside_y = slice(margin, margin + spread_height, stride)
    inside_x = slice(margin, margin + spread_width, stride)
    spread[:, :, inside_y, inside_x] = x
    windows = np.lib.stride_tricks.sliding_window_view(spread, (kernel, kernel), axis=(2, 3))
    _, _, out_height, out_width, _, _ = windows.shape
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, channels * kernel**2)
    mirrored = weight[:, :, ::-1, ::-1].transpose(0, 2, 3, 1).reshape(-1, out_channels)
    out = _exact_matmul(rows, mirrored)
    return out.reshape(count, out_height, out_width, out_channels).transpose(0, 3, 1, 2)


def macs_zero_insertion(x_shape, weight_shape, *, stride, padding, output_padding=0):
    """Products of the zero-inserting form for one picture: every output pixel with every tap."""
    _, _, height, width = x_shape
    kernel = weight_shape[2]
    out_height = output_size(height, kernel, stride, padding, output_padding)
    out_width = output_size(width, kernel, stride, padding, output_padding)
    return int(np.prod(weight_shape)) * out_height * out_width


def conv_transpose2d_phases(x, weight, *, stride, padding, output_padding=0):
    """Phases: each tap meets just the input pixels whose output lies inside the picture.

    A tap feeds one of the stride x stride phases of the output, a dense map of its own; no product
    is with an inserted zero, none is cut off. The form that the hardware computes.

    Parameters, result: as :func:`conv_transpose2d_scatter`.
    """
    count, channels, height, width = x.shape
    _, out_channels, kernel, _ = weight.shape
    out_height = output_size(height, kernel, stride, padding, output_padding)
    out_width = output_size(width, kernel, stride, padding, output_padding)
    out = np.zeros((out_height, out_width, count, out_channels), np.int64)
    pixels = x.transpose(2, 3, 0, 1)  # HWNC: a tap's pixels are rows of one matrix product
    for kh in range(kernel):
        in_rows, out_rows = _inside(height, out_height, kh, stride, padding)
        for kw in range(kernel):
            in_columns, out_columns = _inside(width, out_width, kw, stride, padding)
            window = pixels[in_rows, in_columns]
            products = _exact_matmul(window.reshape(-1, channels), weight[:, :, kh, kw])
            out[out_rows, out_columns] += products.reshape(*window.shape[:3], out_channels)
    return out.transpose(2, 3, 0, 1)


def macs_phases(x_shape, weight_shape, *, stride, padding, output_padding=0):
    """Products of the phase form for one picture: the useful ones."""
    _, _, height, width = x_shape
    in_channels, out_channels, kernel, _ = weight_shape
    taps = 1
    for size in (height, width):
        out_size = output_size(size, kernel, stride, padding, output_padding)
        spans = [_inside(size, out_size, k, stride, padding)[0] for k in range(kernel)]
        taps *= sum(span.stop - span.start for span in spans)
    return in_channels * out_channels * taps


def _inside(size, out_size, tap, stride, padding):
    """Return the inputs whose output for `tap` lies in 0..out_size - 1, and those outputs."""
    offset = tap - padding
    start = max(0, -(offset // stride))
    stop = max(start, min(size, (out_size - 1 - offset) // stride + 1))
    first = start * stride + offset
    return slice(start, stop), slice(first, first + (stop - start) * stride, stride)


def _exact_matmul(a, b):
    """Matrix product of integers, exact, in the fastest type that holds every partial sum.

    NumPy multiplies integer matrices without BLAS. Floats are exact on integers up to 2**24
    (float32) and 2**53 (float64), whatever the order of the additions.
    """
    bound = a.shape[-1] * _magnitude(a) * _magnitude(b)
    if bound > 2**53:
        raise OverflowError(f"sums up to {bound} are not exact in float64")
    dtype = np.float32 if bound <= 2**24 else np.float64
    # BLAS may leave the flag of an invalid operation from lanes that it computes and drops
    # (OpenBLAS issue 1924); integers within the bound have no invalid product.
    with np.errstate(invalid="ignore"):
        return np.matmul(a.astype(dtype), b.astype(dtype)).astype(np.int64)


def _magnitude(array):
    return max(int(array.max(initial=0)), -int(array.min(initial=0)))
