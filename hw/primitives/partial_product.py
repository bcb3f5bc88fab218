# SPDX-License-Identifier: Apache-2.0
"""A number by two bits of another, in one row of adders."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

DIGIT_BITS = 2


class PartialProduct(wiring.Component):
    """Multiply a signed number by a digit of two bits, a product a cycle.

    ``product`` follows by one cycle. A platform that has ``get_partial_product(part)`` makes it of
    its own carry chains (:func:`hw.primitives.ecp5.partial_product.ccu2c`); any other leaves it to
    synthesis.

    Parameters
    ----------
    a_width : int
        Bits of the number.
    top : bool
        The digit is the highest of a signed number: -2 to 1, not 0 to 3.

    Members
    -------
    a : In(signed(a_width))
    digit : In(2)
    product : Out(signed(a_width + 2))
    """

    def __init__(self, a_width, *, top):
        self.top = top
        super().__init__(
            {
                "a": In(signed(a_width)),
                "digit": In(DIGIT_BITS),
                "product": Out(signed(a_width + DIGIT_BITS)),
            }
        )

    def elaborate(self, platform):
        if hasattr(platform, "get_partial_product"):
            return platform.get_partial_product(self)
        m = Module()
        digit = self.digit.as_signed() if self.top else self.digit
        product = Signal.like(self.product, reset_less=True)
        m.d.sync += product.eq(self.a * digit)
        m.d.comb += self.product.eq(product)
        return m
