# SPDX-License-Identifier: Apache-2.0
"""avatar data, train, quantize from their command lines: what they write, what they refuse."""

import dataclasses
import json
import shlex

import numpy as np
import pytest
import torch
from PIL import Image

from cli import main
from golden import model_file, spec
from pictures import grid, save_each
from train.data.recombination import recombine
from train.data.sprites import collection
from train.data.training_set import TrainingSet
from train.loop import loop, session
from train.quantize import widening
from train.run.config import RunConfig

pytestmark = pytest.mark.usefixtures("tiny_recipes")
TRAIN = ["train", "--channels", "4,3,2", "--steps", "3"]


def refused(capsys, *arguments):
    """Run `avatar`, expect exit 2, and return its one line on standard error."""
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(lines) == 1
    return lines[0]


def test_data(tmp_path):
    out, sheet = tmp_path / "d", tmp_path / "sheet.png"
    assert main(["data", "--count", "5", "--out", str(out), "--sheet", str(sheet)]) == 0
    names = sorted(p.name for p in out.iterdir())
    assert names == ["000.png", "001.png", "002.png", "003.png", "004.png", "labels.csv"]
    with Image.open(sheet) as picture:
        assert picture.size == (192, 128)
    assert main(["data", "--count", "5", "--out", str(out)]) == 2  # may be somebody's own


@pytest.mark.parametrize(
    ("recipe", "asked", "latents"),
    [
        ("paper", [], "normal"),
        ("paper", ["--latent", "tanh"], "tanh"),
        ("fast", [], "categorical"),
        ("fast", ["--latent", "normal"], "normal"),
    ],
)
def test_from_nothing_to_a_model(tmp_path, recipe, asked, latents, capsys):
    run, model = tmp_path / "r", tmp_path / "m.safetensors"
    assert main([*TRAIN, "--recipe", recipe, "--out", str(run), "--smooth", "0.9", *asked]) == 0
    capsys.readouterr()
    quantize = ["quantize", str(run), "--weight-bits", "8,6,5,4", "--out", str(model), "--json"]
    assert main(quantize) == 0
    facts = json.loads(capsys.readouterr().out)
    loaded = model_file.load(model)
    assert facts["id"] == loaded.digest
    assert facts["psnr"] == loaded.metrics["psnr"]
    assert loaded.spec.weight_bits == (8, 6, 5, 4)
    assert facts["acc_widths"] == list(loaded.spec.acc_widths)
    told = {"recipe": recipe, "latents": latents, "real_label": 0.9, "steps": 3, "seed": 0}
    assert told.items() <= loaded.training.items()


def test_precision(tmp_path, capsys):
    """The one asked for decides the weights, not the processor; a run keeps its own."""
    weights = []
    for precision in ("float32", "bfloat16"):
        run, tuned = tmp_path / precision, tmp_path / f"{precision}-tuned"
        assert main([*TRAIN, "--precision", precision, "--out", str(run)]) == 0
        finetune = ["finetune", str(run), "--weight-bits", "5", "--steps", "1"]
        other = "float32" if precision == "bfloat16" else "bfloat16"
        assert main([*finetune, "--precision", other, "--out", str(tuned)]) == 0
        assert [RunConfig.load(r).precision for r in (run, tuned)] == [precision, other]
        weights.append(torch.load(run / loop.CHECKPOINT, weights_only=True)["g"]["layers.1.weight"])
    assert 0 < (weights[0] - weights[1]).abs().max() < 0.1
    assert "leave it out" in refused(
        capsys, "train", "--resume", "--precision", "float32", "--out", run
    )


def test_recombine(tmp_path, capsys):
    """`few` does so by itself; what is made of a run, and a run that goes on from it, says so."""
    runs = {name: tmp_path / name for name in ("few", "asked", "none", "tuned")}
    assert main([*TRAIN, "--recipe", "few", "--out", str(runs["few"])]) == 0
    assert main([*TRAIN, "--recombine", "7", "--out", str(runs["asked"])]) == 0
    few_without = [*TRAIN, "--recipe", "few", "--recombine", "0"]
    assert main([*few_without, "--out", str(runs["none"])]) == 0
    finetune = ["finetune", str(runs["few"]), "--weight-bits", "5", "--steps", "1"]
    assert main([*finetune, "--out", str(runs["tuned"])]) == 0
    assert "of 20,000 asked for" in capsys.readouterr().err
    told = {name: RunConfig.load(run).recombined for name, run in runs.items()}
    assert told == {"few": 20_000, "asked": 7, "none": None, "tuned": 20_000}
    model = tmp_path / "m.safetensors"
    assert main(["quantize", str(runs["asked"]), "--out", str(model)]) == 0
    assert model_file.load(model).training["recombined"] == 7
    assert [(run / loop.RECOMBINED).exists() for run in runs.values()] == [True, True, False, True]
    with Image.open(runs["asked"] / loop.RECOMBINED) as picture:
        made = recombine(collection(18, 0)[0], 7).pictures
        np.testing.assert_array_equal(np.asarray(picture), grid(made, scale=2))
    (tmp_path / "dots").mkdir()
    dots = np.zeros((2, 32, 32, 3), np.uint8)
    dots[1, 0, 0] = 1
    save_each(tmp_path / "dots", dots)
    near = [*TRAIN, "--recipe", "few", "--data", tmp_path / "dots", "--out", tmp_path / "near"]
    assert "or --recombine 0" in refused(capsys, *near)
    assert not (tmp_path / "near").exists()


@pytest.mark.parametrize("recipe", ["fast", "few"])
@pytest.mark.parametrize("count", [1, 30])
def test_pictures_all_alike(tmp_path, capsys, recipe, count):
    own, run = tmp_path / "black", tmp_path / "r"
    own.mkdir()
    save_each(own, np.zeros((count, 32, 32, 3), np.uint8))
    line = refused(capsys, *TRAIN, "--recipe", recipe, "--data", own, "--out", run)
    assert f"{own}: has 1 different picture among {count}; training needs at least 2" in line
    assert not run.exists()


def test_epochs_count_passes_over_the_pictures(tmp_path):
    train = ["train", "--channels", "4,3,2", "--epochs", "2", "--count", "11", "--out"]
    assert main([*train, str(tmp_path / "r")]) == 0
    assert RunConfig.load(tmp_path / "r").steps == 4


def test_own_pictures_and_resume(tmp_path, capsys):
    own, run = tmp_path / "own", tmp_path / "r"
    main(["data", "--count", "6", "--out", str(own)])
    assert main([*TRAIN, "--data", str(own), "--out", str(run)]) == 0
    resume = ["train", "--resume", "--out", str(run)]
    assert "3 of 3 steps" in refused(capsys, *resume)
    assert main([*resume, "--steps", "5"]) == 0
    assert RunConfig.load(run).steps == 5
    assert "leave it out" in refused(capsys, *resume, "--steps", "9", "--seed", "2")
    assert "--save-every is 0" in refused(capsys, *resume, "--steps", "9", "--save-every", "0")
    assert RunConfig.load(run).steps == 5
    (own / "000.png").unlink()
    assert "not the pictures that" in refused(capsys, *resume, "--steps", "9")


def test_a_run_keeps_how_its_pictures_are_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(widening, "SAMPLES", 64)
    tiles = collection(8, 3)[0]
    clear = (tiles == 0).all(-1, keepdims=True)
    sheet = np.concatenate([*np.concatenate([tiles, ~clear * np.uint8(255)], axis=-1)], axis=1)
    (tmp_path / "own/below").mkdir(parents=True)
    for name in "own/a.png", "own/below/b.png":
        Image.fromarray(np.ascontiguousarray(sheet)).save(tmp_path / name)
    own, run = tmp_path / "own", tmp_path / "r"
    reading = ["--recursive", "--tile", "32", "--background", "#ff0000"]
    assert main([*TRAIN, "--data", str(own), *reading, "--out", str(run)]) == 0
    config = RunConfig.load(run)
    over_red = np.where(clear, np.array([255, 0, 0], np.uint8), tiles)
    assert config.data_digest == TrainingSet("", np.concatenate([over_red, over_red])).digest
    assert config.pictures == 16
    resume = ["train", "--resume", "--out", str(run), "--steps", "4"]
    assert main(resume) == 0
    for option in (["--recursive"], ["--tile", "32"], ["--background", "red"]):
        line = refused(capsys, *resume, *option)
        assert f"--resume keeps the {option[0]} that RUN has; leave it out" in line
    quantize = ["quantize", str(run), "--widen", "--out", str(tmp_path / "m")]
    assert main(quantize) == 0
    assert model_file.load(tmp_path / "m").training["reading"] == {
        "recursive": True, "tile": 32, "background": [255, 0, 0],
    }  # fmt: skip
    evaluate = ["evaluate", "--model", str(tmp_path / "m"), "--count", "20", "--json"]
    assert main([*evaluate, "--training", str(own), *reading]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["training_pictures"] == 16


def test_ctrl_c_is_130(tmp_path, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.Trainer, "step", interrupt)
    assert main([*TRAIN, "--out", str(tmp_path / "r")]) == 130


def test_divergence_is_1(tmp_path, monkeypatch, capsys):
    step = loop.Trainer.step
    nan = {"g": torch.tensor(torch.nan)}
    monkeypatch.setattr(loop.Trainer, "step", lambda self: step(self) | nan)
    assert main([*TRAIN, "--out", str(tmp_path / "r")]) == 1
    assert "not finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--channels", "0,3,2"], "channels"),
        (["--channels", "a,b,c"], "--channels"),
        (["--preset", "huge"], "preset 'huge'"),
        (["--preset", "tiny", "--channels", "4,3,2"], "--preset NAME or --channels"),
        (["--channels", "4,3,2", "--size", "64"], "64x64 pixels take 4 hidden layers"),
        (["--size", "33"], "size is 33; give 4 to 7 times a power of two"),
        (["--size", "256"], "size is 256"),
        (["--size", "4"], "the number of layers is 1; give 2 to 8"),
        (["--preset", "tiny", "--head", "grey", "--recipe", "few"], "give --recombine 0"),
        (["--preset", "tiny", "--latent-size", "0"], "latent is 0"),
        (["--preset", "tiny", "--latent-size", "33"], "a multiple of 5 numbers, not 33"),
        (["--preset", "tiny", "--steps", "0"], "--steps is 0"),
        (["--preset", "tiny", "--steps", "1", "--epochs", "1"], "--epochs"),
        (["--preset", "tiny", "--seed", "-1"], "--seed is -1"),
        (["--preset", "tiny", "--smooth", "1.5"], "--smooth is 1.5"),
        (["--preset", "tiny", "--smooth", "0.9", "--recipe", "best"], "judges pairs"),
        (["--preset", "tiny", "--recombine", "-1"], "--recombine is -1"),
        (["--preset", "tiny", "--count", "0"], "--count is 0"),
        (["--preset", "tiny", "--count", "1"], "training needs at least 2"),
        (["--preset", "tiny", "--count", "1000001"], "--count is 1000001; give 1 to 1000000"),
        (["--preset", "tiny", "--data", "missing"], "missing: there is no such folder"),
        (["--preset", "tiny", "--tile", "1"], "--tile is 1; give 2 to 4096 pixels"),
        (["--preset", "tiny", "--tile", "8"], "--tile says how a folder of pictures is read"),
        (["--preset", "tiny", "--background", "greyish"], "--background is 'greyish'; give R,G,B"),
        (["--preset", "tiny", "--resume"], "leave it out"),
        (["--resume"], "config.json"),
        (["--preset", "tiny", "--recipe", "slow"], "--recipe"),
    ],
)
def test_bad_arguments_leave_nothing(tmp_path, capsys, arguments, says):
    assert says in refused(capsys, "train", *arguments, "--out", tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_an_empty_name_is_no_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "name of a folder is empty" in refused(capsys, *TRAIN, "--out", "")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_a_run_is_kept(tmp_path, capsys):
    run = tmp_path / "r"
    assert main([*TRAIN, "--out", str(run)]) == 0
    before = (run / "checkpoint.pt").read_bytes()
    assert "holds a run already" in refused(capsys, *TRAIN, "--out", run)
    assert (run / "checkpoint.pt").read_bytes() == before
    assert "give one of them" in refused(capsys, "train", "--resume", "--force", "--out", run)
    assert "--steps is 0" in refused(capsys, *TRAIN, "--force", "--steps", "0", "--out", run)
    assert (run / "checkpoint.pt").read_bytes() == before
    (run / "own.txt").touch()
    assert main([*TRAIN, "--seed", "1", "--force", "--out", str(run)]) == 0
    assert RunConfig.load(run).seed == 1
    assert not (run / "own.txt").exists()  # whole
    other = tmp_path / "other"
    other.mkdir()
    (other / "own.txt").touch()
    (other / "config.json").mkdir()
    assert "has no config.json" in refused(capsys, *TRAIN, "--force", "--out", other)


def test_quantize_refuses(tmp_path, capsys):
    run, out = tmp_path / "r", tmp_path / "m.safetensors"
    assert "config.json" in refused(capsys, "quantize", run, "--out", out)
    assert main([*TRAIN, "--out", str(run)]) == 0
    for bits in ("9", "1", "5,5", "x", "5,5,5,9"):
        line = refused(capsys, "quantize", run, "--weight-bits", bits, "--out", out)
        assert "weight" in line
    assert "is a file" in refused(capsys, "quantize", run, "--out", run / "config.json" / "m")
    generator = run / "generator.safetensors"
    generator.write_bytes(generator.read_bytes()[:-9])
    assert "generator.safetensors: is damaged" in refused(capsys, "quantize", run, "--out", out)
    (run / "config.json").write_text('{"channels": [4, 3, 2], "steps')
    assert "config.json: is damaged" in refused(capsys, "quantize", run, "--out", out)
    assert not out.exists()


def test_folders_that_cannot_be_made_are_refused_before_the_work(tmp_path, capsys, monkeypatch):
    assert main([*TRAIN, "--out", str(tmp_path / "r")]) == 0
    monkeypatch.setattr(session, "load", None)
    monkeypatch.setattr(session, "start_state", None)
    for verb in (TRAIN, ("finetune", tmp_path / "r", "--weight-bits", "5")):
        line = refused(capsys, *verb, "--out", tmp_path / "r" / "config.json" / "r")
        assert "config.json is a file; write elsewhere" in line


def test_a_new_run_and_its_model_make_the_folders_on_the_way(tmp_path):
    run, model = tmp_path / "deep" / "er" / "run", tmp_path / "models" / "m.safetensors"
    assert main([*TRAIN, "--out", str(run)]) == 0
    assert RunConfig.load(run).steps == 3
    assert main(["quantize", str(run), "--out", str(model)]) == 0
    assert model_file.load(model).spec.channels == (4, 3, 2)


def test_a_model_is_replaced_on_demand_only(tmp_path, capsys, monkeypatch):
    """It may lie in the folder of its run."""
    run = tmp_path / "r"
    assert main([*TRAIN, "--out", str(run)]) == 0
    model, packed = run / "model.safetensors", tmp_path / "p.safetensors"
    verbs = (["quantize", str(run), "--out", str(model)], ["pack", str(run), "--out", str(packed)])
    for verb in verbs:
        assert main(verb) == 0
    before = model.read_bytes(), packed.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(RunConfig, "load", None)  # refused before the work
        for verb, path in zip(verbs, (model, packed)):
            assert f"{path}: is there already; --force replaces it" in refused(capsys, *verb)
    assert (model.read_bytes(), packed.read_bytes()) == before
    for verb in (verbs[0] + ["--weight-bits", "3"], verbs[1]):
        assert main([*verb, "--force"]) == 0
    assert model_file.load(model).spec.weight_bits == (3,) * 4


def test_moved_pictures_are_proven_by_their_digest(tmp_path, capsys, monkeypatch):
    """A run is gone on with from any folder; everything that reads its pictures takes new ones."""
    monkeypatch.chdir(tmp_path)
    main(["data", "--count", "6", "--out", "own"])
    main(["data", "--count", "6", "--seed", "1", "--out", "other"])
    assert main([*TRAIN, "--data", "own", "--out", "r"]) == 0
    assert RunConfig.load("r").data == str(tmp_path / "own")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    resume = ["train", "--resume", "--out", "../r", "--steps"]
    assert main([*resume, "4"]) == 0
    (tmp_path / "own").rename(tmp_path / "moved")
    monkeypatch.setattr(widening, "SAMPLES", 16)
    monkeypatch.setattr(widening, "STRIDES", (50,))
    again = (
        [*resume, "5"],
        ["distill", "--teacher", "../r", "--channels", "3,2,2", "--steps", "1", "--out", "small"],
        ["pack", "../r", "--widen", "--out", "p.safetensors"],
        ["quantize", "../r", "--widen", "--out", "m.safetensors"],
    )
    for command in again:
        line = refused(capsys, *command)
        assert line.startswith("avatar: error: ../r: there is no folder "), line
        assert "name their folder with --data DIR" in line
        line = refused(capsys, *command, "--data", "../other")
        assert line.endswith("../other: these are not the pictures that ../r was trained on")
    for command in again:
        assert main([*command, "--data", "../moved"]) == 0
    for run in ("../r", "small"):
        assert RunConfig.load(run).data == str(tmp_path / "moved")
    capsys.readouterr()
    assert main([*resume, "6"]) == 0  # the run has kept where they are
    assert "leave it out" in refused(
        capsys, "quantize", "../r", "--data", "../moved", "--out", "m2"
    )


def test_a_relative_path_of_before_is_read_from_its_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["data", "--count", "6", "--out", "own"])
    assert main([*TRAIN, "--data", "own", "--out", "r"]) == 0
    dataclasses.replace(RunConfig.load("r"), data="own").save("r")
    assert main(["train", "--resume", "--out", "r", "--steps", "4"]) == 0
    assert RunConfig.load("r").data == str(tmp_path / "own")


def test_a_short_run_shows_its_losses(tmp_path, monkeypatch):
    """A run gone on with tells what an unbroken one tells: the mean of an earlier end goes."""
    step = loop.Trainer.step

    def numbered(self):
        losses = step(self)
        return losses | {"g": torch.tensor(float(self.step_count))}

    def told():
        lines = [json.loads(line) for line in (run / loop.METRICS).read_text().splitlines()]
        return [(line["step"], line["g"]) for line in lines]

    monkeypatch.setattr(loop.Trainer, "step", numbered)
    run = tmp_path / "r"
    assert main(["train", "--channels", "4,3,2", "--steps", "14", "--out", str(run)]) == 0
    assert told() == [(2, 1.5), (5, 4.0), (10, 8.0), (14, 12.5)]
    with Image.open(run / "losses.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 5
    assert main(["train", "--resume", "--steps", "20", "--out", str(run)]) == 0
    assert told() == [(2, 1.5), (5, 4.0), (10, 8.0), (20, 15.5)]


def test_a_stopped_run_says_what_goes_on(tmp_path, capsys, monkeypatch):
    run, step = tmp_path / "my run", loop.Trainer.step

    def interrupted(self):
        if self.step_count == 1:
            loop.signal.raise_signal(loop.signal.SIGINT)
        return step(self)

    monkeypatch.setattr(loop.Trainer, "step", interrupted)
    assert main([*TRAIN, "--out", str(run)]) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    command = f"avatar train --resume --out '{run}'"
    assert last == f"avatar: interrupted; saved at step 2; go on with: {command}"
    monkeypatch.setattr(loop.Trainer, "step", step)
    assert main(shlex.split(command)[1:]) == 0
    command = f"avatar quantize '{run}' --out model.safetensors"
    assert capsys.readouterr().out == f"{run}: trained; next: {command}\n"
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0


@pytest.mark.parametrize(
    ("options", "latent", "planes", "shape"),
    [
        (["--size", "64", "--head", "rgb"], 100, 1, (64, 64, 3)),
        (["--size", "28", "--head", "grey", "--latent-size", "20"], 20, 1, (28, 28, 1)),
        (["--size", "16"], 100, 3, (16, 16, 3)),
    ],
)
def test_networks_of_other_shapes(tmp_path, tiny_recipes, options, latent, planes, shape):
    """Trained, broken off and gone on with, quantised, drawn."""
    run, file, out = tmp_path / "r", tmp_path / "m.safetensors", tmp_path / "a.png"
    train = ["train", "--preset", "tiny", "--count", "20", "--steps", "2", *options]
    assert main([*train, "--out", str(run)]) == 0
    assert main(["train", "--resume", "--steps", "3", "--out", str(run)]) == 0
    quantize = ["quantize", str(run), "--weight-bits", "5", "--learn", "3", "--out", str(file)]
    assert main(quantize) == 0
    spec = model_file.load(file).spec
    assert (spec.latent, spec.planes, spec.picture_shape) == (latent, planes, shape)
    assert main(["generate", "--model", str(file), "--scale", "1", "--out", str(out)]) == 0
    with Image.open(out) as image:
        assert (image.size, image.mode) == (shape[:2], "RGB" if shape[2] == 3 else "L")


def test_networks_larger_than_memory(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(spec.FIELD_RANGES, "channels", (1, 10**7))  # what is allowed fits
    train = ["train", "--channels", "1,3000000,3000000", "--steps", "3", "--out", tmp_path / "r"]
    assert "do not fit into memory" in refused(capsys, *train)
    assert not (tmp_path / "r").exists()


def test_damaged_metrics_are_dropped(tmp_path):
    run = tmp_path / "r"
    assert main([*TRAIN, "--out", str(run)]) == 0
    whole = json.dumps({"step": 2}) + "\n"
    (run / loop.METRICS).write_bytes(b'{"step": 1, "g\n[]\n\xff\n' + whole.encode() + b'{"step"')
    assert main(["train", "--resume", "--out", str(run), "--steps", "4"]) == 0
    assert (run / loop.METRICS).read_text().startswith(whole + '{"step": 4, "sec')
