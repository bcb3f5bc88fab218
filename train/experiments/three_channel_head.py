# SPDX-License-Identifier: Apache-2.0
"""One plane three times, or three planes at once (the paper's 4.1).

The paper gives R, G and B one generator of one plane and three inputs because memory is short. The
alternatives are a last layer of three channels, run once, and three generators. All costs are
counted; the generators trained with either head lie in models/float.
"""

from __future__ import annotations

from golden.spec import ACT_BITS, GeneratorSpec
from train.experiments.figure import Row, sheet
from train.experiments.measuring import comparison, measure_all
from train.experiments.report import Report, table
from train.experiments.subject import open_named

PRESETS = ("contest", "medium", "compact")
WEIGHT_BITS = (8, 5)
WAYS = ("one plane, three times", "three planes at once", "three generators")
HEAD, PLAIN = "head-3", "both"
SHOWN = 10
PICTURE_BITS = GeneratorSpec.preset(PRESETS[0]).picture_bytes * ACT_BITS


def costs(spec, way):
    """Count weights, their memory, useful multiplications and the largest pair of maps.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    way : str
        One of :data:`WAYS`.

    Returns
    -------
    dict
        ``weights``, ``weight_bits`` (memory), ``macs`` (useful, a colour avatar), ``map_bits``
        (inputs and outputs of the layer that has most of both, one pass at a time).
    """
    *layers, last = spec.shapes
    weights, memory = spec.weights, spec.weight_memory_bits
    macs, channels_out = spec.useful_macs, 1
    if way == "three planes at once":
        more = (spec.planes - 1) * last.weights
        weights, memory = weights + more, memory + more * last.weight_bits
        macs = sum(layer.useful_macs for layer in layers) + spec.planes * last.useful_macs
        channels_out = spec.planes
    elif way == "three generators":
        weights, memory = spec.planes * weights, spec.planes * memory
        macs = spec.planes * sum(layer.useful_macs for layer in spec.shapes)
    maps = [
        layer.in_channels * layer.in_size**2 + layer.out_channels * layer.out_size**2
        for layer in layers[1:]
    ]
    maps.append(last.in_channels * last.in_size**2 + channels_out * spec.size**2)
    return {
        "weights": weights,
        "weight_bits": memory,
        "macs": macs,
        "map_bits": max(maps) * ACT_BITS,
    }


def run(settings):
    """Return the report; see the module."""
    counted = {
        preset: {
            way: {bits: costs(GeneratorSpec.preset(preset, bits), way) for bits in WEIGHT_BITS}
            for way in WAYS
        }
        for preset in PRESETS
    }
    first = WEIGHT_BITS[0]
    rows = [
        (
            f"{preset}: {way}",
            cost[first]["weights"],
            *(f"{cost[bits]['weight_bits'] / 1000:,.0f}" for bits in WEIGHT_BITS),
            cost[first]["macs"],
            f"{cost[first]['map_bits'] / 1000:,.0f}",
        )
        for preset, ways in counted.items()
        for way, cost in ways.items()
    ]
    header = (
        "",
        "weights",
        *(f"memory at {bits} bits, kbit" for bits in WEIGHT_BITS),
        "useful MACs an avatar",
        "greatest maps, kbit",
    )
    plain, head = (counted["contest"][way][first] for way in WAYS[:2])
    more, macs = head["weights"] / plain["weights"] - 1, head["macs"] / plain["macs"]
    same = plain["map_bits"] == head["map_bits"]
    findings = f"""\
Counted, not measured; useful MACs count layer 1 once where the three planes share it. Maps are the
inputs and outputs of the layer that has most of both, one pass at a time.

{table(header, rows)}
On the paper's own network (contest) three channels at once need {more:.2%} more weights and
{macs:.0%} of the multiplications of one plane three times; the greatest maps
{"stay the same" if same else "grow"}: the whole picture, {round(PICTURE_BITS / 1000)} kbit, is
small beside the maps before it. So memory does not forbid the three-channel head, as the paper
says it does. What the single plane buys is a last layer, and an output buffer, a third as large;
three generators would need three times the weights.
"""
    found = open_named((PLAIN, HEAD))
    figures = measure_all(found, settings.seed)
    if figures:
        made_from = "; ".join(f"{s.label}: {s.made_from}" for s in found)
        findings += f"""
Trained with either head, one run each ({made_from}; for about the same processor time):

{comparison(figures)}
"""
    else:
        findings += "\nNo trained generators of either head are there yet.\n"
    made = [Row(s.label, s.pictures(s.draw(settings.seed, SHOWN))) for s in found]
    return Report(
        title="One plane three times, or three planes at once",
        findings=findings,
        numbers={
            "costs": counted,
            "ids": {s.label: s.id for s in found},
            "figures": figures,
        },
        picture=sheet(made) if made else None,
        caption=f"{SHOWN} latents, unpicked, through the generators of either head."
        if made
        else "",
    )
