# SPDX-License-Identifier: Apache-2.0
"""Faults of the array: multipliers, packing, partial sums, accumulators."""

from tests.mutants.mutant import Mutant

PAIRS = "tests/hw/engine/test_dual_multiplier.py::test_every_pair_of_weights_by_every_activation"

MUTANTS = (
    Mutant(
        "pe-without-shadow",
        "engine/systolic_array.py",
        "multiplier.b.eq(shadow)",
        "multiplier.b.eq(self.weight)",
        "lopsided/pe",
        "a tile computes with whatever weight is loading",
    ),
    Mutant(
        "pe-never-waits",
        "engine/systolic_array.py",
        "multiplier.b_en.eq(self.swap)",
        "multiplier.b_en.eq(1)",
        "lopsided/pe",
        "a tile computes with the weights of the next one as they come",
    ),
    Mutant(
        "dual-pe-drops-the-borrow",
        "engine/dual_multiplier.py",
        "self.carry.eq(low[-1])",
        "self.carry.eq(0)",
        "regular/dual_pe",
        "products of every second column are one too small beside negative ones",
    ),
    Mutant(
        "dual-pe-loads-both",
        "engine/dual_multiplier.py",
        "with m.If(self.load[n]):",
        "with m.If(self.load.any()):",
        "regular/dual_pe",
        "a weight is overwritten while its neighbour loads",
    ),
    Mutant(
        "packing-borrows-from-zero",
        "engine/dual_multiplier.py",
        "tile[:, [low]] < 0",
        "tile[:, [low]] <= 0",
        PAIRS,
        "weights beside a zero are one too small",
    ),
    Mutant(
        "packing-field-too-narrow",
        "engine/dual_multiplier.py",
        "return INPUT_BITS - 1 + weight_bits",
        "return INPUT_BITS - 2 + weight_bits",
        PAIRS,
        "large products spill into their neighbour",
    ),
    Mutant(
        "array-loads-every-word",
        "engine/systolic_array.py",
        "loads.append(load[hops] & (index[hops] == word))",
        "loads.append(load[hops])",
        "lopsided/systolic_array",
        "all rows get the weights of the tile's last word",
    ),
    Mutant(
        "array-without-skew",
        "engine/systolic_array.py",
        "hops = r // hop + shared[0] // hop",
        "hops = r // hop",
        "lopsided/systolic_array",
        "columns on the right add sums of the activation before",
    ),
    Mutant(
        "array-sums-too-narrow",
        "tiling.py",
        "return largest.bit_length() + 1",
        "return largest.bit_length() - 1",
        "lopsided/systolic_array",
        "large sums of a column change sign",
    ),
    Mutant(
        "accumulator-adds-to-old-sums",
        "engine/accumulator.py",
        "Mux(before.opens, 0, Mux(before.half, outputs[1], outputs[0])) + self.psums[c]",
        "Mux(before.half, outputs[1], outputs[0]) + self.psums[c]",
        "lopsided/accumulator",
        "a job begins with the sums of the job before the last",
    ),
    Mutant(
        "accumulator-writes-both-halves",
        "engine/accumulator.py",
        "valids[g + write_lag] & (stored.half == half)",
        "valids[g + write_lag]",
        "lopsided/accumulator",
        "the half that is read changes under the reader",
    ),
    Mutant(
        "accumulator-reads-where-it-opens",
        "engine/accumulator.py",
        "valids[g] & ~controls[g].opens & (controls[g].half == half)",
        "valids[g] & (controls[g].half == half)",
        "lopsided/accumulator",
        "a job that opens behind the reader takes its address away",
    ),
    Mutant(
        "accumulator-done-early",
        "engine/accumulator.py",
        "return column_groups + AccumulatorBanks.write_lag",
        "return column_groups + AccumulatorBanks.write_lag - 3",
        "lopsided/accumulator",
        "the last sums of a job are read before they are stored",
    ),
)
