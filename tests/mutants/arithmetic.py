# SPDX-License-Identifier: Apache-2.0
"""Faults behind the accumulators, from sums to bytes, and of the memories' contents."""

from tests.mutants.mutant import Mutant

NETWORK = "tests/sim/test_generator.py::test_conformance[odd-7-5-3-mixed-array0]"

MUTANTS = (
    Mutant(
        "requantizer-truncates",
        "requantizer.py",
        "rounded = register(product + half)",
        "rounded = register(product)",
        "lopsided/requantizer",
        "half of all activations are one too small",
    ),
    Mutant(
        "requantizer-saturates-early",
        "requantizer.py",
        "(1 << OUT_BITS - 1) - 1, 255)",
        "(1 << OUT_BITS - 1) - 1, 254)",
        "lopsided/requantizer",
        "the brightest activations are one too small",
    ),
    Mutant(
        "requantizer-keeps-negatives",
        "requantizer.py",
        "low = Mux(wide, -(1 << OUT_BITS - 1), 0)",
        "low = Mux(wide, -(1 << OUT_BITS - 1), -1)",
        "lopsided/requantizer",
        "without the ReLU a negative activation is stored as 255",
    ),
    Mutant(
        "requantizer-wraps-the-bias",
        "requantizer.py",
        "(self.acc + self.bias)[: self.acc_width + 1]",
        "(self.acc + self.bias)[: self.acc_width]",
        "lopsided/requantizer",
        "large sums with large biases change sign",
    ),
    Mutant(
        "requantizer-mixes-layers",
        "requantizer.py",
        "wide = delay(m, self.wide, 5)",
        "wide = delay(m, self.wide, 4)",
        "lopsided/requantizer",
        "the last activation of layer 3 has the range of layer 4",
    ),
    Mutant(
        "combiner-swaps-neighbours",
        "tap_combiner.py",
        "Mux(odd_x, left[0], left[1])",
        "Mux(odd_x, left[1], left[0])",
        "regular/tap_combiner",
        "pixels add the wrong taps of their left neighbour",
    ),
    Mutant(
        "combiner-wraps-rows",
        "tap_combiner.py",
        "previous = Mux(first_column, 0, Mux(odd_x, left[0], left[1]))",
        "previous = Mux(odd_x, left[0], left[1])",
        "regular/tap_combiner",
        "the left edge adds what was at the right one",
    ),
    Mutant(
        "combiner-without-flush",
        "tap_combiner.py",
        "tap.eq(Mux(flush, 0, self.taps[4 * lane + 2 * ty + tx]))",
        "tap.eq(self.taps[4 * lane + 2 * ty + tx])",
        "regular/tap_combiner",
        "right and lower edge add garbage",
    ),
    Mutant(
        "contents-forget-the-bias-of-v",
        "contents.py",
        "= sums + model.bias[0][:, None, None]",
        "= sums",
        "tests/hw/test_contents.py::test_plane_biases_are_those_of_layer_1_with_v",
        "green and blue lack the bias of layer 1",
    ),
    Mutant(
        "contents-swap-green-and-blue",
        "contents.py",
        "np.array([model.v1, model.v2], np.int64)",
        "np.array([model.v2, model.v1], np.int64)",
        "tests/hw/test_contents.py::test_plane_biases_are_those_of_layer_1_with_v",
        "right shapes in wrong colours",
    ),
    Mutant(
        "generator-reads-unused-rows",
        "generator.py",
        "act[r].eq(Mux(masked, 0, value))",
        "act[r].eq(value)",
        NETWORK,
        "rows beyond the last channel multiply what their bank last held",
    ),
    Mutant(
        "generator-table-off-centre",
        "generator.py",
        "requantizer.out ^ (TABLE_SIZE // 2)",
        "requantizer.out",
        NETWORK,
        "bright pixels are dark and dark ones bright",
    ),
    Mutant(
        "generator-swaps-phases",
        "generator.py",
        "Mux(doubled, Cat(done.phase[1], done.y), done.y)",
        "Mux(doubled, Cat(done.phase[0], done.y), done.y)",
        NETWORK,
        "maps have their odd rows in the wrong place",
    ),
)
