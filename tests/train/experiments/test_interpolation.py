# SPDX-License-Identifier: Apache-2.0
"""A way between two latents."""

import numpy as np
import pytest

from support.failures import InputError
from train.experiments import interpolation


def test_a_generator_of_one_picture_has_no_way_between_two():
    alike = np.zeros((interpolation.STEPS + 2, 3, 32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="two latents give the same picture"):
        interpolation.describe(alike, alike, None, (32, 32, 3))
