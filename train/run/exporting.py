# SPDX-License-Identifier: Apache-2.0
"""A model file as ONNX: the same integers, for other people's tools.

Every node works on integers, so that whoever computes ONNX computes the bits of
:mod:`golden.generator`. What ONNX does not have is put together from what it has:

- There is no transposed convolution of integers. Layer 1, whose input is 1x1, is a MatMulInteger.
  The others spread their input with zeros and correlate it with the mirrored kernel (ConvInteger).
- Both take uint8, with a zero point of 128 for what is signed. Where a processor has no dot product
  of bytes, ONNX Runtime adds two products of uint8 and int8 in 16 bits, and the sum may saturate;
  products of uint8 and uint8 are added in 32 bits.
- z + v needs 9 bits, but layer 1 is linear: the planes' sums are those of z plus constants.
- Shifts are of unsigned numbers only and a division rounds towards zero. A multiple of the divisor
  that makes every sum positive is added before the division and taken off behind it: a floor.

PyTorch is not needed. The module stands beside the import because networks from and to other
frameworks pass through train/; golden/ keeps to NumPy.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from golden.arithmetic import ACT_MAX, LEAKY_MAX, LEAKY_MIN, TABLE_MAX, TABLE_MIN
from golden.spec import LEAKY_RELU
from support.failures import InputError
from support.files import check_destination, replacing

OPSET = 17
IR_VERSION = 8  # the one of OPSET's time: older runtimes refuse a newer one
ZERO = 128  # zero point of signed numbers in uint8
RAISED = 50  # bits: products of 33 and 16 bits and half a step are below 2**50
INPUT, OUTPUT = "latents", "pictures"


def export(model, path):
    """Write a model as an ONNX file, whole or not at all; equal models give equal bytes.

    Parameters
    ----------
    model : golden.model_file.Model
    path : str or Path

    Returns
    -------
    dict
        ``file``, ``id`` (of the model), ``opset``, ``nodes`` and ``bytes``.

    Raises
    ------
    InputError
        As :func:`check_path`.
    """
    check_path(path)
    proto = as_onnx(model)
    data = proto.SerializeToString(deterministic=True)
    with replacing(path) as beside:
        beside.write_bytes(data)
    return {
        "file": str(path),
        "id": model.digest,
        "opset": OPSET,
        "nodes": len(proto.graph.node),
        "bytes": len(data),
    }


def as_text(facts):
    """Lay :func:`export`'s dictionary out in a line."""
    return (
        f"{facts['file']}: model {facts['id'][:16]}, {facts['nodes']} nodes of opset "
        f"{facts['opset']}, {facts['bytes']:,} bytes"
    )


def check_path(path):
    """Refuse a path that no ONNX file can be written to; call it before the work, not after.

    Raises
    ------
    InputError
        The name does not end in .onnx, or :func:`support.files.check_destination` refuses it.
    """
    if Path(path).suffix.lower() != ".onnx":
        raise InputError(f"{path}: give the ONNX file a name that ends in .onnx")
    check_destination(path)


def as_onnx(model):
    """Return a model as an ONNX graph that computes golden's pictures.

    Its input ``latents`` is int8 (N, latent), its output ``pictures`` uint8 (N, height, width,
    colours), N any number. The properties ``avatar_id`` and ``avatar_spec`` name the model.

    Parameters
    ----------
    model : golden.model_file.Model

    Returns
    -------
    onnx.ModelProto
    """
    spec = model.spec
    graph = _Graph()
    maps = graph.unsigned(INPUT)
    zero = ZERO
    for n, layer in enumerate(spec.shapes):
        graph.prefix = f"layer{layer.number}"
        if layer.is_first:
            acc = _first_layer(graph, model, maps)
        else:
            acc = _transposed_convolution(graph, layer, model.weight[n], maps, zero)
        maps, zero = _requantize(graph, layer, model, acc)
    graph.prefix = "picture"
    # Planes of one channel, or one plane of all colours: the same numbers in the same order.
    planes = graph.reshape(maps, -1, spec.colours, spec.size, spec.size)
    graph.add("Transpose", planes, perm=[0, 2, 3, 1], output=OUTPUT)
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "avatar",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT8, ["N", spec.latent])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, ["N", *spec.picture_shape])],
            graph.constants,
            doc_string="latents in steps of 1/32; pictures row by row, R G B or grey",
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="avatar-gan-fpga",
    )
    facts = {"avatar_id": model.digest, "avatar_spec": json.dumps(spec.to_json(), sort_keys=True)}
    helper.set_model_props(proto, facts)
    onnx.checker.check_model(proto, full_check=True)
    return proto


class _Graph:
    """Nodes and constants in the making; each method adds nodes and returns its result's name.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    constants : list of onnx.TensorProto
    prefix : str
        Begins the names of what is added.
    """

    def __init__(self):
        self.nodes, self.constants, self.prefix = [], [], "input"

    def add(self, op, *inputs, output=None, **attributes):
        """Add one node; inputs that are arrays become constants."""
        name = f"{self.prefix}/{len(self.nodes)}_{op}"
        inputs = [
            each if isinstance(each, str) else self._constant(f"{name}_{place}", each)
            for place, each in enumerate(inputs)
        ]
        self.nodes.append(helper.make_node(op, inputs, [output or name], name=name, **attributes))
        return output or name

    def _constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def cast(self, x, dtype):
        return self.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, x, *shape):
        return self.add("Reshape", x, np.array(shape, np.int64))

    def pad(self, x, before, after, value):
        """Pad with a uint8 value; negative numbers crop."""
        return self.add("Pad", x, np.array(before + after, np.int64), np.array(value, np.uint8))

    def unsigned(self, x):
        """Turn small signed numbers, -128 to 127, into uint8 with zero point :data:`ZERO`."""
        wide = self.cast(x, np.int32)
        return self.cast(self.add("Add", wide, np.array(ZERO, np.int32)), np.uint8)


def _unsigned_weights(weight):
    return (weight.astype(np.int16) + ZERO).astype(np.uint8)


def _first_layer(graph, model, z):
    """Sums (N * planes, channels, size, size) of the latents (N, latent), one matrix product."""
    spec, layer = model.spec, model.spec.shapes[0]
    # One pixel draws its kernel once: what the padding crops goes, the output padding is zeros.
    kernel = np.pad(model.weight[0], [(0, 0), (0, 0), *[(0, layer.output_padding)] * 2])
    inside = slice(layer.padding, layer.padding + layer.out_size)
    matrix = kernel[:, :, inside, inside].reshape(spec.latent, -1)
    zero = np.array(ZERO, np.uint8)
    acc = graph.add("MatMulInteger", z, _unsigned_weights(matrix), zero, zero)
    if spec.planes == 3:
        offsets = np.stack([np.zeros_like(model.v1), model.v1, model.v2])
        sums = offsets.astype(np.int32) @ matrix.astype(np.int32)
        acc = graph.add("Add", graph.reshape(acc, -1, 1, matrix.shape[1]), sums[None])
    return graph.reshape(acc, -1, layer.out_channels, layer.out_size, layer.out_size)


def _transposed_convolution(graph, layer, weight, maps, zero):
    """Sums of uint8 `maps` with the zero point `zero`: spread, padded, correlated."""
    kernel, stride, size = layer.kernel_size, layer.stride, layer.in_size
    if stride > 1:
        apart = graph.reshape(maps, -1, layer.in_channels, size, 1, size, 1)
        apart = graph.pad(apart, [0] * 6, [0, 0, 0, stride - 1, 0, stride - 1], zero)
        maps = graph.reshape(apart, -1, layer.in_channels, size * stride, size * stride)
    margin = kernel - 1 - layer.padding
    behind = margin + layer.output_padding - (stride - 1)
    if margin or behind:
        maps = graph.pad(maps, [0, 0, margin, margin], [0, 0, behind, behind], zero)
    mirrored = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    zeros = np.array(zero, np.uint8), np.array(ZERO, np.uint8)
    return graph.add("ConvInteger", maps, _unsigned_weights(mirrored), *zeros)


def _requantize(graph, layer, model, acc):
    """Outputs of a layer as uint8, and their zero point; of the last one its pixels."""
    n = layer.number - 1
    leaky = layer.activation == LEAKY_RELU

    def channels(array):
        return array.astype(np.int64)[:, None, None]

    biased = graph.add("Add", graph.cast(acc, np.int64), channels(model.bias[n]))
    factor = channels(model.mul[n])
    if leaky:
        negative = graph.add("Less", biased, np.array(0, np.int64))
        factor = graph.add("Where", negative, channels(model.neg[n]), factor)
    product = graph.add("Mul", biased, factor)
    shift = int(model.shift[n])
    raised = graph.add("Add", product, np.array((1 << RAISED) + (1 << (shift - 1)), np.int64))
    divided = graph.add("Div", raised, np.array(1 << shift, np.int64))
    floor = graph.add("Sub", divided, np.array(1 << (RAISED - shift), np.int64))
    low, high = (LEAKY_MIN, LEAKY_MAX) if leaky else (0, ACT_MAX)
    if layer.is_last:
        low, high = TABLE_MIN, TABLE_MAX
    clipped = graph.add("Clip", floor, np.array(low, np.int64), np.array(high, np.int64))
    if layer.is_last:
        index = graph.add("Sub", clipped, np.array(TABLE_MIN, np.int64))
        return graph.add("Gather", model.table, index), 0
    if leaky:
        return graph.unsigned(clipped), ZERO
    return graph.cast(clipped, np.uint8), 0
