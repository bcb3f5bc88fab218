# SPDX-License-Identifier: Apache-2.0
"""Random ONNX generators, node by node, and what ONNX Runtime makes of them."""

import numpy as np
import onnxruntime
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
MAP_MAX = 24  # rows of a map: the examples stay quick


class Builder:
    """Nodes and numbers of a graph that is a chain."""

    def __init__(self, latent, rng):
        self.latent, self.rng = latent, rng
        self.nodes, self.initializers = [], []
        self.value = "z"

    def numbers(self, *shape, spread=None):
        """Add random float32 numbers; a weight's spread keeps its outputs near 1."""
        fan = np.prod(shape) ** 0.5 if spread is None else 1 / spread
        return self.array((self.rng.standard_normal(shape) * 1.5 / fan).astype(np.float32))

    def array(self, array):
        """Add an array and return its name."""
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, kind, *inputs, **attributes):
        """Add a node that takes the newest value first."""
        out = f"v{len(self.nodes)}"
        node = helper.make_node(kind, [self.value, *inputs], [out], name=f"n{out}", **attributes)
        self.nodes.append(node)
        self.value = out

    def aside(self, kind, *inputs, **attributes):
        """Add a node beside the chain and return its output's name."""
        out = f"s{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"n{out}", **attributes))
        return out

    def model(self, batch="n", opset=OPSET, outputs=None):
        """Return the ModelProto, with a batch of any size or of a number."""
        value = helper.make_tensor_value_info("z", TensorProto.FLOAT, [batch, *self.latent])
        last = helper.make_tensor_value_info(outputs or self.value, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "g", [value], [last], self.initializers)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
        )


def by_runtime(model, z):
    """Compute a model with ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"z": z})[0]


def save(model, path):
    """Write a model as it is, unchecked, and return its path."""
    path.write_bytes(model.SerializeToString())
    return path


@st.composite
def generators(draw):
    """Draw a generator that can be written in our layers: (ModelProto, latents' shape)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    latent = draw(st.integers(1, 6))
    flat = draw(st.booleans())
    b = Builder((latent,) if flat else (latent, 1, 1), rng)
    channels = draw(st.integers(1, 5))
    if flat:
        size = _linear(draw, b, latent, channels)
    else:
        size = draw(st.integers(1, 5))
        bias = _bias(draw, b, channels)
        b.add("ConvTranspose", b.numbers(latent, channels, size, size, spread=0.5), *bias)
    _after(draw, b, channels)
    layers = draw(st.integers(1, 3))
    for n in range(layers):
        outputs = draw(st.sampled_from((1, 3))) if n == layers - 1 else draw(st.integers(1, 5))
        kinds = [_conv]
        if 2 * size + 8 <= MAP_MAX:
            kinds += [_transposed, _enlarged, _shuffled]
        size = draw(st.sampled_from(kinds))(draw, b, channels, outputs, size)
        channels = outputs
        if n < layers - 1:
            _after(draw, b, channels)
            size = _crop(draw, b, size)
    size = _crop(draw, b, size)
    if draw(st.booleans()):
        b.add(draw(st.sampled_from(("Tanh", "Sigmoid"))))
    return b.model(), (latent,) if flat else (latent, 1, 1)


def _bias(draw, b, channels):
    return (b.numbers(channels, spread=0.3),) if draw(st.booleans()) else ()


def _linear(draw, b, latent, channels):
    size = draw(st.integers(1, 5))
    features = channels * size * size
    if draw(st.booleans()):
        hidden = draw(st.integers(1, 6))
        b.add("Gemm", b.numbers(latent, hidden), b.numbers(hidden))
        _activation(draw, b, 1)
        latent = hidden
    if draw(st.booleans()):
        weight = b.numbers(features, latent, spread=0.5)
        b.add("Gemm", weight, b.numbers(features, spread=0.3), transB=1)
    else:
        b.add("MatMul", b.numbers(latent, features, spread=0.5))
        if draw(st.booleans()):
            b.add("Add", b.numbers(features, spread=0.3))
    if draw(st.booleans()):
        _batch_norm(b, features)
    if draw(st.booleans()):
        _activation(draw, b, 1)
    style = draw(st.sampled_from(("reshape", "shape", "nhwc")))
    if style == "reshape":
        b.add("Reshape", b.array(np.array([-1, channels, size, size])))
    elif style == "nhwc":
        b.add("Reshape", b.array(np.array([0, size, size, channels])))
        b.add("Transpose", perm=[0, 3, 1, 2])
    else:  # x.view(x.shape[0], c, h, w)
        shape = b.aside("Shape", b.value)
        count = b.aside("Gather", shape, b.array(np.array(0)), axis=0)
        count = b.aside("Unsqueeze", count, b.array(np.array([0])))
        b.add(
            "Reshape", b.aside("Concat", count, b.array(np.array([channels, size, size])), axis=0)
        )
    return size


def _batch_norm(b, channels):
    numbers = [b.numbers(channels, spread=0.3) for _ in range(3)]
    gamma = b.array(b.rng.uniform(0.5, 1.5, channels).astype(np.float32))
    variance = b.array(b.rng.uniform(0.5, 2, channels).astype(np.float32))
    b.add("BatchNormalization", gamma, *numbers[:2], variance, epsilon=1e-3)


def _activation(draw, b, rank):
    kind = draw(st.sampled_from(("Relu", "LeakyRelu", "PRelu")))
    if kind == "PRelu":
        b.add("PRelu", b.array(np.full((1,) * rank, 0.25, np.float32)))
    elif kind == "LeakyRelu":
        b.add("LeakyRelu", alpha=0.2)
    else:
        b.add("Relu")


def _after(draw, b, channels):
    """What may stand behind a layer: norms before or after the activation, or nothing."""
    order = draw(
        st.sampled_from(("norm act", "act", "act norm", "", "norm", "act norm act", "act act"))
    )
    for each in order.split():
        if each == "norm":
            _batch_norm(b, channels)
        else:
            _activation(draw, b, 3)
    if draw(st.integers(0, 3)) == 0:
        b.add("Dropout")


def _conv(draw, b, inputs, outputs, size):
    kernel = draw(st.integers(1, min(5, size)))
    before, behind = draw(st.sampled_from(((0, 0), (kernel // 2, kernel // 2), (1, 0), (0, 2))))
    bias = _bias(draw, b, outputs)
    weight = b.numbers(outputs, inputs, kernel, kernel, spread=0.4)
    b.add("Conv", weight, *bias, pads=[before, before, behind, behind])
    return size + before + behind - kernel + 1


def _transposed(draw, b, inputs, outputs, size):
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    more = draw(st.integers(0, stride - 1))
    full = (size - 1) * stride + kernel + more
    before = draw(st.integers(0, min(kernel - 1, (full - 1) // 2)))
    behind = draw(st.integers(0, min(kernel - 1, (full - 1) // 2)))
    weight = b.numbers(inputs, outputs, kernel, kernel, spread=0.5)
    b.add(
        "ConvTranspose",
        weight,
        *_bias(draw, b, outputs),
        strides=[stride] * 2,
        pads=[before, before, behind, behind],
        output_padding=[more] * 2,
    )
    return full - before - behind


def _enlarged(draw, b, inputs, outputs, size):
    scales = b.array(np.array([1, 1, 2, 2], np.float32))
    attributes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    b.add("Resize", "", scales, nearest_mode="floor", **attributes)
    size = 2 * size
    if draw(st.booleans()):
        _batch_norm(b, inputs)
    if draw(st.integers(0, 3)) == 0:
        b.add("Pad", b.array(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
        size += 2
    return _conv(draw, b, inputs, outputs, size)


def _shuffled(draw, b, inputs, outputs, size):
    kernel = draw(st.sampled_from((1, 3) if size > 1 else (1,)))
    bias = _bias(draw, b, 4 * outputs)
    weight = b.numbers(4 * outputs, inputs, kernel, kernel, spread=0.4)
    b.add("Conv", weight, *bias, pads=[kernel // 2] * 4)
    if draw(st.booleans()):
        _batch_norm(b, 4 * outputs)
    b.add("DepthToSpace", blocksize=2, mode=draw(st.sampled_from(("CRD", "DCR"))))
    return 2 * size


def _crop(draw, b, size):
    if size < 4 or draw(st.booleans()):
        return size
    before, behind = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
    if draw(st.booleans()):
        pads = [0, 0, -before, -before, 0, 0, -behind, -behind]
        b.add("Pad", b.array(np.array(pads)))
    else:
        ends = b.array(np.array([size - behind] * 2))
        b.add("Slice", b.array(np.array([before] * 2)), ends, b.array(np.array([2, 3])))
    return size - before - behind
