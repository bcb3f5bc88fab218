# SPDX-License-Identifier: Apache-2.0
"""golden.layer_sums: the order of the sums against the order of the array's work."""

import zlib
from itertools import product

import numpy as np
import pytest

from golden.generator import generate
from golden.generator import trace as golden_trace
from golden.latents import draw_latents
from golden.layer_sums import finished, layer_sums, self_test_latents
from golden.spec import GeneratorSpec
from hw.array import LANES, ArraySpec
from hw.tiling import Tiling
from tests.models import random_model


def test_order_by_hand():
    """Five channels on four columns: a whole tile, then one of one channel and three zeros."""
    maps = np.arange(3 * 5 * 2 * 2, dtype=np.uint8).reshape(3, 5, 2, 2)
    first = finished(maps, 4, stride=1)
    assert list(first[:12]) == [0, 4, 8, 12, 20, 24, 28, 32, 40, 44, 48, 52]
    assert list(first[48:56]) == [16, 0, 0, 0, 36, 0, 0, 0]
    by_phase = finished(maps, 5, stride=2)
    assert list(by_phase[:8]) == [0, 4, 8, 12, 16, 0, 0, 0]
    assert list(by_phase[24:28]) == [1, 5, 9, 13]


@pytest.mark.parametrize(
    ("channels", "columns", "head"),
    [
        ((7, 5, 3), 4, "planes"),
        ((8, 9, 3), 8, "rgb"),
        ((20, 12, 24), 8, "planes"),
        ((8, 8), 16, "grey"),
    ],
)
def test_sums_follow_the_arrays_order(channels, columns, head):
    """Column tile, phase, row, column, slot, quad; bands of rows change nothing."""
    model = random_model(GeneratorSpec.avatars(channels=channels, weight_bits=5, head=head))
    latents = self_test_latents()
    bands = (1,) * (len(channels) - 1) + (2, 2)
    tiling = Tiling(model.spec, ArraySpec(4, columns), bands=bands)
    traces = golden_trace(model, latents[None])
    words = [bytearray() for _ in channels]
    for n, column_tile, job in tiling.walk():
        layer = tiling.layers[n]
        if layer.shape.is_last:
            continue
        phase = divmod(job.phase, layer.shape.stride)
        maps = traces[n].activations[0]
        for row, column in product(range(job.rows), range(job.columns)):
            y, x = (
                layer.shape.stride * at + along
                for at, along in zip((job.first_row + row, column), phase)
            )
            for slot in range(layer.out_slots):
                for quad in range(-(-layer.used_columns(column_tile) // LANES)):
                    first = column_tile * columns + LANES * quad
                    four = list(maps[slot, first : first + LANES, y, x])
                    words[n] += bytes(int(v) & 0xFF for v in four) + bytes(LANES - len(four))
    picture = generate(model, latents[None]).tobytes()
    wanted = (*map(zlib.crc32, words), zlib.crc32(picture))
    assert layer_sums(model, latents, columns) == wanted


def test_latents_are_those_of_seed_0():
    np.testing.assert_array_equal(self_test_latents(), draw_latents(0, 1)[0])
