# SPDX-License-Identifier: Apache-2.0
"""The schedule as simulated: one avatar's control signals, drawn from the run's VCD.

python -m benchmarks.waveform --out docs/hardware/schedule.png
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

import matplotlib

from benchmarks import program
from golden.full_range import full_range_model
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.tiling import ArraySpec
from sim.generator.simulate import GeneratorSimulation
from support.failures import InputError
from support.files import check_destination, replacing

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SPEC = GeneratorSpec.avatars(channels=(16, 12, 8))
ARRAY = ArraySpec(8, 8)
# label, module, signal
SIGNALS = (
    ("latent in", "latents", "i__valid"),
    ("weight word", "feeder", "load"),
    ("beat", "feeder", "beat.valid"),
    ("layer", "feeder", "beat.layer"),
    ("half", "feeder", "beat.half"),
    ("job starts", "feeder", "job_start"),
    ("job done", "accumulators", "job_done"),
    ("step read", "readout", "step.valid"),
    ("row written", "scoreboard", "row_written"),
    ("pixel out", "pixels", "o__valid"),
)
BUSES = ("layer",)
COLOURS = ("#3465a4", "#cc5500", "#4e9a06", "#75507b")
_SCOPE = re.compile(r"\$scope \w+ (\S+) \$end")
_VAR = re.compile(r"\$var \w+ \d+ (\S+) (\S+)")
CLOCK = "clk"


def read(path):
    """Return each signal of :data:`SIGNALS` as its changes, counted in clock cycles.

    Parameters
    ----------
    path : path
        A VCD of the generator.

    Returns
    -------
    dict of str to list of (int, int)
        By label: cycle and value from then on.

    Raises
    ------
    InputError
        A signal is not in it.
    """
    scopes, codes, clock = [], {}, None
    changes = {label: [] for label, _, _ in SIGNALS}
    wanted = {(module, name): label for label, module, name in SIGNALS}
    cycle = 0
    with open(path) as file:
        for line in file:
            if match := _SCOPE.match(line.strip()):
                scopes.append(match[1])
            elif line.strip().startswith("$upscope"):
                scopes.pop()
            elif match := _VAR.match(line.strip()):
                code, name = match[1], match[2].lstrip("\\")
                if name == CLOCK and clock is None:
                    clock = code
                label = wanted.get((scopes[-1].lstrip("\\").split(".")[-1], name))
                if label:
                    codes.setdefault(code, []).append(label)
            elif line[0] in "01b":
                value, code = line[1:].split() if line[0] == "b" else (line[0], line[1:].strip())
                cycle += code == clock and value == "1"
                for label in codes.get(code, ()):
                    changes[label].append((cycle, int(value, 2)))
    missing = [label for label, found in changes.items() if not found]
    if missing:
        raise InputError(f"{path}: has no signal for {', '.join(missing)}")
    changes["end"] = [(cycle, 0)]
    return changes


def draw(changes, path):
    """Draw the whole avatar, and the cycles around the beginning of layer 2; PNG."""
    end = changes["end"][0][0]
    begin = next(cycle for cycle, value in changes["layer"] if value == 1)
    figure, panels = plt.subplots(2, 1, figsize=(11, 7), dpi=110)
    for axes, (first, last) in zip(panels, ((0, end), (begin - 190, begin + 60))):
        for place, (label, _, _) in enumerate(reversed(SIGNALS)):
            found = changes[label]
            for (start, value), (stop, _) in zip(found, found[1:] + [(end, 0)]):
                if stop < first or start > last or start == stop:
                    continue
                if label in BUSES:
                    axes.broken_barh(
                        [(start, stop - start)], (place, 0.75), color=COLOURS[value], alpha=0.75
                    )
                    centre = (max(start, first) + min(stop, last)) / 2
                    axes.text(centre, place + 0.35, value + 1, ha="center", va="center")
                elif value:
                    axes.broken_barh([(start, stop - start)], (place, 0.75), color="#333333")
            axes.axhline(place, color="#cccccc", linewidth=0.5, zorder=0)
        axes.set(
            xlim=(first, last),
            ylim=(-0.2, len(SIGNALS)),
            yticks=[n + 0.35 for n in range(len(SIGNALS))],
            yticklabels=[label for label, _, _ in reversed(SIGNALS)],
        )
    panels[1].set_xlabel("clock cycles")
    figure.tight_layout()
    figure.savefig(path, format="png", metadata={"Software": None})
    plt.close(figure)


def main(argv=None):
    """Simulate and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/hardware/schedule.png", metavar="FILE.png")
    args = parser.parse_args(argv)
    check_destination(args.out)
    simulation = GeneratorSimulation(full_range_model(SPEC), ARRAY, waves=True)
    with tempfile.TemporaryDirectory(prefix="avatar-waveform-") as folder:
        simulation.observe(draw_latents(0, 1), run_dir=folder)
        changes = read(Path(folder, "dump.vcd"))
    with replacing(args.out) as beside:
        draw(changes, beside)


if __name__ == "__main__":
    sys.exit(program.run(main))
