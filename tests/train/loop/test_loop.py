# SPDX-License-Identifier: Apache-2.0
"""The loop: resuming to the same bits, Ctrl-C."""

import dataclasses
import json
import signal

import numpy as np
import pytest
import torch

from golden.spec import GeneratorSpec
from support.failures import InputError
from tests.train.runs import config
from train.data.recombination import recombine
from train.loop import loop, schedule
from train.loop.loop import Diverged, train
from train.loop.recipes import RECIPES
from train.loop.trainer import Trainer
from train.run.float_generator import FloatGenerator

pytestmark = pytest.mark.usefixtures("tiny_recipes")


def weights(run):
    """Everything a run's checkpoint holds but its clock, as bytes by name."""
    state = torch.load(run / loop.CHECKPOINT, weights_only=True)
    del state["seconds"]
    return json.dumps(state, default=lambda tensor: tensor.numpy().tobytes().hex())


def folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("recipe", "number"),
    [
        ("paper", signal.SIGINT),
        ("fast", signal.SIGINT),
        ("fast", signal.SIGTERM),
        ("few", signal.SIGINT),
    ],
)
def test_an_interrupted_run_resumes_to_the_same_bits(
    tmp_path, sprites, recipe, number, monkeypatch
):
    monkeypatch.setattr(schedule, "EVERY", 3)
    unbroken, broken = folder(tmp_path / "unbroken"), folder(tmp_path / "broken")
    own = config(recipe, recombined=RECIPES[recipe].recombine or None)
    train(own, sprites, unbroken)

    step = Trainer.step
    interrupt_at = [4, 8]

    def interrupted(self):
        if self.step_count in interrupt_at:
            interrupt_at.remove(self.step_count)
            signal.raise_signal(number)
        return step(self)

    monkeypatch.setattr(Trainer, "step", interrupted)
    handler = signal.getsignal(number)
    for resume in (False, True):
        with pytest.raises(KeyboardInterrupt):
            train(own, sprites, broken, resume=resume)
        assert signal.getsignal(number) is handler
    train(own, sprites, broken, resume=True)

    assert weights(broken) == weights(unbroken)
    metrics = [
        [
            {key: value for key, value in json.loads(line).items() if key != "seconds"}
            for line in (run / loop.METRICS).read_text().splitlines()
        ]
        for run in (unbroken, broken)
    ]
    assert metrics[0] == metrics[1]
    assert [line["step"] for line in metrics[0]] == [2, 3, 5, 6, 9, 10, 12]
    offsets = [FloatGenerator.load(run, config().spec).offsets for run in (unbroken, broken)]
    np.testing.assert_array_equal(*offsets)


def test_recombined_pictures_are_shown_to_the_networks_and_to_the_alarms(
    tmp_path, sprites, monkeypatch
):
    seen = []

    def watched(original):
        return lambda first, pictures, *more: (
            seen.append(pictures) or original(first, pictures, *more)
        )

    monkeypatch.setattr(loop, "Trainer", watched(loop.Trainer))
    monkeypatch.setattr(loop, "Watch", watched(loop.Watch))
    train(config(recombined=7, steps=1), sprites, folder(tmp_path / "r"))
    assert len(seen) == 2
    for pictures in seen:
        np.testing.assert_array_equal(pictures, np.concatenate((sprites, recombine(sprites, 7)[0])))


def test_a_killed_run_repeats_the_steps_since_its_checkpoint(tmp_path, sprites, monkeypatch):
    monkeypatch.setattr(schedule, "EVERY", 4)
    unbroken, killed = folder(tmp_path / "unbroken"), folder(tmp_path / "killed")
    train(config(), sprites, unbroken)
    step = Trainer.step

    def dies(self):
        if self.step_count == 7:
            raise SystemExit
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", dies)
        with pytest.raises(SystemExit):
            train(config(), sprites, killed, save_every=3)
    with (killed / loop.METRICS).open("a") as metrics:
        metrics.write('{"step": 8, "sec')  # the line it died in
    train(config(), sprites, killed, resume=True)
    assert weights(killed) == weights(unbroken)
    lines = map(json.loads, (killed / loop.METRICS).read_text().splitlines())
    assert [line["step"] for line in lines if "g" in line] == [2, 4, 5, 8, 10, 12]


def test_a_run_that_dies_in_its_last_save_can_end(tmp_path, sprites, monkeypatch):
    unbroken, killed = folder(tmp_path / "unbroken"), folder(tmp_path / "killed")
    train(config(), sprites, unbroken, save_every=5)
    with monkeypatch.context() as patch:
        save = FloatGenerator.save

        def dies(self, run):
            if self.progress["steps"] == 12:
                raise SystemExit
            save(self, run)

        patch.setattr(FloatGenerator, "save", dies)
        with pytest.raises(SystemExit):
            train(config(), sprites, killed, save_every=5)
    train(config(), sprites, killed, resume=True)
    assert weights(killed) == weights(unbroken)


def test_what_a_run_leaves(tmp_path, sprites):
    generator = train(config(), sprites, tmp_path, save_every=5)
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == [
        "000005.png",
        "000010.png",
        "000012.png",
    ]
    saved = FloatGenerator.load(tmp_path, config().spec)
    for a, b in zip(generator.weight, saved.weight):
        np.testing.assert_array_equal(a, b)
    assert saved.progress["steps"] == 12
    assert not any(p.name.startswith(".") for p in tmp_path.iterdir())


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(tmp_path, sprites, monkeypatch):
    train(config(steps=2), sprites, tmp_path)
    before = weights(tmp_path)
    step = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self: step(self) | {"g": torch.tensor(torch.nan)})
    with pytest.raises(Diverged, match="not finite"):
        train(config(steps=4), sprites, tmp_path, resume=True)
    assert weights(tmp_path) == before


@pytest.mark.parametrize(
    "damage", ["cut", "text", "dot", "foreign", "other size", "step", "seconds", "sums"]
)
def test_damaged_checkpoints(tmp_path, sprites, damage):
    train(config(steps=2), sprites, tmp_path)
    path, wanted = tmp_path / loop.CHECKPOINT, config(steps=4)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "text":
        path.write_text("no checkpoint")
    elif damage == "dot":  # the end of an empty pickle
        path.write_text(".")
    elif damage == "foreign":
        torch.save([1, 2], path)
    elif damage in ("step", "seconds", "sums"):
        state = torch.load(path, weights_only=True)
        wrong = {"step": "2", "seconds": float("nan"), "sums": {"g": torch.zeros(2)}}
        torch.save(state | {damage: wrong[damage]}, path)
    else:
        wanted = dataclasses.replace(wanted, spec=GeneratorSpec.avatars((5, 3, 2)))
    with pytest.raises(
        InputError, match=r"^\S*: checkpoint\.pt: is damaged, or of other netw\S+; remove"
    ):
        train(wanted, sprites, tmp_path, resume=True)


@pytest.mark.parametrize(("wanted", "threads"), [(None, 1), ("2", 2)])
def test_one_thread_unless_the_user_says_otherwise(tmp_path, sprites, monkeypatch, wanted, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if wanted is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    torch.set_num_threads(2)  # as PyTorch does by itself where OMP_NUM_THREADS or the cores say so
    seen, step = [], Trainer.step

    def watched(self):
        seen.append(torch.get_num_threads())
        return step(self)

    monkeypatch.setattr(Trainer, "step", watched)
    train(config(steps=1), sprites, tmp_path)
    assert seen == [threads]
    assert torch.get_num_threads() == 2
