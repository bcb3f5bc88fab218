# SPDX-License-Identifier: Apache-2.0
"""From a run's float generator to the integers of a model file.

Layer by layer, on latents drawn as the run drew them: the integer network made so far gives the
inputs, the float network the outputs wanted. The weights are refitted to those inputs and rounded
against the outputs' error (:mod:`train.quantize.rounding`); every output channel has a weight
step, an activation scale and a bias of its own, the bias centring what error is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from golden.arithmetic import ACT_MAX, LEAKY_MAX, activate, activate_leaky
from golden.conv_transpose import conv_transpose2d_phases
from golden.generator import generate
from golden.latents import STEPS_PER_UNIT, quantize_latents
from golden.model_file import Model
from golden.spec import LEAKY_RELU, MAX_SHIFT, MUL_BITS
from support.failures import InputError
from support.progress import bar
from train.networks.float_generator import as_network, float_maps, float_pictures
from train.quantize.least_squares import normal_equations
from train.quantize.rounding import compensate, round_weights, search_steps
from train.run.float_generator import IntegerGenerator, draw_latents
from train.run.packed import config_of, read_earlier

CALIBRATION = 256  # latents
EVALUATION = 256
CLIP_QUANTILE = 0.99999  # of all activations of a layer: what becomes the greatest integer
SLOPE_FLOOR = 0.05  # least slope of the output that weighs an error in the last layer
PSNR_MAX = 99.0  # stands for infinity, which JSON cannot hold
_STREAM = 101  # of the run's seed: latents that training has not drawn


def psnr(pictures, reference):
    """Peak signal to noise ratio in dB of pictures in 0..255; infinite if they are equal."""
    error = np.mean((np.asarray(pictures, np.float64) - reference) ** 2)
    return 10 * math.log10(255**2 / error) if error else math.inf


def _activation_scale(maps, slope):
    """Float value of one activation step: the greatest integer is at :data:`CLIP_QUANTILE`.

    Parameters
    ----------
    maps : float array
        Sums before the activation.
    slope : float
        Of the activation below zero. 0 leaves uint8, another int8.
    """
    if slope:
        maps = np.where(maps < 0, -slope * maps, maps)
    greatest = np.quantile(maps, CLIP_QUANTILE)
    return (greatest if greatest > 0 else 1.0) / (LEAKY_MAX if slope else ACT_MAX)


def requantizer(factors):
    """Return mul (uint16) and shift with ``mul / 2**shift`` next to `factors`, shift at most 40."""
    shift = MAX_SHIFT
    while shift > 1 and np.rint(factors.max() * 2.0**shift) >= 2**MUL_BITS:
        shift -= 1
    return np.rint(factors * 2.0**shift).clip(0, 2**MUL_BITS - 1).astype(np.uint16), shift


def _round_layer(layer, weight, bias, inputs, wanted, importance):
    """Round one layer's weights.

    Parameters
    ----------
    layer : golden.spec.LayerShape
    weight : float array (in, out, kernel, kernel)
        Acts on `inputs`, the integers that the layer will get.
    bias : float array (out,)
    inputs : integer array (N, in, in_size, in_size)
    wanted : float array (N, out, out_size, out_size)
        The float network's outputs before ReLU or tanh.
    importance : float array, shape of `wanted` with 1 channel, or None
        Weight of the error at each output pixel.

    Returns
    -------
    rounded : int8 array
    refitted : float array
        What was rounded to them.
    steps : float array (out,)
        Float value of one step of the accumulators.
    """
    fits = [
        (phase, compensate(phase.weights(weight), hessian, cross), hessian)
        for phase, hessian, cross in normal_equations(
            layer, inputs, wanted - bias[:, None, None], importance
        )
    ]
    steps = search_steps(
        np.concatenate([matrix for _, matrix, _ in fits]),
        np.concatenate([np.diag(hessian) for *_, hessian in fits]),
        layer.weight_max,
    )
    rounded = np.zeros(layer.weight_shape, np.int8)  # a tap that meets no pixel stays 0
    refitted = np.zeros(layer.weight_shape)
    for phase, matrix, hessian in fits:
        integers, floats = round_weights(matrix, steps, layer.weight_max, hessian)
        phase.put(integers, rounded)
        phase.put(floats, refitted)
    return rounded, refitted, steps


@dataclass(frozen=True, eq=False)
class Rounded:
    """What the integers of a model were rounded from, one of each a layer.

    Attributes
    ----------
    weight : float arrays, shape (in_channels, out_channels, kernel, kernel)
    step : float arrays, shape (out_channels,)
        Float value of one step of the weights.
    bias : float arrays, shape (out_channels,)
    scale : floats
        Float value of one step of the outputs: of the activations, at last of the table's index.
    """

    weight: tuple[np.ndarray, ...]
    step: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    scale: tuple[float, ...]


def round_generator(config, generator, spec):
    """Round a run's generator to integers.

    Parameters
    ----------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator
    spec : golden.spec.GeneratorSpec

    Returns
    -------
    model : golden.model_file.Model
        Without metadata.
    rounded : Rounded
    """
    network = as_network(generator, spec)
    z = calibration_latents(config)[0]
    offsets = [quantize_latents(v) for v in generator.offsets]
    maps = quantize_latents(z).astype(np.int16)
    maps = np.concatenate([maps, *(maps + v for v in offsets)])[:, :, None, None]
    inputs = np.concatenate([z, *(z + v for v in generator.offsets)])
    integers = {"weight": [], "bias": [], "mul": [], "neg": [], "shift": []}
    floats = {"weight": [], "step": [], "bias": [], "scale": []}
    scale = 1 / STEPS_PER_UNIT  # float value of one step of the maps
    count = len(spec.layers)
    layers = bar(float_maps(network, inputs), total=count, desc="quantize", unit="layer")
    for layer, slope, wanted in zip(spec.shapes, (*network.slopes, 0.0), layers):
        last = layer.is_last
        importance = _importance(network.output, wanted) if last else None
        weight, bias = generator.weight[layer.number - 1] * scale, generator.bias[layer.number - 1]
        rounded, refitted, steps = _round_layer(layer, weight, bias, maps, wanted, importance)
        acc = conv_transpose2d_phases(maps, rounded, **layer.geometry)
        left = wanted - acc * steps[:, None, None]
        shares = None if importance is None else np.broadcast_to(importance, left.shape)
        centre = np.average(left, axis=(0, 2, 3), weights=shares)
        biases = np.rint(centre / steps).clip(-layer.acc_max, layer.acc_max).astype(np.int32)
        out_scale = 1 / network.output.steps if last else _activation_scale(wanted, slope)
        mul, shift = requantizer(steps / out_scale)
        neg = negative_factors(mul, slope) if layer.activation == LEAKY_RELU else None
        for name, value in zip(integers, (rounded, biases, mul, neg, shift)):
            integers[name].append(value)
        for name, value in zip(floats, (refitted / scale, steps / scale, centre, out_scale)):
            floats[name].append(value)
        if neg is not None:
            maps = activate_leaky(acc, biases, mul, neg, shift)
        elif not last:
            maps = activate(acc, biases, mul, shift)
        scale = out_scale
    integers["shift"] = np.array(integers["shift"], np.uint8)
    named = dict(zip(("v1", "v2"), offsets))
    model = Model(spec, **integers, **named, table=network.output.table())
    return model, Rounded(**{name: tuple(values) for name, values in floats.items()})


def _importance(output, sums):
    """Return the weight of an error at each output pixel: the slope squared, least over channels.

    Of several channels it is their mean: the least squares share one weight a pixel.
    """
    slope = output.slope(torch.from_numpy(sums)).numpy()
    return (np.maximum(slope, SLOPE_FLOOR) ** 2).mean(axis=1, keepdims=True)


def negative_factors(mul, slope):
    """Return neg (uint16): `mul` times the slope below zero."""
    return np.rint(mul * slope).astype(np.uint16)


def quantize(config, generator, weight_bits):
    """Make the integer generator of a run.

    Parameters
    ----------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator
    weight_bits : int or tuple of int

    Returns
    -------
    golden.model_file.Model
        The same run and bits give the same model. ``training`` tells where it comes from,
        ``metrics["psnr"]`` how near it is to the float generator, in dB, on latents that
        calibration has not seen.

    Raises
    ------
    InputError
        `weight_bits` are out of range.
    """
    spec = config.spec.with_weight_bits(weight_bits)
    model, _ = round_generator(config, generator, spec)
    network = as_network(generator, spec)
    return with_provenance(model, config, generator.progress, network, generator.offsets)


def quantize_run(run, weight_bits=None, learned=None):
    """Make the integer generator of a run.

    Parameters
    ----------
    run : str or Path
        Its folder, or a file packed from it.
    weight_bits : int or tuple of int, optional
        By default 8, or what a run in integers was trained with.
    learned : callable, optional
        Takes the place of :func:`quantize` where integers are still to be chosen.

    Returns
    -------
    golden.model_file.Model
        Of a run in integers the very ones it was trained with.

    Raises
    ------
    InputError
        `run` is no run or damaged, `weight_bits` are out of range or not those of its integers, or
        a run in integers is to choose them again.
    """
    config = config_of(run)
    if not config.integers:
        _, generator = read_earlier(run)
        return (learned or quantize)(config, generator, 8 if weight_bits is None else weight_bits)
    if learned is not None:
        raise InputError(f"{run}: was trained in integers; leave --learn out")
    if weight_bits is not None and config.spec.with_weight_bits(weight_bits) != config.spec:
        bits = ",".join(map(str, config.spec.weight_bits))
        raise InputError(f"{run}: was trained in {bits} bits; leave --weight-bits out")
    return IntegerGenerator.load(run, config.spec).model


def with_provenance(model, config, progress, network, offsets):
    """Return a model with what it comes from and how near it is to a float generator.

    Parameters
    ----------
    model : golden.model_file.Model
    config : train.run.config.RunConfig
    progress : dict
        :attr:`train.run.float_generator.FloatGenerator.progress`.
    network : train.networks.generator.Generator
        The float generator.
    offsets : tuple of float32 arrays, shape (latent,)
        Its.
    """
    z = calibration_latents(config)[1]
    reference = float_pictures(network, z, offsets)
    quality = psnr(generate(model, quantize_latents(z)), reference)
    return replace(
        model,
        training=config.travelling.provenance | {"planned_steps": config.steps} | progress,
        metrics={"psnr": round(min(quality, PSNR_MAX), 2), "psnr_pictures": EVALUATION},
    )


def calibration_latents(config):
    """Draw a run's latents, float32: those of calibration, and others to measure with."""
    rng = np.random.default_rng([config.seed, _STREAM])
    return [
        draw_latents(config.latents, (n, config.spec.latent), rng)
        for n in (CALIBRATION, EVALUATION)
    ]


def as_text(facts):
    """Return the lines that ``avatar quantize`` prints of a model's id, widths and metrics."""
    widths = ", ".join(str(width) for width in facts["acc_widths"])
    lines = [
        f"model               {facts['id']}",
        f"PSNR to the float   {facts['psnr']} dB",
        f"accumulator widths  {widths} bits",
    ]
    if "widened" in facts:
        lines.append(f"gain of latents     {facts['widened']}")
    return "\n".join(lines)
