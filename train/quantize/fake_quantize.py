# SPDX-License-Identifier: Apache-2.0
"""The generator in integers, with gradients: training sees the network that the hardware runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.autograd import Function
from torch.nn import functional

from golden.arithmetic import LEAKY_MAX, LEAKY_MIN, TABLE_MAX, TABLE_MIN
from golden.latents import STEPS_PER_UNIT
from golden.model_file import Model
from golden.spec import ACT_BITS, LEAKY_RELU, MAX_SHIFT, MUL_BITS
from train.networks.generator import UpsampleToPlane, spread_pixel
from train.networks.outputs import OUTPUTS

ACT_MAX = 2**ACT_BITS - 1
MUL_MAX = 2**MUL_BITS - 1


class LayerIntegers(NamedTuple):
    """A layer's integers, as the model file holds them but in floating point, with gradients.

    Attributes
    ----------
    weight : float32 tensor, shape (in_channels, out_channels, kernel, kernel)
    bias, mul : float64 tensors, shape (out_channels,)
    neg : float64 tensor, shape (out_channels,), or None
        Of a leaky layer.
    shift : int32 tensor, shape ()
    """

    weight: torch.Tensor
    bias: torch.Tensor
    mul: torch.Tensor
    neg: torch.Tensor | None
    shift: torch.Tensor


class FakeQuantizedGenerator(nn.Module):
    """A :class:`train.networks.generator.Generator` that computes what :mod:`golden.generator`
    computes.

    Latents, weights, accumulators, biases, activations and pixels are the integers of golden, held
    in floating point. Backwards every rounding passes its gradient on as if it were not there
    (straight through), every clip stops it; the table passes that of the curve that it holds. So
    weight steps and activation scales learn too, as in Esser et al., arXiv:1902.08153, equation 3.

    In float64 every value is golden's. In float32, for training, sums of products are exact while
    they stay below 2**24, which a trained network's do; their product with ``mul / 2**shift`` has
    a relative error of 2**-24, so that an activation differs, by one, where it lies within
    255 * 2**-24 of a tie: some 3 in 100,000. Autocast is off: bfloat16 would round the sums.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    slopes : sequence of float, optional
        Of the hidden layers below zero; by default all 0.
    output : str
        A name in :data:`train.networks.outputs.OUTPUTS`.

    Attributes
    ----------
    weight : parameters, one a layer, shape (in_channels, out_channels, kernel, kernel)
    log_step : parameters, one a layer, shape (out_channels,)
        Logarithm of the float value of one step of the weights.
    bias : parameters, one a layer, shape (out_channels,)
    log_scale : parameter, shape (layers - 1,)
        Logarithm of the float value of one step of the activations of the hidden layers.
    """

    def __init__(self, spec, slopes=None, output="tanh"):
        super().__init__()
        self.spec = spec
        self.slopes = tuple(slopes or (0.0,) * (len(spec.layers) - 1))
        self.output = OUTPUTS[output]
        shapes = [layer.weight_shape for layer in spec.shapes]
        self.weight = nn.ParameterList(torch.zeros(shape) for shape in shapes)
        self.log_step = nn.ParameterList(torch.zeros(shape[1]) for shape in shapes)
        self.bias = nn.ParameterList(torch.zeros(shape[1]) for shape in shapes)
        self.log_scale = nn.Parameter(torch.zeros(len(shapes) - 1))
        self.register_buffer("table", torch.from_numpy(self.output.table()), persistent=False)

    @torch.no_grad()
    def start_from(self, rounded):
        """Take a :class:`train.quantize.pipeline.Rounded`; the integers are then the ones rounded
        from it.

        A weight beyond the range moves to its end, where it is not cut off from its gradient.
        """
        for n, layer in enumerate(self.spec.shapes):
            step = rounded.step[n][:, None, None]
            limit = step * layer.weight_max
            self.weight[n].copy_(torch.from_numpy(rounded.weight[n].clip(-limit, limit)))
            self.log_step[n].copy_(torch.from_numpy(np.log(rounded.step[n])))
            self.bias[n].copy_(torch.from_numpy(rounded.bias[n]))
        self.log_scale.copy_(torch.from_numpy(np.log(rounded.scale[:-1])))

    def integer_weights(self):
        """Yield each layer's weights in steps."""
        for layer, weight, log_step in zip(self.spec.shapes, self.weight, self.log_step):
            limit = layer.weight_max
            yield _round((weight / log_step.exp()[:, None, None]).clamp(-limit, limit))

    def integers(self):
        """Return the :class:`LayerIntegers` of each layer that the parameters stand for."""
        scales = self.log_scale.exp().double()
        scales = [
            scales.new_tensor(1 / STEPS_PER_UNIT),
            *scales,
            scales.new_tensor(1 / self.output.steps),
        ]
        found = []
        for n, (layer, weight) in enumerate(zip(self.spec.shapes, self.integer_weights())):
            acc_step = self.log_step[n].exp().double() * scales[n]
            bias = _round(self.bias[n] / acc_step).clamp(-layer.acc_max, layer.acc_max)
            factors = acc_step / scales[n + 1]
            shift = _shift(factors.detach().max())
            mul = _round(torch.ldexp(factors, shift)).clamp(0, MUL_MAX)
            leaky = layer.activation == LEAKY_RELU
            neg = _round(mul * self.slopes[n]) if leaky else None
            found.append(LayerIntegers(weight, bias, mul, neg, shift))
        return found

    def trace(self, inputs):
        """Yield each layer's accumulators, without bias, and outputs.

        Parameters
        ----------
        inputs : tensor, shape (N, latent)
            The integers z, z + v1 or z + v2; what is computed in has its dtype.

        Yields
        ------
        accumulators : tensor, shape (N, out_channels, out_size, out_size)
        outputs : tensor, shape of `accumulators`
            Activations, of the last layer pixels 0..255.
        """
        maps = inputs[:, :, None, None]
        with torch.autocast(inputs.device.type, enabled=False):
            for layer, facts in zip(self.spec.shapes, self.integers()):
                acc = _sums(maps, facts.weight.to(maps.dtype), layer)
                bias = facts.bias.to(maps.dtype)[:, None, None]
                factors = _factors(facts.mul, facts.shift, maps.dtype)
                if layer.is_last:
                    index = _StraightThrough.apply((acc + bias) * factors + 0.5, torch.floor)
                    maps = _Lookup.apply(index, self.table, self.output)
                elif facts.neg is None:
                    maps = _Activate.apply(acc, bias, factors)
                else:
                    negative = _factors(facts.neg, facts.shift, maps.dtype)
                    maps = _ActivateLeaky.apply(acc, bias, factors, negative)
                yield acc, maps

    def colour(self, z, *offsets, dtype=torch.float32):
        """Map latents (N, latent) to pictures (N, 3 or 1, size, size): pixels over 127.5, less 1.

        Parameters
        ----------
        z : float tensor, shape (N, latent)
        offsets : float tensors, shape (latent,)
            v1 and v2 of a network of three planes. All are quantised as
            :func:`golden.latents.quantize_latents` does.
        dtype : torch.dtype
            float32, or float64 for golden's very pixels.
        """
        z, *offsets = (
            torch.round(x.to(dtype) * STEPS_PER_UNIT).clamp(-128, 127) for x in (z, *offsets)
        )
        planes = self.spec.planes
        *_, (_, pixels) = self.trace(torch.cat((z, *(z + v for v in offsets[: planes - 1]))))
        pictures = pixels / 127.5 - 1
        if planes == 1:
            return pictures
        return pictures.view(planes, len(z), *pictures.shape[2:]).transpose(0, 1)

    @torch.no_grad()
    def model(self, offsets):
        """Return the network as it is, without metadata.

        Parameters
        ----------
        offsets : sequence of int8 arrays, shape (latent,)
            v1 and v2 of a network of three planes.

        Returns
        -------
        golden.model_file.Model
        """
        weight, bias, mul, neg, shift = zip(*self.integers())

        def arrays(tensors, dtype):
            return tuple(
                None if tensor is None else tensor.numpy(force=True).astype(dtype)
                for tensor in tensors
            )

        return Model(
            self.spec,
            weight=arrays(weight, np.int8),
            bias=arrays(bias, np.int32),
            mul=arrays(mul, np.uint16),
            neg=arrays(neg, np.uint16),
            shift=np.array(arrays(shift, np.uint8)),
            **dict(zip(("v1", "v2"), offsets)),
            table=self.table.numpy(force=True),
        )


def _sums(maps, weight, layer):
    """Return the layer's sums of products, by the fastest way that there is for its shape."""
    if layer.in_size == 1 and layer.padding == layer.output_padding == 0:
        return spread_pixel(maps.flatten(1), weight)
    doubles = (layer.kernel_size, *layer.geometry.values()) == (4, 2, 1, 0)
    if doubles and layer.out_channels == 1:
        return UpsampleToPlane.apply(maps, weight)
    return functional.conv_transpose2d(maps, weight, **layer.geometry)


def _factors(mantissa, shift, dtype):
    return torch.ldexp(mantissa, -shift).to(dtype)[:, None, None]


class _StraightThrough(Function):
    """A rounding whose gradient is its input's."""

    @staticmethod
    def forward(ctx, x, rounding):
        return rounding(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def _round(x):
    return _StraightThrough.apply(x, torch.round)


class _Activate(Function):
    """``clip(floor((acc + bias) * factors + 0.5), 0, 255)``, straight through inside the range."""

    @staticmethod
    def forward(ctx, acc, bias, factors):
        biased = acc + bias
        maps = (biased * factors).add_(0.5).floor_()
        inside = (maps >= 0) & (maps <= ACT_MAX)
        ctx.save_for_backward(biased, factors, inside)
        return maps.clamp_(0, ACT_MAX)

    @staticmethod
    def backward(ctx, gradient):
        biased, factors, inside = ctx.saved_tensors
        gradient = gradient * inside
        to_factors = (gradient * biased).sum((0, 2, 3))[:, None, None]
        gradient *= factors
        return gradient, gradient.sum((0, 2, 3))[:, None, None], to_factors


class _ActivateLeaky(Function):
    """``clip(floor((acc + bias) * factors + 0.5), -128, 127)``, straight through inside the range.

    Where ``acc + bias`` is negative `negative` stands for `factors`.
    """

    @staticmethod
    def forward(ctx, acc, bias, factors, negative):
        biased = acc + bias
        below = biased < 0
        chosen = torch.where(below, negative, factors)
        maps = (biased * chosen).add_(0.5).floor_()
        inside = (maps >= LEAKY_MIN) & (maps <= LEAKY_MAX)
        ctx.save_for_backward(biased, chosen, below, inside)
        return maps.clamp_(LEAKY_MIN, LEAKY_MAX)

    @staticmethod
    def backward(ctx, gradient):
        biased, chosen, below, inside = ctx.saved_tensors
        gradient = gradient * inside
        to_chosen = gradient * biased
        to_factors = (to_chosen * ~below).sum((0, 2, 3))[:, None, None]
        to_negative = (to_chosen * below).sum((0, 2, 3))[:, None, None]
        gradient = gradient * chosen
        return gradient, gradient.sum((0, 2, 3))[:, None, None], to_factors, to_negative


class _Lookup(Function):
    """Pixels of table indices; the gradient is that of the curve that the table holds."""

    @staticmethod
    def forward(ctx, index, table, output):
        ctx.save_for_backward(index)
        ctx.output = output
        return table[index.clamp(TABLE_MIN, TABLE_MAX).long() - TABLE_MIN].to(index.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (index,) = ctx.saved_tensors
        slope = ctx.output.slope(index / ctx.output.steps)
        return gradient * slope * (127.5 / ctx.output.steps), None, None


def _shift(greatest):
    """Return the largest shift, 1 to 40, with which `greatest` still fits mul: int32 tensor ()."""
    mantissa, exponent = torch.frexp(greatest)
    rounds_up = torch.round(torch.ldexp(mantissa, exponent.new_tensor(MUL_BITS))) > MUL_MAX
    return (MUL_BITS - exponent - rounds_up.int()).clamp(1, MAX_SHIFT)
