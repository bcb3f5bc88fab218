# SPDX-License-Identifier: Apache-2.0
"""Faults of the latents that the machine draws for itself."""

from tests.mutants.mutant import Mutant

BENCH = "tests/sim/benches/test_latents.py::test_latents"

MUTANTS = (
    Mutant(
        "random-forgets-a-bit-of-the-seed",
        "latents/tausworthe.py",
        "Cat(Const(0, 3), self.seed[4:], one)",
        "Cat(Const(0, 3), self.seed[4:31], one, one)",
        BENCH,
        "the upper half of the seeds draws what the lower half does",
    ),
    Mutant(
        "random-moves-too-far",
        "latents/tausworthe.py",
        "STEPS = (12, 4, 17)",
        "STEPS = (12, 4, 16)",
        BENCH,
        "other faces than the reference's",
    ),
    Mutant(
        "normal-counts-a-limit-as-above",
        "latents/latent_source.py",
        ": -1] < limit)",
        ": -1] <= limit)",
        BENCH,
        "one number in 32,768 and size is a step too small",
    ),
    Mutant(
        "normal-overflows",
        "latents/latent_source.py",
        " | (size == LARGEST + 1)",
        "",
        BENCH,
        "one number in 10,000 makes the chip search for ever, or comes out as 0",
    ),
    Mutant(
        "walk-rounds-down",
        "latents/latent_source.py",
        "mixed + (1 << SCALE - 1)",
        "mixed",
        BENCH,
        "every step of a walk is a little too low",
    ),
    Mutant(
        "walk-does-not-saturate",
        "latents/latent_source.py",
        "Mux(whole > 127, 127,",
        "Mux(whole > 254, 127,",
        BENCH,
        "where both ends are large, a number of the walk flips its sign",
    ),
    Mutant(
        "walk-never-arrives",
        "latents/latent_source.py",
        "half.eq(half ^ (following == 0))",
        "half.eq(half)",
        BENCH,
        "a walk jumps back to where it began",
    ),
    Mutant(
        "walk-takes-an-old-number",
        "latents/latent_source.py",
        'read(Cat(index, ~half), "BEGIN")',
        'read(Cat(index, half), "BEGIN")',
        BENCH,
        "a walk leads from a latent to itself",
    ),
    Mutant(
        "choices-stay-as-they-are",
        "latents/latent_source.py",
        "chosen + product + 1",
        "chosen + product",
        BENCH,
        "a categorical walk shows some faces twice, and never takes the last option",
    ),
    Mutant(
        "choices-run-over",
        "latents/latent_source.py",
        "Mux(wrapped < 0, moved, wrapped)",
        "Mux(wrapped <= 0, moved, wrapped)",
        BENCH,
        "a choice that sets nothing, or one of the next choice",
    ),
    Mutant(
        "choices-change-from-the-second-on",
        "latents/latent_source.py",
        "with m.If(~first):",
        "with m.If(1):",
        BENCH,
        "a categorical walk begins with the wrong choice",
    ),
    Mutant(
        "choices-lose-a-bit",
        "latents/latent_source.py",
        "count == WORD_BITS - 2",
        "count == WORD_BITS - 3",
        BENCH,
        "half of all choices are wrong",
    ),
)
