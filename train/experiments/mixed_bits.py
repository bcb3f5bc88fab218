# SPDX-License-Identifier: Apache-2.0
"""Which layer needs its weight bits: a float generator rounded to other widths layer by layer."""

from __future__ import annotations

from support.progress import bar
from train.experiments.figure import Row, sheet
from train.experiments.measuring import (
    BIT_GOALS,
    as_percentages,
    changes,
    comparison,
    integer_columns,
    measure_all,
)
from train.experiments.report import Report, table
from train.experiments.subject import GENERATORS, Missing, as_subject, open_subject
from train.quantize.pipeline import quantize
from train.run import packed

GENERATOR = "best-20000"
WIDE, NARROW = 8, (5, 4)
LAYERS = range(4)
SHOWN = 10
# Measured as pictures: each narrow width alone, then with the layer that costs most widened.
UNIFORM = (6, 5, 4, 3)
ONE_WIDER = ((5, 6), (5, 8), (4, 5), (4, 6))


def but_one(most, one, layer):
    """Return four widths: `one` in `layer`, `most` in the others."""
    return tuple(one if n == layer else most for n in LAYERS)


def psnr(subject):
    """Return how near a rounded generator is to the float one, in dB."""
    return subject.network.metrics["psnr"]


def rounded(path, wanted):
    """Return the generator of a file rounded to each of `wanted`, a subject by widths."""
    config, generator, _ = packed.load(path)
    return {
        bits: as_subject(GENERATOR, quantize(config, generator, bits))
        for bits in bar(wanted, desc="round", unit="model")
    }


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        The float generator is not there.
    """
    path = GENERATORS / f"{GENERATOR}.safetensors"
    if not path.is_file():
        raise Missing(f"{path}: there is no such file; run from the repository's root")
    uniform = [(bits,) * 4 for bits in (WIDE, *UNIFORM)]
    pairs = [pair for narrow in NARROW for pair in ((WIDE, narrow), (narrow, WIDE))]
    probes = [but_one(*pair, layer) for pair in pairs for layer in LAYERS]
    models = rounded(path, [*uniform, *probes])
    weakest = min(LAYERS, key=lambda layer: psnr(models[but_one(*pairs[0], layer)]))
    mixes = [but_one(most, one, weakest) for most, one in ONE_WIDER]
    models |= rounded(path, [bits for bits in mixes if bits not in models])

    teacher = open_subject(path)
    shown = [*uniform[1:], *mixes]
    shown = [models[bits] for bits in sorted(shown, key=lambda bits: (-bits[0], bits))]
    figures = measure_all([teacher, *shown], settings.seed)
    changed = {s.label: changes(figures, s.label, teacher.label) for s in shown}
    sentences = "\n".join(
        f"- {s.label}: {as_percentages(changed[s.label], s.spec.weight_bits)}" for s in shown
    )
    layers = [
        [
            str(layer + 1),
            teacher.spec.shapes[layer].weights,
            *(f"{psnr(models[but_one(*pair, layer)]):.1f}" for pair in pairs),
        ]
        for layer in LAYERS
    ]
    header = ("layer", "weights", *(f"{most} bits, it {one}" for most, one in pairs))
    least = teacher.spec.shapes[weakest]
    findings = f"""\
{teacher.label} rounded after training, nothing trained on. PSNR to the float generator in dB when
one layer has other weight bits than the rest:

{table(header, layers)}
Layer {weakest + 1} costs most, with {least.weights / teacher.spec.weights:.0%} of the weights. What
the pictures lose, and what they lose with this layer wider. The hardware keeps all weights at the
widest layer's bits, so that a mix makes the file smaller and the memory on the chip no smaller:

{comparison(figures, integer_columns([teacher, *shown]))}
{BIT_GOALS}Against the float generator:

{sentences}
"""
    rows = [Row(s.label, s.pictures(s.draw(settings.seed, SHOWN))) for s in (teacher, *shown)]
    return Report(
        title="Weight bits, layer by layer",
        findings=findings,
        numbers={
            "generator": teacher.id,
            "psnr": {"-".join(map(str, bits)): psnr(each) for bits, each in models.items()},
            "weakest_layer": weakest + 1,
            "figures": figures,
            "changes": changed,
        },
        picture=sheet(rows, scale=2),
        caption=f"The same {SHOWN} latents, unpicked.",
    )
