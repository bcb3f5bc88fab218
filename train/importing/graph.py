# SPDX-License-Identifier: Apache-2.0
"""An ONNX file read: its nodes, its numbers, and the arithmetic that knows no latent."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from support.failures import InputError
from train.importing.reading import check_file, first_line

NODES_MAX = 10_000
NUMBERS_MAX = 2**28  # that one array may hold: 1 GB of float32
OWN_DOMAINS = ("", "ai.onnx")

# Operators that are computed where none of their inputs depends on the latent: folded weights and
# the shape arithmetic of a batch of any size.
COMPUTED = {
    "Abs", "Add", "Cast", "CastLike", "Ceil", "Concat", "Constant", "ConstantOfShape", "Div",
    "Equal", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherND", "Greater", "Identity",
    "Less", "MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Pow", "Range", "Reciprocal",
    "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape",
    "Shape", "Size", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze",
    "Where",
}  # fmt: skip
BROADCAST = {
    "Add", "Div", "Equal", "Greater", "Less", "Max", "Min", "Mod", "Mul", "Pow", "Sub", "Where",
}  # fmt: skip
LOOPS = ("If", "Loop", "Scan", "SequenceMap")


class Graph:
    """The main graph of an ONNX file, without what no output needs.

    Parameters
    ----------
    path : Path
        Weights in external data are read from beside it, and from nowhere else.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        In the order of computation, as ONNX demands it.
    input : str
        The name of the latent.
    latent : tuple of int
        Its shape without the batch.
    batches : tuple of int
        Sizes of batches that it must hold for: the one that the file fixes, or two.

    Raises
    ------
    InputError
        The file is damaged, of gigabytes, or holds what is not read.
    """

    def __init__(self, path, output=None):
        self.path = path = Path(path)
        check_file(path)
        try:
            model = onnx.load(path, load_external_data=False)
        except Exception:  # a damaged file raises what protobuf's backend of the day has
            raise InputError("is damaged or is no ONNX file; export it again") from None
        graph = model.graph
        if not _named_in_text(graph):
            raise InputError("is damaged: a name in it is no printable text; export it again")
        self.ir_version = model.ir_version
        self.opsets = {
            "" if each.domain in OWN_DOMAINS else each.domain: each.version
            for each in model.opset_import
        }
        if len(graph.node) > NODES_MAX:
            raise InputError(f"has {len(graph.node)} nodes; a generator has some dozens")
        if graph.sparse_initializer:
            raise InputError("holds sparse weights; export dense ones")
        self._initializers = {each.name: each for each in graph.initializer}
        self.output = _chosen([each.name for each in graph.output], output)
        self.nodes = _needed(graph.node, self.output)
        for node in self.nodes:
            if node.op_type in LOOPS or any(each.HasField("g") for each in node.attribute):
                raise InputError(
                    f"node {node.name or node.op_type} ({node.op_type}): loops and "
                    "branches are not read; export the network without them"
                )
        named = {name for node in self.nodes for name in node.input}
        inputs = [
            each
            for each in graph.input
            if each.name in named and each.name not in self._initializers
        ]
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs) or "none"
            raise InputError(f"has {len(inputs)} inputs ({names}); a generator takes the latent")
        self.input = inputs[0].name
        self.latent, self.batches = _latent(inputs[0])

    def constants(self):
        """The arrays that the file gives by name."""
        return {name: self.array(tensor) for name, tensor in self._initializers.items()}

    def array(self, tensor):
        """Return the numbers of a TensorProto, from the file or from the data beside it."""
        if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) > NUMBERS_MAX:
            raise InputError(f"{tensor.name}: has shape {tuple(tensor.dims)}; that is too large")
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            whole = onnx.TensorProto()
            whole.CopyFrom(tensor)
            del whole.external_data[:]
            whole.data_location = onnx.TensorProto.DEFAULT
            whole.raw_data = self._external(tensor)
            tensor = whole
        try:
            return onnx.numpy_helper.to_array(tensor)
        except Exception:  # of a damaged tensor: ValueError, TypeError and others
            raise InputError(f"{tensor.name}: is damaged; export the file again") from None

    def _external(self, tensor):
        """Read the bytes of a tensor that are kept in a file beside this one."""
        facts = {each.key: each.value for each in tensor.external_data}
        location = facts.get("location", "")
        folder = self.path.resolve().parent
        try:
            outside = Path(location).is_absolute() or ".." in Path(location).parts
            file = (folder / location).resolve()
            outside = outside or not file.is_relative_to(folder) or not location
        except (ValueError, OSError, RuntimeError):
            outside = True
        if outside:
            raise InputError(
                f"{tensor.name}: its numbers lie in {location!r}; they are read from beside the "
                "file only"
            )
        check_file(file)
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        length = math.prod(tensor.dims) * kind.itemsize
        try:
            offset = int(facts.get("offset", 0))
            if offset < 0 or int(facts.get("length", length)) != length:
                raise ValueError
            with file.open("rb") as opened:
                opened.seek(offset)
                data = opened.read(length)
        except (ValueError, OverflowError):
            data = b""
        if len(data) != length:
            raise InputError(f"{file}: does not hold the numbers of {tensor.name}; export again")
        return data

    def check(self, node):
        """Refuse a node that ONNX's own description of its operator does not allow.

        An attribute that its operator does not have would otherwise be passed over.
        """
        context = type(onnx.checker.DEFAULT_CONTEXT)()
        context.ir_version, context.opset_imports = self.ir_version, self.opsets
        try:
            onnx.checker.check_node(node, context)
        except onnx.checker.ValidationError as error:
            raise InputError(f"is not valid ({first_line(error)})") from None

    def compute(self, node, values):
        """Compute a node of :data:`COMPUTED` from arrays; returns the arrays of its outputs.

        Raises
        ------
        InputError
            Its result is too large, or there is none.
        """
        if node.op_type == "Constant":
            tensor = next((each.t for each in node.attribute if each.name == "value"), None)
            if tensor is not None:
                return [self.array(tensor)]
        try:
            size = _result_size(node.op_type, values)
        except (ValueError, TypeError, IndexError, ArithmeticError):
            raise InputError("cannot be computed from what it is given") from None
        if not size <= NUMBERS_MAX:
            raise InputError("makes an array that is too large")
        given = {
            name: value for name, value in zip(node.input, values, strict=True) if value is not None
        }
        named = [
            [onnx.ValueInfoProto(name=each) for each in names] for names in (given, node.output)
        ]
        try:
            with np.errstate(all="ignore"):
                alone = onnx.helper.make_graph([node], "node", *named)
                return ReferenceEvaluator(alone, opsets=self.opsets).run(None, given)
        except Exception as error:  # of inputs that do not fit: anything
            raise InputError(f"cannot be computed ({first_line(error)})") from None


def _named_in_text(graph):
    """Whether every name can be shown; protobuf gives bytes where one is not UTF-8."""
    values = [*graph.initializer, *graph.input, *graph.output]
    names = [each.name for each in values]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [each.name for each in node.attribute]
    return all(isinstance(name, str) and name.isprintable() for name in names)


def _result_size(kind, values):
    """An upper bound of the numbers that a node makes of arrays, before it makes them."""
    arrays = [value for value in values if value is not None]
    sizes = [float(value.size) for value in arrays]
    if kind == "ConstantOfShape":
        return _product(arrays[0])
    if kind == "Expand":
        return _product(arrays[1]) * max(1.0, sizes[0])
    if kind == "Range":
        start, limit, step = (float(value) for value in arrays)
        return abs((limit - start) / step)
    if kind == "MatMul":
        return math.prod(sizes) / max(1, arrays[0].shape[-1]) ** 2
    if kind in ("Gather", "GatherND"):
        return math.prod(sizes)
    if kind in BROADCAST:
        return math.prod(map(float, np.broadcast_shapes(*(value.shape for value in arrays))))
    return sum(sizes)


def _product(sizes):
    return float(np.abs(sizes.astype(np.float64)).clip(1).prod())


def _chosen(outputs, wanted):
    if wanted is not None and wanted not in outputs:
        raise InputError(f"--key is {wanted}; its outputs are {', '.join(outputs)}")
    if wanted is None and len(outputs) != 1:
        raise InputError(f"has {len(outputs)} outputs; name one: --key {' or '.join(outputs)}")
    return wanted or outputs[0]


def _needed(nodes, output):
    """Return the nodes that `output` depends on."""
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    return kept[::-1]


def _latent(value):
    """Return the latent's shape without the batch, and the sizes of batches to hold for."""
    dims = value.type.tensor_type.shape.dim
    sizes = [each.dim_value if each.HasField("dim_value") else None for each in dims]
    if not 2 <= len(sizes) <= 4 or any(not size or size < 1 for size in sizes[1:]):
        shown = ", ".join(str(size or "?") for size in sizes)
        raise InputError(
            f"{value.name}: has shape ({shown}); export with latents (batch, numbers) or "
            "(batch, numbers, 1, 1)"
        )
    if value.type.tensor_type.elem_type not in (1, 11):
        raise InputError(f"{value.name}: is not float32; export with latents of float32")
    batch = sizes[0]
    return tuple(sizes[1:]), (1, 3) if batch is None else (batch,)
