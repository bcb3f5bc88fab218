# SPDX-License-Identifier: Apache-2.0
"""hw.engine.dual_multiplier: both products exact for every operand, and in the hardware."""

import numpy as np
import pytest
from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.back import rtlil
from amaranth.sim import Simulator

from hw.engine.dual_multiplier import DualPE, field_bits, shared_columns, stored_weights
from hw.engine.systolic_array import PE, SystolicArray, made_of_logic
from hw.tiling import ArraySpec
from sim.verilog import run_yosys


def systolic_array(bits, *array, multipliers=None, **more):
    array = ArraySpec(*array, **more)
    return SystolicArray(
        array,
        weight_bits=bits,
        psum_width=8 + bits + (array.rows - 1).bit_length(),
        multipliers=multipliers,
    )


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_every_pair_of_weights_by_every_activation(bits):
    weights = np.arange(-(1 << bits - 1) + 1, 1 << bits - 1)
    tile = np.stack(np.meshgrid(weights, weights, indexing="ij"), -1).reshape(-1, 2)
    columns = np.tile(tile, 2).astype(np.int8)  # an array has four or more
    stored = stored_weights(columns, hop=4, weight_bits=bits)[:, :2].astype(np.int64)
    assert stored.min() >= -(1 << bits - 1)
    assert stored.max() < 1 << bits - 1

    field = field_bits(bits)
    packed = (stored[:, 1] << field) + (stored[:, 0] & (1 << field) - 1)
    assert -(1 << 17) <= packed.min() <= packed.max() < 1 << 17
    product = packed[:, None] * np.arange(-256, 256)
    assert (np.abs(product) < 1 << 2 * field - 1).all()

    sign = product >> field - 1 & 1
    low = (product & (1 << field) - 1) - (sign << field)
    high = (product >> field) + sign
    np.testing.assert_array_equal(low, tile[:, :1] * np.arange(-256, 256))
    np.testing.assert_array_equal(high, tile[:, 1:] * np.arange(-256, 256))


@pytest.mark.parametrize(
    ("columns", "hop", "expected"),
    [
        (7, 4, [(0, 1), (2, 3), (4, 5), (6,)]),
        (7, 3, [(0, 1), (2,), (3, 4), (5,), (6,)]),
        (4, 1, [(0,), (1,), (2,), (3,)]),
    ],
)
def test_columns_that_see_an_activation_together_share(columns, hop, expected):
    assert shared_columns(columns, hop=hop, weight_bits=5) == expected
    assert shared_columns(columns, hop=hop, weight_bits=6) == [(n,) for n in range(columns)]


def multipliers(component):
    return rtlil.convert(component, name="top").count("cell $mul ")


@pytest.mark.parametrize(("bits", "per_multiplier"), [(5, 2), (2, 2), (6, 1)])
def test_the_array_has_a_multiplier_for_two_products(bits, per_multiplier):
    assert multipliers(systolic_array(bits, 4, 8)) == 4 * 8 // per_multiplier


def test_synthesis_for_the_ecp5_takes_one_18_x_18_multiplier_for_two_products(tmp_path):
    text = rtlil.convert(systolic_array(5, 4, 4), name="top")
    (tmp_path / "top.il").write_text(text)
    synthesis = "synth_ecp5 -top top -run begin:map_luts"
    run_yosys(f"read_rtlil top.il; {synthesis}; write_rtlil netlist.il", tmp_path)
    assert (tmp_path / "netlist.il").read_text().count("cell \\MULT18X18D ") == 4 * 4 // 2


@pytest.mark.parametrize("share", [1, 0.6, 0])
@pytest.mark.parametrize(
    ("rows", "columns", "hop", "word_weights"),
    [(4, 8, 3, 9), (4, 4, 1, 5), (8, 4, 5, 30), (4, 16, 16, 64)],
)
def test_arrays_of_any_size_multiply_matrices(rows, columns, hop, word_weights, share):
    """Halves of a pair may come in different words; sums may have any number of carries.

    A share of the products are made in multipliers, the others by logic.
    """
    wanted = rows * len(shared_columns(columns, hop=hop, weight_bits=5))
    has = int(share * wanted)
    assert made_of_logic(wanted, has).count(False) == has
    array = systolic_array(5, rows, columns, word_weights=word_weights, hop=hop, multipliers=has)
    rng = np.random.default_rng(1)
    words = -(-rows * columns // word_weights)
    tiles, beats = 6, words + 3
    weights = rng.integers(-15, 15, (tiles + 1, rows, columns), endpoint=True).astype(np.int8)
    weights[:2] = [[[-15]], [[15]]]
    act = rng.integers(-256, 255, (tiles * beats, rows), endpoint=True)
    act[: 2 * beats : 2] = -256
    seen = []

    async def drive(ctx):
        for n in range(-beats, len(act)):
            tile, beat = divmod(n, beats)
            flat = stored_weights(weights[tile + 1], hop=hop, weight_bits=5).reshape(-1)
            word = flat[beat * word_weights :][:word_weights]
            ctx.set(array.swap, beat == 0)
            ctx.set(array.load, beat < words)
            ctx.set(array.index, beat % words)
            ctx.set(array.word, [int(w) for w in word] + [0] * (word_weights - len(word)))
            ctx.set(array.act, [int(a) for a in act[max(n, 0)]])
            await ctx.tick()
            seen.append([ctx.get(array.psums[c]) for c in range(columns)])

    simulator = Simulator(array)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    for c in range(columns):
        late = beats + array.latency - 1 + c // hop
        found = np.array(seen)[late:, c]
        expected = [act[n] @ weights[n // beats][:, c].astype(int) for n in range(len(found))]
        assert len(expected) > 4 * beats
        np.testing.assert_array_equal(found, expected, f"column {c}")


def miter(bits):
    """Return a dual PE beside two plain ones, and its ports.

    Output `good` says whether products and registers of both are as they must be; the registers
    come as inputs, named as Yosys names them in the flattened design, with _ for the dot.
    """
    m = Module()
    parts = {"dual": DualPE(bits), "one": PE(bits), "two": PE(bits)}
    dual, one, two = parts.values()
    act, swap, load = Signal(signed(9), name="act"), Signal(name="swap"), Signal(name="load")
    given = [Signal(signed(bits), name=f"weight_{n}") for n in range(2)]
    smallest = -(1 << bits - 1)
    weights = [Mux(weight == smallest, 0, weight) for weight in given]
    for name, part in parts.items():
        m.submodules[name] = part
        m.d.comb += [part.act.eq(act), part.swap.eq(swap), part.load.eq(load.replicate(2))]
    m.d.comb += [
        one.weight.eq(weights[0]),
        two.weight.eq(weights[1]),
        dual.weights[0].eq(weights[0]),
        dual.weights[1].eq(weights[1] - (weights[0] < 0)),
    ]

    facts = [one.product == dual.low, two.product == dual.high + dual.carry]
    registers = []
    field = field_bits(bits)
    for name, width, high in (
        ("shadow", 2 * bits, bits),
        ("multiplier_right", field + bits, field),
        ("multiplier_left", 9, None),
    ):
        both = Signal(signed(width), name=f"dual_{name}")
        first, second = (
            Signal(signed(bits if high else width), name=f"{pe}_{name}") for pe in ("one", "two")
        )
        registers += [both, first, second]
        if high is None:
            facts += [both == first, both == second]
        else:
            facts += [
                first != smallest,
                second != smallest,
                both[:high].as_signed() == first,
                both[high:].as_signed() == second - (first < 0),
            ]
    good = Signal(name="good")
    m.d.comb += good.eq(Cat(facts).all())
    return m, [act, swap, load, *given, good], registers


@pytest.mark.parametrize("bits", [2, 3, 4, pytest.param(5, marks=pytest.mark.slow)])
def test_the_hardware_is_two_plain_multipliers(tmp_path, bits):
    """By induction over the cycles from reset, with any operands: latency and swaps too."""
    m, ports, registers = miter(bits)
    text = rtlil.convert(m, name="miter", ports=ports + registers)
    (tmp_path / "miter.il").write_text(text)
    joined = [
        f"delete -port {wire.name}; connect -set {wire.name} {wire.name.replace('_', '.')}"
        for wire in registers
    ]
    prove = "sat -verify -tempinduct -maxsteps 4 -set-def-inputs -prove good 1"
    script = ["read_rtlil miter.il", "proc", "flatten", "cd miter", *joined, "opt_clean", prove]
    run_yosys("; ".join(script), tmp_path)
