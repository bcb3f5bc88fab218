# SPDX-License-Identifier: Apache-2.0
"""Runs that begin from an earlier one, from their command lines."""

import json
from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch

from cli import main
from golden import model_file, spec
from golden.generator import generate
from golden.latents import quantize_latents
from train.data.training_set import load
from train.loop import loop, session
from train.loop.from_earlier import WAYS
from train.loop.trainer import Trainer
from train.networks import discriminator_view
from train.quantize import pipeline
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

pytestmark = pytest.mark.usefixtures("tiny_recipes")


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 16)
    monkeypatch.setattr(pipeline, "EVALUATION", 16)


@pytest.fixture
def earlier(tmp_path):
    run = tmp_path / "earlier"
    train = ["train", "--channels", "6,5,4", "--steps", "4", "--seed", "1", "--out", str(run)]
    assert main(train) == 0
    return run


def begin(way, *arguments):
    return main([way, *map(str, arguments)])


def refused(capsys, *arguments):
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("options", "smaller", "larger", "preset"),
    [
        (
            ["--size", "64", "--head", "rgb", "--channels", "40,20,9,5"],
            "8,6,5,4",
            "41,20,18,9",
            (32, 16, 8, 4),
        ),
        (["--size", "28", "--head", "grey", "--latent-size", "20"], "8,6", "130,66", (32, 16)),
        (["--size", "28", "--latent-size", "40", "--channels", "40,20"], "8,6", "60,40", (32, 16)),
    ],
    ids=["64-rgb", "28-grey", "28-planes"],
)
def test_networks_of_other_shapes(tmp_path, options, smaller, larger, preset):
    """Each way, from a run and from a packed file, keeps everything but the channels."""
    run, file = tmp_path / "earlier", tmp_path / "packed.safetensors"
    assert main(["train", "--steps", "2", *options, "--out", str(run)]) == 0
    assert main(["pack", str(run), "--out", str(file)]) == 0
    network = RunConfig.load(run).spec
    tiny = ["--preset", "tiny"]
    for number, (way, *arguments) in enumerate((
        ("finetune", run, "--weight-bits", "4"),
        ("finetune", file, "--weight-bits", "4"),
        ("distill", "--teacher", run, *tiny),
        ("distill", "--teacher", file, "--channels", smaller),
        ("prune", run, "--channels", smaller),
        ("prune", file, *tiny),
        ("grow", run, "--channels", larger),
        ("grow", file, "--discriminators", run, "--channels", larger),
    )):  # fmt: skip
        new = tmp_path / str(number)
        assert begin(way, *arguments, "--steps", "2", "--out", new) == 0
        found = RunConfig.load(new).spec
        assert (found.picture_shape, found.latent) == (network.picture_shape, network.latent)
        if way == "finetune":
            assert found == network.with_weight_bits(4)
        else:
            wanted = preset
            if "--channels" in arguments:
                wanted = tuple(map(int, arguments[-1].split(",")))
            assert found == network.with_channels(wanted)
        model = tmp_path / f"{number}.safetensors"
        assert begin("quantize", new, "--out", model) == 0
        assert model_file.load(model).spec.picture_shape == network.picture_shape


def test_the_model_file_is_the_network_that_was_trained(tmp_path, earlier, capsys):
    run, file = tmp_path / "r", tmp_path / "m.safetensors"
    assert begin("finetune", earlier, "--weight-bits", "8,6,5,3", "--steps", 5, "--out", run) == 0
    assert begin("quantize", run, "--out", file) == 0
    model = model_file.load(file)
    config = RunConfig.load(run)
    assert model.spec == config.spec
    assert model.spec.weight_bits == (8, 6, 5, 3)
    assert config.start.way == model.training["start"]["way"] == "finetune"
    assert model.training["steps"] == 5

    trainer = Trainer(config, load("sprites", 18, 0).pictures)
    trainer.restore(torch.load(run / loop.CHECKPOINT, weights_only=True))
    z = np.random.default_rng(0).standard_normal((20, 100), np.float32)
    with torch.no_grad():
        planes = trainer.ema.colour(torch.from_numpy(z), *trainer.offsets, dtype=torch.float64)
    pictures = ((planes + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(pictures, generate(model, quantize_latents(z)))
    assert not (run / "generator.safetensors").exists()
    assert "8,6,5,3 bits" in refused(
        capsys, "quantize", run, "--weight-bits", "5", "--out", tmp_path / "w5"
    )


def test_finetune_begins_where_the_earlier_run_ended(tmp_path, earlier, monkeypatch):
    begun = []
    step = Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self: begun.append(deepcopy(self.state())) or step(self)
    )
    before = torch.load(earlier / loop.CHECKPOINT, weights_only=True)
    assert (
        begin("finetune", earlier, "--weight-bits", 8, "--steps", 1, "--out", tmp_path / "r") == 0
    )
    (state,) = begun
    for name in ("d_grey", "d_colour"):
        for key, value in before[name].items():
            assert torch.equal(state[name][key], value)
    moments = [part["adam_d"]["state"][0]["exp_avg_sq"] for part in (state, before)]
    assert torch.equal(*moments)
    generator = FloatGenerator.load(earlier, RunConfig.load(earlier).spec)
    np.testing.assert_array_equal(torch.stack(state["offsets"]).numpy(), generator.offsets)
    for n, weight in enumerate(generator.weight):
        np.testing.assert_array_equal(state["teacher"][f"layers.{n}.weight"].numpy(), weight)


def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path, earlier, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    arguments = ["finetune", earlier, "--weight-bits", 4, "--steps", 6, "--out"]
    assert begin(*arguments, whole) == 0
    step = Trainer.step

    def interrupted(self):
        if self.step_count == 3:
            monkeypatch.setattr(Trainer, "step", step)
            loop.signal.raise_signal(loop.signal.SIGINT)
        return step(self)

    monkeypatch.setattr(Trainer, "step", interrupted)
    assert begin(*arguments, broken) == 130
    assert begin("train", "--resume", "--out", broken) == 0
    models = [model_file.load(run / "model.safetensors") for run in (whole, broken)]
    assert models[0].digest == models[1].digest


def test_runs_that_cannot_be_gone_on_with(tmp_path, earlier, capsys):
    out = tmp_path / "r"

    def line(*arguments):
        text = refused(capsys, "finetune", *arguments, "--out", out)
        assert not out.exists()
        return text

    assert "config.json" in line(tmp_path / "no", "--weight-bits", 5)
    assert "weight_bits is 9" in line(earlier, "--weight-bits", 9)
    assert "--steps is 0" in line(earlier, "--weight-bits", 5, "--steps", 0)
    (earlier / loop.CHECKPOINT).write_bytes(b"x" * 100)
    assert "checkpoint.pt: is damaged" in line(earlier, "--weight-bits", 5)
    (earlier / loop.CHECKPOINT).unlink()
    assert "discriminators are needed" in line(earlier, "--weight-bits", 5)
    path = earlier / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"recipe": "import"}))
    assert "its recipe is 'import'" in line(earlier, "--weight-bits", 5)


def test_a_run_in_integers_is_no_start(tmp_path, earlier, capsys):
    run = tmp_path / "r"
    assert begin("finetune", earlier, "--weight-bits", 5, "--steps", 1, "--out", run) == 0
    again = refused(capsys, "finetune", run, "--weight-bits", 4, "--out", tmp_path / "again")
    assert "was trained in integers" in again


def test_prune_begins_with_the_teachers_pictures_and_discriminators(tmp_path, earlier, monkeypatch):
    begun = []
    step = Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self: begun.append(deepcopy(self.state())) or step(self)
    )
    run = tmp_path / "r"
    assert begin("prune", earlier, "--channels", "6,5,4", "--steps", 1, "--out", run) == 0
    (state,) = begun
    for n in range(4):
        teacher = state["teacher"][f"layers.{n}.weight"]
        torch.testing.assert_close(state["g"][f"layers.{n}.weight"], teacher, rtol=1e-3, atol=1e-5)
    before = torch.load(earlier / loop.CHECKPOINT, weights_only=True)
    assert torch.equal(state["d_grey"]["classify.weight"], before["d_grey"]["classify.weight"])
    assert RunConfig.load(run).start.way == "prune"
    generator = FloatGenerator.load(run, RunConfig.load(run).spec)
    assert generator.progress["steps"] == 1


@pytest.mark.parametrize("packs", [False, True], ids=["run", "file"])
def test_grow_begins_with_the_pictures_of_the_run(tmp_path, earlier, monkeypatch, packs):
    """And with its discriminators, or those of the run that is named."""
    begun = []
    step = Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self: begun.append(deepcopy(self.state())) or step(self)
    )
    run, source, more = tmp_path / "r", earlier, []
    if packs:
        source = tmp_path / "packed.safetensors"
        assert main(["pack", str(earlier), "--out", str(source)]) == 0
        more = ["--discriminators", earlier]
    arguments = ["grow", source, *more, "--channels", "12,7,9", "--steps", 2, "--seed", 5]
    assert begin(*arguments, "--out", run) == 0
    state, config = begun[0], RunConfig.load(run)
    trainer = Trainer(config, load("sprites", 18, 0).pictures)
    trainer.restore(state)
    z = torch.randn(20, 100, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted, *found = (
            network.colour(z, *trainer.offsets)
            for network in (trainer.teacher, trainer.g, trainer.ema)
        )
    for made in found:
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)
    before = torch.load(earlier / loop.CHECKPOINT, weights_only=True)
    assert torch.equal(state["d_colour"]["classify.weight"], before["d_colour"]["classify.weight"])
    assert torch.equal(*(s["adam_d"]["state"][0]["exp_avg_sq"] for s in (state, before)))
    assert (config.start.way, config.spec.channels) == ("grow", (12, 7, 9))
    assert begin(*arguments, "--out", tmp_path / "again") == 0
    first, again = (loop.checkpoint_of(each, "") for each in (run, tmp_path / "again"))
    with first as one, again as other:
        assert all(torch.equal(one["g"][key], other["g"][key]) for key in one["g"])


def test_what_cannot_grow(tmp_path, earlier, capsys):
    out, other = tmp_path / "r", tmp_path / "other"

    def line(*arguments):
        text = refused(capsys, "grow", earlier, *arguments, "--out", out)
        assert not out.exists()
        return text

    assert "5-6-7 is narrower than the run's 6-5-4" in line("--channels", "5,6,7")
    assert "give 3 numbers" in line("--channels", "9,9")
    assert "give the new generator's size" in line()
    train = ["train", "--channels", "6,5,4", "--steps", "1", "--out", str(other)]
    wider = ["--channels", "8,8,8", "--discriminators", other]
    assert "other: has no config.json" in line(*wider)
    for more, told in (
        (["--recipe", "best"], "other: recipe is best, of the generator fast"),
        (["--head", "rgb", "--size", "64"], "other: picture is (64, 64, 3), of the generator"),
        (["--count", "17"], "other: data_digest is"),
    ):
        channels = ["--channels", "6,5,4,3"] if "--size" in more else []
        assert main([*train, *channels, *more, "--force"]) == 0
        assert told in line(*wider)
    assert main([*train, "--force"]) == 0
    (other / loop.CHECKPOINT).unlink()
    assert "other: has no checkpoint.pt; the discriminators are needed" in line(*wider)


@pytest.fixture
def packed(tmp_path, earlier):
    file = tmp_path / "packed.safetensors"
    assert main(["pack", str(earlier), "--out", str(file)]) == 0
    (earlier / loop.CHECKPOINT).unlink()
    return file


@pytest.mark.parametrize(
    ("way", "sizes"), [("finetune", ["--weight-bits", 5]), ("prune", ["--channels", "5,4,3"])]
)
def test_a_packed_generator_waits_for_its_discriminators(tmp_path, packed, monkeypatch, way, sizes):
    seen = []
    step = Trainer.step

    def observed(self):
        values = step(self)
        state = deepcopy(self.state())
        seen.append({name: state[name] for name in ("g", "ema", "d_grey", "d_colour")})
        return values

    monkeypatch.setattr(Trainer, "step", observed)
    run = tmp_path / "r"
    assert begin(way, packed, *sizes, "--steps", 8, "--out", run) == 0
    assert RunConfig.load(run).start.warm_up == 2  # a quarter

    def changes(name):
        """Whether the network learnt in steps 2 to 8."""
        return [
            any(not torch.equal(before[name][key], after[name][key]) for key in before[name])
            for before, after in pairwise(seen)
        ]

    assert changes("d_grey") == changes("d_colour") == [True] * 7
    assert changes("g") == changes("ema") == [False] + [True] * 6


def test_a_run_with_discriminators_warms_up_if_told(tmp_path, earlier, capsys):
    arguments = ["finetune", earlier, "--weight-bits", 5, "--steps", 4]
    for name, given, wanted in (("own", [], 0), ("told", ["--warm-up", 3], 3)):
        assert begin(*arguments, *given, "--out", tmp_path / name) == 0
        assert RunConfig.load(tmp_path / name).start.warm_up == wanted
    for wrong in (-1, 4):
        line = refused(capsys, *arguments, f"--warm-up={wrong}", "--out", tmp_path / "r")
        assert f"--warm-up is {wrong} of 4 steps" in line
    assert not (tmp_path / "r").exists()


def test_a_packed_teacher_of_a_student(tmp_path, packed):
    run = tmp_path / "r"
    assert (
        begin("distill", "--teacher", packed, "--preset", "tiny", "--steps", 2, "--out", run) == 0
    )
    assert RunConfig.load(run).start.warm_up == 0


def test_a_file_that_is_no_packed_generator(tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    line = refused(capsys, "finetune", file, "--weight-bits", 5, "--out", tmp_path / "r")
    assert "notes.txt: is no packed generator" in line
    assert not (tmp_path / "r").exists()


def test_distill_begins_anew_with_the_teachers_offsets(tmp_path, earlier, capsys):
    run = tmp_path / "r"
    (earlier / loop.CHECKPOINT).unlink()  # the teacher needs none
    assert (
        begin("distill", "--teacher", earlier, "--preset", "tiny", "--steps", 2, "--out", run) == 0
    )
    config = RunConfig.load(run)
    assert config.spec.channels == (32, 16, 8)
    assert config.start.spec.channels == (6, 5, 4)
    teacher = FloatGenerator.load(earlier, RunConfig.load(earlier).spec)
    np.testing.assert_array_equal(FloatGenerator.load(run, config.spec).offsets, teacher.offsets)
    assert begin("train", "--resume", "--steps", 4, "--out", run) == 0


def test_widths_that_do_not_fit(tmp_path, earlier, capsys, monkeypatch):
    monkeypatch.setitem(spec.FIELD_RANGES, "channels", (1, 10**7))  # what is allowed fits
    out = ["--out", tmp_path / "r"]
    assert "wider than" in refused(capsys, "prune", earlier, "--channels", "6,6,4", *out)
    assert "--preset NAME or --channels" in refused(capsys, "prune", earlier, *out)
    assert "channels" in refused(
        capsys, "distill", "--teacher", earlier, "--channels", "0,1,1", *out
    )
    huge = ["distill", "--teacher", earlier, "--channels", "1,3000000,3000000"]
    assert "do not fit into memory" in refused(capsys, *huge, *out)
    assert not (tmp_path / "r").exists()


def test_distillation_pulls_towards_the_teacher(tmp_path, earlier):
    pictures = load("sprites", 18, 0).pictures
    distances = []
    for name, weight in (("without", 0), ("with", 100)):
        run = tmp_path / name
        session.begin_from(
            earlier, run, "distill", channels=(6, 5, 4), steps=120, distillation=weight
        )
        config = RunConfig.load(run)
        trainer = Trainer(config, pictures)
        trainer.restore(torch.load(run / loop.CHECKPOINT, weights_only=True))
        z = torch.randn(64, 100, generator=torch.Generator().manual_seed(0))
        made, wanted = (
            network.colour(z, *trainer.offsets) for network in (trainer.ema, trainer.teacher)
        )
        distances.append((made - wanted).abs().mean().item())
    assert distances[1] < 0.8 * distances[0]


def test_finetune_adds_noise_unless_told_otherwise(tmp_path, earlier, monkeypatch):
    added = []
    add_noise = discriminator_view.add_noise
    monkeypatch.setattr(
        discriminator_view, "add_noise", lambda *given: added.append(given[2]) or add_noise(*given)
    )
    arguments = ["finetune", earlier, "--weight-bits", 5, "--steps", 1]
    for name, given in (("own", []), ("more", ["--noise", 80]), ("none", ["--noise", 0])):
        assert begin(*arguments, *given, "--out", tmp_path / name) == 0
    assert (
        begin("prune", earlier, "--channels", "6,5,4", "--steps", 1, "--out", tmp_path / "p") == 0
    )
    # to drawn and made pictures for the discriminators, to made ones for the generator
    assert added == [60.0] * 3 + [80.0] * 3
    noises = [RunConfig.load(tmp_path / name).start.noise for name in ("own", "more", "none", "p")]
    assert noises == [60, 80, 0, 0]


@pytest.mark.parametrize("noise", [-1, "nan", "inf"])
def test_noise_that_is_none(tmp_path, earlier, capsys, noise):
    arguments = ["finetune", earlier, "--weight-bits", 5, f"--noise={noise}"]
    assert "--noise is" in refused(capsys, *arguments, "--out", tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_the_help_tells_the_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    ways = ("finetune", "distill", "prune", "grow")
    finetune, distill, prune, grow = (WAYS[way] for way in ways)
    assert f"(default {prune.rate}, of distill {distill.rate:g}, of grow {grow.rate:g})" in text
    assert finetune.rate == prune.rate
    assert f"(default 0; {finetune.warm_up}, of finetune, prune and grow, where" in text
    assert (finetune.warm_up, distill.warm_up) == (prune.warm_up, 0) == (grow.warm_up, 0)
    own = f"{finetune.distillation:g}, of grow {grow.distillation:g}"
    assert f"(default {prune.distillation:g}, of finetune {own})" in text
    assert prune.distillation == distill.distillation
    assert f"(default {prune.noise:g}, of finetune {finetune.noise:g})" in text
    assert distill.noise == grow.noise == prune.noise
