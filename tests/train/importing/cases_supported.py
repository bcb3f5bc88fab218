# SPDX-License-Identifier: Apache-2.0
"""Networks that are read as they are."""

import numpy as np
import onnx
import pytest
import torch
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
from tests.train.importing.modules import plain


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
