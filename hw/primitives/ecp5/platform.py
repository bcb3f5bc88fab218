# SPDX-License-Identifier: Apache-2.0
"""What a platform offers to plain components on an ECP5."""

from hw.primitives.ecp5.block_ram import dp16kd
from hw.primitives.ecp5.multiplier import mult18x18d
from hw.primitives.ecp5.partial_product import ccu2c


class Ecp5Primitives:
    """Mix-in of a platform, or a platform by itself: memories and multipliers become primitives.

    As Amaranth's own ``get_ff_sync``: :class:`hw.primitives.block_ram.BlockRam`,
    :class:`hw.primitives.multiplier.Multiplier` and
    :class:`hw.primitives.partial_product.PartialProduct` ask for these when they are elaborated.

    Attributes
    ----------
    multipliers : int, optional
        Of the chip: of an array that wants more, the other products are made of logic
        (:class:`hw.engine.systolic_array.SystolicArray`). None: as many as it wants.
    """

    multipliers = None
    get_block_ram = staticmethod(dp16kd)
    get_multiplier = staticmethod(mult18x18d)
    get_partial_product = staticmethod(ccu2c)
