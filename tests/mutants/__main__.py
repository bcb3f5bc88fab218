# SPDX-License-Identifier: Apache-2.0
"""Deliberate faults in the hardware, each of which a bench must catch: ``make mutants``.

The working tree is left alone: faults go into copies of it. Exit status 0 if every fault was
caught, 1 if not, 2 if a fault does not fit the sources any more.
"""

import argparse
import os
import sys

from support.failures import InputError
from support.progress import bar, write
from support.termination import end_on_sigterm, run
from tests.mutants import (
    arithmetic,
    array,
    bus,
    display,
    external,
    flash,
    latents,
    link,
    loads,
    memories,
    plan,
    reading,
    schedule,
    streamed,
    text,
    wall,
)
from tests.mutants.run import ROOT, TIMEOUT, Judge

AREAS = (
    array, arithmetic, plan, schedule, reading, memories, link, loads, bus, external, streamed,
    display, latents, wall, text, flash,
)  # fmt: skip
MUTANTS = [mutant for area in AREAS for mutant in area.MUTANTS]


def main(argv=None):
    """Run the command line; return the exit status."""
    return run("mutants", lambda: _main(argv))


def _main(argv):
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name them, and why they matter")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="these, by name or file")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), metavar="N", help="benches at a time"
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT, metavar="S", help="seconds of a bench"
    )
    args = parser.parse_args(argv)
    chosen = [m for m in MUTANTS if not args.only or {m.name, m.file} & set(args.only)]
    if not chosen:
        raise InputError(f"--only {' '.join(args.only)}: there is no such mutant; see --list")
    if args.jobs < 1:
        raise InputError(f"--jobs is {args.jobs}; give 1 or more")
    if args.list:
        for mutant in chosen:
            print(f"{mutant.name:<34} hw/{mutant.file:<24} {mutant.why}")
        return 0
    for mutant in chosen:
        mutant.text(ROOT)

    end_on_sigterm()
    with Judge(args.jobs, timeout=args.timeout) as judge:
        benches = dict.fromkeys(mutant.bench for mutant in chosen)
        sound = _progress(judge.results((None, bench) for bench in benches), "sound", len(benches))
        for (_, bench), result in sound:
            if result.verdict != "passed":
                print(f"{bench} fails without any fault: {result.reason}")
                return 1
        caught = 0
        tasks = [(mutant, mutant.bench) for mutant in chosen]
        for (mutant, bench), result in _progress(judge.results(tasks), "mutants", len(tasks)):
            caught += result.verdict == "caught"
            verdict = "SURVIVED" if result.verdict == "passed" else result.verdict
            line = f"{verdict:<8} {mutant.name:<34} {result.seconds:5.1f} s  {bench}"
            write(line if result.verdict == "caught" else f"{line}: {result.reason}")
    print(f"{caught} of {len(chosen)} mutants caught")
    return 0 if caught == len(chosen) else 1


def _progress(results, what, count):
    return bar(results, desc=what, total=count, unit="mutant")


if __name__ == "__main__":
    sys.exit(main())
