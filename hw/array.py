# SPDX-License-Identifier: Apache-2.0
"""The size of the systolic array, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from golden.spec import QUAD
from support.failures import InputError

LANES = QUAD  # requantizers: a quad of the array's columns is read at once
GAP = 1024  # every so many words of weights one is left out (hw.primitives.block_ram)
BUSES = (16, 32)  # bits of a word of a memory outside
SUMS = 512  # accumulators of a half bank: block RAM of 36 bits has as many words


@dataclass(frozen=True)
class ArraySpec:
    """Size of the systolic array.

    Parameters
    ----------
    rows, columns : int
        Input channels and output channels (in the last layer: taps) of a tile: multiples of 4, 4
        to 256.
    word_weights : int, optional
        Weights in a word of the weight stream; half a tile by default, and as many as the bus of a
        memory outside has bits.
    hop : int
        Rows and columns that share a pipeline stage: data moves one group of `hop` a cycle.
    weight_bus : int
        0: the weights lie on the chip. 16 or 32: in a memory outside with words of so many bits.

    Raises
    ------
    InputError
        A size is out of range.
    """

    rows: int = 16
    columns: int = 16
    word_weights: int | None = None
    hop: int = 4
    weight_bus: int = 0

    def __post_init__(self):
        for name in ("rows", "columns"):
            size = getattr(self, name)
            if not LANES <= size <= 256 or size % LANES:
                raise InputError(
                    f"array: {name} is {size}; give a multiple of {LANES}, {LANES} to 256 "
                    f"({LANES} activations leave the requantizer at once)"
                )
        if self.weight_bus not in (0, *BUSES):
            raise InputError(
                f"array: weight_bus is {self.weight_bus}; give 0 (on the chip), 16 or 32"
            )
        if self.word_weights is None:
            half = self.rows * self.columns // 2
            object.__setattr__(self, "word_weights", self.weight_bus or half)
        if self.weight_bus not in (0, self.word_weights):
            raise InputError(
                f"array: {self.word_weights} weights a word; from outside it has as many as the "
                f"bus has bits, {self.weight_bus}"
            )
        if not 1 <= self.word_weights <= self.rows * self.columns:
            raise InputError(
                f"array: {self.word_weights} weights a word; give 1 to {self.rows * self.columns}"
            )
        if not 1 <= self.hop <= 16:
            raise InputError(f"array: hop is {self.hop}; give 1 to 16")

    @property
    def macs_per_cycle(self):
        """Products a cycle, each of which feeds an accumulator."""
        return self.rows * self.columns

    @property
    def row_groups(self):
        """Pipeline stages that a partial sum goes down."""
        return -(-self.rows // self.hop)

    @property
    def column_groups(self):
        """Pipeline stages that an activation goes right."""
        return -(-self.columns // self.hop)

    @property
    def quads(self):
        """Steps in which the requantizers read one accumulator address of all columns."""
        return self.columns // LANES

    @property
    def lanes(self):
        """Output phases of the last layer that the columns hold at once, four taps each."""
        return 4 if self.columns >= 16 else 2 if self.columns >= 8 else 1

    def words(self, rows):
        """Words of the weight stream of a tile with so many rows in use."""
        return -(-rows * self.columns // self.word_weights)


def with_gaps(words):
    """Return the words of memory that so many words of weights take, those left out included."""
    return words + max(0, words - 1) // (GAP - 1)
