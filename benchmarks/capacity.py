# SPDX-License-Identifier: Apache-2.0
"""What bounds the pictures: generators that are told what to draw, and need no discriminator.

The attributes of a drawn sprite, one-hot, become latents through a learned matrix; the generator is
trained to draw that sprite, by the mean absolute error, v1 and v2 fixed as in any run. It must not
find out what sprites are, so its pictures show what so many weights can do; where an adversarially
trained one stays behind them, its training does. Writes capacity.json, .md and .png. A
minute's trial:

    python -m benchmarks.capacity tiny --steps 200 --count 50 --out /tmp/capacity
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np
import torch
from torch import nn

from benchmarks import program
from golden.spec import GeneratorSpec
from support.progress import bar
from train.data import sprites
from train.data.distance import rms
from train.data.training_set import SPRITES_SEED
from train.evaluate import evaluation
from train.evaluate.evaluation import sprite_reference
from train.evaluate.samples import latents
from train.experiments.figure import Row, sheet
from train.experiments.report import captioned, save_part, table
from train.experiments.subject import GENERATORS, open_subject
from train.networks.float_generator import float_pictures, to_uint8
from train.networks.generator import Generator, he_deviation
from train.networks.torch_tools import half_cosine

BATCH = 32
RATE = 2e-3
TRAINED_ON = 20_000  # sprites, as the recipe `best`
HELD_OUT_SEED = 8_004
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "recall")
SHOWN = 10
CAPTION = "Held-out sprites, what told generators make of them, and a GAN's first samples."
ERROR = "rms_to_the_sprite_asked_for"
JUDGED = "best-20000"  # the generator of two discriminators that the others stand beside


def one_hot(attributes):
    """Return a list of :class:`train.data.sprites.Attributes` as a float32 tensor (N, choices)."""
    columns = {}
    for name, choices in sprites.CHOICES.items():
        columns |= {(name, choice): len(columns) + n for n, choice in enumerate(choices)}
    codes = torch.zeros(len(attributes), len(columns))
    for row, each in zip(codes, attributes):
        row[[columns[pair] for pair in each._asdict().items()]] = 1
    return codes


def told_sprites(count, seed):
    """Draw sprites; return pictures (count, 32, 32, 3) and what tells them, (count, choices)."""
    pictures, attributes = sprites.collection(count, seed)
    return pictures, one_hot(attributes)


class ToldGenerator(nn.Module):
    """Attributes (N, choices) to pictures (N, 3, 32, 32) through latents and a generator.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    choices : int
    seed : int
    """

    def __init__(self, spec, choices, seed):
        super().__init__()
        draws = torch.Generator().manual_seed(seed)
        self.generator = Generator(spec)
        for layer in self.generator.layers:
            nn.init.normal_(layer.weight, 0.0, he_deviation(layer), generator=draws)
        # As many ones as there are attributes: the latents begin with the spread of N(0, I).
        std = 1 / math.sqrt(len(sprites.CHOICES))
        self.latents = nn.Parameter(torch.randn(choices, spec.latent, generator=draws) * std)
        self.v1, self.v2 = torch.randn(2, spec.latent, generator=draws)

    def forward(self, codes):
        return self.generator.colour(codes @ self.latents, self.v1, self.v2)


def train(network, pictures, codes, steps, seed):
    """Train with Adam, its rate falling along half a cosine."""
    adam = torch.optim.Adam(network.parameters(), RATE, (0.9, 0.99), fused=True)
    rng = np.random.default_rng(seed)
    targets = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
    for step in bar(range(steps), desc="train", unit="step"):
        adam.param_groups[0]["lr"] = RATE * half_cosine(step, steps)
        chosen = torch.from_numpy(rng.integers(len(targets), size=BATCH))
        loss = (network(codes[chosen]) - (targets[chosen].float() / 127.5 - 1)).abs().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()


@torch.no_grad()
def draw(network, codes):
    """Return the pictures of attributes (N, choices), uint8 (N, 32, 32, 3)."""
    z = (codes @ network.latents).numpy()
    pictures = float_pictures(network.generator, z, (network.v1.numpy(), network.v2.numpy()))
    return to_uint8(pictures)


def measure(preset, planes, options, known, wanted, reference):
    """Train and measure one generator; return its facts and the pictures it makes.

    `known` and `wanted` are pictures (N, 32, 32, 3) and codes (N, choices): of training, held out.
    """
    pictures, codes = known
    head = "rgb" if planes == 3 else "planes"
    spec = GeneratorSpec.avatars(GeneratorSpec.PRESETS[preset], head=head)
    network = ToldGenerator(spec, codes.shape[1], options.seed)
    network.to(memory_format=torch.channels_last)
    train(network, pictures, codes, options.steps, options.seed)
    made = draw(network, wanted[1])
    facts = {
        "generator": f"{preset}, told" + (", three planes a pass" if planes == 3 else ""),
        "weights": sum(weight.numel() for weight in network.generator.parameters()),
        "steps": options.steps,
        ERROR: float(rms(made, wanted[0]).mean()),
        **reference.measure(made),
    }
    return facts, made


def judged(count, reference):
    """Return the facts and the pictures of :data:`JUDGED`."""
    subject = open_subject(GENERATORS / f"{JUDGED}.safetensors")
    pictures = subject.pictures(latents(subject.training["latents"], count, 0))
    facts = {
        "generator": f"{JUDGED}, adversarial",
        "weights": subject.spec.weights,
        "steps": subject.training["steps"],
        ERROR: None,
        **reference.measure(pictures),
    }
    return facts, pictures


def as_markdown(facts, command):
    """Lay the facts out as a table under a heading."""
    columns = ("generator", "weights", "steps", ERROR, *FIGURES)
    rows = [[each[column] for column in columns] for each in facts]
    return f"""\
## What bounds the pictures

    {command}

{captioned("capacity", CAPTION)}

Generators that are told the attributes of the sprite to draw and trained on the difference to it,
beside one that two discriminators trained: what the weights can do, and what the game leaves of it.

{table([column.replace("_", " ") for column in columns], rows)}"""


def main(argv=None):
    """Train, measure, write capacity.json, capacity.md and capacity.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=["compact"])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500, help="samples measured")
    parser.add_argument("--out", default="docs/results", help="folder of the tables")
    options = parser.parse_args(argv)
    evaluation.check(options.count, options.seed)
    program.check_positive(steps=options.steps)
    torch.set_num_threads(1)
    for preset in options.presets:
        GeneratorSpec.preset(preset)  # refuses unknown ones before anything is drawn
    reference = sprite_reference(options.count)
    known = told_sprites(TRAINED_ON, SPRITES_SEED)
    wanted = told_sprites(options.count, HELD_OUT_SEED)
    last = judged(options.count, reference)  # what is missing shows before hours of training
    found = [
        measure(preset, planes, options, known, wanted, reference)
        for preset in options.presets
        for planes in (1, 3)
    ]
    found.append(last)
    facts = [each for each, _ in found]
    command = (
        f"python -m benchmarks.capacity {' '.join(options.presets)} --steps {options.steps} "
        f"--seed {options.seed} --count {options.count}"
    )
    rows = [Row("asked for", wanted[0][:SHOWN])]
    rows += [Row(each["generator"].replace(", ", "\n"), made[:SHOWN]) for each, made in found]
    results = {"command": command, "generators": facts}
    save_part(options.out, "capacity", results, as_markdown(facts, command), sheet(rows))


if __name__ == "__main__":
    sys.exit(program.run(main))
