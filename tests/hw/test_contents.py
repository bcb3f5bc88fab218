# SPDX-License-Identifier: Apache-2.0
"""hw.contents: words whose layout no bench decodes by itself."""

import numpy as np
import pytest

from golden.full_range import full_range_model
from golden.spec import GeneratorSpec, Layer
from hw.array import LANES, ArraySpec
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine.load_bus import memories
from hw.tiling import Tiling
from tests.models import random_model


@pytest.mark.parametrize("columns", [4, 8, 16])
def test_plane_biases_are_those_of_layer_1_with_v(columns):
    """They come in the order in which layer 1 is read: column tile, pixel, plane, quad."""
    model = full_range_model(GeneratorSpec.avatars(channels=(9, 4, 4), weight_bits=(3, 8, 8, 8)))
    tiling = Tiling(model.spec, ArraySpec(4, columns))
    capacity = Capacity.of(tiling)
    words = iter(Contents.of(model, tiling, capacity).words["plane_biases"])
    width = capacity.plane_bias_width
    for left in range(0, 9, columns):
        for y, x, plane in np.ndindex(4, 4, 2):
            v = (model.v1, model.v2)[plane].astype(int)
            for first in range(left, min(left + columns, 9), LANES):
                word = next(words)
                for channel in range(first, min(first + LANES, 9)):
                    expected = int(model.bias[0][channel])
                    expected += int(v @ model.weight[0][:, channel, y, x].astype(int))
                    found = word >> (channel - first) * width & (1 << width) - 1
                    assert found - (found >> width - 1 << width) == expected
    assert next(words, None) is None


def test_every_word_fits_its_memory():
    spec = GeneratorSpec.avatars((9, 7, 5, 6), (2, 3, 4, 5, 8), head="rgb", latent=33)
    model = random_model(spec)
    tiling = Tiling(spec, ArraySpec(8, 12), slots=3)
    capacity = Capacity.of(tiling)
    words = Contents.of(model, tiling, capacity).words
    for memory in memories(capacity):
        assert len(words[memory.name]) <= memory.depth, memory.name
        assert all(0 <= word < 1 << memory.width for word in words[memory.name]), memory.name
    for name in ("weights", "channels", "sweeps", "feed", "read"):
        depth = {each.name: each.depth for each in memories(capacity)}[name]
        assert len(words[name]) == depth, name


def test_the_smallest_machine_of_the_smallest_network():
    """Its only map fills the memory: there is no address behind it for another row tile."""
    model = random_model(GeneratorSpec(3, 1, (Layer(4, 2, 1, 0), Layer(1, 2, 2, 0, 0, "table"))))
    tiling = Tiling(model.spec, ArraySpec(4, 4))
    capacity = Capacity.of(tiling)
    assert capacity.map_words == 4
    assert len(Contents.of(model, tiling, capacity).words["feed"]) == capacity.feed_words
