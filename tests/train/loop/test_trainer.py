# SPDX-License-Identifier: Apache-2.0
"""The training step: order, who learns in it, what each network sees."""

import dataclasses

import numpy as np
import pytest
import torch

from golden.spec import GeneratorSpec
from tests.train.runs import config
from train.loop.recipes import RECIPES
from train.loop.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny_recipes")


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
    trainer._generator_step(real, rng)
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
    trainer._fakes(trainer._z(np.random.default_rng(0)))
    assert seen[0].abs().max() < 1
    assert trainer.offsets[0].abs().max() > 1.5  # v is N(0, I) all the same
    assert not torch.equal(*trainer.offsets)
    assert not trainer.offsets[0].requires_grad


def test_first_weights(sprites):
    paper = Trainer(
        dataclasses.replace(config("paper"), spec=GeneratorSpec.avatars((64, 64, 32))), sprites
    )
    assert paper.g.layers[1].weight.std().item() == pytest.approx(0.02, rel=0.05)
    fast = Trainer(
        dataclasses.replace(config("fast"), spec=GeneratorSpec.avatars((64, 64, 32))), sprites
    )
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


def changed(monkeypatch, **changes):
    monkeypatch.setitem(RECIPES, "fast", dataclasses.replace(RECIPES["fast"], **changes))


def test_a_discriminator_of_weight_0_is_not_trained(sprites, monkeypatch):
    changed(monkeypatch, grey=0.0)
    trainer = Trainer(config(), sprites)
    before = [p.clone() for p in trainer.d_grey.parameters()]
    assert not any(name.startswith("d_grey") for name in trainer.step())
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.d_grey.parameters()))


def test_weights_scale_the_generators_loss(sprites, monkeypatch):
    real, losses = torch.rand(4, 3, 32, 32) * 2 - 1, {}
    for grey, colour in ((1, 1), (2, 1), (1, 0)):
        changed(monkeypatch, grey=grey, colour=colour)
        trainer = Trainer(config(), sprites)
        losses[grey, colour] = trainer._generator_step(real, np.random.default_rng(0)).item()
    # L(2, 1) = 2 grey + colour, L(1, 1) = grey + colour, L(1, 0) = grey
    assert losses[2, 1] - losses[1, 1] == pytest.approx(losses[1, 0], rel=1e-5)


def test_relativistic_judges_pairs(sprites, monkeypatch):
    changed(monkeypatch, relativistic=True, r1_gamma=0.0)
    trainer = Trainer(config(), sprites)
    for discriminator in trainer.judges.values():
        torch.nn.init.zeros_(discriminator.classify.weight)
        torch.nn.init.constant_(discriminator.classify.bias, 7.0)
    # All logits are 7, every difference is 0: each loss is log 2.
    values = trainer._discriminator_step(torch.zeros(4, 3, 32, 32), np.random.default_rng(0))
    for name in ("d_grey", "d_colour"):
        assert values[name].item() == pytest.approx(np.log(2))
        assert values[f"{name}_real"].item() == values[f"{name}_fake"].item() == 7
        assert values[f"{name}_accuracy"].item() == 0


def test_what_the_discriminators_think_is_told(sprites):
    trainer = Trainer(config(), sprites)
    trainer.step_count = 1  # without gradient penalty
    grey = trainer.d_grey
    grey.forward = lambda x: torch.where(x[:, 0, 0, 0] > 0, 3.0, -1.0)
    real, rng = torch.ones(4, 3, 32, 32), np.random.default_rng(0)
    told = trainer._discriminator_loss(real, -real, rng)[1]
    assert [told[f"d_grey_{what}"].item() for what in ("real", "fake", "accuracy")] == [3, -1, 1]
    told = trainer._discriminator_loss(real, real, rng)[1]
    assert [told[f"d_grey_{what}"].item() for what in ("real", "fake", "accuracy")] == [3, 3, 0.5]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_batch_norm_never_sees_reals_and_fakes_together(sprites, monkeypatch, batch_norm):
    changed(monkeypatch, batch_norm=batch_norm)
    trainer = Trainer(config(), sprites)
    trainer.step_count = 1  # without gradient penalty
    seen = []
    forward = trainer.d_colour.forward
    trainer.d_colour.forward = lambda x: seen.append(len(x)) or forward(x)
    real = torch.ones(4, 3, 32, 32)
    trainer._discriminator_loss(real, -real, np.random.default_rng(0))
    assert seen == ([4, 4] if batch_norm else [8])


def test_discriminators_see_augmented_pictures_alike(sprites, monkeypatch):
    changed(monkeypatch, translate=4, cut_out=8, noise=20.0, grey_planes=3)
    trainer = Trainer(config(), sprites)
    real = torch.rand(4, 3, 32, 32) * 2 - 1
    grey, colour = trainer._judged(real, np.random.default_rng(0))
    assert not torch.equal(colour, real)
    assert torch.equal(grey.view(3, 4, 32, 32).transpose(0, 1), colour)
