# SPDX-License-Identifier: Apache-2.0
"""What a platform offers to plain components on an ECP5."""

from hw.primitives.ecp5.block_ram import dp16kd
from hw.primitives.ecp5.multiplier import mult18x18d


class Ecp5Primitives:
    """Mix-in of a platform, or a platform by itself: memories and multipliers become primitives.

    As Amaranth's own ``get_ff_sync``: :class:`hw.primitives.block_ram.BlockRam` and
    :class:`hw.primitives.multiplier.Multiplier` ask for these when they are elaborated.
    """

    get_block_ram = staticmethod(dp16kd)
    get_multiplier = staticmethod(mult18x18d)
