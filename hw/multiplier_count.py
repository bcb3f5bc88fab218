# SPDX-License-Identifier: Apache-2.0
"""How many 18 x 18 multipliers the generator takes, without elaborating anything."""

from hw.dual_multiplier import shared_columns
from hw.requantizer import part_widths
from hw.tiling import LANES


def multipliers(tiling):
    """Return the multipliers of the array and of the requantiser's lanes.

    Two columns of the array share one where weights are narrow enough.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    """
    array = tiling.array.rows * len(shared_columns(tiling))
    return array + LANES * len(part_widths(tiling.acc_width))
