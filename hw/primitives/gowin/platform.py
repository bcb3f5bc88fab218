# SPDX-License-Identifier: Apache-2.0
"""What a platform offers to plain components on a Gowin GW2A."""

from hw.primitives.gowin.block_ram import block_ram
from hw.primitives.gowin.multiplier import mult18x18


class GowinPrimitives:
    """Mix-in of a platform, or a platform by itself, as
    :class:`hw.primitives.ecp5.platform.Ecp5Primitives`.
    """

    get_block_ram = staticmethod(block_ram)
    get_multiplier = staticmethod(mult18x18)
