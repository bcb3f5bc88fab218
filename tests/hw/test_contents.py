# SPDX-License-Identifier: Apache-2.0
"""hw.contents: words whose layout no bench decodes by itself."""

import numpy as np
import pytest

from golden.full_range import full_range_model
from golden.spec import GeneratorSpec
from hw.contents import Contents
from hw.tiling import LANES, ArraySpec, Tiling


@pytest.mark.parametrize("columns", [4, 7, 16])
def test_plane_biases_are_those_of_layer_1_with_v(columns):
    model = full_range_model(GeneratorSpec.avatars(channels=(9, 4, 4), weight_bits=(3, 8, 8, 8)))
    array = ArraySpec(4, columns)
    tiling = Tiling(model.spec, array)
    words = Contents.of(model, array).plane_biases
    assert len(words) == tiling.plane_bias_words
    width = tiling.plane_bias_width
    for channel in range(9):
        tile, column = divmod(channel, columns)
        quad, lane = divmod(column, LANES)
        for y, x, plane in np.ndindex(4, 4, 2):
            v = (model.v1, model.v2)[plane]
            expected = int(model.bias[0][channel])
            expected += sum(int(a) * int(w) for a, w in zip(v, model.weight[0][:, channel, y, x]))
            word = words[((tile * tiling.quads + quad) * 16 + 4 * y + x) * 2 + plane]
            found = word >> lane * width & (1 << width) - 1
            assert found - (found >> width - 1 << width) == expected
