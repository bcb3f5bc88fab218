# SPDX-License-Identifier: Apache-2.0
"""Networks that are refused, and what the line says."""

from itertools import pairwise

import numpy as np
import onnx
import torch
from onnx import helper
from torch import nn

from tests.train.importing.cases import REFUSED, add_conv, add_norm, begun, case, sequential
from tests.train.importing.cases_rewritten import resized
from tests.train.importing.modules import Reshape, lively, plain
from tests.train.importing.networks import save


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
