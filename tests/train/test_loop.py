# SPDX-License-Identifier: Apache-2.0
"""The loop: order of the steps, resuming to the same bits, Ctrl-C."""

import dataclasses
import json
import signal

import numpy as np
import pytest
import torch

from golden.spec import InputError
from train import loop
from train.loop import Diverged, Trainer, train
from train.run import FloatGenerator, RunConfig
from train.sprites import collection

CHANNELS = (4, 3, 2)
pytestmark = pytest.mark.usefixtures("tiny_recipes")


@pytest.fixture(scope="module")
def sprites():
    return collection(18, 0)[0]


def config(recipe="fast", steps=12, **options):
    return RunConfig(channels=CHANNELS, recipe=recipe, steps=steps, seed=1, **options)


def weights(run):
    """Everything a run's checkpoint holds but its clock, as bytes by name."""
    state = torch.load(run / loop.CHECKPOINT, weights_only=True)
    del state["seconds"]
    return json.dumps(state, default=lambda tensor: tensor.numpy().tobytes().hex())


def folder(path):
    path.mkdir()
    return path


def test_a_step_trains_d_then_g_with_a_fresh_z(sprites, monkeypatch):
    trainer = Trainer(config("paper"), sprites)
    events, latents = [], []

    def watch(owner, name, event):
        original = getattr(owner, name)

        def watched(*arguments):
            events.append(event)
            latents.extend(arguments[:1])
            return original(*arguments)

        monkeypatch.setattr(owner, name, watched)

    watch(trainer.adam_d, "step", "D step")
    watch(trainer.adam_g, "step", "G step")
    watch(trainer.g, "colour", "z")
    trainer.step()
    assert events == ["z", "D step", "z", "G step"]
    assert latents[0].shape == (4, 100)
    assert not torch.equal(*latents)


def test_each_step_changes_its_own_networks_alone(sprites):
    trainer = Trainer(config("paper"), sprites)

    def snapshot(*names):
        parameters = [p for name in names for p in getattr(trainer, name).parameters()]
        return [p.detach().clone() for p in parameters]

    def equal(before, after):
        return all(torch.equal(a, b) for a, b in zip(before, after))

    real, rng = torch.rand(4, 3, 32, 32) * 2 - 1, np.random.default_rng(0)
    g, d = snapshot("g"), snapshot("d_grey", "d_colour")
    trainer._discriminator_step(real, rng)
    assert equal(g, snapshot("g"))
    assert not equal(d, snapshot("d_grey", "d_colour"))
    d = snapshot("d_grey", "d_colour")
    trainer._generator_step(rng)
    assert equal(d, snapshot("d_grey", "d_colour"))
    assert not equal(g, snapshot("g"))


def test_d_grey_sees_three_planes_in_paper_and_one_in_fast(sprites):
    pictures = torch.arange(4 * 3 * 1024.0).view(4, 3, 32, 32)
    rng = np.random.default_rng(0)
    three = Trainer(config("paper"), sprites)._planes(pictures, rng)
    assert three.shape == (12, 1, 32, 32)
    assert {plane[0, 0, 0].item() for plane in three} == {1024.0 * n for n in range(12)}
    one = Trainer(config("fast"), sprites)._planes(pictures, rng)
    assert one.shape == (4, 1, 32, 32)
    assert [int(plane[0, 0, 0] // 3072) for plane in one] == [0, 1, 2, 3]


def test_latents_and_offsets(sprites):
    trainer = Trainer(config(latents="tanh"), sprites)
    seen = []
    trainer.g.colour = lambda z, *_: seen.append(z)
    trainer._fakes(np.random.default_rng(0))
    assert seen[0].abs().max() < 1
    assert trainer.v1.abs().max() > 1.5  # v is N(0, I) all the same
    assert not torch.equal(trainer.v1, trainer.v2)
    assert not trainer.v1.requires_grad


def test_first_weights(sprites):
    paper = Trainer(dataclasses.replace(config("paper"), channels=(64, 64, 32)), sprites)
    assert paper.g.layers[1].weight.std().item() == pytest.approx(0.02, rel=0.05)
    fast = Trainer(dataclasses.replace(config("fast"), channels=(64, 64, 32)), sprites)
    x = torch.randn(64, 100)[:, :, None, None]
    for layer in fast.g.layers:
        x = layer(x)  # He: every layer keeps the spread of what its ReLU passes on
        assert 0.7 < x.std() / 2**0.5 < 1.4
        x = torch.relu(x)


def test_lr_decays_to_zero_and_ema_follows(sprites):
    trainer = Trainer(config("fast", steps=4), sprites)
    rates = []
    for _ in range(4):
        trainer.step()
        rates.append(trainer.adam_g.param_groups[0]["lr"])
    assert rates[0] == 1e-3
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 2e-4
    assert not torch.equal(trainer.ema.layers[0].weight, trainer.g.layers[0].weight)
    paper = Trainer(config("paper"), sprites)
    paper.step()
    torch.testing.assert_close(paper.ema.layers[0].weight, paper.g.layers[0].weight)
    assert paper.adam_g.param_groups[0]["lr"] == 1e-4


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path, sprites, recipe, monkeypatch):
    monkeypatch.setattr(loop, "METRICS_EVERY", 3)
    unbroken, broken = folder(tmp_path / "unbroken"), folder(tmp_path / "broken")
    train(config(recipe), sprites, unbroken)

    step = Trainer.step
    interrupt_at = [4, 8]

    def interrupted(self):
        if self.step_count in interrupt_at:
            interrupt_at.remove(self.step_count)
            signal.raise_signal(signal.SIGINT)
        return step(self)

    monkeypatch.setattr(Trainer, "step", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    for resume in (False, True):
        with pytest.raises(KeyboardInterrupt):
            train(config(recipe), sprites, broken, resume=resume)
        assert signal.getsignal(signal.SIGINT) is handler
    train(config(recipe), sprites, broken, resume=True)

    assert weights(broken) == weights(unbroken)
    metrics = [
        [
            {key: value for key, value in json.loads(line).items() if key != "seconds"}
            for line in (run / loop.METRICS).read_text().splitlines()
        ]
        for run in (unbroken, broken)
    ]
    assert metrics[0] == metrics[1]
    assert [line["step"] for line in metrics[0]] == [3, 6, 9, 12]
    for name in ("v1", "v2"):
        arrays = [getattr(FloatGenerator.load(r, config().spec), name) for r in (unbroken, broken)]
        np.testing.assert_array_equal(*arrays)


def test_a_killed_run_repeats_the_steps_since_its_checkpoint(tmp_path, sprites, monkeypatch):
    monkeypatch.setattr(loop, "METRICS_EVERY", 2)
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
    steps = [json.loads(line)["step"] for line in (killed / loop.METRICS).read_text().splitlines()]
    assert steps == [2, 4, 6, 8, 10, 12]


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


@pytest.mark.parametrize("damage", ["cut", "text", "foreign", "other size"])
def test_damaged_checkpoints(tmp_path, sprites, damage):
    train(config(steps=2), sprites, tmp_path)
    path, wanted = tmp_path / loop.CHECKPOINT, config(steps=4)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "text":
        path.write_text("no checkpoint")
    elif damage == "foreign":
        torch.save([1, 2], path)
    else:
        wanted = dataclasses.replace(wanted, channels=(5, 3, 2))
    with pytest.raises(InputError, match=r"checkpoint\.pt: is damaged"):
        train(wanted, sprites, tmp_path, resume=True)
