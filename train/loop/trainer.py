# SPDX-License-Identifier: Apache-2.0
"""Networks, optimisers and one training step: D, then G with a fresh z (Algorithm 1)."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import nn

from golden.latents import quantize_latents
from train.data.training_set import Batches
from train.loop.parallel import ALONE, SharedDraws
from train.loop.recipes import recipe_of
from train.networks import discriminator_view, losses
from train.networks.generator import Discriminator, Generator, he_deviation
from train.networks.torch_tools import half_cosine
from train.quantize.fake_quantize import FakeQuantizedGenerator
from train.quantize.pipeline import with_provenance
from train.run.float_generator import FloatGenerator, IntegerGenerator, draw_latents

SAMPLE_COUNT = 36
PAPER_DEVIATION = 0.02  # of the first weights
# Streams of random numbers: each is seeded by (run's seed, stream, step), so that a resumed run
# draws what an unbroken one draws.
_WEIGHTS, _OFFSETS, _ORDER, _STEP, _SAMPLES = range(5)
# What a Trainer saves with its checkpoint.
_PARTS = ("g", "d_grey", "d_colour", "ema", "adam_g", "adam_d")


@torch.no_grad()
def _verdicts(name, real_logits, fake_logits, relativistic):
    """What a discriminator thinks of reals and fakes, (N,) and (N,): means, and how often rightly.

    A relativistic one is right where a real scores above the fake of its pair, else where a real
    scores above 0 or a fake below.
    """
    if relativistic:
        right = real_logits > fake_logits
    else:
        right = torch.cat((real_logits > 0, fake_logits < 0))
    return {
        f"{name}_real": real_logits.float().mean(),
        f"{name}_fake": fake_logits.float().mean(),
        f"{name}_accuracy": right.float().mean(),
    }


class Trainer:
    """Networks, optimisers and the step that trains them.

    Parameters
    ----------
    config : train.run.config.RunConfig
    pictures : uint8 array, shape (N, 32, 32, 3)
    device : str
        ``cpu`` or ``cuda``.
    world : train.loop.parallel.World
        The processes that share each batch; by default this one has all of it.
    """

    def __init__(self, config, pictures, device="cpu", world=ALONE):
        self.config, self.device = config, torch.device(device)
        self.recipe = recipe = recipe_of(config)
        self.step_count, self.seconds = 0, 0.0
        self.sums = {}  # of each loss since the last line of metrics
        kind = FakeQuantizedGenerator if config.integers else Generator
        self.g = kind(config.spec)
        self.d_grey, self.d_colour = (
            world.synchronised(
                Discriminator(planes, channels, recipe.batch_norm, recipe.hidden, config.spec.size)
            )
            for planes, channels in ((1, recipe.d_grey), (3, recipe.d_colour))
        )
        self._weights = {"d_grey": recipe.grey, "d_colour": recipe.colour}
        if config.spec.colours == 1:  # grey pictures have a shape to judge, and no colour
            self._weights = {"d_grey": recipe.grey or 1.0, "d_colour": 0.0}
        self.judges = {name: getattr(self, name) for name, w in self._weights.items() if w}
        self._initialise()
        for network in (self.g, self.d_grey, self.d_colour):
            network.to(self.device, memory_format=torch.channels_last)
        self.ema = copy.deepcopy(self.g).requires_grad_(False)
        self.teacher = None
        if config.start is not None:
            teacher = Generator(config.start.spec, bias=True).requires_grad_(False)
            self.teacher = teacher.to(self.device, memory_format=torch.channels_last)
        d_parameters = [*self.d_grey.parameters(), *self.d_colour.parameters()]
        self.adam_g = torch.optim.Adam(self.g.parameters(), recipe.lr_g, recipe.betas, fused=True)
        self.adam_d = torch.optim.Adam(d_parameters, recipe.lr_d, recipe.betas, fused=True)
        rng = self._rng(_OFFSETS)
        self.offsets = [self._latents(rng, ()) for _ in range(config.spec.planes - 1)]
        planes = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        self.pictures = torch.from_numpy(planes).to(self.device)
        self.batches = Batches(len(pictures), recipe.batch, [config.seed, _ORDER])
        self._rows = world.rows(self.batches.batch)
        self._sharing_d, self._sharing_g = world.shared(*self.judges.values()), world.shared(self.g)

    @property
    def _bf16(self):
        return self.config.precision == "bfloat16"

    def _rng(self, stream, index=0):
        return np.random.default_rng([self.config.seed, stream, index])

    def _initialise(self):
        """Give every weight its first value from the run's seed; biases start at zero."""
        generator = torch.Generator().manual_seed(int(self._rng(_WEIGHTS).integers(2**63)))
        for network in (self.g, self.d_grey, self.d_colour):
            for layer in network.modules():
                if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                    continue
                std = he_deviation(layer) if self.recipe.he_init else PAPER_DEVIATION
                nn.init.normal_(layer.weight, 0.0, std, generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def _latents(self, rng, shape, distribution="normal"):
        z = draw_latents(distribution, (*shape, self.config.spec.latent), rng)
        return torch.from_numpy(z).to(self.device)

    def _autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16)

    def _z(self, rng):
        """Fresh latents (batch, latent)."""
        return self._latents(rng, (self._rows.stop - self._rows.start,), self.config.latents)

    def _fakes(self, z):
        """Colour pictures (batch, 3, 32, 32) of G."""
        return self.g.colour(z, *self.offsets)

    def _planes(self, pictures, rng):
        """What D_grey sees of pictures (N, 3, 32, 32): (N, 1, ...), or (3N, 1, ...) of them."""
        if pictures.shape[1] == 1:
            return pictures
        if self.recipe.grey_planes == 1:
            chosen = torch.from_numpy(rng.integers(3, size=len(pictures))).to(self.device)
            return pictures[torch.arange(len(pictures), device=self.device), chosen][:, None]
        return pictures.transpose(0, 1).reshape(-1, 1, *pictures.shape[2:])

    def _augment(self, pictures, rng):
        recipe = self.recipe
        if recipe.translate:
            pictures = discriminator_view.translate(pictures, rng, recipe.translate)
        if recipe.cut_out:
            pictures = discriminator_view.cut_out(pictures, rng, recipe.cut_out)
        if recipe.noise:
            pictures = discriminator_view.add_noise(pictures, rng, recipe.noise)
        return pictures

    def _judged(self, pictures, rng):
        """What each discriminator sees of pictures (N, 3, 32, 32), in the order of `judges`."""
        pictures = self._augment(pictures, rng)
        views = {"d_grey": self._planes(pictures, rng), "d_colour": pictures}
        return [views[name] for name in self.judges]

    def reals(self):
        """This process's rows of the step's batch of pictures (N, 3, 32, 32), in [-1, 1]."""
        indices = self.batches.indices(self.step_count)[self._rows]
        indices = torch.from_numpy(indices).to(self.device)
        return self.pictures[indices].float() / 127.5 - 1

    def _discriminator_loss(self, real, fake, rng):
        """The sum that the discriminators' step takes down, and the loss of each."""
        recipe = self.recipe
        penalise = recipe.r1_gamma and self.step_count % recipe.r1_every == 0
        values, total = {}, 0.0
        views = zip(self._judged(real, rng), self._judged(fake, rng))
        for (name, discriminator), (reals, fakes) in zip(self.judges.items(), views):
            with self._autocast():
                if recipe.batch_norm:  # each batch has its own statistics
                    real_logits, fake_logits = discriminator(reals), discriminator(fakes)
                else:
                    both = discriminator(torch.cat((reals, fakes)))
                    real_logits, fake_logits = both.split(len(reals))
            if recipe.relativistic:
                loss = losses.relativistic_loss(real_logits, fake_logits)
            else:
                loss = losses.discriminator_loss(real_logits, fake_logits, self.config.real_label)
            values[name] = loss.detach()
            values |= _verdicts(name, real_logits, fake_logits, recipe.relativistic)
            total = total + loss
            if penalise:
                with self._autocast():
                    penalty = losses.gradient_penalty(discriminator, reals)
                    if recipe.relativistic:
                        penalty = penalty + losses.gradient_penalty(discriminator, fakes)
                total = total + recipe.r1_gamma * recipe.r1_every * penalty
        return total, values

    def _discriminator_step(self, real, rng):
        with torch.no_grad(), self._autocast():
            fake = self._fakes(self._z(rng)).float()
        total, values = self._sharing_d(self._discriminator_loss, real, fake, rng)
        self.adam_d.zero_grad()
        total.backward()
        self.adam_d.step()
        return values

    def _generator_loss(self, real, rng):
        """The sum that the generator's step takes down."""
        recipe = self.recipe
        with self._autocast():
            z = self._z(rng)
            pictures = self._fakes(z)
            fakes = self._judged(pictures, rng)
            reals = self._judged(real, rng) if recipe.relativistic else fakes
            total = 0.0
            for (name, discriminator), fake_view, real_view in zip(
                self.judges.items(), fakes, reals
            ):
                logits = discriminator(fake_view)
                if recipe.relativistic:
                    loss = losses.relativistic_loss(logits, discriminator(real_view))
                else:
                    loss = losses.generator_loss(logits)
                total = total + self._weights[name] * loss
            if self.teacher is not None and self.config.start.distillation:
                wanted = self.teacher.colour(z, *self.offsets)
                distance = (pictures - wanted).float().abs().mean()
                total = total + self.config.start.distillation * distance
        return total

    def _generator_step(self, real, rng):
        for discriminator in self.judges.values():
            discriminator.requires_grad_(False)
        total = self._sharing_g(self._generator_loss, real, rng)
        self.adam_g.zero_grad()
        total.backward()
        self.adam_g.step()
        for discriminator in self.judges.values():
            discriminator.requires_grad_(True)
        return total.detach()

    @torch.no_grad()
    def _average(self):
        """Move the average towards G; early on it forgets its start faster."""
        decay = min(self.recipe.ema, (1 + self.step_count) / (10 + self.step_count))
        for average, weight in zip(self.ema.parameters(), self.g.parameters()):
            average.lerp_(weight, 1 - decay)

    def step(self):
        """Train one step: both discriminators, then the generator.

        Returns
        -------
        dict
            ``d_grey``, ``d_colour``, ``g``: the losses, as tensors without gradient. Of each
            discriminator also ``d_grey_real`` and ``d_grey_fake``, its mean logits, and
            ``d_grey_accuracy``, the share that it judges rightly. A discriminator of weight 0 has
            none of these.
        """
        if self.recipe.decay:
            factor = half_cosine(self.step_count, self.config.steps)
            start = self.config.start
            warming_up = start is not None and self.step_count < start.warm_up
            self.adam_g.param_groups[0]["lr"] = 0.0 if warming_up else self.recipe.lr_g * factor
            self.adam_d.param_groups[0]["lr"] = self.recipe.lr_d * factor
        rng = SharedDraws(self._rng(_STEP, self.step_count), self.batches.batch, self._rows)
        real = self.reals()
        values = self._discriminator_step(real, rng)
        values["g"] = self._generator_step(real, rng)
        self._average()
        self.step_count += 1
        return values

    def state(self):
        """Everything a later :meth:`restore` needs to go on as if nothing had happened."""
        state = {name: getattr(self, name).state_dict() for name in _PARTS}
        if self.teacher is not None:
            state |= {"teacher": self.teacher.state_dict(), "offsets": self.offsets}
        return state | {"step": self.step_count, "seconds": self.seconds, "sums": self.sums}

    def restore(self, state):
        """Go on from `state`, a result of :meth:`state`.

        Raises
        ------
        ValueError
            Its step, seconds or sums are no numbers. As PyTorch, anything where networks differ.
        """
        step, seconds = state["step"], state["seconds"]
        if type(step) is not int or type(seconds) not in (int, float):
            raise ValueError("step and seconds are no numbers")
        if step < 0 or not 0 <= seconds < math.inf:
            raise ValueError("step and seconds are out of range")
        if not all(sum_.shape == () for sum_ in state["sums"].values()):
            raise ValueError("sums are no numbers")
        for name in _PARTS:
            getattr(self, name).load_state_dict(state[name])
        if self.teacher is not None:
            self.teacher.load_state_dict(state["teacher"])
            self.offsets = [v.to(self.device) for v in state["offsets"]]
        self.step_count, self.seconds, self.sums = state["step"], state["seconds"], state["sums"]

    def generator(self):
        """Return the averaged generator.

        Returns
        -------
        train.run.float_generator.FloatGenerator, or train.run.float_generator.IntegerGenerator of
        a run in integers
        """
        if self.config.integers:
            return IntegerGenerator(self._model())
        return FloatGenerator(
            weight=tuple(layer.weight.numpy(force=True) for layer in self.ema.layers),
            bias=tuple(np.zeros(layer.out_channels, np.float32) for layer in self.ema.layers),
            offsets=tuple(v.numpy(force=True) for v in self.offsets),
            progress=self._progress,
        )

    @property
    def _progress(self):
        return {"steps": self.step_count, "seconds": round(self.seconds)}

    def _model(self):
        offsets = [v.numpy(force=True) for v in self.offsets]
        model = self.ema.model([quantize_latents(v) for v in offsets])
        teacher = copy.deepcopy(self.teacher).to("cpu")
        return with_provenance(model, self.config, self._progress, teacher, offsets)

    @torch.no_grad()
    def samples(self):
        """Return :data:`SAMPLE_COUNT` pictures of the averaged generator, uint8 (N, 32, 32, 3).

        Their latents are the same every time.
        """
        z = self._latents(self._rng(_SAMPLES), (SAMPLE_COUNT,), self.config.latents)
        colour = self.ema.colour(z, *self.offsets).float()
        colour = ((colour + 1) * 127.5).round().to(torch.uint8)
        return colour.permute(0, 2, 3, 1).numpy(force=True)
