# SPDX-License-Identifier: Apache-2.0
"""The tables of cycles in docs/hardware.md: networks of many shapes on the machine.

Cycles come from the cycle model, which `avatar perf` holds against the simulated hardware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from golden.spec import TABLE, GeneratorSpec, Layer
from hw.array import ArraySpec
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
