# SPDX-License-Identifier: Apache-2.0
"""What a C++ compiler makes of Verilator itself: the same for every design, and most of a build."""

import hashlib
import shutil
from pathlib import Path

from support.cache import cache_dir
from support.files import replacing

HEADER = "runtime.h"  # includes what every file of a design includes, and is compiled once
# For Verilator's makefile. What runs in every cycle is compiled apart from what sets the design up,
# which is most of the text and would take most of the compiler's time. With -O2 a simulation is 4 %
# faster, but a design takes the compiler half as long again, and one long list of assignments, a
# netlist, minutes. Its own precompiled header would be one of each design.
MAKE_ARGS = [
    "VM_PARALLEL_BUILDS=1",
    "OPT_FAST=-O1",
    "OPT_SLOW=-O0",
    "OPT_GLOBAL=-O2",
    f"VK_PCH_H={HEADER}",
    f"VK_PCH_I_FAST=-include{HEADER}.fast",
    f"VK_PCH_I_SLOW=-include{HEADER}.slow",
]
COMPILED = (f"{HEADER}.*.gch", "verilated*.o")


class Runtime:
    """Verilator's own objects and precompiled headers, kept in the cache.

    One for all builds that give the compiler :data:`MAKE_ARGS`, and no options beside them.

    Parameters
    ----------
    verilator : sim.runner.Verilator
    waves : bool
        Of a program that writes waves.
    """

    def __init__(self, verilator, *, waves=False):
        kind = repr((verilator, waves, MAKE_ARGS))
        name = hashlib.sha256(kind.encode()).hexdigest()[:16]
        self._folder = cache_dir() / "verilator" / f"runtime-{name}"

    def lend(self, folder):
        """Put what there is into the folder of a build: `make` makes the rest.

        Between Verilator and `make`: objects must not be older than Verilator's makefile, either.
        """
        Path(folder, HEADER).write_text('#include "verilated.h"\n')
        _copy(self._folder, Path(folder))

    def keep(self, folder):
        """Take what a build has made and is not there yet: not every program needs all of it."""
        _copy(Path(folder), self._folder)


def _copy(source, target):
    """Copy what is compiled and `target` lacks, a whole file at a time, newer than its sources:
    else `make` would make it anew."""
    for pattern in COMPILED:
        for path in source.glob(pattern):
            kept = target / path.name
            if not kept.exists():
                with replacing(kept) as beside:
                    shutil.copyfile(path, beside)
