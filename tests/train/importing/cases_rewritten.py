# SPDX-License-Identifier: Apache-2.0
"""Networks of which a layer is written otherwise."""

import numpy as np
from torch import nn

from tests.train.importing.cases import (
    add_conv,
    add_norm,
    begun,
    case,
    from_onnx,
    from_state,
    graph,
    sequential,
)
from tests.train.importing.modules import Reshape


@case("Rewritten", "Linear and a reshape")
def state_of_linear(tmp_path):
    module = sequential(
        nn.Linear(5, 36, bias=False), Reshape(4, 3, 3), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()
    )
    return from_state(tmp_path, module, (5,), layers=["1:activation=none"])


@case("Rewritten", "Linear and a reshape")
def onnx_of_linear(tmp_path):
    b = graph((5,))
    b.add("MatMul", b.numbers(5, 36))
    b.add("Reshape", b.array(np.array([-1, 3, 3, 4])))
    b.add("Transpose", perm=[0, 3, 1, 2])
    add_norm(b, 4)
    b.add("LeakyRelu", alpha=0.3)
    add_conv(b, 4, 1)
    return from_onnx(tmp_path, b)


@case("Rewritten", "Linear behind Linear")
def state_of_linears(tmp_path):
    module = sequential(
        nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 36), nn.BatchNorm1d(36), nn.ReLU(),
        Reshape(4, 3, 3), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    return from_state(tmp_path, module, (5,))


@case("Rewritten", "Linear behind Linear")
def onnx_of_linears(tmp_path):
    b = graph((5, 1, 1))
    b.add("Flatten")
    b.add("Gemm", b.numbers(6, 5), transB=1)
    b.add("Relu")
    b.add("Gemm", b.numbers(6, 12), b.numbers(12))
    b.add("Reshape", b.array(np.array([0, 3, 2, -1])))
    b.add("Relu")
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


PIXELS = "an offset for every pixel of a Linear"


@case("Rewritten", PIXELS)
def state_of_linear_offsets(tmp_path):
    module = sequential(
        nn.Linear(5, 36), Reshape(4, 3, 3), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    return from_state(tmp_path, module, (5,), layers=["1:order=norm_first"])


@case("Rewritten", PIXELS)
def onnx_of_linear_offsets(tmp_path):
    b = graph((5,))
    b.add("MatMul", b.numbers(5, 36))
    b.add("Add", b.numbers(36))
    b.add("Reshape", b.array(np.array([-1, 4, 3, 3])))
    b.add("Relu")
    add_conv(b, 4, 1)
    return from_onnx(tmp_path, b)


@case("Rewritten", "Conv2d of stride 1")
def state_of_conv(tmp_path):
    module = sequential(nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    return from_state(tmp_path, module, layers=["2:kind=conv"], output="none")


@case("Rewritten", "Conv2d of stride 1")
def onnx_of_conv(tmp_path):
    b = begun()
    b.add("Relu")
    add_conv(b, 3, 2, kernel=2, pads=[1, 1, 0, 0])
    b.add("Relu")
    b.add("Conv", b.numbers(1, 2, 4, 4), auto_pad="SAME_LOWER")
    return from_onnx(tmp_path, b)


@case("Rewritten", "nearest Upsample x2 and Conv2d")
def state_of_upsample(tmp_path):
    up = nn.Upsample(scale_factor=2)
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.BatchNorm2d(4), nn.ReLU(), up, nn.Conv2d(4, 3, 5, padding=2)
    )
    return from_state(tmp_path, module, layers=["2:kind=upsample_conv"], output="none")


def resized(**attributes):
    b = begun()
    b.add("Relu")
    scales = b.array(np.array([1, 1, 2, 2], np.float32))
    b.add("Resize", "", scales, mode="nearest", **attributes)
    add_conv(b, 3, 1)
    return b


@case("Rewritten", "nearest Upsample x2 and Conv2d")
def onnx_of_resize(tmp_path):
    # ONNX's own default takes each pixel twice, too.
    return from_onnx(tmp_path, resized())


@case("Rewritten", "nearest Upsample x2 and Conv2d")
def onnx_of_resize_to_a_size(tmp_path):
    b = begun()
    sizes = b.aside("Shape", b.value)
    b.add("Resize", "", "", b.aside("Mul", sizes, b.array(np.array([1, 1, 2, 2]))), mode="nearest")
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Rewritten", "Conv2d and PixelShuffle(2)")
def state_of_shuffle(tmp_path):
    shuffle = nn.PixelShuffle(2)
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.Conv2d(4, 12, 3, padding=1), shuffle, nn.ReLU(),
        nn.Conv2d(3, 4, 3, padding=1), shuffle, nn.Tanh(),
    )  # fmt: skip
    return from_state(tmp_path, module)


def shuffling(mode):
    b = begun()
    b.add("Relu")
    add_conv(b, 3, 12)
    add_norm(b, 12)
    b.add("DepthToSpace", blocksize=2, mode=mode)
    b.add("Tanh")
    return b


@case("Rewritten", "Conv2d and PixelShuffle(2)")
def onnx_of_shuffle(tmp_path):
    return from_onnx(tmp_path, shuffling("CRD"))


@case("Rewritten", "DepthToSpace in mode DCR")
def onnx_of_depth_to_space(tmp_path):
    return from_onnx(tmp_path, shuffling("DCR"))


@case("Rewritten", 'uneven padding, the "same" of Keras')
def onnx_of_same(tmp_path):
    b = begun()
    for n, auto_pad in enumerate(("SAME_UPPER", "SAME_LOWER")):
        b.add("Relu")
        weight = b.numbers(3, 3 - 2 * n, 5, 5, spread=0.5)
        b.add("ConvTranspose", weight, strides=[2, 2], auto_pad=auto_pad)
    return from_onnx(tmp_path, b)


@case("Rewritten", "a crop (Slice, negative Pad)")
def onnx_of_crop(tmp_path):
    b = begun()
    b.add("Pad", b.array(np.array([0, 0, -1, 0, 0, 0, 0, -1])))
    b.add("Relu")
    add_conv(b, 3, 1)
    b.add("Tanh")
    b.add("Slice", b.array(np.array([1, 0])), b.array(np.array([9, -1])), b.array(np.array([2, 3])))
    return from_onnx(tmp_path, b)


def padded_one_by_one():
    return sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(3, 1, 1, 1, 2), nn.Tanh(),
    )  # fmt: skip


@case("Rewritten", "a 1x1 layer with padding")
def state_of_one_by_one(tmp_path):
    return from_state(tmp_path, padded_one_by_one(), layers=["3:padding=2"])


@case("Rewritten", "a 1x1 layer with padding")
def onnx_of_one_by_one(tmp_path):
    b = begun()
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 1, 1), b.numbers(1), pads=[1, 1, 1, 1])
    return from_onnx(tmp_path, b)


@case("Rewritten", "BatchNorm behind the activation")
def state_of_norm_behind(tmp_path):
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 1, 4, 2, 1)
    )
    return from_state(tmp_path, module, layers=["1:order=activation_first"], output="none")


@case("Rewritten", "BatchNorm behind the activation")
def onnx_of_norm_behind(tmp_path):
    b = begun()
    b.add("Relu")
    add_norm(b, 3)
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Rewritten", "zeros around a layer's input (Pad)")
def onnx_of_zeros(tmp_path):
    b = begun()
    b.add("Relu")
    b.add("Pad", b.array(np.array([0, 0, 1, 1, 0, 0, 2, 2])))
    add_conv(b, 3, 2, pads=[0] * 4)
    b.add("Relu")
    b.add("Pad", b.array(np.array([0, 0, 1, 0, 0, 0, 0, 1])))
    b.add("ConvTranspose", b.numbers(2, 1, 2, 2), strides=[2, 2])
    return from_onnx(tmp_path, b)


@case("Rewritten", "zeros around a layer's input (Pad)")
def onnx_of_zeros_around_an_upsample(tmp_path):
    b = begun()
    b.add("Relu")
    b.add("Pad", b.array(np.array([0, 0, 1, 1, 0, 0, 0, 0])))
    b.add("Resize", "", b.array(np.array([1, 1, 2, 2], np.float32)), mode="nearest")
    b.add("Pad", b.array(np.array([0, 0, 0, 0, 0, 0, 1, 1])))
    add_conv(b, 3, 1, pads=[0] * 4)
    return from_onnx(tmp_path, b)


@case("Rewritten", "an activation behind BatchNorm behind an activation")
def onnx_of_two_activations(tmp_path):
    b = begun()
    b.add("Relu")
    add_norm(b, 3)
    b.add("LeakyRelu", alpha=0.1)
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Rewritten", "maps with their channels last at the end (Transpose)")
def onnx_of_channels_last(tmp_path):
    b = begun()
    b.add("Relu")
    add_conv(b, 3, 3)
    b.add("Transpose", perm=[0, 2, 3, 1])
    b.add("Tanh")
    path, z, wanted, options = from_onnx(tmp_path, b)
    return path, z, wanted.transpose(0, 3, 1, 2), options
