# SPDX-License-Identifier: Apache-2.0
"""The scale is calibrated, every source is measured on it, and bad input is one line."""

import dataclasses
import json
from functools import partial

import numpy as np
import pytest

import pictures as png
from cli import main
from golden import model_file
from golden.generator import generate
from golden.latents import quantize_latents
from golden.spec import GeneratorSpec
from tests.models import random_model
from train.data import sprites
from train.data.training_set import load
from train.evaluate import evaluation, samples
from train.run import packed
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator, IntegerGenerator

pytestmark = pytest.mark.usefixtures("own_cache")
COUNT = 700  # figures depend on it: half of what `avatar evaluate` takes, of every set
DISTANCES = ("attribute_frechet", "re_render", "random_frechet", "sliced_wasserstein")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def own_cache(cache, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture(autouse=True)
def few_held_out(monkeypatch):
    """Measure against few sprites, where a test does not say how many."""
    monkeypatch.setattr(evaluation, "REFERENCE_COUNT", 300)


@pytest.fixture(scope="module")
def reference():
    return evaluation.sprite_reference(COUNT, 1000)


@pytest.fixture(scope="module")
def calibration(reference):
    training = sprites.collection(140, 0)[0]
    sets = evaluation.calibration_sets(reference, COUNT, training)
    return {name: reference.measure(pictures) for name, pictures in sets}


@pytest.fixture
def run(tmp_path):
    """A run's folder with a random generator, trained on 30 sprites."""
    data = load("sprites", 30, 0)
    config = RunConfig(
        spec=GeneratorSpec.avatars((4, 3, 2)),
        recipe="fast",
        steps=1,
        seed=1,
        data_digest=data.digest,
        pictures=30,
    )
    rng = np.random.default_rng(0)
    shapes = [layer.weight_shape for layer in config.spec.shapes]
    generator = FloatGenerator(
        weight=tuple(rng.standard_normal(shape, np.float32) / 4 for shape in shapes),
        bias=tuple(np.zeros(shape[1], np.float32) for shape in shapes),
        offsets=tuple(rng.standard_normal((2, 100), np.float32)),
        progress={"steps": 1, "seconds": 1},
    )
    folder = tmp_path / "run"
    folder.mkdir()
    config.save(folder)
    generator.save(folder)
    return folder


@pytest.mark.parametrize("name", DISTANCES)
def test_calibration(calibration, name):
    real, training, blends, untrained, noise = (
        calibration[of][name] for of in ("real", "training_set", "blends", "untrained", "noise")
    )
    misread = 0.5 if name == "re_render" else 0  # both are drawn sprites, read wrongly by chance
    assert real <= training + misread
    assert training < blends
    assert 1.5 * blends < min(untrained, noise)


@pytest.mark.parametrize("name", ["coverage", "recall"])
def test_calibration_of_shares(calibration, name):
    assert calibration["real"][name] > 0.85
    assert calibration["untrained"][name] < 0.05
    assert calibration["noise"][name] < 0.05
    assert calibration["blends"][name] < calibration["real"][name] - 0.2


def test_a_collapsed_generator_has_finite_figures(reference):
    for value in (0, 255):
        figures = reference.measure(np.full((50, 32, 32, 3), value, np.uint8))
        assert np.isfinite(list(figures.values())).all()
        assert figures["coverage"] == figures["recall"] == figures["diversity"] == 0


def test_the_reference_is_held_out(reference):
    """No sprite of it is in any training set, up to the largest that recipes draw."""
    held_out = {each.tobytes() for each in reference.pictures}
    assert len(held_out) == len(reference.pictures)
    rng = np.random.default_rng(evaluation.REFERENCE_SEED)
    shown = {sprites.sample(rng) for _ in range(evaluation.REFERENCE_COUNT)}
    rng = np.random.default_rng(0)
    assert not shown & {sprites.sample(rng) for _ in range(20_000)}


def test_the_reference_does_not_depend_on_the_count(reference):
    other = evaluation.sprite_reference(20, 1000)
    np.testing.assert_array_equal(other.pictures, reference.pictures)


def test_copies_are_seen():
    training = sprites.collection(40, 0)[0]
    fresh = sprites.collection(50, 5)[0]
    noisy = training[:30] + np.random.default_rng(0).integers(-9, 10, (30, 32, 32, 3))
    found = evaluation.novelty(np.clip(noisy, 0, 255).astype(np.uint8), training, fresh)
    assert found["samples"]["near_copies"] == 30
    assert found["samples"]["median"] < 9
    assert found["fresh"]["near_copies"] == found["leave_one_out"]["near_copies"] == 0
    assert found["fresh"]["median"] > 25
    assert found["leave_one_out"]["minimum"] > 0


def test_float_and_integers_see_the_same_latents(tmp_path, run):
    assert main(["quantize", str(run), "--weight-bits", "8", "--out", str(tmp_path / "m.st")]) == 0
    a = samples.of_run(run).sample(40, 3)
    b = samples.of_model(tmp_path / "m.st").sample(40, 3)
    assert np.sqrt(np.mean((a.astype(float) - b) ** 2)) < 8
    assert len(np.unique(a.reshape(40, -1), axis=0)) == 40
    assert not np.array_equal(a, samples.of_run(run).sample(40, 4))


def test_runs_in_integers_and_packed_generators(tmp_path, run):
    """A run trained in integers shows its model file's pictures, a packed run nearly its own."""
    config = dataclasses.replace(RunConfig.load(run), integers=True)
    config = dataclasses.replace(config, spec=config.spec.with_weight_bits(5))
    generator = FloatGenerator.load(run, config.spec)
    packed.save(config, generator, tmp_path / "packed.safetensors")
    small = samples.of_file(tmp_path / "packed.safetensors")
    floats = samples.of_run(run).sample(20, 3)
    assert np.abs(small.sample(20, 3).astype(int) - floats).max() <= 2
    assert small.facts["kind"] == "float"

    model = dataclasses.replace(random_model(config.spec), training={"latents": "tanh"})
    folder = tmp_path / "integers"
    folder.mkdir()
    config.save(folder)
    IntegerGenerator(model).save(folder)
    source = samples.of_run(folder)
    expected = generate(model, quantize_latents(samples.latents("tanh", 20, 3)))
    np.testing.assert_array_equal(source.sample(20, 3), expected)
    assert source.facts["weight_bits"] == [5, 5, 5, 5]


def finite(value):
    if isinstance(value, dict):
        return all(finite(each) for each in value.values())
    return not isinstance(value, float) or np.isfinite(value)


def test_evaluate_a_run(run, capsys):
    assert main(["evaluate", "--run", str(run), "--count", "50", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert finite(result)
    assert result["left_out"] == {}
    assert result["source"]["steps"] == 1
    figures, calibration = result["figures"], result["calibration"]
    assert figures.keys() == set(DISTANCES) | {"coverage", "recall", "diversity"}
    assert list(calibration) == ["real", "training_set", "blends", "untrained", "noise"]
    assert result["ratios"]["re_render_to_blends"] == pytest.approx(
        figures["re_render"] / calibration["blends"]["re_render"], rel=1e-3
    )
    novelty = result["novelty"]
    assert result["training_pictures"] == 30
    assert result["ratios"]["novelty_to_leave_one_out"] == pytest.approx(
        novelty["samples"]["median"] / novelty["leave_one_out"]["median"], rel=1e-3
    )


def test_evaluate_a_model_against_a_folder(tmp_path, capsys):
    spec = GeneratorSpec.avatars(channels=(4, 3, 2))
    model = dataclasses.replace(random_model(spec), training={"data": "mine"})
    model_file.save(model, tmp_path / "m.safetensors")
    folder = tmp_path / "real"
    folder.mkdir()
    png.save_each(folder, ~sprites.collection(30, 4)[0])  # none that we draw
    arguments = ["--model", str(tmp_path / "m.safetensors"), "--reference", str(folder)]
    assert main(["evaluate", *arguments[:2], "--count", "40", "--json"]) == 0
    assert "trained on mine; to compare with that, give --reference" in capsys.readouterr().err
    assert main(["evaluate", *arguments, "--count", "40", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "trained on" not in err
    result = json.loads(out)
    assert finite(result)
    assert result["left_out"].keys() == {"attribute_frechet", "re_render", "novelty"}
    assert result["figures"].keys() == {
        "random_frechet", "sliced_wasserstein", "coverage", "recall", "diversity",
    }  # fmt: skip
    assert "training_set" not in result["calibration"]
    assert result["reference"] == {"source": str(folder), "pictures": 15}


def test_attributes_are_read_where_a_folder_holds_sprites(tmp_path, capsys):
    """As `avatar data` draws them; beside those of others the training pictures lie as far as."""
    for name, count, seed in (("real", 200, 4), ("mine", 60, 5)):
        (tmp_path / name).mkdir()
        png.save_each(tmp_path / name, sprites.collection(count, seed, correlated=True)[0])
    real, mine = str(tmp_path / "real"), str(tmp_path / "mine")
    arguments = ["--images", mine, "--reference", real, "--training", mine, "--count", "100"]
    assert main(["evaluate", *arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["left_out"] == {}
    assert result["figures"]["re_render"] < 2
    near, far = (result["calibration"][of]["attribute_frechet"] for of in ("real", "blends"))
    assert near < result["figures"]["attribute_frechet"] < far
    assert 0.8 < result["ratios"]["attribute_frechet_to_training_set"] < 1.25


@pytest.mark.parametrize("shape", [(64, 64, 3), (28, 28, 3), (28, 28, 1)], ids=str)
def test_sprites_of_other_shapes_are_measured_among_their_own(shape, tmp_path):
    """What went through another shape is as near to the held-out ones as where it did not."""
    reference = evaluation.sprite_reference(150, 300, shape)
    figures = {
        name: reference.measure(pictures)
        for name, pictures in evaluation.calibration_sets(reference, 150)
    }
    for name in DISTANCES:
        assert figures["real"][name] < 0.6 * figures["blends"][name], name
        assert figures["real"][name] < 0.6 * figures["untrained"][name], name
    data = load("sprites", 150, 9, shape=shape).pictures
    own = reference.measure(evaluation.comparable(data))
    assert own["attribute_frechet"] < 0.6 * figures["blends"]["attribute_frechet"]
    png.save_each(tmp_path, sprites.collection(40, 9)[0])
    assert evaluation.folder_reference(tmp_path, 20, shape=shape).reader is not None


@pytest.mark.parametrize(("size", "head"), [(64, "rgb"), (64, "grey"), (28, "planes")])
def test_generators_of_other_shapes_are_evaluated(run, size, head, capsys):
    """The noise of a random generator, by every figure; nothing is left out."""
    channels, base = {28: ((4, 3), 7), 64: ((4, 3, 2, 2), 4)}[size]
    spec = GeneratorSpec.avatars(channels, head=head, base=base)
    data = load("sprites", 30, 0, shape=spec.picture_shape)
    rng = np.random.default_rng(0)
    shapes = [layer.weight_shape for layer in spec.shapes]
    config = dataclasses.replace(RunConfig.load(run), spec=spec, data_digest=data.digest)
    config.save(run)
    FloatGenerator(
        weight=tuple(rng.standard_normal(shape, np.float32) / 4 for shape in shapes),
        bias=tuple(np.zeros(shape[1], np.float32) for shape in shapes),
        offsets=tuple(rng.standard_normal((2, 100), np.float32)) if head == "planes" else (),
        progress={"steps": 1, "seconds": 1},
    ).save(run)
    assert main(["evaluate", "--run", str(run), "--count", "20", "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert f"pictures of {size}x{size} are measured as 32x32" in err
    assert result["left_out"] == {}
    assert finite(result)
    blends = result["calibration"]["blends"]
    assert result["figures"]["attribute_frechet"] > blends["attribute_frechet"]


def test_evaluate_a_folder_for_people(tmp_path, capsys):
    png.save_each(tmp_path, ~sprites.collection(12, 4)[0])
    arguments = ["--images", str(tmp_path), "--reference", str(tmp_path), "--count", "20"]
    assert main(["evaluate", *arguments, "--training", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "near copies" in text
    assert "leave one out" in text
    assert "\nfresh" not in text  # all of the reference is training pictures
    assert "no attribute frechet: the reference is not drawn sprites" in text


def test_sheets_are_cut_in_every_folder(tmp_path, capsys):
    """The tiles have the figures of the same pictures one by one."""
    drawn = sprites.collection(12, 4)[0]
    figures = []
    for name, save, options in (
        ("each", png.save_each, []),
        (
            "sheets",
            lambda folder, some: png.save_png(folder / "a.png", png.grid(some)),
            ["--tile", "32"],
        ),
    ):
        folder = tmp_path / name
        folder.mkdir()
        save(folder, drawn)
        told = ("--images", "--reference", "--training")
        arguments = [part for option in told for part in (option, str(folder))]
        assert main(["evaluate", *arguments, *options, "--count", "20", "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert (result["training_pictures"], result["source"]["pictures"]) == (12, 12)
        figures.append(result["figures"])
    assert figures[0] == figures[1]


def test_what_to_compare_with_is_told_as_it_was_read(tmp_path, capsys):
    training = {"data": "mine", "reading": {"recursive": True, "tile": 16}}
    model = random_model(GeneratorSpec.avatars(channels=(4, 3, 2)))
    model_file.save(dataclasses.replace(model, training=training), tmp_path / "m")
    assert main(["evaluate", "--model", str(tmp_path / "m"), "--count", "20", "--json"]) == 0
    assert "give --reference mine --recursive --tile 16\n" in capsys.readouterr().err
    training["reading"]["tile"] = 0
    model_file.save(dataclasses.replace(model, training=training), tmp_path / "m")
    assert main(["evaluate", "--model", str(tmp_path / "m"), "--count", "20", "--json"]) == 2
    assert "m: reading is {'recursive': True, 'tile': 0}: --tile is 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give one of --model FILE, --run RUN and --images DIR"),
        (["--images", "one", "--model", "m"], "give one of"),
        (["--images", "missing"], "there is no such folder"),
        (["--images", "one"], "has 1 different picture among 1; a distance needs at least 2"),
        (["--images", "black"], "has 1 different picture among 12"),
        (["--images", "many", "--reference", "black"], "needs at least 10"),
        (["--images", "many", "--reference", "missing"], "there is no such folder"),
        (["--images", "many", "--training", "missing"], "there is no such folder"),
        (
            ["--images", "many", "--training", "sprites", "--training-count", "0"],
            "error: --training-count is 0",
        ),
        (["--images", "many", "--training-count", "5"], "give --training sprites"),
        (["--images", "many", "--tile", "64"], "has no readable picture (left out 12 files"),
        (["--images", "many", "--record"], "give --model, not --images"),
        (["--model", "m", "--record", "--count", "20"], "leave --count and --seed out"),
        (["--model", "m", "--record"], "m: there is no such file"),
        (["--run", "half", "--tile", "32"], "--tile says how a folder is read; name one"),
        (["--images", "many", "--count", "2"], "--count is 2; give 20 to 20000"),
        (["--images", "many", "--seed", "-1"], "--seed is -1"),
        (["--run", "many"], "many: has no config.json"),
        (["--run", "half"], "half: has no generator.safetensors"),
        (["--model", "half/config.json"], "config.json: "),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    for name, images in (
        ("one", sprites.collection(1, 4)[0]),
        ("many", sprites.collection(12, 4)[0]),
        ("black", np.zeros((12, 32, 32, 3), np.uint8)),
        ("half", []),
    ):
        (tmp_path / name).mkdir()
        png.save_each(name, images)
    RunConfig(spec=GeneratorSpec.avatars((4, 3, 2)), recipe="fast", steps=7, seed=1).save("half")
    assert main(["evaluate", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert complaint in lines[-1]
    assert lines[-1].startswith("avatar: error: ")


def test_training_pictures_that_are_gone_leave_novelty_out(reference, run):
    source = samples.of_run(run)
    (run / "config.json").write_text(
        (run / "config.json").read_text().replace('"pictures": 30', '"pictures": 31')
    )
    changed = samples.of_run(run)
    assert evaluation.evaluate(source, reference, count=20)["training_pictures"] == 30
    result = evaluation.evaluate(changed, reference, count=20)
    assert "novelty" not in result
    assert "not the pictures that it was trained on" in result["left_out"]["novelty"]


def test_what_no_generator_changes_is_kept(run, tmp_path, monkeypatch, capsys):
    """Another generator takes it from the call before; another count, or reference, does not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    measured, measure = [], evaluation.Reference.measure

    def counted(self, pictures):
        measured.append(len(pictures))
        return measure(self, pictures)

    monkeypatch.setattr(evaluation.Reference, "measure", counted)
    for name, count, seed in (("real", 30, 4), ("other", 30, 5)):
        (tmp_path / name).mkdir()
        png.save_each(tmp_path / name, sprites.collection(count, seed)[0])

    def evaluate(*, reference="real", count="20", seed="0"):
        measured.clear()
        arguments = ["--run", run, "--reference", tmp_path / reference, "--count", count]
        assert main(["evaluate", *map(str, arguments), "--seed", seed, "--json"]) == 0
        return len(measured), json.loads(capsys.readouterr().out)

    times, first = evaluate()
    assert times == 6  # itself, and five calibration sets
    times, again = evaluate()
    assert (times, again) == (1, first)
    times, other = evaluate(seed="1")
    assert times == 1
    assert other["calibration"] == first["calibration"]
    assert other["figures"] != first["figures"]
    assert other["novelty"]["fresh"] == first["novelty"]["fresh"]
    times, other = evaluate(reference="other")
    assert times == 6
    assert other["calibration"] != first["calibration"]
    assert evaluate(count="21")[0] == 6
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # nothing can be kept there
    assert evaluate() == (6, first)


def test_a_step_is_told_when_it_is_done(reference, run):
    source = samples.of_run(run)
    for _ in range(2):
        told = []
        evaluation.evaluate(source, reference, count=20, done=partial(told.append, 1))
        assert len(told) == evaluation.STEPS


def test_people_see_what_is_better(tmp_path, capsys):
    png.save_each(tmp_path, sprites.collection(12, 4)[0])
    assert main(["evaluate", "--images", str(tmp_path), "--count", "20"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert "attribute_frechet ↓" in head
    assert "coverage ↑" in head
    assert len({len(row) for row in (head, *rows[:6])}) == 1
    assert any(row.startswith("↓: less is better, ↑: more is better") for row in rows)
