# SPDX-License-Identifier: Apache-2.0
"""Several processes: the losses and weights of one, a clean end, refusals in one line."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from cli import main
from support.failures import InputError
from train.loop import loop, schedule
from train.loop.parallel import SharedDraws, World, joined
from train.loop.recipes import RECIPES

ROOT = Path(__file__).parents[3]
TIMEOUT = 120  # seconds that the processes of a test may take
# In float32 on every processor: bfloat16 rounds each process's gradients before they are added.
NARROW = {"batch": 8, "d_colour": (4, 4, 4), "d_grey": (2, 2, 2), "sprites": 18, "bf16": False}
# `python -m train`, with steps of milliseconds.
TRAIN = f"""
import dataclasses, sys
from train.__main__ import main
from train.loop.recipes import RECIPES
for name, recipe in RECIPES.items():
    RECIPES[name] = dataclasses.replace(recipe, **{NARROW})
sys.exit(main())
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def train_in(size, *arguments):
    """Train in `size` processes and return the exit status and standard error of each."""
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    common |= {"WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRAIN, "--device", "cpu", *map(str, arguments)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for rank in range(size)
    ]
    try:
        errors = [process.communicate(timeout=TIMEOUT)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [process.returncode for process in processes], errors


def test_two_processes_take_the_steps_of_one(tmp_path, monkeypatch):
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, dataclasses.replace(recipe, **NARROW))
    one, two = tmp_path / "1", tmp_path / "2"
    begin = ["--channels", "4,3,2", "--recipe", "fast", "--steps", "30"]
    begin += ["--recombine", "90", "--out"]
    assert main(["train", *begin, str(one)]) == 0
    statuses, errors = train_in(2, *begin, two)
    assert statuses == [0, 0], errors
    assert "recombined 34 pictures" in errors[0]  # the first process speaks for all
    assert not errors[1]

    # The losses and logits of 30 steps, with 4 gradient penalties among them; then the weights.
    expected, state = (torch.load(run / loop.CHECKPOINT, weights_only=True) for run in (one, two))
    assert set(expected["sums"]) >= {"d_grey", "d_colour", "g", "d_grey_real"}
    torch.testing.assert_close(state["sums"], expected["sums"], rtol=1e-3, atol=1e-3)
    for name in ("g", "ema", "d_grey", "d_colour"):
        torch.testing.assert_close(state[name], expected[name], rtol=0, atol=2e-3)

    # Another number of processes goes on.
    assert main(["train", "--resume", "--steps", "32", "--out", str(two)]) == 0
    assert torch.load(two / loop.CHECKPOINT, weights_only=True)["step"] == 32


def test_two_processes_train_a_network_of_another_shape(tmp_path, monkeypatch):
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, dataclasses.replace(recipe, **NARROW))
    one, two = tmp_path / "1", tmp_path / "2"
    begin = ["--size", "28", "--head", "grey", "--latent-size", "20", "--channels", "4,3"]
    begin += ["--recipe", "fast", "--steps", "9", "--out"]
    assert main(["train", *begin, str(one)]) == 0
    statuses, errors = train_in(2, *begin, two)
    assert statuses == [0, 0], errors
    expected, state = (torch.load(run / loop.CHECKPOINT, weights_only=True) for run in (one, two))
    for name in ("g", "ema", "d_grey"):
        torch.testing.assert_close(state[name], expected[name], rtol=0, atol=2e-3)


def test_ctrl_c_ends_torchrun_and_all_its_processes_with_a_checkpoint(tmp_path):
    run = tmp_path / "r"
    arguments = ["--channels", "4,3,2", "--count", "64", "--device", "cpu", "--out", str(run)]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    process = subprocess.Popen(
        [*torchrun, "--nproc-per-node", "2", "-m", "train", *arguments],
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,  # as at a terminal, Ctrl-C reaches torchrun and its processes
    )
    try:
        deadline = time.monotonic() + TIMEOUT
        metrics = run / loop.METRICS  # its first line is a mean over processes: all are at work
        while not (metrics.exists() and metrics.read_text()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=TIMEOUT) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    step = torch.load(run / loop.CHECKPOINT, weights_only=True)["step"]
    assert schedule.EARLY[0] <= step < 20_000
    assert not any(path.name.startswith(".") for path in run.iterdir())  # nothing half-written


def test_as_many_processes_go_on():
    assert loop.resume_command("my run", World(rank=0, size=2)) == (
        "torchrun --nproc-per-node 2 -m train --resume --out 'my run'"
    )


def test_batch_norm_in_two_processes_needs_a_gpu(tmp_path):
    run = tmp_path / "r"
    statuses, errors = train_in(2, "--channels", "4,3,2", "--recipe", "paper", "--out", run)
    assert statuses == [2, 2]
    lines = [line for line in errors[0].splitlines() if line.startswith("train:")]
    assert len(lines) == 1
    assert "needs a GPU" in lines[0]
    assert "Traceback" not in errors[0]
    assert not errors[1]
    assert not run.exists()


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_pytorch_without_its_transport(monkeypatch, device):
    monkeypatch.setattr(torch.distributed, "is_gloo_available", lambda: False)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"has no (gloo|nccl)"), joined(device):
        pass


@pytest.mark.parametrize(("name", "value"), [("WORLD_SIZE", "x"), ("RANK", ""), ("RANK", "-1")])
def test_an_environment_that_is_not_torchruns(monkeypatch, name, value):
    for other in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.setenv(other, "2")
    monkeypatch.setenv(name, value)
    complaint = f"{name} is '{value}' in the environment; start with torchrun"
    with pytest.raises(InputError, match=complaint), joined("cpu"):
        pass


def test_a_batch_is_shared_evenly_or_refused():
    assert [World(rank, 4).rows(32) for rank in (0, 3)] == [slice(0, 8), slice(24, 32)]
    with pytest.raises(InputError, match="batch of 32 does not divide among 5 processes; start 4"):
        World(0, 5).rows(32)


def test_processes_draw_the_numbers_of_one():
    def draws(rng, count):
        return [
            rng.standard_normal((count, 3), np.float32),
            rng.integers(3, size=count),
            rng.integers(9, size=(count, 1)),
        ]

    whole = draws(np.random.default_rng(0), 6)
    halves = [
        draws(SharedDraws(np.random.default_rng(0), 6, World(rank, 2).rows(6)), 3)
        for rank in (0, 1)
    ]
    for own, *parts in zip(whole, *halves):
        np.testing.assert_array_equal(own, np.concatenate(parts))
    with pytest.raises(ValueError, match="4 rows"):
        SharedDraws(np.random.default_rng(0), 6, slice(0, 3)).integers(3, size=4)
