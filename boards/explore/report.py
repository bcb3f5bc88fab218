# SPDX-License-Identifier: Apache-2.0
"""What a sweep found, as a table for people and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

from boards.explore.area import RESOURCES
from support.files import replacing

SHOWN = 12  # lines of the printed table
COLOURS = {4: "#75507b", 5: "#3465a4", 6: "#4e9a06", 8: "#cc5500"}
HEADER = (
    ("array", 8),
    ("bits", 6),
    ("weights", 10),
    ("mult", 7),
    ("blocks", 8),
    ("LUT", 9),
    ("FF", 9),
    ("cycles", 11),
    ("useful", 8),
    ("core/s", 10),
    ("line/s", 9),
    ("bound", 18),
    ("with the line", 18),
)


def as_text(facts):
    """Return the lines that ``avatar explore`` prints of what `boards.explore.sweep.report`
    returned.
    """
    device, fit = facts["device"], facts["fit"]
    lines = [
        f"{device['name']}: {device['multipliers']} multipliers, {device['blocks']} block RAMs of "
        f"18 kbit, {device['luts']:,} LUT{device['lut_inputs']}, {device['flip_flops']:,} "
        f"flip-flops ({device['source']})",
        f"{'-'.join(map(str, facts['channels']))} at {facts['clock_hz'] / 1e6:g} MHz; "
        f"{facts['baud']:,} baud carry {facts['link_per_second']:g} avatars a second",
        f"LUTs and flip-flops: fit to syntheses ({fit['luts']['family']}), off by "
        "at most "
        + ", ".join(f"{fit[name]['residual']:.0%} ({name.replace('_', '-')})" for name in RESOURCES)
        + "; of a run left out by "
        + ", ".join(f"{fit[name]['left_out']:.0%}" for name in RESOURCES),
        "",
        "".join(f"{name:>{width}}" for name, width in HEADER),
    ]
    best = [point for point in facts["points"] if point["pareto"]]
    lines += [_row(point) for point in best[:SHOWN]]
    if len(best) > SHOWN:
        lines.append(f"... and {len(best) - SHOWN} more; --json has every point")
    if not best:
        least = min(facts["points"], key=lambda point: point["share"])
        short = ", ".join(f"{count:,} {name}" for name, count in least["lacks"].items())
        lines.append(
            f"nothing fits; the smallest, {least['rows']}x{least['columns']} at "
            f"{least['weight_bits']} bits, is short of {short.replace('_', '-')}"
        )
    elif facts["next"]:
        refused = ", ".join(f"{count} by {name}" for name, count in facts["next"].items())
        lines.append(f"larger arrays refused: {refused.replace('_', '-')}")
    return "\n".join(lines)


def _row(point):
    cells = (
        f"{point['rows']}x{point['columns']}",
        f"{point['weight_bits']}",
        point["weights"],
        f"{point['multipliers']:,}",
        f"{point['blocks']:,}",
        f"{point['luts']:,}",
        f"{point['flip_flops']:,}",
        f"{point['cycles_interval']:,}",
        f"{point['utilisation']:.1%}",
        f"{point['core_per_second']:,.1f}",
        f"{point['per_second']:,.1f}",
        point["core_bound"],
        point["bound"],
    )
    return "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, HEADER, strict=True))


def check_plots():
    """Import what draws, before the work; ModuleNotFoundError where it is not installed."""
    import matplotlib.pyplot  # noqa: F401


def save(facts, folder):
    """Write ``explore.json`` and ``explore.png``, each whole or not at all.

    Parameters
    ----------
    facts : dict
        As `boards.explore.sweep.report` returned them.
    folder : str or Path

    Raises
    ------
    InputError
        It cannot be written.
    """
    with replacing(Path(folder, "explore.json")) as beside:
        beside.write_text(json.dumps(facts, indent=1) + "\n")
    with replacing(Path(folder, "explore.png")) as beside:
        save_figure(facts, beside)


def save_figure(facts, path):
    """Draw speed over the share of the device that a point takes; PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), dpi=120)
    for bits, colour in COLOURS.items():
        for fits, face in ((True, colour), (False, "none")):
            points = [
                point
                for point in facts["points"]
                if point["weight_bits"] == bits and (not point["lacks"]) == fits
            ]
            axes.scatter(
                [100 * point["share"] for point in points],
                [point["core_per_second"] for point in points],
                s=18,
                facecolors=face,
                edgecolors=colour,
                linewidths=0.7,
                label=f"{bits} bits" if fits else None,
            )
        front = sorted(
            (point["share"], point["core_per_second"])
            for point in facts["points"]
            if point["pareto"] and point["weight_bits"] == bits
        )
        axes.plot([100 * x for x, _ in front], [y for _, y in front], colour, linewidth=1)
    axes.axvline(100, color="#888888", linewidth=0.8)
    axes.axhline(facts["link_per_second"], color="#888888", linewidth=0.8, linestyle="--")
    axes.annotate(
        f"{facts['baud'] / 1e6:g} Mbaud",
        (1, facts["link_per_second"]),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="share of the device's scarcest resource, % (hollow: does not fit)",
        ylabel=f"avatars a second at {facts['clock_hz'] / 1e6:g} MHz",
        title=f"{'-'.join(map(str, facts['channels']))} on {facts['device']['name']}",
    )
    axes.legend(frameon=False)
    axes.grid(which="both", alpha=0.2)
    figure.tight_layout()
    figure.savefig(path, format="png", metadata={"Software": None})
    plt.close(figure)
