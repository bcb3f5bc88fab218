# SPDX-License-Identifier: Apache-2.0
"""hw.tiling and hw.cutting: the work against the definition of the transposed convolution."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.spec import GeneratorSpec, Layer
from hw.array import SUMS, ArraySpec
from hw.cutting import rectangles
from hw.tiling import Tiling
from support.failures import InputError
from tests.networks import networks

ARRAYS = [ArraySpec(4, 4), ArraySpec(8, 8), ArraySpec(4, 16)]
QUICK = settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def products_of(shape):
    """Yield (output, input, kernel position) of every product inside the picture."""
    pixels, kernel = range(shape.in_size), range(shape.kernel_size)
    for i, j, kh, kw in product(pixels, pixels, kernel, kernel):
        y, x = (shape.stride * at + k - shape.padding for at, k in ((i, kh), (j, kw)))
        if 0 <= y < shape.out_size and 0 <= x < shape.out_size:
            yield (y, x), (i, j), (kh, kw)


@QUICK
@given(networks(), st.sampled_from(ARRAYS), st.integers(1, 4))
def test_hidden_layers_make_each_product_once(spec, array, bands):
    for layer in Tiling(spec, array, 1, (bands,) * len(spec.layers)).layers[:-1]:
        shape, made = layer.shape, Counter()
        for job in layer.jobs:
            phase_y, phase_x = divmod(job.phase, shape.stride)
            for tap in job.taps:
                for s in tap.sweeps:
                    for r, c in product(range(s.rows), range(s.columns)):
                        y = shape.stride * (job.first_row + s.y + r) + phase_y
                        x = shape.stride * (s.x + c) + phase_x
                        if tap.place is not None:
                            made[(y, x), (s.in_y + r, s.in_x + c), tap.place] += 1
        assert made == Counter(products_of(shape))


@QUICK
@given(networks(), st.sampled_from(ARRAYS), st.integers(1, 4))
def test_each_sum_is_opened_once_and_before_all_else(spec, array, bands):
    for layer in Tiling(spec, array, 1, (bands,) * len(spec.layers)).layers:
        for job in layer.jobs:
            assert job.rows * job.columns * layer.slots <= SUMS
            opened = set()
            for sweep in (s for tap in job.taps for s in tap.sweeps):
                cells = set(
                    product(
                        range(sweep.y, sweep.y + sweep.rows),
                        range(sweep.x, sweep.x + sweep.columns),
                    )
                )
                assert opened.isdisjoint(cells) if sweep.opens else opened >= cells
                opened |= cells
            assert len(opened) == job.rows * job.columns


def test_rectangles_are_the_cells():
    import numpy as np

    rng = np.random.default_rng(1)
    for _ in range(50):
        cells = rng.random((rng.integers(1, 7), rng.integers(1, 7))) < 0.6
        seen = np.zeros(cells.shape, int)
        for y, x, rows, columns in rectangles(cells):
            seen[y : y + rows, x : x + columns] += 1
        assert (seen == cells).all()


def test_a_row_that_no_half_bank_holds_is_refused():
    doubling = [Layer(2, 4, 2, 1)] * 4
    layers = (Layer(2, 8, 1, 0), *doubling, Layer(1, 5, 1, 2, 0, "table"))
    spec = GeneratorSpec(10, 1, layers)
    assert spec.size == 128
    assert Tiling(spec, ArraySpec(), 3).layers[-1].jobs
    with pytest.raises(InputError, match="528 sums do not fit the 512 accumulators of a half"):
        _ = Tiling(spec, ArraySpec(), 4).layers
