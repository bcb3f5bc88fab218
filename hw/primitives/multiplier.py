# SPDX-License-Identifier: Apache-2.0
"""A multiplier with all the registers that a DSP block has."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

MAX_WIDTH = 18  # of an operand, in the multipliers of ECP5, Gowin and others


class Multiplier(wiring.Component):
    """Multiply two signed numbers, registered before, inside and behind the multiplication.

    ``product`` follows ``a`` by :attr:`latency` cycles, a product a cycle. ``b`` is taken only with
    ``b_en``, beside the first ``a`` that it multiplies. A platform that has
    ``get_multiplier(multiplier)`` makes it of its own
    (:func:`hw.primitives.ecp5.multiplier.mult18x18d`); any other leaves it to synthesis.

    Parameters
    ----------
    a_width, b_width : int
        Bits of the operands, 1 to 18.

    Members
    -------
    a, b : In(signed(a_width)), In(signed(b_width))
    b_en : In(1)
    product : Out(signed(a_width + b_width))
    """

    latency = 3

    def __init__(self, a_width, b_width):
        super().__init__(
            {
                "a": In(signed(a_width)),
                "b": In(signed(b_width)),
                "b_en": In(1),
                "product": Out(signed(a_width + b_width)),
            }
        )

    def elaborate(self, platform):
        if hasattr(platform, "get_multiplier"):
            return platform.get_multiplier(self)
        m = Module()
        left = Signal.like(self.a, reset_less=True)
        right = Signal.like(self.b, reset_less=True)
        pipeline = Signal.like(self.product, reset_less=True)
        product = Signal.like(self.product, reset_less=True)
        with m.If(self.b_en):
            m.d.sync += right.eq(self.b)
        m.d.sync += [left.eq(self.a), pipeline.eq(left * right), product.eq(pipeline)]
        m.d.comb += self.product.eq(product)
        return m
