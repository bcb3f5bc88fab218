# SPDX-License-Identifier: Apache-2.0
"""The array's roofline: products a cycle against how often a fetched weight is used."""

from __future__ import annotations

import matplotlib

from hw.model.cycle_model import CycleModel

matplotlib.use("Agg")
from matplotlib import pyplot as plt

OFF_CHIP_BITS = 16  # an SDRAM's data pins, a word a cycle


def layers(tiling):
    """Return each layer's useful products, weights fetched, and cycles in the feeder.

    A tile takes its beats or, if they are more, the weight words of the tile behind it.

    Returns
    -------
    list of dict
        Keys `useful`, `fetched`, `cycles`.
    """
    facts = [{"useful": 0, "fetched": 0, "cycles": 0} for _ in tiling.layers]
    steps = [(job.layer, step) for _, job in CycleModel(tiling).jobs for step in job.steps]
    for (n, step), (_, behind) in zip(steps, steps[1:] + steps[:1], strict=True):
        facts[n]["fetched"] += step.words * tiling.array.word_weights
        facts[n]["cycles"] += max(step.busy, behind.words)
    for n, layer in enumerate(tiling.layers):
        facts[n]["useful"] = layer.shape.useful_macs * layer.slots
    return facts


def draw(tiling, cycles_interval, path):
    """Write the picture: the roofs of on-chip and off-chip weights, a point a layer; PNG.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    cycles_interval : int
        Measured, of the whole avatar.
    path : path
    """
    array = tiling.array
    facts = layers(tiling)
    figure, axes = plt.subplots(figsize=(7, 4.5), dpi=120)
    uses = [0.5, 2000]
    off_chip = OFF_CHIP_BITS // max(tiling.spec.weight_bits)
    for weights, style, label in (
        (array.word_weights, "-", f"{array.word_weights} weights a cycle, on chip"),
        (off_chip, "--", f"{off_chip} weights a cycle, a 16-bit SDRAM"),
    ):
        knee = array.macs_per_cycle / weights
        roof = [uses[0], knee, uses[1]]
        axes.plot(roof, [min(x, knee) * weights for x in roof], style, color="#555555", label=label)
    for n, layer in enumerate(facts):
        use = layer["useful"] / layer["fetched"]
        axes.plot(use, layer["useful"] / layer["cycles"], "o", label=f"layer {n + 1}")
    use = tiling.spec.useful_macs / sum(layer["fetched"] for layer in facts)
    axes.plot(
        use, tiling.spec.useful_macs / cycles_interval, "k*", markersize=12, label="whole avatar"
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="useful products a weight fetched",
        ylabel="useful products a cycle",
        title=f"{'-'.join(map(str, tiling.spec.channels))} on {array.rows} x {array.columns}",
    )
    axes.legend(frameon=False, fontsize=8)
    axes.grid(which="both", alpha=0.2)
    figure.tight_layout()
    figure.savefig(path, format="png", metadata={"Software": None})
    plt.close(figure)
