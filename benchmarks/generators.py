# SPDX-License-Identifier: Apache-2.0
"""Avatars a second: this hardware beside what a user would run instead, and beside published work.

    python -m benchmarks.generators --report docs/results/builds/ulx3s-85f-w5-2.json

One model file, the same latents, one thread each, in one run. Engines take turns; a figure is the
median over the rounds, in processor time, which other programs disturb less. Every engine's
pictures are compared with the reference's. The hardware's cycles are measured in simulation and
must be those of the cycle model; its clock is that of a bitstream which met it, in what ``avatar
build --json`` printed, or --clock. Writes bench.json, bench.md and bench.png into --out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks import program
from benchmarks.engines import engines
from benchmarks.roofline import draw
from boards.explore.fit import link_per_second
from boards.host.open_board import RATES
from golden import model_file
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.resources import multipliers
from hw.model.schedule import fitted, scheduled
from sim.generator import perf
from support.failures import InputError
from support.files import make_folder, replacing
from support.progress import bar
from train.experiments.report import save_part

BATCHES = (1, 16, 64)
ROUNDS = 3
SECONDS = 0.3  # of each engine and batch in a round, at least
OPERATIONS = 2  # of a multiplication: it, and its addition
NETWORK = "512-256-128"
PUBLISHED = (
    {
        "who": "the paper's board run, PYNQ, 8-bit weights, " + NETWORK,
        "avatars_per_second": 1 / 409.5,
        "utilisation": 0.077,
        "source": '"GAN を用いた新たなアバター生成", LSI Design Contest 2026: 136.5 s a plane; '
        "its state machine keeps one multiplier 7.7 % busy",
    },
    {
        "who": "QDCGAN, Zynq UltraScale+, 4-bit weights",
        "utilisation": 0.21,
        "source": "Alhussain and Lin, arXiv:2201.06878: useful of the multipliers' cycles, zeros "
        "inserted",
    },
    {
        "who": "deconvolution engine, XC7Z020, 200 MHz",
        "utilisation": 0.853,
        "gops_per_multiplier": 0.341,
        "source": "J. Imaging 2020, 6(9), 85, doi:10.3390/jimaging6090085: 72 GOPS on 96 % of 220 "
        "DSPs; the share is of a product a DSP and cycle",
    },
)  # fmt: skip


def measure_engines(model, latents):
    """Return what each engine does: avatars a second by batch, and its distance to the reference.

    Parameters
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (N, 100), N at least the largest batch
    """
    contestants = engines(model)
    reference = contestants[0](latents)
    rates = {engine.name: {batch: [] for batch in BATCHES} for engine in contestants}
    rounds = [(engine, batch) for _ in range(ROUNDS) for engine in contestants for batch in BATCHES]
    for engine, batch in bar(rounds, desc="engines", unit="round"):
        made, start = 0, time.process_time()
        while (taken := time.process_time() - start) < SECONDS or not made:
            engine(latents[:batch])
            made += batch
        rates[engine.name][batch].append(made / taken)
    found = []
    for engine in contestants:
        off = np.abs(engine(latents).astype(int) - reference)
        by_batch = {batch: float(np.median(each)) for batch, each in rates[engine.name].items()}
        found.append(
            {
                "name": engine.name,
                "arithmetic": engine.arithmetic,
                "avatars_per_second": max(by_batch.values()),
                "by_batch": by_batch,
                "milliseconds_single": 1000 / by_batch[1],
                "largest_difference": int(off.max()),
                "mean_difference": float(off.mean()),
            }
        )
    return found


def measure_hardware(model, array, clock_mhz):
    """Return the hardware's figures at a clock, with the cycles that its simulation took.

    Raises
    ------
    SystemExit
        The cycle model disagrees with the simulation.
    """
    facts = perf.measure(model, array)
    if not facts["agrees"]:
        sys.exit("the cycle model and the hardware disagree; see `avatar perf`")
    rate = clock_mhz * 1e6 / facts["cycles_interval"]
    count = multipliers(Capacity.of(scheduled(model.spec, array)))
    return {
        "rows": array.rows,
        "columns": array.columns,
        "clock_mhz": clock_mhz,
        "multipliers": count,
        **{
            name: facts[name]
            for name in (
                "macs_per_cycle",
                "useful_macs",
                "cycles_latency",
                "cycles_interval",
                "utilisation_interval",
            )
        },
        "avatars_per_second": rate,
        "milliseconds_single": facts["cycles_latency"] / clock_mhz / 1000,
        "gops": OPERATIONS * model.spec.useful_macs * rate / 1e9,
        "gops_per_multiplier": OPERATIONS * model.spec.useful_macs * rate / 1e9 / count,
    }


def as_markdown(results):
    """Return bench.md."""
    hardware = results["hardware"]
    lines = [
        "# Beside what one would use instead",
        "",
        f"`{results['command']}`",
        "",
        f"Model {results['model'][:16]}, {results['channels']}, {results['weight_bits']} bits; one "
        f"thread of {results['processor']}; {results['versions']}. Median of {ROUNDS} rounds, "
        f"processor time; {results['load']:g} programs wanted the processor meanwhile, and take "
        "its caches.",
        "",
        "| engine | arithmetic | avatars a second | of batch | ms, a single one | largest "
        "difference |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for engine in results["engines"]:
        batch = max(engine["by_batch"], key=engine["by_batch"].get)
        lines.append(
            f"| {engine['name']} | {engine['arithmetic']} | {engine['avatars_per_second']:,.0f} | "
            f"{batch} | {engine['milliseconds_single']:.2f} | {engine['largest_difference']} |"
        )
    lines += [
        f"| this hardware, {hardware['rows']} x {hardware['columns']} at "
        f"{hardware['clock_mhz']:g} MHz | integers, exact | "
        f"{hardware['avatars_per_second']:,.0f} | 1 | {hardware['milliseconds_single']:.2f} | 0 |",
        "",
        "ONNX Runtime has no 8-bit kernel for transposed convolution; its integers are four "
        "convolutions a layer, written",
        "by hand. The difference is to the reference, in steps of 255; float engines lack the "
        "rounding between layers.",
        f"The hardware's {hardware['cycles_interval']:,} cycles are measured in simulation; the "
        f"clock: {results['clock_source']}. From a board",
        f"come as many as its serial line carries: {results['line_per_second']:.0f} a second at "
        f"{RATES[0]:,} baud.",
        "",
        "## Beside published engines",
        "",
        "| who | useful multiplications | GOPS a multiplier | avatars a second | source |",
        "|---|--:|--:|--:|---|",
    ]
    ours = {
        "who": f"this hardware, {results['channels']}",
        "utilisation": hardware["utilisation_interval"],
        "gops_per_multiplier": hardware["gops_per_multiplier"],
        "avatars_per_second": hardware["avatars_per_second"],
        "source": f"{hardware['macs_per_cycle']} products a cycle in {hardware['multipliers']} "
        f"multipliers of 18 x 18 bits, {OPERATIONS} operations a useful product",
    }
    large = results["paper_network"]
    papers = {
        "who": f"this hardware, {NETWORK}, 5-bit weights, ideal weight memory",
        "utilisation": large["utilisation_interval"],
        "gops_per_multiplier": large["gops_per_multiplier"],
        "avatars_per_second": large["avatars_per_second"],
        "source": "cycle model; its weights fit on no device here",
    }
    for row in (*results["published"], ours, papers):
        cells = (
            row["who"],
            f"{row['utilisation']:.1%}",
            f"{row['gops_per_multiplier']:.3f}" if "gops_per_multiplier" in row else "",
            f"{row['avatars_per_second']:,.4g}" if "avatars_per_second" in row else "",
            row["source"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "![Roofline](bench.png)", ""]
    return "\n".join(lines)


def clock_of(args, model):
    """Return the clock in MHz, and in words where it comes from.

    Raises
    ------
    InputError
        Neither or both are given; the report has no clock, or is of another design.
    """
    if (args.clock is None) == (args.report is None):
        raise InputError(
            "give the routed clock: --report FILE of `avatar build --json`, or --clock"
        )
    if args.clock is not None:
        program.check_positive(clock=args.clock)
        return args.clock, "given on the command line"
    try:
        report = json.loads(Path(args.report).read_text())
        clock = float(report["clock_hz"]) / 1e6
        sizes = dict(report["capacity"])
        capacity = Capacity(ArraySpec(**sizes.pop("array")), **sizes)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{args.report}: no report of `avatar build --json`; make one") from error
    try:
        fitted(model.spec, capacity)
        if (capacity.array.rows, capacity.array.columns) != (args.rows, args.columns):
            raise InputError(f"its array is {capacity.array.rows} x {capacity.array.columns}")
    except InputError as error:
        raise InputError(
            f"{args.report}: {error}; route a machine that holds the model, or give --clock"
        ) from error
    return clock, f"met by the bitstream of {args.report}"


def paper_network(array, clock_mhz):
    """Return the figures of the paper's network on the same array, from the cycle model."""
    tiling = scheduled(GeneratorSpec.preset("contest", 5), array)
    cycles = CycleModel(tiling).cycles_interval
    useful = tiling.spec.useful_macs
    rate = clock_mhz * 1e6 / cycles
    return {
        "cycles_interval": cycles,
        "utilisation_interval": useful / (array.macs_per_cycle * cycles),
        "avatars_per_second": rate,
        "gops_per_multiplier": OPERATIONS * useful * rate / 1e9 / multipliers(Capacity.of(tiling)),
    }


def run(args):
    """Measure everything and write the files; return the results."""
    model = model_file.load(args.model)
    clock, source = clock_of(args, model)
    array = ArraySpec(args.rows, args.columns)
    make_folder(args.out)
    timed = measure_engines(model, draw_latents(0, max(BATCHES)))
    load = os.getloadavg()[0]  # of the minute behind us
    hardware = measure_hardware(model, array, clock)
    packages = ("numpy", "torch", "onnxruntime")
    results = {
        "command": "python -m benchmarks.generators " + " ".join(args.given),
        "model": model.digest,
        "channels": "-".join(map(str, model.spec.channels)),
        "weight_bits": max(model.spec.weight_bits),
        "processor": processor(),
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "load": round(load, 1),
        "clock_source": source,
        "engines": timed,
        "hardware": hardware,
        "line_per_second": link_per_second(RATES[0], model.spec),
        "paper_network": paper_network(array, clock),
        "published": PUBLISHED,
    }
    with replacing(Path(args.out, "bench.png")) as beside:
        draw(scheduled(model.spec, array), hardware["cycles_interval"], beside)
    save_part(args.out, "bench", results, as_markdown(results))
    return results


def processor():
    """Return the processor's name."""
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in facts.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def main(argv=None):
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="models/compact-normal-w5.safetensors", metavar="FILE")
    parser.add_argument("--rows", type=int, default=16, metavar="R")
    parser.add_argument("--columns", type=int, default=16, metavar="C")
    parser.add_argument("--report", metavar="FILE", help="what `avatar build --json` printed")
    parser.add_argument("--clock", type=float, metavar="MHZ", help="or the clock itself")
    parser.add_argument("--out", default="docs/results", metavar="DIR")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    argv = sys.argv[1:] if argv is None else argv
    args = parser.parse_args(argv)
    args.given = argv
    results = run(args)
    print(json.dumps(results) if args.json else as_markdown(results))


def _on_one_thread():
    """Begin anew with NumPy on one thread: its BLAS asks the environment as it is loaded."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


if __name__ == "__main__":
    _on_one_thread()
    sys.exit(program.run(main))
