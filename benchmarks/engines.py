# SPDX-License-Identifier: Apache-2.0
"""One model file in the software that a user would pick instead of hardware, one thread each."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from golden import generator
from golden.arithmetic import plane_inputs

OPSET = 21
TAPS = ((1, 3), (2, 0))  # of an even and an odd output, the one without input offset first
TABLE_STEPS = 128  # of the tanh table's index: t / 128
ACT_MAX = 255


def float_layers(model):
    """Return weight and bias of each layer as float32, in the integers' own scale.

    What the integer model does between two roundings: activations 0..255, at last the argument of
    tanh. So the float networks compute the same function with the same weights.
    """
    layers = []
    for n, weight in enumerate(model.weight):
        step = model.mul[n] / 2.0 ** int(model.shift[n])
        if n == 3:
            step = step / TABLE_STEPS
        scaled = weight.astype(np.float64) * step[:, None, None]
        layers.append((scaled.astype(np.float32), (model.bias[n] * step).astype(np.float32)))
    return layers


def to_pictures(planes):
    """Return float planes of -1..1, shape (3 N, 1, 32, 32), as uint8 pictures (N, 32, 32, 3)."""
    return together(np.rint((planes + 1) * 127.5).astype(np.uint8))


def together(planes):
    """Return planes, shape (3 N, 1, size, size), as pictures (N, size, size, 3)."""
    return planes.reshape(-1, 3, *planes.shape[-2:]).transpose(0, 2, 3, 1)


def float_inputs(model, latents):
    """Return z, z + v1, z + v2 of each latent: float32, shape (3 N, 100, 1, 1)."""
    inputs = plane_inputs(latents, model.v1, model.v2).astype(np.float32)
    return inputs.reshape(-1, inputs.shape[-1], 1, 1)


class Golden:
    """The NumPy reference; its integers are the contract."""

    name, arithmetic = "golden (NumPy)", "integers, exact"

    def __init__(self, model):
        self.model = model

    def __call__(self, latents):
        return generator.generate(self.model, latents)


class Torch:
    """PyTorch, eager.

    Parameters
    ----------
    model : golden.model_file.Model
    memory_format : torch.memory_format
        Of weights and maps.
    """

    arithmetic = "float32"

    def __init__(self, model, memory_format=torch.contiguous_format):
        last = memory_format == torch.channels_last
        self.name = f"PyTorch eager{', channels_last' if last else ''}"
        self.model, self.memory_format = model, memory_format
        stages = []
        for n, (weight, bias) in enumerate(float_layers(model)):
            layer = model.spec.shapes[n]
            stage = nn.ConvTranspose2d(
                layer.in_channels, layer.out_channels, 4, layer.stride, layer.padding
            )
            stage.weight.data = torch.from_numpy(weight)
            stage.bias.data = torch.from_numpy(bias)
            stages += [stage, nn.ReLU() if n < 3 else nn.Tanh()]
        self.network = nn.Sequential(*stages).to(memory_format=memory_format).eval()

    @torch.inference_mode()
    def __call__(self, latents):
        inputs = torch.from_numpy(float_inputs(self.model, latents))
        return to_pictures(self.network(inputs.to(memory_format=self.memory_format)).numpy())


class OnnxFloat:
    """ONNX Runtime, the network as any exporter writes it."""

    name, arithmetic = "ONNX Runtime", "float32"

    def __init__(self, model):
        self.model = model
        nodes, constants, value = [], [], "input"
        for n, (weight, bias) in enumerate(float_layers(model)):
            layer = model.spec.shapes[n]
            constants += [_constant(f"w{n}", weight), _constant(f"b{n}", bias)]
            nodes.append(
                helper.make_node(
                    "ConvTranspose",
                    [value, f"w{n}", f"b{n}"],
                    [f"sum{n}"],
                    strides=[layer.stride] * 2,
                    pads=[layer.padding] * 4,
                )
            )
            value = f"map{n}"
            nodes.append(helper.make_node("Relu" if n < 3 else "Tanh", [f"sum{n}"], [value]))
        inputs = [("input", TensorProto.FLOAT, ["n", model.spec.latent, 1, 1])]
        self.session = _session(nodes, constants, inputs, (value, TensorProto.FLOAT))

    def __call__(self, latents):
        (planes,) = self.session.run(None, {"input": float_inputs(self.model, latents)})
        return to_pictures(planes)


class OnnxIntegers:
    """ONNX Runtime's 8-bit kernels.

    It has none for ConvTranspose: each layer is written as its four phases, QLinearConv of 2 x 2
    taps, brought together by DepthToSpace; no zero is multiplied. Layer 1 is a MatMulInteger of z
    alone, as in the hardware. Rounds ties otherwise than the contract.
    """

    name, arithmetic = "ONNX Runtime, four phases", "8-bit integers"

    def __init__(self, model):
        self.spec = model.spec
        self.nodes, self.constants = [], []
        self._constant("one", np.float32(1))
        self._constant("none", np.uint8(0))
        self._constant("zero", np.int8(0))
        value = self._first_layer(model)
        for n in (1, 2):
            value = self._middle_layer(model, n, value)
        value = self._last_layer(model, value)
        inputs = [("input", TensorProto.INT8, ["n", model.spec.latent])]
        self.session = _session(self.nodes, self.constants, inputs, (value, TensorProto.UINT8))

    def __call__(self, latents):
        (planes,) = self.session.run(None, {"input": latents})
        return together(planes)

    def _node(self, kind, inputs, **attributes):
        output = f"{kind}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, name, value):
        self.constants.append(_constant(name, np.asarray(value)))
        return name

    def _scale(self, model, n):
        return (model.mul[n] / 2.0 ** int(model.shift[n])).astype(np.float32)

    def _first_layer(self, model):
        weight = model.weight[0].reshape(self.spec.latent, -1)
        offsets = np.array([np.zeros_like(model.v1), model.v1, model.v2], np.int64)
        biases = offsets @ weight + np.repeat(model.bias[0], 16)
        scale = np.repeat(self._scale(model, 0), 16)
        sums = self._node("MatMulInteger", ["input", self._constant("w0", weight)])
        scaled = self._node(
            "Mul", [self._node("Cast", [sums], to=TensorProto.FLOAT), self._constant("s0", scale)]
        )
        planes = self._node("Unsqueeze", [scaled, self._constant("axis", np.array([1]))])
        planes = self._node(
            "Add", [planes, self._constant("b0", (biases * scale).astype(np.float32))]
        )
        rounded = self._node("QuantizeLinear", [planes, "one", "none"])
        shape = self._constant("shape", np.array([-1, self.spec.channels[0], 4, 4]))
        return self._node("Reshape", [rounded, shape])

    def _phase(self, model, n, phase):
        """Return the convolution of a phase: weight (out, in, 2, 2), and its padding."""
        weight = model.weight[n]
        along_y, along_x = (TAPS[parity] for parity in divmod(phase, 2))
        taps = [weight[:, :, kh, kw] for kh in along_y for kw in along_x]
        kernel = np.stack(taps, axis=-1).reshape(*weight.shape[:2], 2, 2).transpose(1, 0, 2, 3)
        odd_y, odd_x = divmod(phase, 2)  # tap 1 looks one input back, in an odd phase ahead
        kernel = kernel[:, :, :: 1 if odd_y else -1, :: 1 if odd_x else -1]
        return kernel, [1 - odd_y, 1 - odd_x, odd_y, odd_x]

    def _middle_layer(self, model, n, value):
        scale = self._constant(f"s{n}", self._scale(model, n))
        bias = self._constant(f"b{n}", model.bias[n].astype(np.int32))
        phases = []
        for phase in range(4):
            kernel, pads = self._phase(model, n, phase)
            weight = self._constant(f"w{n}-{phase}", np.ascontiguousarray(kernel))
            inputs = [value, "one", "none", weight, scale, "zero", "one", "none", bias]
            phases.append(self._node("QLinearConv", inputs, pads=pads))
        return self._node("DepthToSpace", [self._node("Concat", phases, axis=1)], blocksize=2)

    def _last_layer(self, model, value):
        kernels = np.zeros((4, self.spec.channels[2], 3, 3), np.int8)  # all phases in one window
        for phase in range(4):
            kernel, _ = self._phase(model, 3, phase)
            y, x = divmod(phase, 2)
            kernels[phase, :, y : y + 2, x : x + 2] = kernel[0]
        sums = self._node("ConvInteger", [value, self._constant("w3", kernels)], pads=[1] * 4)
        scale = self._scale(model, 3)[0] / TABLE_STEPS
        value = self._node("Cast", [sums], to=TensorProto.FLOAT)
        value = self._node("Mul", [value, self._constant("s3", np.float32(scale))])
        offset = self._constant("b3", np.float32(model.bias[3][0] * scale))
        value = self._node("Tanh", [self._node("Add", [value, offset])])
        step = self._constant("pixel", np.float32(2 / ACT_MAX))
        middle = self._constant("middle", np.float32(1))
        value = self._node("Add", [value, middle])
        value = self._node("QuantizeLinear", [value, step, "none"])
        return self._node("DepthToSpace", [value], blocksize=2)


def _constant(name, value):
    return numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)


def _session(nodes, constants, inputs, output):
    """Return an ONNX Runtime session of one thread."""
    name, kind = output
    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(name, kind, ["planes", 1, "height", "width"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def engines(model):
    """Return every engine, each a callable: int8 latents (N, 100) to uint8 (N, 32, 32, 3)."""
    torch.set_num_threads(1)
    return (
        Golden(model),
        Torch(model),
        Torch(model, torch.channels_last),
        OnnxFloat(model),
        OnnxIntegers(model),
    )
