# SPDX-License-Identifier: Apache-2.0
"""Two ways past the multipliers, on paper: products in LUTs, and Winograd's F(2x2, 2x2).

    python -m benchmarks.beyond --clock 150

A phase of a transposed convolution of stride 2 has 2 x 2 taps: F(2x2, 2x2) makes four outputs of
3 x 3 = 9 products in place of 16.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from benchmarks import program
from boards.chips.devices import device
from boards.chips.families import ECP5
from boards.explore.area import committed_runs, fit, logic_product
from golden.spec import ACT_BITS, INPUT_BITS, GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.resources import board_memories, logic_products
from hw.model.schedule import scheduled
from hw.primitives.multiplier import MAX_WIDTH

WEIGHT_BITS = (4, 5, 6, 8)
ARRAYS = (  # rows, columns, weight bits
    (16, 16, 5),
    (16, 20, 5),
    (24, 16, 5),
    (32, 16, 5),
    (32, 16, 4),
    (16, 32, 5),
    (16, 32, 4),
    (24, 24, 5),
    (32, 32, 4),
)
ACT_MAX = 2**ACT_BITS - 1
# F(2, 2): y = A ((G g) * (B d)), two outputs of two taps from three products.
A = np.array([[1, 1, 0], [0, 1, -1]])
G = np.array([[1, 0], [1, 1], [0, 1]])
B = np.array([[1, -1, 0], [0, 1, 0], [0, 1, -1]])


def winograd_exact(seed=0, trials=1000):
    """Return whether F(2x2, 2x2) gives the integers of the plain sum, over random full ranges."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        d = rng.integers(0, ACT_MAX, (3, 3), endpoint=True)
        g = rng.integers(-127, 127, (2, 2), endpoint=True)
        plain = [[(d[y : y + 2, x : x + 2] * g).sum() for x in range(2)] for y in range(2)]
        if (A @ ((G @ g @ G.T) * (B @ d @ B.T)) @ A.T != plain).any():
            return False
    return True


def operands(weight_bits):
    """Return the largest |activation| and |weight| of each of the nine products: (3, 3) arrays."""
    weight_max = 2 ** (weight_bits - 1) - 1
    differences = np.abs(B).sum(axis=1) - 1  # of two numbers of 0..255 each: within +-255
    both = np.add.outer(differences, differences)
    acts = ACT_MAX * 2 ** np.maximum(both - 1, 0)
    weights = weight_max * np.outer(G.sum(axis=1), G.sum(axis=1))
    return acts, weights


def packs(act_max, weight_max):
    """Return whether two products of one activation fit an 18 x 18 multiplier.

    The low product needs a field of its own width, sign included; the high weight lies above it.
    """
    field = int(act_max * weight_max).bit_length() + 1
    return field + int(weight_max).bit_length() + 1 <= MAX_WIDTH


def winograd(weight_bits):
    """Return the multipliers that four outputs of two channels take: plainly, and by Winograd."""
    plain = packs(ACT_MAX, 2 ** (weight_bits - 1) - 1)
    acts, weights = operands(weight_bits)
    packed = sum(packs(a, w) for a, w in zip(acts.flat, weights.flat, strict=True))
    return {
        "plain": 16 * (1 if plain else 2),
        "winograd": packed + 2 * (9 - packed),
        "packed_products": packed,
        "weight_bits_stored": int(sum(int(w).bit_length() + 1 for w in weights.flat)),
    }


def products(spec):
    """Return the useful products of an avatar by layer, and those of Winograd in layers 2 and 3.

    Winograd's tiles take zeros from outside the map where the plain sum skips the tap.
    """
    plain = [n.useful_macs * (spec.planes if i else 1) for i, n in enumerate(spec.shapes)]
    fast = list(plain)
    for n in (1, 2):
        layer = spec.shapes[n]
        tiles = 4 * (layer.in_size // 2) ** 2  # four phases, 2 x 2 outputs each
        fast[n] = spec.planes * layer.in_channels * layer.out_channels * tiles * 9
    return plain, fast


def study(preset, clock_mhz):
    """Return all numbers of the study.

    Parameters
    ----------
    preset : str
    clock_mhz : float
    """
    chip = device("lfe5u-85f")
    estimate = fit(committed_runs(ECP5), "luts", ECP5)
    found = {"clock_mhz": clock_mhz, "winograd_exact": winograd_exact(), "bits": []}
    for bits in WEIGHT_BITS:
        spec = GeneratorSpec.preset(preset, bits)
        per_multiplier = 2 if packs(ACT_MAX, 2 ** (bits - 1) - 1) else 1
        in_multipliers = chip.multipliers * per_multiplier
        luts = logic_product(bits)["luts"]
        used = estimate(Capacity.of(scheduled(spec, ArraySpec(16, 16))))
        in_luts = (chip.luts - used) // (luts + INPUT_BITS + bits)  # with its adder
        pair = winograd(bits)
        plain, fast = products(spec)
        cycles_plain = sum(plain) / in_multipliers
        share = pair["winograd"] / 18  # multipliers a product, Winograd
        cycles_fast = (plain[0] + plain[3]) / in_multipliers + (
            (fast[1] + fast[2]) * share / chip.multipliers
        )
        found["bits"].append(
            {
                "weight_bits": bits,
                "products_a_cycle": in_multipliers,
                "luts_a_product": luts,
                "lut_products": in_luts,
                "lut_gain": 1 + in_luts / in_multipliers,
                "winograd": pair,
                "winograd_products": sum(fast) / sum(plain),
                "winograd_gain": cycles_plain / cycles_fast,
                "per_second": clock_mhz * 1e6 / cycles_plain,
            }
        )
    found["arrays"] = [
        array_facts(GeneratorSpec.preset(preset, bits), rows, columns, clock_mhz, estimate)
        for rows, columns, bits in ARRAYS
    ]
    return found


def array_facts(spec, rows, columns, clock_mhz, estimate):
    """Return what the schedule as it is makes of an array, products in LUTs where need be.

    Parameters
    ----------
    spec : GeneratorSpec
    rows, columns : int
    clock_mhz : float
    estimate : boards.explore.area.Fit
        Of the LUTs.
    """
    chip = device("lfe5u-85f")
    array = ArraySpec(rows, columns)
    tiling = scheduled(spec, array)
    capacity, cycles = Capacity.of(tiling), CycleModel(tiling).cycles_interval
    macs, bits = array.macs_per_cycle, capacity.weight_bits
    in_luts = logic_products(capacity, chip.multipliers)
    return {
        "rows": rows,
        "columns": columns,
        "weight_bits": bits,
        "macs_per_cycle": macs,
        "in_luts": in_luts,
        "luts": estimate(capacity) + in_luts * logic_product(bits)["luts"],
        "blocks": sum(memory.blocks for memory in board_memories(capacity)),
        "cycles_interval": cycles,
        "utilisation": spec.useful_macs / (macs * cycles),
        "per_second": clock_mhz * 1e6 / cycles,
    }


def as_markdown(found):
    """Return the study's tables."""
    lines = [
        "| weight bits | products a cycle in the multipliers | LUTs a product | products in the "
        "LUTs left | speed with them | Winograd: products | multipliers for two channels, plain : "
        "Winograd | speed | stored bits of a phase's kernel |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found["bits"]:
        pair = row["winograd"]
        lines.append(
            f"| {row['weight_bits']} | {row['products_a_cycle']} | {row['luts_a_product']} | "
            f"{row['lut_products']} | {row['lut_gain']:.2f} | {row['winograd_products']:.2f} | "
            f"{pair['plain']} : {pair['winograd']} | {row['winograd_gain']:.2f} | "
            f"{4 * row['weight_bits']} : {pair['weight_bits_stored']} |"
        )
    lines += [
        "",
        "| array | weight bits | products a cycle | in LUTs | LUTs in all | block RAMs | cycles | "
        f"useful | avatars a second at {found['clock_mhz']:g} MHz |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['rows']} x {row['columns']} | {row['weight_bits']} | {row['macs_per_cycle']} | "
        f"{row['in_luts']} | {row['luts']:,} | {row['blocks']} | {row['cycles_interval']:,} | "
        f"{row['utilisation']:.1%} | {row['per_second']:,.0f} |"
        for row in found["arrays"]
    ]
    return "\n".join(lines)


def main(argv=None):
    """Print the study; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="compact")
    parser.add_argument("--clock", type=float, default=150.0, metavar="MHZ")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    args = parser.parse_args(argv)
    program.check_positive(clock=args.clock)
    found = study(args.preset, args.clock)
    print(json.dumps(found) if args.json else as_markdown(found))
    return 0 if found["winograd_exact"] else 1


if __name__ == "__main__":
    sys.exit(program.run(main))
