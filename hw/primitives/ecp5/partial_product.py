# SPDX-License-Identifier: Apache-2.0
"""A row of adders whose operands pass a gate in the LUT that adds them."""

from amaranth import Const, Instance, Module, Signal

# A bit of a CCU2C adds A & B to C & D. Where its table does not pass the carry on, both are equal,
# and what it gives for A and B with C and D low is the carry: A & B itself, or its complement.
_ADD = sum(((n & 3 == 3) ^ (n >> 2 == 3)) << n for n in range(16))
_SUBTRACT = _ADD ^ 0xFFFF  # A & B


def ccu2c(part):
    """Return a module that makes `part` of one carry chain and a LUT.

    ``a & b0`` and ``a & b1``, one place higher, are added bit by bit: as many LUTs as a plain adder
    takes, where Yosys puts a gate before each of its inputs. The lowest bit needs no adder.

    Parameters
    ----------
    part : hw.primitives.partial_product.PartialProduct

    Returns
    -------
    Module
        Drives ``part.product``.
    """
    m = Module()
    width = len(part.product)
    low, high = part.digit
    a = [part.a[min(n, len(part.a) - 1)] for n in range(width)]
    table = Const(_SUBTRACT if part.top else _ADD, 16)

    total = Signal(width)
    m.d.comb += total[0].eq(a[0] & low)
    carry = Const(part.top, 1)  # x - y = x + ~y + 1
    for first in range(1, width, 2):
        cell = {"i_CIN": carry}
        for half, n in enumerate((first, first + 1)):
            inputs = (a[n - 1], high, a[n], low) if n < width else (Const(0),) * 4
            cell |= {f"i_{pin}{half}": bit for pin, bit in zip("ABCD", inputs, strict=True)}
            cell |= {f"p_INIT{half}": table, f"p_INJECT1_{half}": "NO"}
            cell[f"o_S{half}"] = total[n] if n < width else Signal(name="idle")
        carry = Signal(name="carry")
        m.submodules[f"bits_{first}"] = Instance("CCU2C", o_COUT=carry, **cell)

    product = Signal.like(part.product, reset_less=True)
    m.d.sync += product.eq(total)
    m.d.comb += part.product.eq(product)
    return m
