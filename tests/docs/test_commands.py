# SPDX-License-Identifier: Apache-2.0
"""README.md and docs/using.md do what they say: every command is run, its output compared.

Each document is followed from top to bottom in a copy of the files that a clone has.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from tests.docs.pages import ROOT, matches, steps

TIMEOUT = 500  # seconds for all commands of a document
SMALL = "tests/conformance/odd-7-5-3-mixed.safetensors"  # of which other tests have built a board
COMPACT = "models/compact-normal-w8.safetensors"

# What a test has no time for: part of a command, what is run in its place, why.
SHORTENED = {
    "README.md": (("--steps 3000", "--steps 2 --count 100", "minutes of training"),),
    "docs/using.md": (
        ("--steps 2000", "--steps 2 --recombine 0", "an hour of training"),
        ("--steps 3000", "--steps 3", "the same run"),
        ("--learn 6000", "--learn 2", "ten minutes of learned rounding"),
        ("--learn 200", "--learn 2", "half a minute of it"),
        ("runs/tutorial 16", "runs/tutorial 4", "a network of a 16th as many weights does, too"),
        (f"evaluate --model {COMPACT}", f"evaluate --model {COMPACT} --count 50", "a minute"),
        (
            f"--model {COMPACT} --link board",
            f"--model {SMALL} --rows 4 --columns 4 --link board & "
            "timeout 200 sh -c 'until test -e board; do sleep 0.1; done'",
            "it serves until Ctrl-C, and compact takes minutes to build",
        ),
        (f"--port board --model {COMPACT}", f"--port board --model {SMALL}", "that board's model"),
        (f"--model {COMPACT} --seed 7 --count 2", f"--model {SMALL} --seed 7 --count 2", "as well"),
        ("--count 10 --out", "--count 3 --out", "seconds of a simulated line"),
    ),
}
# Commands of which only the options are looked at, by how they begin, or by a part of them.
NOT_RUN = {
    "avatar build ": "minutes to place and to route",
    "avatar swap ": "needs what `avatar build` makes",
    "avatar program ": "needs a board",
    " --port /dev/ttyUSB0": "needs a board; docs/using.md does the same with a virtual one",
}
DOCUMENTS = tuple(SHORTENED)


def text_of(document):
    return (ROOT / document).read_text()


def check_installing(command):
    """Check what `make`, `pip` and `source` lines name; the tests run where that is done."""
    words = shlex.split(command)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}\b.*:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[0] == "pip":
        assert words[1:4] == ["install", "-c", "constraints.txt"]
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extras = re.fullmatch(r"\.\[(.+)\]", words[-1])[1].split(",")
        assert set(extras) <= set(project["optional-dependencies"])
    else:
        assert words == ["source", ".venv/bin/activate"]
        assert "venv .venv" in (ROOT / "Makefile").read_text()


def is_run(command):
    return not any(part in command for part in NOT_RUN)


def shortened(document, command):
    """Return what is run in place of a command."""
    for part, instead, _ in SHORTENED[document]:
        command = command.replace(part, instead)
    return command


def copy_of_a_clone(folder):
    """Put the files that git has, or would take, into `folder`."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def follow(commands, folder, clone):
    """Run commands in one shell; return (status, standard output, standard error) of each.

    The first that fails is the last.
    """
    programs = folder / "programs"
    programs.mkdir()
    where, python = shlex.quote(str(clone)), shlex.quote(sys.executable)
    for name, call in (("avatar", "-m cli "), ("python", "")):
        shim = programs / name
        shim.write_text(f'#!/bin/sh\nPYTHONPATH={where} exec {python} {call}"$@"\n')
        shim.chmod(0o755)
    script = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for n, command in enumerate(commands):
        script.append(f"{{ {command}\n}} > ../{n}.out 2> ../{n}.err; echo $? > ../{n}.status")
        script.append(f"test $(cat ../{n}.status) = 0 || exit 0")
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["bash", "-c", "\n".join(script)],
        cwd=clone,
        env={**environment, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(TIMEOUT)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
    results = []
    for n in range(len(commands)):
        files = [folder / f"{n}.{kind}" for kind in ("status", "out", "err")]
        if not files[0].exists():
            break
        results.append([file.read_text() for file in files])
    return results


@pytest.mark.sim
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_reader_can_follow(document, tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    copy_of_a_clone(clone)
    pictures = {name: pixels(clone / name) for name in pictures_made(document)}
    followed = []
    for step in steps(text_of(document)):
        if step.command.split()[0] in ("make", "pip", "source"):
            check_installing(step.command)
        elif is_run(step.command):
            followed.append(step)
    commands = [shortened(document, step.command) for step in followed]
    results = follow(commands, tmp_path, clone)
    for step, command, (status, out, err) in zip(followed, commands, results, strict=False):
        assert int(status) == 0, f"{command}\n{out}{err}"
        assert matches(step.output, out.splitlines()), f"{command}\n{out}"
    assert len(results) == len(followed)
    for name, before in pictures.items():
        np.testing.assert_array_equal(pixels(clone / name), before)


def pictures_made(document):
    """Return the pictures of docs/ that a document's commands make again."""
    commands = "\n".join(step.command for step in steps(text_of(document)))
    return re.findall(r"--out (docs/\S+\.png)", commands)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.sim
@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path):
    demo = next(step for step in steps(text_of("README.md")) if step.command == "make demo")
    clone = tmp_path / "clone"
    clone.mkdir()
    copy_of_a_clone(clone)
    ((status, out, err),) = follow(["avatar demo"], tmp_path, clone)
    assert int(status) == 0, err
    assert matches(demo.output, out.splitlines()), out


def test_what_is_shortened_stands_in_the_documents():
    for document, table in SHORTENED.items():
        commands = "\n".join(step.command for step in steps(text_of(document)))
        for part, _, _ in table:
            assert part in commands
    commands = [step.command for document in DOCUMENTS for step in steps(text_of(document))]
    for part in NOT_RUN:
        assert any(part in command for command in commands), part


def test_commands_that_are_not_run_are_parsed():
    for document in DOCUMENTS:
        for step in steps(text_of(document)):
            _, *words = shlex.split(step.command)
            if not is_run(step.command):
                cli.verb_parser(words[0]).parse_args(words[1:])
                if "--model" in words:
                    assert Path(ROOT, words[words.index("--model") + 1]).is_file()
