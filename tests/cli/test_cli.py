# SPDX-License-Identifier: Apache-2.0
"""The verbs of the golden side, and what every verb does with bad input."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from boards.chips.capacity import DoesNotFit
from cli.arguments import VERBS
from golden import generator as reference
from golden import model_file
from golden.latents import draw_latents
from golden.on_chip_latents import draw_on_chip
from golden.spec import GeneratorSpec
from pictures import grid
from support.failures import CheckFailed, InputError
from support.files import new_folder
from tests.cli.refusals import refusal
from tests.models import random_model

CONFORMANCE = Path(__file__).parents[1] / "conformance" / "small-16-12-8-w5"
ASCII = {"PYTHONIOENCODING": "ascii"}
MODEL = str(CONFORMANCE.with_suffix(".safetensors"))
ON_CHIP = ["generate", "--model", MODEL, "--out", "a.png", "--on-chip-seed"]


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read_png(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_generate_writes_the_conformance_pictures(tmp_path):
    latents = str(CONFORMANCE.with_suffix(".latents.npy"))
    wanted = np.load(CONFORMANCE.with_suffix(".pictures.npy"))
    arguments = ["generate", "--model", MODEL, "--latents", latents, "--each", "each"]
    assert cli.main([*arguments, "--out", "a.png", "--scale", "2"]) == 0
    np.testing.assert_array_equal(read_png("a.png"), grid(wanted, scale=2))
    names = sorted(path.name for path in Path("each").iterdir())
    assert names == [f"{n:03}.png" for n in range(len(wanted))]
    for name, picture in zip(names, wanted):
        np.testing.assert_array_equal(read_png(Path("each") / name), picture)


def test_a_seed_and_a_file_of_its_latents_agree():
    assert (
        cli.main(["generate", "--model", MODEL, "--seed", "7", "--count", "3", "--out", "a.png"])
        == 0
    )
    np.save("z.npy", np.random.default_rng(7).standard_normal((3, 100)))
    assert cli.main(["generate", "--model", MODEL, "--latents", "z.npy", "--out", "b.png"]) == 0
    np.save("q.npy", draw_latents(7, 3))
    assert cli.main(["generate", "--model", MODEL, "--latents", "q.npy", "--out", "c.png"]) == 0
    first, *others = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert others == [first, first]


def test_latents_are_drawn_as_the_model_was_trained():
    """A file of them is taken as it is."""
    model = dataclasses.replace(model_file.load(MODEL), training={"latents": "categorical"})
    model_file.save(model, "m.safetensors")
    generate = ["generate", "--model", "m.safetensors", "--out"]
    assert cli.main([*generate, "a.png", "--seed", "7", "--count", "2"]) == 0
    for name, distribution in (("b", "categorical"), ("c", "normal")):
        np.save("z.npy", draw_latents(7, 2, distribution))
        assert cli.main([*generate, f"{name}.png", "--latents", "z.npy"]) == 0
    drawn, same, other = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert drawn == same != other


@pytest.mark.parametrize(
    ("options", "steps"), [([], 1), (["--walk"], 16), (["--walk", "4"], 4)], ids=str
)
@pytest.mark.parametrize("distribution", ["normal", "categorical"])
def test_the_latents_of_a_wall(distribution, options, steps):
    model = dataclasses.replace(model_file.load(MODEL), training={"latents": distribution})
    model_file.save(model, "m.safetensors")
    arguments = ["generate", "--model", "m.safetensors", "--on-chip-seed", "7", "--count", "6"]
    assert cli.main([*arguments, *options, "--out", "a.png", "--scale", "1"]) == 0
    latents = draw_on_chip(7, 6, distribution, 100, steps)
    np.testing.assert_array_equal(read_png("a.png"), grid(reference.generate(model, latents)))


def test_one_avatar_is_the_default():
    assert cli.main(["generate", "--model", MODEL, "--out", "a.png"]) == 0
    assert read_png("a.png").shape == (256, 256, 3)


@pytest.mark.parametrize(("count", "scale"), [(1, 8), (2, 8), (5, 5), (64, 2), (300, 1)])
def test_a_grid_is_enlarged_so_that_one_sees_it(count, scale):
    assert cli.main(["generate", "--model", MODEL, "--count", str(count), "--out", "a.png"]) == 0
    latents = draw_latents(0, count)
    wanted = grid(reference.generate(model_file.load(MODEL), latents), scale=scale)
    np.testing.assert_array_equal(read_png("a.png"), wanted)


def test_avatars_in_the_terminal(capsys, monkeypatch):
    """Two pixels a character, as many avatars side by side as fit."""
    monkeypatch.setenv("COLUMNS", "70")
    assert cli.main(["generate", "--model", MODEL, "--count", "3", "--show"]) == 0
    lines = capsys.readouterr().out.split("\n")
    wanted = reference.generate(model_file.load(MODEL), draw_latents(0, 3))
    cell = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m\u2580")
    rows = [np.array(cell.findall(line), int).reshape(-1, 2, 3) for line in lines]
    shapes = [len(row) for row in rows]
    assert shapes == [64] * 16 + [0] + [32] * 16 + [0]
    upper = np.array(rows[:16]).transpose(0, 2, 1, 3).reshape(32, 64, 3)
    np.testing.assert_array_equal(upper, np.concatenate(wanted[:2], axis=1))
    lower = np.array(rows[17:33]).transpose(0, 2, 1, 3).reshape(32, 32, 3)
    np.testing.assert_array_equal(lower, wanted[2])


def test_the_default_model_is_found_from_any_folder(capsys):
    assert cli.main(["generate", "--seed", "7", "--out", "a.png"]) == 0
    assert cli.main(["models", "--json"]) == 0
    shipped = {row["name"]: row["file"] for row in json.loads(capsys.readouterr().out)}
    assert (
        cli.main(["generate", "--model", shipped["compact-w8"], "--seed", "7", "--out", "b.png"])
        == 0
    )
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_models_says_which_boards_hold_them(capsys):
    assert cli.main(["models", "--json"]) == 0
    held = {row["name"]: row["boards"] for row in json.loads(capsys.readouterr().out)}
    assert cli.main(["boards", "--json"]) == 0
    for board in json.loads(capsys.readouterr().out):
        for name, boards in held.items():
            on_any_machine = any(name in machine["models"] for machine in board["machines"])
            assert (board["name"] in boards) == on_any_machine, name


def test_trace_alone_writes_files_of_every_layer():
    assert cli.main(["generate", "--model", MODEL, "--trace", "trace"]) == 0
    index = json.loads(Path("trace/index.json").read_text())
    assert len(index["arrays"]) == 12
    assert np.load("trace/layer4_activations.npy").shape == (1, 3, 1, 32, 32)


def test_info(capsys):
    assert cli.main(["info", MODEL]) == 0
    assert "16-12-8" in capsys.readouterr().out
    assert cli.main(["info", MODEL, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == model_file.load(MODEL).digest


BUILD = ["build", "--board", "ulx3s-85f", "--model", MODEL, "--out", "b"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["xyzzy"], "there is no verb xyzzy; see"),
        (["trian"], "there is no verb trian; did you mean train?"),
        (["info", MODEL, "--jason"], "--jason; did you mean --json?"),
        (["--wrong"], "--wrong comes before any verb"),
        (["info"], "FILE"),
        (["info", MODEL, "--wrong"], "--wrong"),
        (["info", "none.safetensors"], "none.safetensors: there is no such file"),
        (["info", "."], "no regular file"),
        (["info", __file__], "test_cli.py: is not a model file"),
        (["generate", "--model", MODEL], "--out FILE.png"),
        (["generate", "--model", "none", "--out", "a.png"], "none: there is no such file"),
        (["generate", "--model", MODEL, "--out", f"{MODEL}/a.png"], "is a file; write elsewhere"),
        (["generate", "--model", MODEL, "--out", "."], ".: pictures are PNG files"),
        (["generate", "--model", MODEL, "--out", MODEL], "pictures are PNG files"),
        (["generate", "--model", MODEL, "--out", "no\nx.jpg"], "no x.jpg: pictures are PNG files"),
        (["generate", "--model", MODEL, "--out", "a.png", "--port", ""], "--port is empty"),
        (["generate", "--model", MODEL, "--each", f"{MODEL}/each"], "is a file; write elsewhere"),
        (["generate", "--model", MODEL, "--trace", f"{MODEL}/trace"], "is a file; write elsewhere"),
        (["generate", "--model", MODEL, "--each", MODEL], "is a file; name a folder"),
        (["generate", "--model", MODEL, "--out", "a.png", "--seed", "x"], "--seed"),
        (["generate", "--model", MODEL, "--out", "a.png", "--seed", "-1"], "--seed is -1"),
        (["generate", "--model", MODEL, "--out", "a.png", "--count", "0"], "--count is 0"),
        (["generate", "--model", MODEL, "--out", "a.png", "--count", "9" * 30], "--count is 999"),
        (["generate", "--model", MODEL, "--out", "a.png", "--scale", "0"], "--scale is 0"),
        (["generate", "--model", MODEL, "--each", "e", "--scale", "2"], "--scale"),
        (
            ["generate", "--model", MODEL, "--out", "a.png", "--count", "1000", "--scale", "64"],
            "--out would be 65,536 x 65,536 pixels, over 268 million",
        ),
        (["demo", "--out", ""], "pictures are PNG files"),
        ([*BUILD, "--clock", "nan"], "--clock is nan MHz; give 1 to 1000"),
        ([*BUILD, "--clock", "500"], "the PLL makes 3.125 to 400 MHz, not 500"),
        ([*BUILD, "--seed", "-1"], "--seed is -1"),
        (["perf", "--channels", "20000,1,1", "--weight-bits", "8"], "channels is 20000"),
        (
            ["generate", "--model", MODEL, "--out", "a.png", "--latents", "z.npy"],
            "z.npy: there is no",
        ),
        (["generate", "--model", MODEL, "--out", "a.png", "--latents", __file__], "is not a .npy"),
        (
            ["generate", "--model", MODEL, "--out", "a.png", "--latents", "z", "--seed", "1"],
            "excludes",
        ),
        (
            ["generate", "--model", MODEL, "--out", "a.png", "--latents", "z", "--count", "1"],
            "excludes",
        ),
        ([*ON_CHIP, "-1"], "--on-chip-seed is -1; give 0 to 4294967295"),
        ([*ON_CHIP, "4294967296"], "--on-chip-seed is 4294967296"),
        ([*ON_CHIP, "1", "--seed", "1"], "--on-chip-seed excludes --latents and --seed"),
        ([*ON_CHIP, "1", "--latents", "z"], "--on-chip-seed excludes --latents and --seed"),
        ([*ON_CHIP, "1", "--walk", "3"], "--walk is 3; give 2, 4, 8, 16 or 32 steps"),
        ([*ON_CHIP, "1", "--walk", "1"], "--walk is 1;"),
        ([*ON_CHIP[:-1], "--walk"], "give --on-chip-seed too"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(capsys, arguments, words):
    assert words in refusal(capsys, *arguments)


def test_a_damaged_model_is_named(capsys):
    data = bytearray(Path(MODEL).read_bytes())
    data[-1] ^= 1
    Path("bad.safetensors").write_bytes(data)
    line = refusal(capsys, "generate", "--model", "bad.safetensors", "--out", "a.png")
    assert "bad.safetensors: digest is" in line
    assert "the file is damaged" in line


def test_a_failed_write_keeps_the_old_picture(capsys, monkeypatch):
    Path("a.png").write_bytes(b"old")

    def full_disk(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    assert "No space left" in refusal(capsys, "generate", "--model", MODEL, "--out", "a.png")
    assert Path("a.png").read_bytes() == b"old"


def test_no_memory_is_one_line(capsys, monkeypatch):
    def no_memory(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr("pictures.grid", no_memory)
    assert "not enough memory" in refusal(capsys, "generate", "--model", MODEL, "--out", "a.png")


def load_all():
    for group in cli.GROUPS:
        group.load()


def test_a_missing_extra_is_named(capsys, monkeypatch):
    load_all()

    def needs_torch(_args):
        """Train."""
        import torch  # noqa: F401

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(VERBS, "train", (needs_torch, ()))
    line = refusal(capsys, "train")
    assert "torch is not installed; this needs: pip install -e '.[train]'" in line


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (CheckFailed("too slow"), 1, "avatar: too slow\n"),
        (CheckFailed("no picture\n  its log\n"), 1, "avatar: no picture\n  its log\n\n"),
        (DoesNotFit("too large", "a table"), 2, "a table\navatar: error: too large\n"),
    ],
)
def test_what_fails_is_said(capsys, monkeypatch, error, status, text):
    load_all()

    def fail(_args):
        """Fail."""
        raise error

    monkeypatch.setitem(VERBS, "build", (fail, ()))
    assert cli.main(["build"]) == status
    assert capsys.readouterr() == ("", text)


# Its progress is told at once, so that a test need not wait for half a minute.
AT_ONCE = (
    "from support import progress; progress.EVERY = 0; import cli; raise SystemExit(cli.main())"
)


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_reader_that_has_enough_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with start("info", MODEL, stdout=write) as run:
        os.close(write)
        assert run.stderr.read() == ""
        assert run.wait(timeout=60) == 0


def test_ctrl_c_ends_with_130_and_leaves_no_file():
    model_file.save(random_model(GeneratorSpec.preset("tiny")), "m.safetensors")
    run = start("generate", "--model", "m.safetensors", "--count", "100000", "--out", "a.png")
    with run:
        run.stderr.read(1)  # the progress bar, so it is at work
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 130
        assert "Traceback" not in run.stderr.read()
    assert os.listdir() == ["m.safetensors"]


def test_every_group_registers_its_verbs_and_no_others():
    load_all()
    assert [name for group in cli.GROUPS for name in group.verbs] == list(cli.GROUP_OF)
    assert set(VERBS) == set(cli.GROUP_OF)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_a_bare_avatar_shows_groups_and_first_steps(capsys, arguments):
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    places = [out.index(f"\n{group.title}:\n") for group in cli.GROUPS]
    assert places == sorted(places)
    for name in cli.GROUP_OF:
        assert f"\n  {name} " in out
    steps = out[out.index("first steps:") :]
    assert steps.count("\n  avatar ") == 3


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"avatar-gan-fpga \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_what_a_terminal_cannot_print_is_replaced(tmp_path):
    """A name that ASCII has no letters for, in an error's line and in a result."""
    model = tmp_path / "r\u00e9.safetensors"
    shutil.copyfile(MODEL, model)
    run = partial(
        subprocess.run,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), **ASCII},
        capture_output=True,
        timeout=60,
    )
    avatar = [sys.executable, "-m", "cli"]
    done = run([*avatar, "info", "\u00e9"])
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"avatar: error: ?")
    train = ["--channels", "4,3,2", "--steps", "1", "--count", "8", "--out", "\u00e9"]
    done = run([*avatar, "train", "--recipe", "fast", *train], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"?: trained")


def test_help_shows_every_verb_with_an_example(capsys):
    for name in cli.GROUP_OF:
        with pytest.raises(SystemExit) as caught:
            cli.main([name, "--help"])
        assert caught.value.code == 0
        assert f"avatar {name} " in capsys.readouterr().out


def test_pictures_and_builds_make_the_folders_on_the_way(capsys):
    arguments = ["generate", "--model", MODEL, "--out", "deep/er/a.png", "--each", "other/each"]
    assert "no such port" in refusal(capsys, *arguments, "--port", "none")
    assert os.listdir() == []  # refused before anything is written
    assert cli.main([*arguments, "--trace", "third/trace"]) == 0
    assert read_png("deep/er/a.png").shape == (256, 256, 3)
    assert read_png("other/each/000.png").shape == (32, 32, 3)
    assert Path("third/trace/index.json").is_file()
    assert cli.main(arguments) == 0  # pictures are overwritten
    assert cli.main(["data", "--count", "2", "--out", "some/sprites"]) == 0
    assert len(os.listdir("some/sprites")) == 3


def test_a_build_takes_the_machines_seed_unless_told(capsys, monkeypatch):
    taken = []

    def make(board, capacity, out, progress, *, seed, **_):
        taken.append(seed)
        return {}

    monkeypatch.setattr("boards.build.make.make", make)
    for more in ([], ["--seed", "5"], ["--capacity", "w8"]):
        assert cli.main(["build", "--board", "orangecrab-85f", *more, "--out", "b", "--json"]) == 0
    assert taken == [2, 5, 1]


def test_a_build_is_replaced_on_demand_only(capsys, monkeypatch):
    """Whole or not at all, and nothing else is."""

    def make(board, capacity, out, progress, **_):
        with new_folder(out) as folder:
            (folder / "report.json").write_text("new")
            if fails:
                raise InputError("the tool failed")
        return {}

    fails = False
    monkeypatch.setattr("boards.build.make.make", make)
    monkeypatch.setattr("boards.build.make.as_text", lambda facts, out: f"{out} is made")
    assert cli.main(BUILD) == 0
    assert capsys.readouterr().out == "b is made\n"
    Path("b/report.json").write_text("old")
    Path("b/more").touch()
    assert "b: is there already; --force replaces it" in refusal(capsys, *BUILD)
    fails = True
    assert "the tool failed" in refusal(capsys, *BUILD, "--force")
    assert Path("b/report.json").read_text() == "old"
    fails = False
    assert cli.main([*BUILD, "--force"]) == 0
    assert capsys.readouterr().out == "b is made\n"
    assert os.listdir("b") == ["report.json"]
    Path("b/report.json").unlink()
    assert "has no report.json" in refusal(capsys, *BUILD, "--force")
    assert os.listdir() == ["b"]
