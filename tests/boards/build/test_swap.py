# SPDX-License-Identifier: Apache-2.0
"""boards.build.ecp5.swap: another model in a build is the build of that model, and nothing else
goes in.
"""

import json
import re
import shutil
from dataclasses import asdict

import pytest

import cli
from boards.build import make
from boards.build.ecp5 import swap
from boards.build.ecp5.block_contents import DesignContents, config_contents
from boards.catalogue.registry import board
from golden import model_file
from golden.full_range import full_range_model
from golden.layer_sums import self_test_of
from golden.spec import GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.rtlil import to_rtlil
from hw.tiling import Tiling
from support.failures import InputError
from support.progress import Progress
from tests.boards.build.memories import PLATFORM, Memories, routed

SPEC = GeneratorSpec.avatars(channels=(4, 4, 4))
ARRAY = ArraySpec(rows=4, columns=4)
CAPACITY = Capacity.of(Tiling(SPEC, ARRAY))
CLOCK_MHZ = 50


def self_test(model):
    return self_test_of(model, ARRAY.columns)


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A folder as of `avatar build`, of the routed design with contents 1; model N means N."""

    class Job:
        def __init__(self, board, plan, screen):
            pass

        def contents(self, plan):
            return DesignContents.of(Memories(2), PLATFORM)

    monkeypatch.setattr(swap, "Job", Job)
    folder = tmp_path / "b"
    folder.mkdir()
    for name in swap.NEEDED:
        shutil.copyfile(routed(1) / name, folder / name)
    model = full_range_model(SPEC, 1)
    latents, answer = self_test(model)
    plan = BuildPlan(
        CAPACITY,
        clock_hz=CLOCK_MHZ * 1_000_000,
        model=model,
        self_test=latents,
        answer=answer,
        platform=board("ulx3s-85f").platform(),
    )
    facts = {
        **{"board": "ulx3s-85f", "device": "lfe5u-85f", "model": model.digest},
        **{"build": plan.build_id.hex(), "spec": SPEC.to_json(), "capacity": asdict(CAPACITY)},
        **{"clock_hz": plan.clock_hz, "baud": plan.baud, "seed": 1, "fmax_mhz": 60.0},
        **{"lut": 1, "ff": 1, "ebr": 6, "mult": 0, "critical_path": "a -> b"},
        "critical_path_ns": {"logic": 1, "routing": 1},
        "seconds": {"synthesis": 1, "place_and_route": 1},
        "tools": [],
        "bitstream_sha256": 64 * "0",
        "other_memories": DesignContents.of(Memories(1), PLATFORM).others,
    }
    (folder / "report.json").write_text(json.dumps(facts))
    return folder


def test_the_swapped_build_is_the_other_build(build, tmp_path):
    model = full_range_model(SPEC, 2)
    out = tmp_path / "b2"
    facts = swap.swap(build, model, self_test(model), out, Progress(disable=True))
    config = (out / "routed.config").read_text()
    assert config == (routed(2) / "routed.config").read_text()
    assert config != (build / "routed.config").read_text()
    assert facts["model"] == model.digest
    assert facts == json.loads((out / "report.json").read_text())
    assert model.digest in (out / "report.md").read_text()
    assert {path.name for path in out.iterdir()} == {
        *swap.NEEDED,
        *("top.bit", "report.json", "report.md"),
    }
    swap.read_report(out)  # and is a build itself


def refused(*arguments):
    """Return the line of a refusal by the command line."""
    return cli.main(["swap", *map(str, arguments)])


def test_a_model_of_another_network_that_fits(build, tmp_path):
    spec = GeneratorSpec(
        7,
        1,
        (
            Layer(3, 3, 1, 0, weight_bits=5),
            Layer(1, 4, activation="table", weight_bits=2),
        ),
    )
    model = full_range_model(spec)
    facts = swap.swap(build, model, self_test(model), tmp_path / "b2", Progress(disable=True))
    assert facts["spec"] == spec.to_json()
    assert facts["capacity"] == asdict(CAPACITY)


def test_a_model_that_does_not_fit(build, tmp_path, capsys):
    other = full_range_model(GeneratorSpec.avatars(channels=(4, 4, 8)), 1)
    model_file.save(other, tmp_path / "m.safetensors")
    out = tmp_path / "b2"
    assert refused("--build", build, "--model", tmp_path / "m.safetensors", "--out", out) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "the network does not fit the machine: weight_words" in line
    assert str(build) in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("build", "00" * 8, "was built by another version of the hardware; build it again"),
        ("other_memories", "", "no block RAM holds a part of the model"),
        ("board", "tang-nano-20k", "takes a new model by `avatar build` alone"),
        ("board", "none", "is no folder of .avatar build."),
        ("capacity", None, "is no folder of .avatar build."),
        ("capacity", {"array": {"rows": 4}}, "is no folder of .avatar build."),
        ("capacity", asdict(CAPACITY) | {"sweeps": "16"}, "is no folder of .avatar build."),
        ("clock_hz", "fast", "is no folder of .avatar build."),
        ("baud", None, "is no folder of .avatar build."),
    ],
)
def test_a_build_that_takes_none(build, tmp_path, key, value, complaint):
    path = build / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    model = full_range_model(SPEC, 2)
    with pytest.raises(InputError, match=complaint):
        swap.swap(build, model, self_test(model), tmp_path / "b2", Progress(disable=True))
    assert not (tmp_path / "b2").exists()


def test_a_folder_that_is_none(build, tmp_path):
    with pytest.raises(InputError, match="is no folder of `avatar build`"):
        swap.read_report(tmp_path)
    facts = json.loads((build / "report.json").read_text())
    for name in ("capacity", "other_memories"):
        part = {key: value for key, value in facts.items() if key != name}
        (build / "report.json").write_text(json.dumps(part))
        with pytest.raises(InputError, match="is no folder of `avatar build`"):
            swap.read_report(build)
    (build / "report.json").write_text(json.dumps(facts))
    (build / "blocks.json").unlink()
    with pytest.raises(InputError, match=r"blocks\.json is missing; build it again"):
        swap.read_report(build)


def test_a_block_that_is_not_the_designs(build, tmp_path):
    numbers = json.loads((build / "blocks.json").read_text())
    numbers["tall.block_0_1"] = numbers.pop("wide.block_0_1")
    (build / "blocks.json").write_text(json.dumps(numbers))
    model = full_range_model(SPEC, 2)
    with pytest.raises(InputError, match=r"block RAM tall\.block_0_1 is unknown"):
        swap.swap(build, model, self_test(model), tmp_path / "b2", Progress(disable=True))


def test_two_models_differ_in_the_contents_of_block_rams_alone():
    texts = []
    for seed in (1, 2):
        model = full_range_model(SPEC, seed)
        latents, answer = self_test(model)
        plan = BuildPlan(
            CAPACITY,
            clock_hz=CLOCK_MHZ * 1_000_000,
            model=model,
            self_test=latents,
            answer=answer,
        )
        texts.append(to_rtlil(plan.top(), "top", platform=Ecp5Primitives()))
    assert texts[0] != texts[1]
    assert len({re.sub(r"parameter \\INITVAL_.*", "", text) for text in texts}) == 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_board_swapped_and_built(tmp_path):
    target = board("ulx3s-85f")
    one, other = (full_range_model(GeneratorSpec.preset("tiny"), seed) for seed in (1, 2))
    folders = {}
    capacity = Capacity.of(Tiling(one.spec, ARRAY))
    for name, model in (("one", one), ("other", other)):
        folders[name] = tmp_path / name
        given = (target, capacity, folders[name], Progress(disable=True))
        make.make(*given, model=model, self_test=self_test(model), clock_mhz=CLOCK_MHZ)
    out = tmp_path / "swapped"
    facts = swap.swap(folders["one"], other, self_test(other), out, Progress(disable=True))
    built = json.loads((folders["other"] / "report.json").read_text())
    assert {**facts, "seconds": 0} == {**built, "seconds": 0}
    configs = [(each / "routed.config").read_text() for each in (out, folders["other"])]
    assert config_contents(configs[0]) == config_contents(configs[1])
    assert (out / "top.bit").read_bytes() == (folders["other"] / "top.bit").read_bytes()
    assert (out / "top.bit").read_bytes() != (folders["one"] / "top.bit").read_bytes()
