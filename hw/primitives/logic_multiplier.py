# SPDX-License-Identifier: Apache-2.0
"""A multiplier of adders, for products that a chip has no DSP block left for."""

from amaranth import Module, Signal, signed

from hw.primitives.multiplier import Multiplier
from hw.primitives.partial_product import DIGIT_BITS, PartialProduct


class LogicMultiplier(Multiplier):
    """A multiplier of adders: same members, same cycles.

    Each two bits of ``b`` make a :class:`PartialProduct`; then these are added. The fewer bits
    ``b`` has, the fewer numbers are added in one cycle.
    """

    def elaborate(self, platform):
        m = Module()
        left = Signal.like(self.a, reset_less=True)
        right = Signal.like(self.b, reset_less=True)
        m.d.sync += left.eq(self.a)
        with m.If(self.b_en):
            m.d.sync += right.eq(self.b)

        count = -(-len(right) // DIGIT_BITS)
        digits = Signal(signed(count * DIGIT_BITS))
        m.d.comb += digits.eq(right)
        total = 0
        for n in range(count):
            part = PartialProduct(len(left), top=n == count - 1)
            m.submodules[f"part_{n}"] = part
            m.d.comb += [part.a.eq(left), part.digit.eq(digits.word_select(n, DIGIT_BITS))]
            total += part.product << n * DIGIT_BITS
        product = Signal.like(self.product, reset_less=True)
        m.d.sync += product.eq(total)
        m.d.comb += self.product.eq(product)
        return m
