# SPDX-License-Identifier: Apache-2.0
"""Every row of the tables of docs/importing.md, with a network that has it."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from torch import nn

from support.failures import InputError
from tests.train.importing.modules import Reshape, lively, pictures, plain
from tests.train.importing.networks import Builder, by_runtime, save
from train.importing.imported import float_outputs
from train.importing.network import import_network

DOC = (Path(__file__).parents[3] / "docs" / "importing.md").read_text()
REFUSED = "Refused"
CASES = {}  # (section, row) to its cases


def rows(section):
    """The first column of a section's table."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", DOC, re.M | re.S)[1]
    table = re.findall(r"^\| ([^|]+) \|", text, re.M)
    return [row for row in table if row not in ("what", "---")]


def case(section, row):
    """Register a function of a folder as a case of a row.

    A good one returns (path, z, pictures, options of import_network), a refused one (path, what the
    line says, options).
    """

    def register(function):
        CASES.setdefault((section, row), []).append(function)
        return function

    return register


def test_every_row_has_a_case_and_every_case_a_row():
    sections = ("Supported", "Rewritten", REFUSED)
    assert list(CASES) == [(section, row) for section in sections for row in rows(section)]


def check_good(tmp_path, function):
    path, z, wanted, options = function(tmp_path)
    imported = import_network(path, **options)
    found = float_outputs(imported, z)
    np.testing.assert_allclose(found, wanted, atol=1e-5, rtol=1e-4)
    assert wanted.std() > 0.01  # else anything would pass
    assert len(imported.table) == len(imported.spec.layers)
    return imported


def parameters(refused):
    return [
        pytest.param(function, id=f"{row}: {function.__name__}")
        for (section, row), functions in CASES.items()
        for function in functions
        if (section == REFUSED) == refused
    ]


def from_state(tmp_path, module, latent=(5, 1, 1), **options):
    """The case of a module's state_dict."""
    torch.save(module.state_dict(), tmp_path / "g.pt")
    return (tmp_path / "g.pt", *pictures(module, latent), options)


def sequential(*modules):
    return lively(nn.Sequential(*modules))


def from_onnx(tmp_path, b, z=None, batch="n"):
    """The case of a graph."""
    model = b.model(batch)
    z = np.random.default_rng(1).standard_normal((3, *b.latent), np.float32) if z is None else z
    return save(model, tmp_path / "g.onnx"), z.reshape(len(z), -1), by_runtime(model, z), {}


def graph(latent=(5, 1, 1)):
    return Builder(latent, np.random.default_rng(0))


def begun(channels=3):
    """A graph that has its first layer: maps of 4x4."""
    b = graph()
    b.add("ConvTranspose", b.numbers(5, channels, 4, 4, spread=0.5), b.numbers(channels))
    return b


def add_conv(b, inputs, outputs, kernel=3, **attributes):
    attributes = {"pads": [kernel // 2] * 4} | attributes
    weight = b.numbers(outputs, inputs, kernel, kernel, spread=0.4)
    b.add("Conv", weight, b.numbers(outputs, spread=0.3), **attributes)


def add_norm(b, channels):
    numbers = [b.numbers(channels, spread=0.5) for _ in range(3)]
    variance = b.array(np.linspace(0.5, 2, channels).astype(np.float32))
    b.add("BatchNormalization", *numbers, variance, epsilon=1e-3)


# Supported


@case("Supported", "ConvTranspose2d of stride 1 or 2")
def state_of_strides(tmp_path):
    module = sequential(
        nn.ConvTranspose2d(5, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 3, 3, 1, 1), nn.ReLU(),
        nn.ConvTranspose2d(3, 1, 3, 2, 1, 1), nn.Tanh(),
    )  # fmt: skip
    layers = ["2:stride=1,padding=1", "3:output_padding=1"]
    return from_state(tmp_path, module, layers=layers)


@case("Supported", "ConvTranspose2d of stride 1 or 2")
def onnx_of_strides(tmp_path):
    b = begun()
    b.add("Relu")
    strides = {"strides": [2, 2], "pads": [1, 1, 0, 0], "output_padding": [1, 1]}
    b.add("ConvTranspose", b.numbers(3, 1, 3, 3), **strides)
    return from_onnx(tmp_path, b)


@case("Supported", "ConvTranspose2d of stride 1 or 2")
def onnx_of_output_shape(tmp_path):
    b = begun()
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 4, 4), strides=[2, 2], output_shape=[7, 7])
    return from_onnx(tmp_path, b)


@case("Supported", "BatchNorm in evaluation mode")
def state_of_norms(tmp_path):
    return from_state(tmp_path, plain())


@case("Supported", "BatchNorm in evaluation mode")
def state_of_norms_without_affine(tmp_path):
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.BatchNorm2d(4, affine=False), nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    return from_state(tmp_path, module)


@case("Supported", "BatchNorm in evaluation mode")
def onnx_of_norms(tmp_path):
    b = begun()
    add_norm(b, 3)
    b.add("Relu")
    add_conv(b, 3, 1)
    add_norm(b, 1)
    return from_onnx(tmp_path, b)


@case("Supported", "ReLU, LeakyReLU, PReLU of one slope")
def state_of_leaky_relu(tmp_path):
    module = plain(activation=lambda: nn.LeakyReLU(0.2))
    layers = [f"{n}:activation=leaky_relu:0.2" for n in (1, 2)]
    return from_state(tmp_path, module, layers=layers)


@case("Supported", "ReLU, LeakyReLU, PReLU of one slope")
def state_of_prelu(tmp_path):
    return from_state(tmp_path, plain(activation=lambda: nn.PReLU(init=0.3)))


@case("Supported", "ReLU, LeakyReLU, PReLU of one slope")
def state_of_prelu_of_equal_slopes(tmp_path):
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4, bias=False), nn.PReLU(4), nn.ConvTranspose2d(4, 1, 4, 2, 1)
    )
    return from_state(tmp_path, module, output="none")


@case("Supported", "ReLU, LeakyReLU, PReLU of one slope")
def onnx_of_activations(tmp_path):
    b = begun()
    b.add("LeakyRelu")
    add_conv(b, 3, 4)
    b.add("PRelu", b.array(np.full((4, 1, 1), 0.3, np.float32)))
    add_conv(b, 4, 3)
    b.add("Relu")
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Supported", "a layer without activation")
def state_without_activation(tmp_path):
    module = sequential(nn.ConvTranspose2d(5, 4, 4), nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.Tanh())
    return from_state(tmp_path, module, layers=["1:activation=none"])


@case("Supported", "a layer without activation")
def onnx_without_activation(tmp_path):
    b = begun()
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Supported", "tanh, sigmoid or nothing at the end")
def state_of_sigmoid(tmp_path):
    return from_state(tmp_path, plain(end=nn.Sigmoid), output="sigmoid")


@case("Supported", "tanh, sigmoid or nothing at the end")
def onnx_of_sigmoid(tmp_path):
    b = begun()
    add_conv(b, 3, 3)
    b.add("Sigmoid")
    return from_onnx(tmp_path, b)


def normed(apply):
    # Channels that are alike, too: there the shape does not tell which axis is the outputs'.
    module = plain(norm=False, bias=True, channels=(5, 4, 4, 1))
    for each in module:
        if isinstance(each, nn.ConvTranspose2d):
            apply(each)
    module.train()
    for _ in range(3):
        module(torch.randn(2, 5, 1, 1))
    return module.eval()


@case("Supported", "weight_norm, old and new form")
@pytest.mark.filterwarnings("ignore")
def state_of_weight_norm_old(tmp_path):
    return from_state(tmp_path, normed(nn.utils.weight_norm))


@case("Supported", "weight_norm, old and new form")
def state_of_weight_norm_new(tmp_path):
    return from_state(tmp_path, normed(nn.utils.parametrizations.weight_norm))


@case("Supported", "weight_norm, old and new form")
def state_of_weight_norm_of_one_length(tmp_path):
    whole = normed(lambda each: nn.utils.parametrizations.weight_norm(each, dim=None))
    return from_state(tmp_path, whole)


@case("Supported", "spectral_norm, old and new form")
def state_of_spectral_norm_old(tmp_path):
    return from_state(tmp_path, normed(nn.utils.spectral_norm))


@case("Supported", "spectral_norm, old and new form")
def state_of_spectral_norm_new(tmp_path):
    return from_state(tmp_path, normed(nn.utils.parametrizations.spectral_norm))


KEYS = "keys in any order, bias before weight, norms behind all convolutions"


@case("Supported", KEYS)
def state_of_sorted_keys(tmp_path):
    module = plain(channels=(5, 4, 4, 4, 4, 1))
    path, z, wanted, options = from_state(tmp_path, module)
    state = dict(sorted(module.state_dict().items()))
    assert list(state)[1] == "1.bias"
    assert list(state).index("12.weight") < list(state).index("3.weight")
    torch.save(state, path)
    return path, z, wanted, options


@case("Supported", KEYS)
def state_of_weight_norm_removed(tmp_path):
    module = normed(nn.utils.parametrizations.weight_norm)
    for each in module:
        if isinstance(each, nn.ConvTranspose2d):
            nn.utils.parametrize.remove_parametrizations(each, "weight")
    assert next(iter(module.state_dict())) == "0.bias"
    return from_state(tmp_path, module)


@case("Supported", KEYS)
def state_of_convolutions_first(tmp_path):
    module = plain(channels=(5, 4, 4, 3, 1))
    names = ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "conv4")
    path, z, wanted, options = from_state(tmp_path, module)
    state = module.state_dict()
    modules = dict(zip(dict.fromkeys(key.partition(".")[0] for key in state), names))
    state = {
        f"{modules[key.partition('.')[0]]}.{key.partition('.')[2]}": t for key, t in state.items()
    }
    torch.save(dict(sorted(state.items(), key=lambda pair: pair[0][0] == "b")), path)
    return path, z, wanted, options


@case("Supported", "DataParallel, torch.compile")
def state_of_wrappers(tmp_path):
    module = plain()
    path, z, wanted, options = from_state(tmp_path, module)
    names = module.state_dict().items()
    torch.save({f"module._orig_mod.{name}": tensor for name, tensor in names}, path)
    return path, z, wanted, options


@case("Supported", "several state_dicts in a file (`--key`)")
def state_of_several(tmp_path):
    module = plain()
    path, z, wanted, _ = from_state(tmp_path, module)
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
    content = {
        "epoch": 3, "noise": torch.zeros(4, 5, 1, 1), "netG": module.state_dict(),
        "netD": plain(channels=(1, 2, 3)).state_dict(), "optimizer": optimizer,
    }  # fmt: skip
    torch.save(content, path)
    return path, z, wanted, {"key": "netG"}


@case("Supported", "several state_dicts in a file (`--key`)")
def state_of_a_part(tmp_path):
    module = plain()
    path, z, wanted, _ = from_state(tmp_path, module)
    parts = {"generator": module, "discriminator": plain(channels=(1, 2, 3))}
    state = {
        f"{part}.{name}": tensor
        for part, each in parts.items()
        for name, tensor in each.state_dict().items()
    }
    torch.save({"state_dict": state, "epoch": 1}, path)
    return path, z, wanted, {"key": "state_dict.generator"}


@case("Supported", "shape arithmetic of a batch of any size")
def onnx_of_shapes(tmp_path):
    b = graph((5,))
    b.add("Gemm", b.numbers(5, 12), b.numbers(12))
    shape = b.aside("Shape", b.value)
    count = b.aside("Slice", shape, b.array(np.array([0])), b.array(np.array([1])))
    size = b.aside("Gather", shape, b.array(np.array(1)), axis=0)
    maps = b.aside("Div", size, b.array(np.array(4)))
    rest = b.aside("Mod", size, b.array(np.array(12)))
    one = b.aside("Unsqueeze", b.aside("Add", maps, rest), b.array(np.array([0])))
    b.add("Reshape", b.aside("Concat", count, one, b.array(np.array([2, 2])), axis=0))
    b.add("Relu")
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


@case("Supported", "weights in a file beside it")
def onnx_of_external_data(tmp_path):
    b = begun()
    add_conv(b, 3, 1)
    path, z, wanted, options = from_onnx(tmp_path, b)
    onnx.save(b.model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path, z, wanted, options


@case("Supported", "Dropout, Identity, Cast to float32")
def onnx_of_nothing(tmp_path):
    b = begun()
    b.add("Dropout")
    b.add("Identity")
    b.add("Cast", to=1)
    add_conv(b, 3, 1)
    return from_onnx(tmp_path, b)


# Rewritten


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


# Refused


def refused_onnx(tmp_path, b, says):
    return save(b.model(), tmp_path / "g.onnx"), says, {}


def refused_state(tmp_path, module, says, **options):
    torch.save(module.state_dict(), tmp_path / "g.pt")
    return tmp_path / "g.pt", says, options


RESIZE = "Upsample that is not nearest, or not x2"


@case(REFUSED, RESIZE)
def onnx_of_bilinear(tmp_path):
    b = resized()
    b.nodes[-2].attribute[0].s = b"linear"
    return refused_onnx(tmp_path, b, "node nv2 (Resize): its mode is linear; nearest is read")


@case(REFUSED, RESIZE)
def onnx_of_four_times(tmp_path):
    b = begun()
    b.add("Resize", "", b.array(np.array([1, 1, 4, 4], np.float32)), mode="nearest")
    return refused_onnx(tmp_path, b, "(Resize): enlarges by (1, 1, 4, 4); (1, 1, 2, 2) is made")


@case(REFUSED, RESIZE)
def onnx_of_other_pixels(tmp_path):
    b = resized(coordinate_transformation_mode="asymmetric", nearest_mode="ceil")
    return refused_onnx(tmp_path, b, "(Resize): takes other pixels than each twice")


CONV = "Conv2d of stride 2, groups, dilation"


@case(REFUSED, CONV)
def onnx_of_stride(tmp_path):
    b = begun()
    add_conv(b, 3, 1, strides=[2, 2])
    return refused_onnx(tmp_path, b, "(Conv): its strides is [2, 2]; [1, 1] is read")


@case(REFUSED, CONV)
def onnx_of_groups(tmp_path):
    b = begun()
    b.add("Conv", b.numbers(3, 1, 3, 3), group=3)
    return refused_onnx(tmp_path, b, "(Conv): its group is 3; 1 is read")


@case(REFUSED, CONV)
def onnx_of_dilation(tmp_path):
    b = begun()
    add_conv(b, 3, 1, dilations=[2, 2])
    return refused_onnx(tmp_path, b, "(Conv): its dilations is [2, 2]; [1, 1] is read")


KERNEL = "a kernel over 8 after the rewrite"


@case(REFUSED, KERNEL)
def onnx_of_a_large_kernel(tmp_path):
    b = begun()
    b.add("Relu")
    add_conv(b, 3, 1, kernel=9)
    return refused_onnx(tmp_path, b, "layer 2 (nv2): would need a kernel of 9x9; at most 8x8")


@case(REFUSED, KERNEL)
def state_of_a_large_linear(tmp_path):
    module = sequential(nn.Linear(5, 4 * 81), Reshape(4, 9, 9), nn.ConvTranspose2d(4, 1, 4, 2, 1))
    return refused_state(tmp_path, module, "would need a kernel of 9x9; at most 8x8 is made")


NORM = "a norm without running statistics (InstanceNorm, GroupNorm)"


@case(REFUSED, NORM)
def state_of_group_norm(tmp_path):
    module = sequential(
        nn.ConvTranspose2d(5, 4, 4), nn.GroupNorm(2, 4), nn.ConvTranspose2d(4, 1, 4)
    )
    return refused_state(tmp_path, module, "1: is a norm without running statistics")


@case(REFUSED, NORM)
def onnx_of_instance_norm(tmp_path):
    b = begun()
    b.add("InstanceNormalization", b.numbers(3), b.numbers(3))
    return refused_onnx(tmp_path, b, "node nv1 (InstanceNormalization): is not read")


PRELU = "PReLU with a slope for each channel"


@case(REFUSED, PRELU)
def state_of_slopes(tmp_path):
    module = sequential(nn.ConvTranspose2d(5, 4, 4), nn.PReLU(4), nn.ConvTranspose2d(4, 1, 4, 2, 1))
    with torch.no_grad():
        module[1].weight[1] = 0.1
    return refused_state(tmp_path, module, "1 has a slope for each channel; one slope for all")


@case(REFUSED, PRELU)
def state_of_a_negative_slope(tmp_path):
    module = plain(norm=False, activation=lambda: nn.PReLU(init=-0.2))
    return refused_state(tmp_path, module, "has a slope of -0.2 for negative numbers; 0 or more")


@case(REFUSED, PRELU)
def onnx_of_slopes(tmp_path):
    b = begun()
    b.add("PRelu", b.array(np.array([0.1, 0.2, 0.3], np.float32).reshape(3, 1, 1)))
    return refused_onnx(tmp_path, b, "(PRelu): has a slope for each channel; one slope for all")


@case(REFUSED, "BatchNorm in training mode")
def onnx_of_training(tmp_path):
    b = begun()
    add_norm(b, 3)
    b.nodes[-1].attribute.append(helper.make_attribute("training_mode", 1))
    return refused_onnx(tmp_path, b, "(BatchNormalization): its training_mode is 1; 0 is read")


@case(REFUSED, "any other operator")
def onnx_of_elu(tmp_path):
    b = begun()
    b.add("Elu")
    return refused_onnx(tmp_path, b, "node nv1 (Elu): is not read; docs/importing.md says what is")


PATHS = "a skip connection, two paths of data"


@case(REFUSED, PATHS)
def onnx_of_a_skip(tmp_path):
    b = begun()
    before = b.value
    add_conv(b, 3, 3)
    b.add("Add", before)
    return refused_onnx(tmp_path, b, "node nv2 (Add): takes the data by two ways")


@case(REFUSED, PATHS)
def onnx_of_a_fork(tmp_path):
    b = begun()
    before = b.value
    b.add("Relu")
    b.value = before
    b.add("Tanh")
    b.nodes[-1].input[0] = b.nodes[-2].input[0]
    b.add("Add", "v1")
    return refused_onnx(tmp_path, b, "(Tanh): takes the data by two ways")


@case(REFUSED, "loops and branches")
def onnx_of_if(tmp_path):
    b = begun()
    value = helper.make_tensor_value_info("inner", 1, None)
    inner = helper.make_graph([helper.make_node("Identity", ["v0"], ["inner"])], "i", [], [value])
    b.value = b.aside("If", b.array(np.array(True)), then_branch=inner, else_branch=inner)
    return refused_onnx(tmp_path, b, "(If): loops and branches are not read")


@case(REFUSED, "a second input, as of a conditional generator")
def onnx_of_two_inputs(tmp_path):
    b = begun()
    b.add("Add", "label")
    model = b.model()
    model.graph.input.append(helper.make_tensor_value_info("label", 1, [1, 3, 1, 1]))
    return save(model, tmp_path / "g.onnx"), "has 2 inputs (z, label)", {}


@case(REFUSED, "weights in a file elsewhere")
def onnx_of_data_elsewhere(tmp_path):
    model = begun().model()
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return save(model, tmp_path / "g.onnx"), "they are read from beside the file only", {}


@case(REFUSED, "a pickled module in place of its state_dict")
def state_of_a_pickle(tmp_path):
    torch.save(plain(), tmp_path / "g.pt")
    return tmp_path / "g.pt", "save it with torch.save(generator.state_dict(), FILE)", {}


@case(REFUSED, "a discriminator")
def state_of_a_discriminator(tmp_path):
    channels = (3, 4, 5, 6, 1)
    convs = [nn.Conv2d(*pair, 4, 2, 1, bias=False) for pair in pairwise(channels)]
    return refused_state(tmp_path, sequential(*convs), "as a discriminator's do")


@case(REFUSED, "Conv2d of which nothing more is said")
def state_of_silent_conv(tmp_path):
    module = sequential(nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    return refused_state(tmp_path, module, "say --layer 2:kind=conv or upsample_conv")


ORDER = "layers or norms in an order that nothing tells"


@case(REFUSED, ORDER)
def state_of_layers_in_no_order(tmp_path):
    module = nn.ModuleDict({name: nn.ConvTranspose2d(4, 4, 4) for name in ("up", "down", "mid")})
    module["out"] = nn.ConvTranspose2d(4, 1, 4)
    return refused_state(tmp_path, lively(module), "in several orders of up, down, mid, out; say")


@case(REFUSED, ORDER)
def state_of_norms_in_no_order(tmp_path):
    names = ("conv1", "conv2", "conv3")
    module = nn.ModuleDict({name: nn.ConvTranspose2d(4, 4, 4) for name in names})
    module["conv4"] = nn.ConvTranspose2d(4, 1, 4)
    module["first"], module["second"] = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    says = (
        "first: its channels fit layers 1 or 2 or 3, and the names do not tell; say --layer 1:norm="
    )
    return refused_state(tmp_path, lively(module), says)


COLOURS = "pictures of neither one nor three channels"


@case(REFUSED, COLOURS)
def onnx_of_two_colours(tmp_path):
    b = begun()
    add_conv(b, 3, 2)
    return refused_onnx(
        tmp_path, b, "layer 2: channels is 2; with planes 1 the last layer has 1 or 3"
    )


@case(REFUSED, COLOURS)
def state_of_two_colours(tmp_path):
    return refused_state(
        tmp_path, plain(channels=(5, 4, 2)), "its channels fit together in no order"
    )


@case(REFUSED, "a file of gigabytes")
def state_of_gigabytes(tmp_path):
    with (tmp_path / "g.pt").open("wb") as file:
        file.truncate(2**31)
    return tmp_path / "g.pt", "has 2.0 GiB; save the generator by itself", {}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("function", parameters(refused=False))
def test_supported_and_rewritten_networks_are_equal(tmp_path, function):
    check_good(tmp_path, function)


@pytest.mark.parametrize("function", parameters(refused=True))
def test_refused_networks_are_refused_in_one_line(tmp_path, function):
    path, says, options = function(tmp_path)
    with pytest.raises(InputError) as caught:
        import_network(path, **options)
    line = str(caught.value)
    assert says in line
    assert line.startswith(str(path))
    assert "\n" not in line


def test_what_a_crop_leaves_unread_is_cut_off_the_layer_below(tmp_path):
    module = padded_one_by_one()
    imported = import_network(*from_state(tmp_path, module)[:1], layers=["3:padding=2"])
    found = [(layer.kernel_size, layer.padding) for layer in imported.spec.layers]
    assert found == [(4, 0), (4, 3), (1, 0)]

    b = begun()
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 2, 2), strides=[2, 2])
    b.add(
        "Slice", b.array(np.array([3, 3])), b.array(np.array([-2, -2])), b.array(np.array([2, 3]))
    )
    imported = check_good(tmp_path, lambda tmp_path: from_onnx(tmp_path, b))
    # Of 4 rows one before and one behind: the first layer makes 2, after whose 4 one goes.
    assert [shape.out_size for shape in imported.spec.shapes] == [2, 3]
    assert [layer.padding for layer in imported.spec.layers] == [1, 1]
