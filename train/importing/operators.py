# SPDX-License-Identifier: Apache-2.0
"""ONNX operators on the data: what each does to the chain of layers."""

from __future__ import annotations

import math

import numpy as np

from support.failures import InputError
from train.importing import rewrites
from train.importing.imported import SIGMOID, TANH
from train.importing.reading import printable

ROUNDINGS = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
}


class Operation:
    """A node of which one input depends on the latent.

    Attributes
    ----------
    kind : str
    inputs : list
        Arrays, None for what is left out, and at `live` anything at all.
    live : int
        Which input depends on the latent.
    batch : int
    """

    def __init__(self, node, inputs, live, batch):
        self.kind = node.op_type
        self.inputs, self.live, self.batch = inputs, live, batch
        self._attributes = {each.name: each for each in node.attribute}

    def attribute(self, name, default=None):
        """Return a number, a list of numbers or a string."""
        if name not in self._attributes:
            return default
        each = self._attributes[name]
        text = each.s.decode("utf-8", "replace")
        kinds = {1: each.f, 2: each.i, 3: printable(text), 6: list(each.floats), 7: list(each.ints)}
        if each.type not in kinds:
            raise InputError(f"its {name} is not read")
        return kinds[each.type]

    def array(self, index, default=None):
        """Return an input as float64, or `default` where it is left out."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            if default is None:
                raise InputError(f"lacks its input {index + 1}")
            return default
        if index == self.live or value.dtype.kind not in "fiub":
            raise InputError(f"its input {index + 1} is no array of numbers")
        if not np.isfinite(value).all():
            raise InputError(f"its input {index + 1} holds a NaN or an infinity")
        return value.astype(np.float64)

    def integers(self, index, name, default=None):
        """Return what newer operators take as an input and older ones as an attribute."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            value = self.attribute(name)
            return default if value is None else [int(each) for each in np.atleast_1d(value)]
        if index == self.live or value.dtype.kind not in "iuf" or value.size > 64:
            raise InputError(f"its {name} are not read")
        return [int(each) for each in value.ravel()]

    def require(self, name, *allowed):
        """Refuse an attribute that is given and not among `allowed`."""
        value = self.attribute(name, allowed[0])
        if value not in allowed:
            raise InputError(f"its {name} is {value}; {' or '.join(map(str, allowed))} is read")

    def data_first(self):
        """Refuse data in any place but the first."""
        if self.live != 0:
            raise InputError("takes the data as a weight")


def gemm(chain, op):
    op.data_first()
    op.require("transA", 0)
    weight = op.array(1) * op.attribute("alpha", 1.0)
    if weight.ndim != 2:
        raise InputError(f"its weight has shape {weight.shape}")
    weight = weight.T if op.attribute("transB", 0) else weight
    bias = op.array(2, np.zeros(1)) * op.attribute("beta", 1.0)
    if bias.size not in (1, weight.shape[1]):
        raise InputError(f"its bias has shape {bias.shape}")
    chain.linear(weight, np.broadcast_to(bias.ravel(), weight.shape[1:]))


def matmul(chain, op):
    op.data_first()
    weight = op.array(1)
    if weight.ndim != 2:
        raise InputError(f"its weight has shape {weight.shape}")
    chain.linear(weight)


def arithmetic(chain, op):
    """Add, Sub, Mul and Div with numbers."""
    number = op.array(1 - op.live)
    if number.ndim == len(chain.shape) + 1 and number.shape[0] == 1:
        number = number[0]
    try:
        if np.broadcast_shapes(number.shape, chain.shape) != chain.shape:
            raise ValueError
    except ValueError:
        raise InputError(f"its numbers have shape {number.shape}, the data {chain.shape}") from None
    if op.kind == "Add":
        chain.affine(1.0, number)
    elif op.kind == "Sub":
        chain.affine(*((1.0, -number) if op.live == 0 else (-1.0, number)))
    elif op.kind == "Mul":
        chain.affine(number, 0.0)
    elif op.live == 0 and (number != 0).all():
        chain.affine(1 / number, 0.0)
    else:
        raise InputError("divides by the data or by 0")


def batch_normalization(chain, op):
    op.data_first()
    op.require("training_mode", 0)
    op.require("spatial", 1)
    gamma, beta, mean, variance = (op.array(n) for n in range(1, 5))
    if len({each.shape for each in (gamma, beta, mean, variance)}) != 1 or gamma.ndim != 1:
        raise InputError("its arrays are not of one shape (channels,)")
    eps = op.attribute("epsilon", 1e-5)
    wanted = gamma.shape + (1,) * (len(chain.shape) - 1)
    if wanted[0] != chain.shape[0]:
        raise InputError(f"has {wanted[0]} channels and is given {chain.shape}")
    parts = rewrites.batch_norm(mean, variance, eps, gamma, beta)
    chain.affine(*(each.reshape(wanted) for each in parts))
    chain.note(f"BatchNorm folded (eps {eps:g})")


def _window(op, weight):
    """Check a convolution's attributes; returns its kernel (height, width)."""
    if weight.ndim != 4:
        raise InputError(f"its weight has shape {weight.shape}; two dimensions of maps are made")
    op.data_first()
    op.require("group", 1)
    op.require("dilations", [1, 1])
    op.require("kernel_shape", list(weight.shape[2:]))
    return weight.shape[2:]


def _explicit_pads(op):
    """``pads`` as ((top, bottom), (left, right))."""
    pads = op.attribute("pads", [0, 0, 0, 0])
    if len(pads) != 4 or min(pads) < 0:
        raise InputError(f"its pads are {pads}")
    return tuple(zip(pads[:2], pads[2:]))


def _halves(total, more_behind):
    """Share padding out; the odd one goes behind or before."""
    if total < 0:
        raise InputError("its padding is negative")
    less = total // 2
    return (less, total - less) if more_behind else (total - less, less)


def conv(chain, op):
    weight = op.array(1)
    kernel = _window(op, weight)
    op.require("strides", [1, 1])
    op.require("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    auto = op.attribute("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        padding = [_halves(size - 1, auto == "SAME_UPPER") for size in kernel]
    else:
        padding = ((0, 0), (0, 0)) if auto == "VALID" else _explicit_pads(op)
    chain.conv(weight, op.array(2, np.zeros(len(weight))), padding)


def conv_transpose(chain, op):
    weight = op.array(1)
    kernel = _window(op, weight)
    op.require("strides", [1, 1], [2, 2])
    op.require("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    stride = op.attribute("strides", [1, 1])[0]
    more = op.attribute("output_padding", [0, 0])
    auto = op.attribute("auto_pad", "NOTSET")
    wanted = op.attribute("output_shape")
    if len(more) != 2 or not all(0 <= each <= stride for each in more):
        raise InputError(f"its output_padding is {more}")
    if len(chain.shape) != 3:
        raise InputError(f"takes maps (channels, height, width) and is given {chain.shape}")
    if wanted is None and not auto.startswith("SAME"):
        padding = ((0, 0), (0, 0)) if auto == "VALID" else _explicit_pads(op)
    else:
        sizes = chain.shape[1:]
        wanted = [size * stride for size in sizes] if wanted is None else wanted[-2:]
        full = [(size - 1) * stride + k + q for size, k, q in zip(sizes, kernel, more)]
        padding = [_halves(a - b, auto == "SAME_UPPER") for a, b in zip(full, wanted)]
    crop = [(before, behind - q) for (before, behind), q in zip(padding, more)]
    chain.conv_transpose(weight, op.array(2, np.zeros(weight.shape[1])), stride, crop)


def resize(chain, op):
    """Resize and Upsample: nearest, by 2 or by 1."""
    op.data_first()
    op.require("mode", "nearest")
    if len(chain.shape) != 3:
        raise InputError(f"takes maps (channels, height, width) and is given {chain.shape}")
    _, height, width = chain.shape
    size = (op.batch, *chain.shape)
    axes = [axis % 4 for axis in op.attribute("axes", [0, 1, 2, 3])]
    place = 1 if op.kind == "Upsample" or len(op.inputs) == 2 else 2
    sizes = op.integers(3, "sizes") if len(op.inputs) > 3 else None
    scales = op.inputs[place] if place < len(op.inputs) else op.attribute("scales")
    factors = {}
    if sizes:
        op.require("keep_aspect_ratio_policy", "stretch")
        factors = {axis: each / size[axis] for axis, each in zip(axes, sizes)}
    elif scales is not None:
        factors = {axis: float(each) for axis, each in zip(axes, np.ravel(scales))}
    by = [factors.get(axis, 1.0) for axis in range(4)]
    if by == [1, 1, 1, 1] and factors:
        return
    if by != [1, 1, 2, 2]:
        shown = ", ".join(f"{each:g}" for each in by)
        raise InputError(f"enlarges by ({shown}); (1, 1, 2, 2) is made")
    if op.kind == "Resize" and len(op.inputs) > 2:
        mode = op.attribute("coordinate_transformation_mode", "half_pixel")
        rounding = op.attribute("nearest_mode", "round_prefer_floor")
        for each in (height, width):
            if not _repeats(each, mode, rounding):
                raise InputError(f"takes other pixels than each twice ({mode}, {rounding})")
    chain.upsample()


def _repeats(size, mode, rounding):
    """Whether Resize x2 takes every pixel twice."""
    x = np.arange(2 * size)
    places = {
        "asymmetric": x / 2,
        "half_pixel": (x + 0.5) / 2 - 0.5,
        "half_pixel_symmetric": (x + 0.5) / 2 - 0.5,
        "pytorch_half_pixel": (x + 0.5) / 2 - 0.5,
        "tf_half_pixel_for_nn": (x + 0.5) / 2,
        "align_corners": x * ((size - 1) / (2 * size - 1)),
    }
    if mode not in places or rounding not in ROUNDINGS:
        return False
    return (ROUNDINGS[rounding](places[mode]).clip(0, size - 1) == x // 2).all()


def depth_to_space(chain, op):
    op.require("blocksize", 2)
    op.require("mode", rewrites.DCR, rewrites.CRD)
    chain.depth_to_space(op.attribute("mode", rewrites.DCR))


def _decimal(number):
    """The shortest decimal number of a float32: 0.2 for 0.20000000298."""
    return float(str(np.float32(number)))


def leaky_relu(chain, op):
    chain.activation(_decimal(op.attribute("alpha", 0.01)))


def prelu(chain, op):
    op.data_first()
    slopes = op.array(1)
    if slopes.size == 0 or np.ptp(slopes) != 0:
        raise InputError("has a slope for each channel; one slope for all is made")
    chain.activation(_decimal(slopes.flat[0]))


def reshape(chain, op):
    op.data_first()
    before = (op.batch, *chain.shape)
    shape = op.integers(1, "shape")
    if not shape or (op.attribute("allowzero", 0) and 0 in shape):
        raise InputError(f"its shape is {shape}")
    shape = [before[n] if each == 0 and n < len(before) else each for n, each in enumerate(shape)]
    known = math.prod(each for each in shape if each != -1)
    if shape.count(-1) == 1 and known > 0:
        shape[shape.index(-1)] = math.prod(before) // known
    if min(shape) < 1 or math.prod(shape) != math.prod(before) or shape[0] != op.batch:
        raise InputError(f"makes {tuple(shape)} of {before}; each picture must stay by itself")
    chain.reshape(tuple(shape[1:]))


def flatten(chain, op):
    rank = len(chain.shape) + 1
    if op.attribute("axis", 1) % rank != 1:
        raise InputError("joins pictures")
    chain.reshape((math.prod(chain.shape),))


def unsqueeze(chain, op):
    axes = op.integers(1, "axes")
    if not axes:
        raise InputError("names no axes")
    shape = list(chain.shape)
    rank = len(shape) + 1 + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        if axis == 0:
            raise InputError("adds an axis before the pictures")
        shape.insert(axis - 1, 1)
    chain.reshape(tuple(shape))


def squeeze(chain, op):
    axes = op.integers(1, "axes")
    if not axes:
        raise InputError("names no axes")
    gone = {axis % (len(chain.shape) + 1) - 1 for axis in axes}
    if -1 in gone or any(chain.shape[axis] != 1 for axis in gone):
        raise InputError(f"removes the axes {axes} of {(op.batch, *chain.shape)}")
    chain.reshape(tuple(size for axis, size in enumerate(chain.shape) if axis not in gone))


def transpose(chain, op):
    rank = len(chain.shape) + 1
    axes = op.attribute("perm", list(range(rank))[::-1])
    if axes[0] != 0 or sorted(axes) != list(range(rank)):
        raise InputError(f"its perm is {axes}; each picture must stay by itself")
    chain.transpose(tuple(axis - 1 for axis in axes[1:]))


def pad(chain, op):
    op.data_first()
    op.require("mode", "constant")
    rank = len(chain.shape) + 1
    amounts = op.integers(1, "pads")
    value = op.array(2, np.zeros(1)) if len(op.inputs) > 2 else np.zeros(1)
    if value.any() or op.attribute("value", 0.0):
        raise InputError("puts a border of another number than 0 around the maps")
    axes = op.integers(3, "axes", list(range(rank)))
    if rank != 4 or not amounts or len(amounts) != 2 * len(axes):
        raise InputError(f"its pads are {amounts} for {(op.batch, *chain.shape)}")
    around = [(0, 0)] * rank
    for axis, before, behind in zip(axes, amounts, amounts[len(axes) :]):
        around[axis % rank] = (before, behind)
    if any(around[0] + around[1]):
        raise InputError("adds pictures or channels")
    if any(any(each) for each in around):
        chain.pad_zeros(around[2:])


def slice_(chain, op):
    op.data_first()
    shape = (op.batch, *chain.shape)
    starts, ends = op.integers(1, "starts"), op.integers(2, "ends")
    axes = op.integers(3, "axes", list(range(len(starts or ()))))
    steps = op.integers(4, "steps", [1] * len(axes))
    if not starts or not ends or not len(starts) == len(ends) == len(axes) == len(steps):
        raise InputError("its starts, ends, axes and steps are not of one length")
    cut = [(0, 0)] * len(shape)
    if not all(-len(shape) <= axis < len(shape) for axis in axes):
        raise InputError(f"its axes are {axes} of {len(shape)}")
    for axis, start, end, step in zip(axes, starts, ends, steps):
        size = shape[axis]
        start, end, _ = slice(start, end).indices(size)
        if step != 1 or start >= end:
            raise InputError(f"takes rows {start} to {end} in steps of {step}")
        cut[axis] = (-start, end - size)
    if any(any(each) for each in cut[:-2]) or (len(shape) != 4 and any(map(any, cut))):
        raise InputError("takes some of the pictures, channels or numbers only")
    if any(any(each) for each in cut):
        chain.pad_zeros(cut[-2:])


def nothing(chain, op):
    """Identity, Dropout and Cast to float."""
    op.data_first()
    if op.kind == "Cast":
        op.require("to", 1, 11)
    if op.kind == "Dropout" and len(op.inputs) > 2 and op.array(2, np.zeros(1)).any():
        raise InputError("drops at random: it is in training mode; export in evaluation mode")


OPERATORS = {
    "Gemm": gemm,
    "MatMul": matmul,
    "Add": arithmetic,
    "Sub": arithmetic,
    "Mul": arithmetic,
    "Div": arithmetic,
    "BatchNormalization": batch_normalization,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_to_space,
    "Relu": lambda chain, op: chain.activation(0.0),
    "LeakyRelu": leaky_relu,
    "PRelu": prelu,
    "Tanh": lambda chain, op: chain.finish_with(TANH),
    "Sigmoid": lambda chain, op: chain.finish_with(SIGMOID),
    "Reshape": reshape,
    "Flatten": flatten,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Pad": pad,
    "Slice": slice_,
    "Identity": nothing,
    "Dropout": nothing,
    "Cast": nothing,
}
