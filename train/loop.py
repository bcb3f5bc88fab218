# SPDX-License-Identifier: Apache-2.0
"""A run from its first step to its last: checkpoints, metrics, samples, Ctrl-C."""

from __future__ import annotations

import io
import json
import math
import pickle
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

from golden.atomic import make_folder, replacing
from golden.spec import InputError
from pictures import save_png
from train.trainer import Trainer

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
SAMPLES = "samples"
METRICS_EVERY = 100  # steps
SAVE_EVERY = 1000  # steps


class Diverged(Exception):
    """A loss is no longer finite; the message is one line for the user."""


# What torch.load and load_state_dict raise on files that are not a checkpoint of this run.
DAMAGE = (
    RuntimeError,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    pickle.UnpicklingError,
)


@contextmanager
def _interruptible():
    """Yield an event that Ctrl-C sets; a second Ctrl-C interrupts at once."""
    interrupted = threading.Event()

    def handler(_signal, _frame):
        interrupted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


# In what PyTorch says where an allocation fails, or is too large to be tried.
_NO_MEMORY = (
    "allocate memory",
    "not enough memory",
    "out of memory",
    "Storage size calculation overflowed",
    "multiplication overflow",
)


@contextmanager
def _within_memory():
    """Translate a failed allocation, which PyTorch tells from other errors by its text alone."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not any(text in str(error) for text in _NO_MEMORY):
            raise
        raise InputError(
            "--channels: the networks do not fit into memory; give fewer channels"
        ) from None


def _save(trainer, run):
    buffer = io.BytesIO()  # a full disk then fails as for any other file
    torch.save(trainer.state(), buffer)
    with replacing(run / CHECKPOINT) as beside:
        beside.write_bytes(buffer.getbuffer())
    trainer.generator().save(run)
    save_png(run / SAMPLES / f"{trainer.step_count:06}.png", trainer.samples())


def _restore(trainer, run):
    path = run / CHECKPOINT
    remedy = "remove the folder and train anew"
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; {remedy}")
    try:
        trainer.restore(torch.load(path, map_location=trainer.device, weights_only=True))
    except DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: is damaged ({reason}); {remedy}") from None


def _check_finite(trainer, run):
    if not all(torch.isfinite(sum_) for sum_ in trainer.sums.values()):
        raise Diverged(
            f"{run}: a loss is not finite by step {trainer.step_count}; try another seed or recipe"
        )


def _forget_later_metrics(run, step):
    """Drop the metrics of steps that a resumed run will do again, and damaged lines."""
    path = run / METRICS
    if path.is_file():
        kept = [
            line
            for line in path.read_text(errors="replace").splitlines(keepends=True)
            if line.endswith("\n") and _step_of(line) <= step
        ]
        with replacing(path) as beside:
            beside.write_text("".join(kept))


def _step_of(line):
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return math.inf


@_within_memory()
def train(config, pictures, run, *, start=None, resume=False, save_every=SAVE_EVERY, device="cpu"):
    """Train until ``config.steps``, with a progress bar on standard error.

    Every :data:`METRICS_EVERY` steps a line of mean losses goes to metrics.jsonl; every
    `save_every` steps, at the end and on Ctrl-C the checkpoint, the generator and a grid of samples
    are saved. Ctrl-C and a resumed run give the weights of an unbroken one, bit for bit, on the
    same machine.

    Parameters
    ----------
    config : train.run.RunConfig
    pictures : uint8 array, shape (N, 32, 32, 3)
    run : Path
        The run's folder, made unless it exists.
    start : dict, optional
        State to begin with, as :func:`train.start.start_state` makes it.
    resume : bool
        Go on from the checkpoint in `run`.
    save_every : int
    device : str

    Returns
    -------
    train.run.FloatGenerator

    Raises
    ------
    InputError
        There is no checkpoint to resume from, the folder cannot be written to, or the networks do
        not fit into memory.
    Diverged
        A loss became infinite or NaN; the last checkpoint stays.
    KeyboardInterrupt
        After Ctrl-C, when everything is saved.
    """
    run = Path(run)
    trainer = Trainer(config, pictures, device)
    if resume:
        _restore(trainer, run)
        if trainer.step_count >= config.steps:
            raise InputError(
                f"{run}: has done {trainer.step_count} of {config.steps} steps; "
                "go on with more --steps"
            )
        _forget_later_metrics(run, trainer.step_count)
    elif start is not None:
        trainer.restore(start)
    make_folder(run)
    config.save(run)
    (run / SAMPLES).mkdir(exist_ok=True)
    start = time.monotonic() - trainer.seconds
    bar = tqdm(total=config.steps, initial=trainer.step_count, unit="step", file=sys.stderr)
    with _interruptible() as interrupted, bar, (run / METRICS).open("a") as metrics:
        while trainer.step_count < config.steps:
            for name, value in trainer.step().items():
                trainer.sums[name] = trainer.sums.get(name, 0.0) + value.double()
            bar.update()
            trainer.seconds = time.monotonic() - start
            step = trainer.step_count
            logs = step % METRICS_EVERY == 0
            stopping = interrupted.is_set()  # asked once: what stops has saved
            saves = step % save_every == 0 or step == config.steps or stopping
            if logs or saves:
                _check_finite(trainer, run)
            if logs:
                means = {name: sum_.item() / METRICS_EVERY for name, sum_ in trainer.sums.items()}
                trainer.sums = {}
                line = {"step": step, "seconds": round(trainer.seconds, 1), **means}
                metrics.write(json.dumps(line) + "\n")
                metrics.flush()
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
            if saves:
                _save(trainer, run)
            if stopping:
                raise KeyboardInterrupt
    return trainer.generator()
