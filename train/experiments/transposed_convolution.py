# SPDX-License-Identifier: Apache-2.0
"""Three forms of transposed convolution: equal on every layer, and what each of them costs (7.4).

Scatter is the definition, zero insertion what FPGA tools generate, the phase form what this
project's hardware computes: no inserted zero, no tap outside the picture.
"""

from __future__ import annotations

import numpy as np

from golden.conv_transpose import (
    conv_transpose2d_phases,
    conv_transpose2d_scatter,
    conv_transpose2d_zero_insertion,
    macs_phases,
    macs_scatter,
    macs_zero_insertion,
)
from golden.generator import trace
from golden.latents import quantize_latents
from golden.spec import ACT_BITS, INPUT_BITS, GeneratorSpec
from support.progress import bar
from train.experiments.figure import as_picture, charts
from train.experiments.report import Report, table
from train.experiments.subject import Missing, open_subject

FORMS = {
    "scatter": (conv_transpose2d_scatter, macs_scatter),
    "zero insertion": (conv_transpose2d_zero_insertion, macs_zero_insertion),
    "phases": (conv_transpose2d_phases, macs_phases),
}
LATENTS = 2
WEIGHT_BITS = 8


def layer_inputs(spec, rng):
    """Yield a layer, random maps of the greatest range it can get, and random weights."""
    for n, layer in enumerate(spec.shapes):
        low, high = (
            (-(2 ** (INPUT_BITS - 1)), 2 ** (INPUT_BITS - 1)) if n == 0 else (0, 2**ACT_BITS)
        )
        maps = rng.integers(low, high, (1, layer.in_channels, layer.in_size, layer.in_size))
        yield layer, maps, rng.integers(-layer.weight_max, layer.weight_max + 1, layer.weight_shape)


def differences(layer, maps, weight):
    """Outputs in which scatter and zero insertion differ from the phase form, and all outputs."""
    first, second, third = (form(maps, weight, **layer.geometry) for form, _ in FORMS.values())
    return int((first != third).sum() + (second != third).sum()), third.size


def layer_macs(layer):
    """Multiplications of one plane by form."""
    shapes = (1, layer.in_channels, layer.in_size, layer.in_size), layer.weight_shape
    return {name: count(*shapes, **layer.geometry) for name, (_, count) in FORMS.items()}


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        ``--model`` holds a float generator.
    """
    subject = open_subject(settings.model)
    if not subject.is_integer:
        raise Missing(f"{settings.model}: holds floats; give a model file of `avatar quantize`")
    compared, wrong = 0, 0
    model = subject.network
    z = quantize_latents(subject.draw(settings.seed, LATENTS))
    for layer, weight, step in zip(model.spec.shapes, model.weight, trace(model, z)):
        maps = step.inputs.reshape(-1, *step.inputs.shape[2:])
        found, outputs = differences(layer, maps, weight)
        wrong, compared = wrong + found, compared + outputs
    on_model = compared

    macs = {}
    rng = np.random.default_rng(settings.seed)
    for preset in bar(GeneratorSpec.PRESETS, desc="presets", unit="preset"):
        spec = GeneratorSpec.preset(preset, WEIGHT_BITS)
        macs[preset] = [layer_macs(layer) for layer in spec.shapes]
        for layer, maps, weight in layer_inputs(spec, rng):
            found, outputs = differences(layer, maps, weight)
            wrong, compared = wrong + found, compared + outputs
    totals = {
        preset: {
            name: layers[0][name] + spec.planes * sum(layer[name] for layer in layers[1:])
            for name in FORMS
        }
        for preset, layers in macs.items()
    }

    rows = []
    for preset, layers in macs.items():
        for n, counts in enumerate(layers, 1):
            share = counts["phases"] / counts["zero insertion"]
            rows.append((f"{preset}, layer {n}", *counts.values(), f"{share:.1%}"))
        share = totals[preset]["phases"] / totals[preset]["zero insertion"]
        rows.append((f"**{preset}, avatar**", *totals[preset].values(), f"{share:.1%}"))
    verdict = "in none" if wrong == 0 else f"in {wrong:,}"
    random = compared - on_model
    findings = f"""\
Compared on the layers of {subject.label} for {LATENTS} latents ({on_model:,} outputs) and on random
{WEIGHT_BITS}-bit weights and inputs of the full range in every layer of every preset ({random:,}
outputs), integers throughout: the three forms differ {verdict} of them.

Multiplications of one plane a layer, and of one colour avatar (layer 1 once, because it is linear,
the others three times):

{table(("", *FORMS, "phases over zero insertion"), rows)}
The phase form makes the useful multiplications alone. Scatter wastes those that fall off the
picture's edge, zero insertion multiplies by the zeros between and around the pixels: of its
multiplications a sixteenth are useful in layer 1 and less than a quarter in layers 2 to 4.
"""
    return Report(
        title="Three forms of transposed convolution",
        findings=findings,
        numbers={
            "model": subject.id,
            "outputs_compared": compared,
            "outputs_that_differ": wrong,
            "macs_a_plane": macs,
            "macs_an_avatar": totals,
        },
        picture=_chart(totals),
        caption="Multiplications of one colour avatar by form, all layers.",
    )


def _chart(totals):
    figure, (axes,) = charts(1, width=6)
    places = np.arange(len(totals))
    for n, name in enumerate(FORMS):
        axes.bar(places + (n - 1) * 0.27, [t[name] for t in totals.values()], 0.25, label=name)
    axes.set_yscale("log")
    axes.set_xticks(places, list(totals))
    axes.set_ylabel("multiplications an avatar")
    axes.legend(frameon=False)
    return as_picture(figure)
