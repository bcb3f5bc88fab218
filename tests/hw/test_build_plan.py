# SPDX-License-Identifier: Apache-2.0
"""hw.build_plan: what a build's id depends on, and what no board can be."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.rtlil import to_rtlil
from hw.tiling import Tiling
from support.failures import InputError
from tests.models import random_model

ROOT = Path(__file__).parents[2]
SPEC = GeneratorSpec.avatars(channels=(4, 4, 4))
CAPACITY = Capacity.of(Tiling(SPEC, ArraySpec(4, 4)))
PLAN = BuildPlan(CAPACITY, 10**8, random_model(SPEC), (0,) * 100, (0,) * 4)


def test_the_build_id_is_the_designs_and_not_the_models():
    assert len(PLAN.build_id) == 8
    same = [
        replace(PLAN, model=random_model(SPEC, 1)),
        replace(PLAN, model=None),
        replace(PLAN, model=random_model(GeneratorSpec.avatars(channels=(4, 4, 3)))),
        replace(PLAN, answer=(1,) * 4),
    ]
    assert {plan.build_id for plan in same} == {PLAN.build_id}
    others = [
        replace(PLAN, capacity=replace(CAPACITY, array=ArraySpec(4, 8))),
        replace(PLAN, clock_hz=5 * 10**7),
        replace(PLAN, baud=9600),
        replace(PLAN, capacity=replace(CAPACITY, pixel_words=300)),
    ]
    assert len({PLAN.build_id, *(plan.build_id for plan in others)}) == 5


def build_id_of(folder):
    """Return the id that the sources in `folder` give :data:`PLAN`, in a process of its own."""
    code = (
        "from golden.spec import GeneratorSpec\n"
        "from hw.array import ArraySpec\n"
        "from hw.build_plan import BuildPlan\n"
        "from hw.capacity import Capacity\n"
        "from hw.tiling import Tiling\n"
        "spec = GeneratorSpec.avatars(channels=(4, 4, 4))\n"
        "plan = BuildPlan(Capacity.of(Tiling(spec, ArraySpec(4, 4))), 10**8)\n"
        "print(plan.build_id.hex())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(folder)}, check=True,
    )  # fmt: skip
    return run.stdout.strip()


def test_a_comment_changes_no_build_id_and_a_gate_does(tmp_path):
    for name in ("hw", "golden", "support", "tests"):
        ignore = shutil.ignore_patterns("__pycache__", "*.npy", "*.safetensors")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    source = tmp_path / "hw" / "uart" / "transmitter.py"
    text = source.read_text()
    source.write_text(text + "\n# Nothing is built of this.\n")
    assert build_id_of(tmp_path) == PLAN.build_id.hex()
    line = tmp_path / "hw" / "uart" / "serial_line.py"
    assert "self.tx.eq(transmitter.tx)" in line.read_text()
    line.write_text(line.read_text().replace("self.tx.eq(transmitter.tx)", "self.tx.eq(self.rx)"))
    assert build_id_of(tmp_path) != PLAN.build_id.hex()


def test_a_bus_in_place_of_a_line():
    bus = replace(PLAN, bus="axi")
    assert bus.build_id != PLAN.build_id
    assert bus.machine == replace(PLAN.machine, build_id=bus.build_id)


def test_a_wall_is_another_design_for_the_same_images():
    wall = replace(PLAN, wall=True)
    assert wall.build_id != PLAN.build_id
    assert wall.machine == replace(PLAN.machine, build_id=wall.build_id)
    assert wall.part == PLAN.part
    top = wall.top()
    to_rtlil(top, "top")
    assert {name for name in top.signature.members if name.startswith("wall")} == {
        "wall_start", "wall_button", "wall_fits", "wall_pixels", "wall_size", "wall_grey",
        "wall_restart", "wall_text", "wall_roomy", "wall_name",
    }  # fmt: skip


def test_a_model_that_does_not_fit():
    plan = replace(PLAN, model=random_model(GeneratorSpec.avatars(channels=(8, 4, 4))))
    with pytest.raises(InputError, match="does not fit the machine: weight_words"):
        plan.top()


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
