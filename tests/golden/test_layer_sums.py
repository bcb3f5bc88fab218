# SPDX-License-Identifier: Apache-2.0
"""golden.layer_sums: the order of the sums against the order of the array's work."""

import zlib

import numpy as np
import pytest

from golden.generator import generate
from golden.generator import trace as golden_trace
from golden.latents import draw_latents
from golden.layer_sums import finished, layer_sums, self_test_latents
from golden.spec import GeneratorSpec
from hw.tiling import LANES, ArraySpec, Tiling
from sim.benches import expected
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
    ("channels", "columns"), [((7, 5, 3), 4), ((8, 9, 3), 7), ((20, 12, 24), 8), ((8, 8, 8), 16)]
)
def test_sums_follow_the_arrays_order(channels, columns):
    model = random_model(GeneratorSpec.avatars(channels=channels, weight_bits=5))
    latents = self_test_latents()
    tiling = Tiling(model.spec, ArraySpec(4, columns))
    traces = golden_trace(model, latents[None])
    words = [bytearray() for _ in range(3)]
    for steps in expected.jobs(tiling):
        for step in steps:
            layer = step["layer"]
            if layer == 3:
                continue
            stride = 1 if layer == 0 else 2
            y, x = (
                stride * step[axis] + (step["phase"] >> bit & 1)
                for axis, bit in (("y", 1), ("x", 0))
            )
            first = step["group"] * tiling.array.rows + step["row"]
            for lane in range(LANES):
                used = step["mask"] >> lane & 1
                here = traces[layer].activations[0, step["plane"]]
                words[layer].append(int(here[first + lane, y, x]) if used else 0)
    picture = generate(model, latents[None]).tobytes()
    wanted = (*map(zlib.crc32, words), zlib.crc32(picture))
    assert layer_sums(model, latents, columns) == wanted


def test_latents_are_those_of_seed_0():
    np.testing.assert_array_equal(self_test_latents(), draw_latents(0, 1)[0])
