# SPDX-License-Identifier: Apache-2.0
"""How many 18 x 18 multipliers the generator takes, without elaborating anything."""

from hw.dual_multiplier import shared_columns
from hw.multiplier import MAX_WIDTH
from hw.tiling import LANES


def multipliers(tiling):
    """Return the multipliers of the array and of the requantiser's lanes.

    Two columns of the array share one where weights are narrow enough. A lane takes as many as
    hold the accumulator with its bias.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    """
    array = tiling.array.rows * len(shared_columns(tiling))
    return array + LANES * -(-(tiling.acc_width + 1) // MAX_WIDTH)
