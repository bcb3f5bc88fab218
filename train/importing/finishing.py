# SPDX-License-Identifier: Apache-2.0
"""From a chain of layers to a network description and its arrays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional

from golden.spec import LEAKY_RELU, RELU, TABLE, GeneratorSpec, Layer
from support.failures import InputError
from train.importing import rewrites
from train.importing.chain import Stage
from train.importing.imported import NONE, Imported

WEIGHT_BITS = 8  # until quantisation says otherwise


def finish(chain, output):
    """Return what a chain computes, as layers of ours.

    Parameters
    ----------
    chain : train.importing.chain.Chain
        Spent by this.
    output : str
        The output function where the chain names none.

    Raises
    ------
    InputError
        The network is outside what a description holds.
    """
    chain.finish()
    stages = chain.stages
    _move_crops_down(stages)
    _carry_offsets(stages, chain.latent)
    layers, weights, biases = [], [], []
    for number, stage in enumerate(stages, 1):
        last = number == len(stages)
        try:
            weight, padding, output_padding = rewrites.squared(
                stage.weight, stage.stride, stage.crop.tolist()
            )
            if weight.shape[2:] != stage.weight.shape[2:]:
                stage.notes.append("rows and columns of zeros around the kernel: equal padding")
            weights.append(_as_float32(weight))
            biases.append(_as_float32(stage.bias))
            layers.append(
                Layer(
                    channels=weight.shape[1],
                    kernel_size=weight.shape[2],
                    stride=stage.stride,
                    padding=padding,
                    output_padding=output_padding,
                    activation=TABLE if last else LEAKY_RELU if stage.slope else RELU,
                    weight_bits=WEIGHT_BITS,
                )
            )
        except InputError as error:
            raise InputError(f"layer {number} ({', '.join(stage.source)}): {error}") from None
    spec = GeneratorSpec(latent=chain.latent, planes=1, layers=tuple(layers))
    output = chain.output or output
    return Imported(
        spec=spec,
        weight=tuple(weights),
        bias=tuple(biases),
        slopes=tuple(float(stage.slope) for stage in stages[:-1]),
        output=output,
        table=_table(spec, stages, output),
    )


def _as_float32(array):
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise InputError("a weight is a NaN, an infinity, or beyond float32")
    return array


def _sizes(stages):
    """(height, width) of the latent and of every layer's output."""
    sizes = [np.array([1, 1])]
    for stage in stages:
        sizes.append(stage.out_size(sizes[-1]))
    return sizes


def _move_crops_down(stages):
    """Cut what a layer's crop never reads off the layer below it, all but one row."""
    sizes = _sizes(stages)[1:]
    for (below, stage), size in reversed(list(zip(pairwise(stages), sizes))):
        unused = np.array([
            rewrites.unused_input(kernel, stage.stride, crop)
            for kernel, crop in zip(stage.weight.shape[2:], stage.crop.tolist(), strict=True)
        ])  # fmt: skip
        unused[:, 0] = np.minimum(unused[:, 0], size - 1)
        unused[:, 1] = np.minimum(unused[:, 1], size - 1 - unused[:, 0])
        below.crop = below.crop + unused
        stage.crop = stage.crop - stage.stride * unused


def _carry_offsets(stages, latent):
    """Make offsets that differ from pixel to pixel a channel that is 1, made by the layer below."""
    sizes = _sizes(stages)
    for number in reversed(range(len(stages))):
        stage = stages[number]
        if stage.one is None:
            continue
        reached = _of_ones(stage, sizes[number])
        one, stage.one = stage.one, None
        spread = np.ptp(reached, axis=(1, 2))
        if (spread <= 1e-12 * np.abs(reached).max()).all():  # sums of the same numbers
            stage.bias = stage.bias + reached.mean(axis=(1, 2))
            continue
        if number == 0:
            stages.insert(0, _identity(latent, stage))
            number = 1
        below = stages[number - 1]
        inputs, _, *kernel = below.weight.shape
        below.weight = np.concatenate([below.weight, np.zeros((inputs, 1, *kernel))], 1)
        below.bias = np.append(below.bias, 1.0)
        if below.one is not None:
            below.one = np.concatenate([below.one, np.zeros((1, *kernel))])
        stage.weight = np.concatenate([stage.weight, one[None]])
        below.notes.append("its last channel is 1 everywhere: it carries the next layer's offsets")


def _identity(latent, stage):
    return Stage(
        np.eye(latent)[:, :, None, None],
        np.zeros(latent),
        slope=1.0,
        source=stage.source[:1],
        notes=["one more layer, because every pixel of the next has an offset of its own"],
    )


def _of_ones(stage, size):
    """What the kernel `one` gives: (out, height, width)."""
    full = functional.conv_transpose2d(
        torch.ones(1, 1, *size.tolist(), dtype=torch.float64),
        torch.from_numpy(np.ascontiguousarray(stage.one))[None],
        stride=stage.stride,
    )[0].numpy()
    full = np.pad(full, [(0, 0), *np.maximum(-stage.crop, 0).tolist()])
    (top, left), (height, width) = np.maximum(stage.crop[:, 0], 0), stage.out_size(size)
    return full[:, top : top + height, left : left + width]


def _table(spec, stages, output):
    rows = []
    for shape, stage in zip(spec.shapes, stages, strict=True):
        if shape.is_last:
            activation = output
        else:
            activation = {0.0: RELU, 1.0: NONE}.get(stage.slope, f"{LEAKY_RELU}:{stage.slope:g}")
        rows.append({
            "layer": shape.number,
            "from": _shortened(stage.source),
            "maps": f"{shape.out_channels}x{shape.out_size}x{shape.out_size}",
            "kernel_size": shape.kernel_size,
            "stride": shape.stride,
            "padding": shape.padding,
            "output_padding": shape.output_padding,
            "activation": activation,
            "notes": stage.notes,
        })  # fmt: skip
    return rows


def _shortened(names):
    """One or two names, or the first and the last: exporters' are long."""
    return ", ".join(names) if len(names) < 3 else f"{names[0]} ... {names[-1]}"
