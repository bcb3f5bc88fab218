# SPDX-License-Identifier: Apache-2.0
"""A run from its first step to its last: checkpoints, metrics, samples, Ctrl-C."""

from __future__ import annotations

import io
import json
import shlex
import signal
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch

from pictures import grid, save_png
from support.failures import CheckFailed, InputError
from support.files import make_folder, remove_folder, replacing
from support.progress import bar
from train.data.recombination import recombine
from train.data.training_set import refuse_alike
from train.loop import parallel, schedule
from train.loop.malloc import keep_freed_memory
from train.loop.trainer import SAMPLE_COUNT, Trainer
from train.loop.watching import METRICS, Watch
from train.networks.torch_tools import one_thread, within_memory
from train.run.config import CONFIG

CHECKPOINT = "checkpoint.pt"
SAMPLES = "samples"
RECOMBINED = "recombined.png"
LOSSES = ("d_grey", "d_colour", "g")  # of what a step tells
SAVE_EVERY = 1000  # steps


class Diverged(CheckFailed):
    """A loss is no longer finite; the message is one line for the user."""


@contextmanager
def checkpoint_of(run, remedy, device="cpu"):
    """Yield what a run's checkpoint.pt holds; what its reader raises over it becomes one line.

    Parameters
    ----------
    run : str or Path
    remedy : str
        Ends the message of a file that is not a checkpoint of this run.
    device : torch.device or str

    Raises
    ------
    InputError
        The file is missing, damaged, or of other networks.
    """
    path = Path(run) / CHECKPOINT
    try:
        yield torch.load(path, map_location=device, weights_only=True)
    except MemoryError:
        raise
    except FileNotFoundError:
        raise InputError(f"{run}: has no {CHECKPOINT}; {remedy}") from None
    except Exception:  # damage raises anything, and PyTorch's advice is to run the file's code
        raise InputError(
            f"{run}: {CHECKPOINT}: is damaged, or of other networks; {remedy}"
        ) from None


@contextmanager
def _interruptible(patient):
    """Yield an event that Ctrl-C and SIGTERM set; a second one interrupts at once.

    Unless `patient`: torchrun passes on the Ctrl-C that its processes have had themselves.
    """
    interrupted = threading.Event()

    def handler(number, _frame):
        interrupted.set()
        if not patient:
            signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _save(trainer, run, samples):
    trainer.generator().save(run)
    save_png(run / SAMPLES / f"{trainer.step_count:06}.png", grid(samples, scale=2))
    buffer = io.BytesIO()  # a full disk then fails as for any other file
    torch.save(trainer.state(), buffer)
    # Last: a run that died before it goes on from the former one and saves the others again.
    with replacing(run / CHECKPOINT) as beside:
        beside.write_bytes(buffer.getbuffer())


def _restore(trainer, run):
    with checkpoint_of(run, "remove the folder and train anew", trainer.device) as state:
        trainer.restore(state)


def _check_finite(trainer, run):
    if not all(torch.isfinite(sum_) for sum_ in trainer.sums.values()):
        raise Diverged(
            f"{run}: a loss is not finite by step {trainer.step_count}; try another seed or recipe"
        )


def _forget_later_metrics(run, step):
    """Drop what an unbroken run would not tell: of steps done again, of an earlier end; damage."""
    path = run / METRICS
    if path.is_file():
        kept = [
            line
            for line in path.read_text(errors="replace").splitlines(keepends=True)
            if line.endswith("\n") and _is_told_by(line, step)
        ]
        with replacing(path) as beside:
            beside.write_text("".join(kept))


def _is_told_by(line, step):
    """Whether an unbroken run has written this line by step `step`."""
    try:
        facts = json.loads(line)
        own = float(facts["step"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return False
    return own <= step and ("seconds" not in facts or schedule.tells(own))


@within_memory()
def train(
    config,
    pictures,
    run,
    *,
    start=None,
    resume=False,
    force=False,
    save_every=SAVE_EVERY,
    device="cpu",
):
    """Train until ``config.steps``, with a progress bar on standard error.

    After the steps of :mod:`train.loop.schedule` and at the end a line of mean losses goes to
    metrics.jsonl and TensorBoard; every `save_every` steps, at the end and on Ctrl-C or SIGTERM the
    checkpoint, the generator, a grid of samples and losses.png are saved; some of the recombined
    pictures, if there are any, at the beginning. Every `save_every` steps the alarms look at the
    samples (:mod:`train.loop.alarms`).
    Ctrl-C and a resumed run give the weights of an unbroken one, bit for bit, on the same machine
    with as many threads and processes.

    Under torchrun all processes call this and share every batch; the first one writes.

    Parameters
    ----------
    config : train.run.config.RunConfig
    pictures : uint8 array, shape (N, 32, 32, 3)
        They are recombined here if `config` says so.
    run : Path
        The run's folder, made unless it exists.
    start : dict, optional
        State to begin with, as :func:`train.loop.from_earlier.start_state` makes it.
    resume : bool
        Go on from the checkpoint in `run`.
    force : bool
        Remove the run that the folder holds, when all that could refuse the new one has passed.
    save_every : int
    device : str
        ``cpu`` or ``cuda``.

    Returns
    -------
    train.run.float_generator.FloatGenerator

    Raises
    ------
    InputError
        No two pictures differ, there is no checkpoint to resume from, the folder cannot be written
        to, the networks do not fit into memory, or the processes cannot share the work
        (:mod:`train.loop.parallel`).
    Diverged
        A loss became infinite or NaN; the last checkpoint stays.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when everything is saved; the message says at which step, and the
        command that goes on.
    train.loop.parallel.Deserted
        Another process of the run ended.
    """
    run = Path(run)
    refuse_alike(config.data, pictures, "training")
    keep_freed_memory()
    with one_thread(), parallel.joined(device) as world:
        original = len(pictures)
        if config.recombined:
            pictures = _with_recombined(pictures, config.recombined, world)
        trainer = Trainer(config, pictures, world.device, world)
        _prepare(trainer, run, start, resume)
        if world.writes:
            if force:
                remove_folder(run, CONFIG)
            make_folder(run)
            config.save(run)
            _forget_later_metrics(run, trainer.step_count)
            (run / SAMPLES).mkdir(exist_ok=True)
            if config.recombined:
                _save_some(pictures[original:], run / RECOMBINED)
            with Watch(run, pictures) as watch:
                _steps(trainer, run, save_every, world, watch)
        else:
            _steps(trainer, run, save_every, world, None)
    return trainer.generator()


def _with_recombined(pictures, count, world):
    """Return the pictures and up to `count` recombined ones behind them."""
    progress = partial(bar, desc="recombine", unit="block", disable=not world.writes)
    made = recombine(pictures, count, progress=progress).pictures
    if world.writes and len(made) < count:
        print(f"avatar: recombined {len(made):,} pictures of {count:,} asked for", file=sys.stderr)
    return np.concatenate((pictures, made))


def _save_some(pictures, path):
    """Save a grid of pictures from the first to the last."""
    count = min(SAMPLE_COUNT, len(pictures))
    save_png(path, grid(pictures[np.linspace(0, len(pictures) - 1, count).astype(int)], scale=2))


def _prepare(trainer, run, start, resume):
    """Give a trainer the state that it begins with."""
    if resume:
        _restore(trainer, run)
        steps = trainer.config.steps
        if trainer.step_count >= steps:
            raise InputError(
                f"{run}: has done {trainer.step_count} of {steps} steps; go on with more --steps"
            )
    elif start is not None:
        trainer.restore(start)


def resume_command(run, world=parallel.ALONE):
    """Return the command, quoted for a shell, that goes on with a run in as many processes."""
    program = ["avatar", "train"]
    if world.size > 1:
        program = ["torchrun", "--nproc-per-node", str(world.size), "-m", "train"]
    return shlex.join([*program, "--resume", "--out", str(run)])


def _steps(trainer, run, save_every, world, watch):
    """Train to the end; `watch` is None in processes that write nothing."""
    last = trainer.config.steps
    begun = time.monotonic() - trainer.seconds
    progress = bar(
        total=last,
        initial=trainer.step_count,
        desc="train",
        unit="step",
        leave=True,
        disable=not world.writes,
    )
    with _interruptible(patient=world.size > 1) as interrupted, progress:
        while trainer.step_count < last:
            for name, value in trainer.step().items():
                trainer.sums[name] = trainer.sums.get(name, 0.0) + value.double()
            progress.update()
            trainer.seconds = time.monotonic() - begun
            step = trainer.step_count
            logs, looks = schedule.tells(step) or step == last, step % save_every == 0
            stopping = world.any(interrupted.is_set())  # asked once: what stops has saved
            saves = looks or step == last or stopping
            if logs or saves:
                trainer.sums = world.mean(trainer.sums)
                _check_finite(trainer, run)
            if logs:
                count = schedule.covered(step)
                means = {name: sum_.item() / count for name, sum_ in trainer.sums.items()}
                if schedule.tells(step):  # else a longer run goes on with the sums
                    trainer.sums = {}
                progress.set_postfix(
                    {name: f"{means[name]:.3f}" for name in LOSSES if name in means}
                )
                if watch is not None:
                    watch.log({"step": step, "seconds": round(trainer.seconds, 1), **means})
            if saves and watch is not None:
                samples = trainer.samples()
                _save(trainer, run, samples)
                if looks:
                    watch.look(step, samples)
                watch.draw()
            if stopping:
                world.any(True)  # torchrun ends the others as soon as one has ended: wait for all
                raise KeyboardInterrupt(
                    f"interrupted; saved at step {step}; go on with: {resume_command(run, world)}"
                )
