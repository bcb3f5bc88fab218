# SPDX-License-Identifier: Apache-2.0
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.failures import CheckFailed, InputError
from support.termination import run

ROOT = Path(__file__).parents[2]
PROGRAM = """
import time
from support.termination import end_on_sigterm
end_on_sigterm()
try:
    print("begun", flush=True)
    time.sleep(60)
finally:
    print("put away")
"""


def test_sigterm_leaves_nothing_behind():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        assert process.communicate(timeout=30)[0] == "put away\n"
    assert process.returncode == 128 + signal.SIGTERM


def raises(error):
    def program():
        raise error

    return program


@pytest.mark.parametrize(
    ("program", "status", "says"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (raises(InputError("a: is b\nc")), 2, "tool: error: a: is b c\n"),
        (raises(CheckFailed("a\nb")), 1, "tool: a\nb\n"),
        (raises(FileNotFoundError(2, "No such file", "x")), 2, "tool: error: x: No such file\n"),
        (raises(KeyboardInterrupt()), 130, "tool: interrupted\n"),
        (raises(KeyboardInterrupt("interrupted; saved")), 130, "tool: interrupted; saved\n"),
    ],
)
@pytest.mark.parametrize("speaks", [True, False])
def test_one_line_and_a_status(capsys, program, status, says, speaks):
    assert run("tool", program, speaks=lambda: speaks) == status
    assert capsys.readouterr().err == (says if speaks else "")


def test_our_own_faults_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run("tool", lambda: 1 // 0)


# Programs beside `avatar`, with something that each refuses before it works.
PROGRAMS = {
    ("train", "--preset", "huge", "--out", "r"): "train: error: preset 'huge'",
    ("sim.formal.prove", "none"): "formal: error: there is no proof none; there are ",
    ("sim.fuzz.fuzz", "--seed", "-1"): "fuzz: error: --seed is -1; give 0 or a positive number",
    ("tests.mutants", "--jobs", "0"): "mutants: error: --jobs is 0; give 1 or more",
    (
        "benchmarks.hardware_figures",
        "--out",
        "/dev/null",
    ): "hardware_figures: error: /dev/null: is a file; name a folder",
}


@pytest.mark.parametrize("command", PROGRAMS, ids=" ".join)
def test_every_program_ends_alike(command):
    process = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith(PROGRAMS[command])
