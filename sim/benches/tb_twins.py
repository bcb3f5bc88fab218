# SPDX-License-Identifier: Apache-2.0
"""A family's primitives on our cell models against plain twins, NumPy, and Yosys' netlist.

The environment names the family, ``FAMILY``.
"""

import os

import cocotb
import numpy as np

from hw.contents import pack
from hw.primitives.block_ram import BlockRam
from hw.primitives.multiplier import Multiplier
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.twins import DIGITS, LEFT_OUT, OPERANDS, TWINS, contents, inferred_contents

CYCLES = 4000
FAMILY = TWINS[os.environ["FAMILY"]]


def held(values, en, before=0):
    """Return `values` as a register with enable `en` holds them, at the end of each cycle."""
    out = []
    for value, taken in zip(values, en, strict=True):
        before = value if taken else before
        out.append(before)
    return np.array(out)


def signed_field(values, width):
    """Return the lowest bits of `values` as signed numbers."""
    low = values & (1 << width) - 1
    return low - (low >> width - 1 << width)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies(dut):
    rng = generator()
    a, b = extremes(rng, -(1 << 17), (1 << 17) - 1, (2, CYCLES))
    b_en = rng.random(CYCLES) < 0.5
    b_en[0] = True

    await start(dut)
    names = [f"{name}_{kind}" for name in (*OPERANDS, *DIGITS) for kind in ("plain", "cell")]
    names += ["inferred_signed_product", "inferred_product"]
    inputs = {"a": [pack([n], 18) for n in a], "b": [pack([n], 18) for n in b], "b_en": b_en}
    seen = await play(dut, inputs, names)

    late = Multiplier.latency
    for name, (a_width, b_width) in OPERANDS.items():
        expected = signed_field(a, a_width) * held(signed_field(b, b_width), b_en)
        for kind in ("plain", "cell"):
            product = unpack(seen[f"{name}_{kind}"], a_width + b_width, 1)[:, 0]
            np.testing.assert_array_equal(product[1 + late :], expected[1:-late], f"{name} {kind}")

    for name, (width, top) in DIGITS.items():
        expected = signed_field(a, width) * (signed_field(b, 2) if top else b & 3)
        for kind in ("plain", "cell"):
            product = unpack(seen[f"{name}_{kind}"], width + 2, 1)[:, 0]
            np.testing.assert_array_equal(product[2:], expected[1:-1], f"{name} {kind}")

    whole = unpack(seen["inferred_signed_product"], 36, 1)[:, 0]
    np.testing.assert_array_equal(whole, a * b)
    mask = (1 << 18) - 1
    np.testing.assert_array_equal(seen["inferred_product"], (a & mask) * (b & mask))


def traffic(rng, depth, lanes, width, en):
    """Reads and writes of few words, so that they often meet; never in one cycle."""
    words = rng.choice(depth, min(40, depth), replace=False)
    words[:2] = 0, depth - 1
    address, write_address = rng.choice(words, (2, CYCLES))
    address[CYCLES // 2 :] = np.arange(CYCLES - CYCLES // 2) % depth  # at last every word
    write_en = rng.integers(0, 1 << lanes, CYCLES)
    write_en[CYCLES // 2 :] = 0
    write_en[en & (address == write_address)] = 0
    write_data = rng.integers(0, 1 << width, CYCLES)
    return [[int(n) for n in row] for row in (address, write_address, write_en, write_data)]


def remembered(words, latency, en, lanes, width, address, write_address, write_en, write_data):
    """Return what a memory of `words` puts out in each cycle."""
    words = list(words)
    line = [0] * latency
    out = []
    part = width // lanes
    for n in range(CYCLES):
        out.append(line[-1])
        if en[n]:
            line = [words[address[n]], *line[:-1]]
        mask = sum(
            ((1 << part) - 1) << lane * part for lane in range(lanes) if write_en[n] >> lane & 1
        )
        old = words[write_address[n]]
        words[write_address[n]] = old & ~mask | write_data[n] & mask
    return out


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def remembers(dut):
    rng = generator()
    always, sometimes = np.ones(CYCLES, bool), rng.random(CYCLES) < 0.7
    memories = {
        name: (
            *(BlockRam.latency, always, contents(FAMILY, name) + [0] * LEFT_OUT),
            *(depth, lanes, width, gap),
        )
        for name, (width, depth, lanes, gap) in FAMILY.memories.items()
    }
    width, depth = FAMILY.inferred
    memories["inferred"] = (1, sometimes, inferred_contents(FAMILY), depth, 1, width, 0)
    inputs, expected = {"en": sometimes}, {}
    for name, (latency, en, words, depth, lanes, width, gap) in memories.items():
        given = traffic(rng, depth, lanes, width, en)
        names = ("address", "write_address", "write_en", "write_data")
        inputs |= {f"{name}_{port}": values for port, values in zip(names, given, strict=True)}
        if gap:  # the address passes a register
            inputs[f"{name}_address"] = [*given[0][1:], 0]
            given[2] = [0 if at % gap == gap - 1 else some for at, some in zip(*given[1:3])]
        out = remembered(words, latency, en, lanes, width, *given)
        kinds = ("data",) if name == "inferred" else ("plain", "cell")
        expected |= {f"{name}_{kind}": out for kind in kinds}

    await start(dut)
    seen = await play(dut, inputs, expected)
    ready = 1 + BlockRam.latency + int(np.flatnonzero(sometimes)[0])  # what comes out was read
    for name, out in expected.items():
        np.testing.assert_array_equal(seen[name][ready:], out[ready:], name)
