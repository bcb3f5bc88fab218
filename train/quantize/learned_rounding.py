# SPDX-License-Identifier: Apache-2.0
"""Rounding that is learned: each weight chooses one of the two integers around it, all at once.

The integer network learns to draw what the float one draws, from latents alone: no pictures, no
discriminators. While it learns a weight lies anywhere between its two integers, and a term of the
loss drives it to one of them. So no weight is torn between two roundings, as it is where a gradient
passes straight through, and each makes up for what the others lose.

Source: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization,
arXiv:2004.10568, equations 22 to 25; there layer by layer, here for the whole network.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from golden.latents import quantize_latents
from support.failures import InputError
from support.progress import bar
from train.networks.float_generator import as_network
from train.networks.torch_tools import half_cosine, one_thread
from train.quantize.fake_quantize import FakeQuantizedGenerator
from train.quantize.pipeline import round_generator, with_provenance
from train.run.float_generator import draw_latents

STRETCH = 0.1  # of the sigmoid beyond 0 and 1, so that both are reached
BATCH = 32  # latents a step
CHOICE_RATE, RATE = 0.03, 1e-4  # Adam's, of the choices and of all else
BETAS = (0.9, 0.99)
UNDECIDED = 500.0  # weight of the mean of what is undecided, in squared greatest integers
BEGIN = 0.2  # share of the steps before decisions are asked for
SHARPNESS = 20.0, 2.0  # of the question at first, of those all but decided, and at last, of all
_STREAM = 102  # of the run's seed


class UndecidedGenerator(FakeQuantizedGenerator):
    """A generator in integers whose weights lie between two integers each.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    rounded : train.quantize.pipeline.Rounded
        Gives steps, biases and scales.
    generator : train.run.float_generator.FloatGenerator
        Each weight's neighbours are the integers to choose from.

    Attributes
    ----------
    below : tensors, one a layer, shape of the weights
        The lower integer.
    choice : parameters, one a layer, shape of the weights
        Below 0 for the lower integer, above for the upper one.
    """

    def __init__(self, spec, rounded, generator):
        super().__init__(spec, generator.slopes, generator.output)
        self.start_from(rounded)
        self.weight.requires_grad_(False)
        self.below, self.choice = [], nn.ParameterList()
        for layer, floats, step in zip(spec.shapes, generator.weight, rounded.step):
            limit = layer.weight_max
            steps = torch.from_numpy(floats / step[:, None, None]).float().clamp(-limit, limit)
            below = steps.floor().clamp(max=limit - 1)
            self.below.append(below)
            self.choice.append(torch.logit((steps - below + STRETCH) / (1 + 2 * STRETCH)))

    def shares(self):
        """Return how near each weight is to its upper integer, 0 to 1, layer by layer."""
        return [
            (torch.sigmoid(choice) * (1 + 2 * STRETCH) - STRETCH).clamp(0, 1)
            for choice in self.choice
        ]

    def integer_weights(self):
        """Yield each layer's weights in steps, decided as far as they are."""
        for below, share in zip(self.below, self.shares()):
            yield below + share

    def undecided(self, sharpness):
        """How many weights are undecided, over the square of their greatest integer: mean.

        A weight counts ``1 - |2 share - 1|**sharpness``. An error of one step weighs as the step
        squared, which the square of the greatest integer undoes.
        """
        total, count = 0.0, 0
        for layer, share in zip(self.spec.shapes, self.shares()):
            left = 1 - (2 * share - 1).abs() ** sharpness
            total = total + left.sum() / layer.weight_max**2
            count += share.numel()
        return total / count

    @torch.no_grad()
    def decide(self):
        """Move every weight to the nearer one of its integers."""
        for choice, share in zip(self.choice, self.shares()):
            choice.copy_(torch.where(share < 0.5, -torch.inf, torch.inf))


def learn(network, teacher, latents, offsets, steps):
    """Train an :class:`UndecidedGenerator` to draw what a float generator draws, and decide it.

    Parameters
    ----------
    network : UndecidedGenerator
    teacher : train.networks.generator.Generator
    latents : callable
        Returns the float32 tensor (N, latent) of the next step.
    offsets : sequence of float32 tensors, shape (latent,)
        v1 and v2 of a network of three planes.
    steps : int
        A dozen a second of a processor for ``compact``; a progress bar goes to standard error.
    """
    others = [*network.log_step, *network.bias, network.log_scale]
    adam = torch.optim.Adam(
        [{"params": list(network.choice), "lr": CHOICE_RATE}, {"params": others, "lr": RATE}],
        betas=BETAS,
        fused=True,
    )
    for step in bar(range(steps), desc="learn to round", unit="step"):
        adam.param_groups[1]["lr"] = RATE * half_cosine(step, steps)
        z = latents()
        with torch.no_grad():
            wanted = teacher.colour(z, *offsets)
        loss = (network.colour(z, *offsets) - wanted).square().mean()
        if step >= BEGIN * steps:
            left = half_cosine(step - BEGIN * steps, steps - BEGIN * steps)
            sharpness = SHARPNESS[1] + (SHARPNESS[0] - SHARPNESS[1]) * left
            loss = loss + UNDECIDED * network.undecided(sharpness)
        adam.zero_grad()
        loss.backward()
        adam.step()
    network.decide()


def quantize(config, generator, weight_bits, steps):
    """Make the integer generator of a run, as :func:`train.quantize.pipeline.quantize`, but
    learned.

    Parameters
    ----------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator
    weight_bits : int or tuple of int
    steps : int

    Returns
    -------
    golden.model_file.Model
        The same on the same processor with the same PyTorch. ``training["rounding_steps"]`` tells
        of the steps.

    Raises
    ------
    InputError
        As :func:`train.quantize.pipeline.quantize`, or `steps` is below 1.
    """
    if steps < 1:
        raise InputError(f"--learn is {steps}; give at least 1 step, or leave it out")
    spec = config.spec.with_weight_bits(weight_bits)
    with one_thread():
        _, rounded = round_generator(config, generator, spec)
        network = UndecidedGenerator(spec, rounded, generator)
        teacher = as_network(generator, spec)
        offsets = generator.offsets
        rng = np.random.default_rng([config.seed, _STREAM])

        def latents():
            return torch.from_numpy(draw_latents(config.latents, (BATCH, spec.latent), rng))

        learn(network, teacher, latents, [torch.from_numpy(v) for v in offsets], steps)
        model = network.model([quantize_latents(v) for v in offsets])
        progress = generator.progress | {"rounding_steps": steps}
        return with_provenance(model, config, progress, teacher, offsets)
