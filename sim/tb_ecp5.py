# SPDX-License-Identifier: Apache-2.0
"""ECP5 primitives on our cell models against their plain twins, NumPy, and Yosys' netlist."""

import cocotb
import numpy as np

from hw.block_ram import BlockRam
from hw.contents import pack
from hw.multiplier import Multiplier
from sim.bench import extremes, generator, play, start, unpack
from sim.ecp5.pairs import (
    DEPTH,
    INFERRED_DEPTH,
    INFERRED_WIDTH,
    OPERANDS,
    WIDTH,
    contents,
    inferred_contents,
)

CYCLES = 4000


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
    names = [f"{name}_{kind}" for name in OPERANDS for kind in ("plain", "cell")]
    names += ["inferred_signed_product", "inferred_product"]
    inputs = {"a": [pack([n], 18) for n in a], "b": [pack([n], 18) for n in b], "b_en": b_en}
    seen = await play(dut, inputs, names)

    late = Multiplier.latency
    for name, (a_width, b_width) in OPERANDS.items():
        expected = signed_field(a, a_width) * held(signed_field(b, b_width), b_en)
        for kind in ("plain", "cell"):
            product = unpack(seen[f"{name}_{kind}"], a_width + b_width, 1)[:, 0]
            np.testing.assert_array_equal(product[1 + late :], expected[1:-late], f"{name} {kind}")

    whole = unpack(seen["inferred_signed_product"], 36, 1)[:, 0]
    np.testing.assert_array_equal(whole, a * b)
    mask = (1 << 18) - 1
    np.testing.assert_array_equal(seen["inferred_product"], (a & mask) * (b & mask))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def remembers(dut):
    """Reads and writes of few words, so that they often meet; never in one cycle."""
    rng = generator()
    words = rng.choice(DEPTH, 40, replace=False)
    words[:4] = 0, 1023, 1024, DEPTH - 1
    address, write_address = rng.choice(words, (2, CYCLES))
    en, write_en = rng.random((2, CYCLES)) < 0.7
    write_en[CYCLES // 2 :] = False
    address[CYCLES // 2 :] = np.arange(CYCLES - CYCLES // 2) % DEPTH  # at last every word
    write_en &= address % INFERRED_DEPTH != write_address % INFERRED_DEPTH
    write_data = rng.integers(0, 1 << WIDTH, CYCLES)

    outputs = {"data_plain": [], "data_cell": [], "inferred_data": []}
    whole, inferred = contents() + [0] * 20, inferred_contents()
    line, register = [0] * BlockRam.latency, 0
    expected, expected_inferred = [], []
    for n in range(CYCLES):
        expected.append(line[-1])
        expected_inferred.append(register)
        if en[n]:
            line = [whole[address[n]], *line[:-1]]
            register = inferred[address[n] % INFERRED_DEPTH]
        if write_en[n]:
            whole[write_address[n]] = write_data[n]
            inferred[write_address[n] % INFERRED_DEPTH] = write_data[n] % (1 << INFERRED_WIDTH)

    await start(dut)
    inputs = {"en": en, "address": address, "write_en": write_en}
    inputs |= {"write_address": write_address, "write_data": write_data}
    seen = await play(dut, inputs, outputs)
    ready = int(np.flatnonzero(np.cumsum(en) == BlockRam.latency)[0]) + 1  # what comes out was read
    for name in ("data_plain", "data_cell"):
        np.testing.assert_array_equal(seen[name][ready:], expected[ready:], name)
    np.testing.assert_array_equal(seen["inferred_data"][ready:], expected_inferred[ready:])
