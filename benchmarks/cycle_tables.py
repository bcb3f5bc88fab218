# SPDX-License-Identifier: Apache-2.0
"""The tables of cycles in docs/hardware.md: networks of many shapes on the machine.

Cycles come from the cycle model, which `avatar perf` holds against the simulated hardware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from golden.spec import TABLE, GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CAUSES, CycleModel
from hw.model.schedule import scheduled


def grey(*layers):
    """Return a network of one grey plane; each layer's channels, kernel, stride, padding, output
    padding."""
    last = len(layers) - 1
    named = [Layer(*layer, TABLE if n == last else "relu", 5) for n, layer in enumerate(layers)]
    return GeneratorSpec(100, 1, tuple(named))


RGB = GeneratorSpec.avatars((128, 64, 32), head="rgb")
PYTORCH = GeneratorSpec.avatars((512, 256, 128, 64), head="rgb")
KERNELS_744 = grey((128, 7, 1, 0, 0), (64, 4, 2, 1, 0), (1, 4, 2, 1, 0))
KERNELS_733 = grey((128, 7, 1, 0, 0), (32, 3, 2, 1, 1), (1, 3, 2, 1, 1))
TENSORFLOW = grey((256, 7, 1, 0, 0), (128, 5, 1, 2, 0), (64, 5, 2, 2, 1), (1, 5, 2, 2, 1))


@dataclass(frozen=True)
class Case:
    """A network on an array, so many latents in a pass."""

    name: str
    spec: GeneratorSpec
    array: ArraySpec = field(default_factory=ArraySpec)
    slots: int = 1

    @cached_property
    def model(self):
        """Its :class:`hw.model.cycle_model.CycleModel`."""
        return CycleModel(scheduled(self.spec, self.array, self.slots))

    @property
    def label(self):
        """Its name, with the latents of a pass where they are several."""
        return f"{self.name} x {self.slots}" if self.slots > 1 else self.name

    @property
    def useful(self):
        """Cycles of the whole array that the useful multiplications of a pass are."""
        return self.slots * self.spec.useful_macs / self.array.macs_per_cycle


CASES = (
    Case("`compact`", GeneratorSpec.preset("compact")),
    Case("`contest`", GeneratorSpec.preset("contest")),
    Case("64x64 RGB", PYTORCH),
    Case("`compact` RGB", RGB),
    Case("`compact` RGB", RGB, slots=3),
    Case("28x28, 7-4-4", KERNELS_744),
    Case("28x28, 7-3-3", KERNELS_733),
    Case("28x28, 7-3-3", KERNELS_733, slots=2),
    Case("28x28, 7-5-5-5", TENSORFLOW),
)
OTHER_ARRAYS = (
    Case("`compact`, 8 bits", GeneratorSpec.preset("compact", 8), ArraySpec(8, 16)),
    Case("28x28, 7-4-4", KERNELS_744, ArraySpec(8, 8)),
    Case("48-24-12", GeneratorSpec.avatars((48, 24, 12)), ArraySpec(8, 16)),  # edges of the tiles
)
OUTSIDE_MHZ = 125  # of the boards that have such a memory
_WIDE, _NARROW, _I9 = (
    ArraySpec(16, 16, weight_bus=16),
    ArraySpec(8, 16, weight_bus=16),
    ArraySpec(16, 8, weight_bus=32),
)
_CONTEST, _MEDIUM = GeneratorSpec.preset("contest"), GeneratorSpec.preset("medium")
OUTSIDE = (
    Case("`contest`", _CONTEST, _WIDE),
    Case("`contest`", _CONTEST, _NARROW),
    Case("`contest`, 8 bits", GeneratorSpec.preset("contest", 8), _NARROW),
    Case("64x64 RGB", PYTORCH, _WIDE),
    Case("64x64 RGB", PYTORCH, _WIDE, slots=2),
    Case("64x64 RGB", PYTORCH, _I9),
    Case("`medium`", _MEDIUM, _WIDE),
    Case("`medium`", _MEDIUM, _I9),
    Case("`compact`", GeneratorSpec.preset("compact"), _WIDE),
)


def cycles():
    """Return the table of cycles: header and rows."""
    header = (
        "network",
        "array",
        "latents a pass",
        "latency",
        "interval",
        "a picture",
        "useful, one alone",
        "useful, back to back",
    )
    rows = []
    for case in (*CASES, *OTHER_ARRAYS):
        model = case.model
        rows.append(
            (
                case.name,
                f"{case.array.rows} x {case.array.columns}",
                f"{case.slots}",
                f"{model.cycles_latency:,}",
                f"{model.cycles_interval:,}",
                f"{model.cycles_interval / case.slots:,.0f}",
                f"{case.useful / model.cycles_latency:.1%}",
                f"{case.useful / model.cycles_interval:.1%}",
            )
        )
    return header, rows


def lost(*, alone):
    """Return the table of lost cycles by cause on 16 x 16: header and rows.

    Parameters
    ----------
    alone : bool
        Of a pass by itself; else of passes that are made back to back.
    """
    columns = []
    for case in CASES:
        model = case.model
        count = model.cycles_latency if alone else model.cycles_interval
        causes = model.lost_in_latency() if alone else model.lost_in_interval()
        cells = [f"{causes[cause] / case.array.macs_per_cycle:,.1f}" for cause in CAUSES]
        columns.append([f"{count:,}", f"{case.useful:,.1f}", *cells])
    rows = [(name, *row) for name, row in zip(("all", "useful", *CAUSES), zip(*columns))]
    return ("cycles", *(case.label for case in CASES)), rows


def outside():
    """Return the table of networks whose weights lie outside the chip: header and rows."""
    header = (
        "network",
        "array",
        "bits of the memory",
        "latents a pass",
        "words of it",
        "interval",
        "waits for weights",
        "share of the bus",
        f"pictures a second at {OUTSIDE_MHZ} MHz",
    )
    rows = []
    for case in OUTSIDE:
        cycles = case.model.cycles_interval
        words = Capacity.needs(case.model.tiling)["weight_words"]
        lost = case.model.lost_in_interval()
        waits = (lost["layer 1"] + lost["weights"]) / case.array.macs_per_cycle
        rows.append(
            (
                case.name,
                f"{case.array.rows} x {case.array.columns}",
                f"{case.array.weight_bus}",
                f"{case.slots}",
                f"{words:,}",
                f"{cycles:,}",
                f"{waits / cycles:.1%}",
                f"{words / cycles:.1%}",
                f"{case.slots * OUTSIDE_MHZ * 1e6 / cycles:,.1f}",
            )
        )
    return header, rows
