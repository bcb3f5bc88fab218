# SPDX-License-Identifier: Apache-2.0
"""hw.build_plan: what a build's id depends on, and what no board can be."""

from dataclasses import replace

import pytest

from golden.spec import GeneratorSpec, InputError
from hw.build_plan import BuildPlan
from hw.tiling import ArraySpec
from tests.models import random_model

SPEC = GeneratorSpec(channels=(4, 4, 4))
PLAN = BuildPlan(random_model(SPEC), ArraySpec(4, 4), 10**8, (0,) * 100, (0,) * 4)


def test_the_build_id_is_the_designs_and_not_the_models():
    assert len(PLAN.build_id) == 8
    same = [replace(PLAN, model=random_model(SPEC, 1)), replace(PLAN, answer=(1,) * 4)]
    assert {plan.build_id for plan in same} == {PLAN.build_id}
    others = [
        replace(PLAN, array=ArraySpec(4, 8)),
        replace(PLAN, clock_hz=5 * 10**7),
        replace(PLAN, baud=9600),
        replace(PLAN, model=random_model(GeneratorSpec(channels=(4, 4, 5)))),
    ]
    assert len({PLAN.build_id, *(plan.build_id for plan in others)}) == 5


def test_the_model_id_is_the_digests_beginning():
    assert PLAN.model_id.hex() == PLAN.model.digest[:16]


@pytest.mark.parametrize(
    ("clock", "baud", "complaint"),
    [
        (0, 115_200, "clock is 0 Hz"),
        (1 << 32, 115_200, "clock is 4294967296 Hz"),
        (400_000, 115_200, "115200 baud cannot be made"),
        (10**8, 0, "0 baud cannot be made"),
        (10**8, 10**8, "it makes 1526 to 25000000"),
    ],
)
def test_clocks_and_rates_that_do_not_go_together(clock, baud, complaint):
    with pytest.raises(InputError, match=complaint):
        replace(PLAN, clock_hz=clock, baud=baud)
