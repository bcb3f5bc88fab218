# SPDX-License-Identifier: Apache-2.0
"""hw.tiling: what no bench sees in one array alone."""

import pytest

from golden.spec import GeneratorSpec
from hw.tiling import JOB_ROWS, PLANES, ArraySpec, Tiling

ROW = JOB_ROWS * PLANES  # sums in a row of a job of layer 3


@pytest.mark.parametrize("columns", [*range(4, 37), 64, 256])
def test_no_job_overtakes_the_reader_of_its_half(columns):
    tiling = Tiling(GeneratorSpec.preset("compact"), ArraySpec(4, columns))

    def overtakes(rows):
        begin = ROW * rows * tiling.quads  # cycles that reading so many rows takes
        return any(begin + n + 1 < (n + 1) * tiling.quads for n in range(JOB_ROWS * ROW))

    assert not overtakes(tiling.rows_to_read)
    assert tiling.rows_to_read == 1 or overtakes(tiling.rows_to_read - 1)
