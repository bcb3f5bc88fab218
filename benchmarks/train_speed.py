# SPDX-License-Identifier: Apache-2.0
"""Steps a second of our training loop beside a plain one, on the same networks, batch and data.

    python -m benchmarks.train_speed --preset compact --threads 1 --json

``tutorial`` is the loop of PyTorch's DCGAN tutorial
(docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html), with two discriminators and colour
from three passes through the generator, and its pictures in memory instead of JPEG files. It
computes in float32; ours as `avatar train` would on this processor, in bfloat16 where that is
multiplied in hardware. Ours does more in a step: it draws a fresh z for the generator, so that G
runs forward twice, penalises gradients in every eighth step, and averages the generator.
``same_work`` is the tutorial's loop with these three written in as plainly.

They train in turns in one process, a round of steps each; reported are medians over the rounds, in
time on the clock, and the ratios to ours also in processor time, which other programs disturb less.
``--out docs/results`` writes train-speed.json and .md, the table with ratios alone.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import program
from golden.spec import GeneratorSpec
from support.progress import bar
from train.data.sprites import collection
from train.experiments.report import save_part, table
from train.loop.malloc import keep_freed_memory
from train.loop.recipes import RECIPES
from train.loop.session import precision_on
from train.loop.trainer import Trainer
from train.run.config import RunConfig

RECIPE_NAME = "fast"
RECIPE = RECIPES[RECIPE_NAME]
RATIOS = ("ours_faster_by", "ours_faster_by_processor")
ROUND = RECIPE.r1_every  # steps, with one gradient penalty among them
PICTURES = 1024


class PlainLoop:
    """The tutorial's loop; :meth:`step` is the body of its inner `for`.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    pictures : uint8 array, shape (N, 32, 32, 3)
    same_work : bool
        Also do what our step does beyond the tutorial's.
    """

    def __init__(self, spec, pictures, same_work):
        layers = []
        for layer in spec.shapes:
            layers += [
                nn.ConvTranspose2d(
                    layer.in_channels,
                    layer.out_channels,
                    4,
                    layer.stride,
                    layer.padding,
                    bias=False,
                ),
                nn.ReLU(True),
            ]
        self.g = nn.Sequential(*layers[:-1], nn.Tanh())
        self.judges = plain_discriminator(1, RECIPE.d_grey), plain_discriminator(3, RECIPE.d_colour)
        self.v1, self.v2 = torch.randn(2, spec.latent, 1, 1)
        self.latent = spec.latent
        d_parameters = [p for judge in self.judges for p in judge.parameters()]
        self.adam_d = torch.optim.Adam(d_parameters, RECIPE.lr_d, RECIPE.betas)
        self.adam_g = torch.optim.Adam(self.g.parameters(), RECIPE.lr_g, RECIPE.betas)
        self.criterion = nn.BCEWithLogitsLoss()
        planes = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1
        loader = DataLoader(TensorDataset(planes), RECIPE.batch, shuffle=True, drop_last=True)
        self.batches = forever(loader)
        self.losses = []
        self.same_work = same_work
        self.average = copy.deepcopy(self.g).requires_grad_(False)

    def step(self):
        (real,) = next(self.batches)
        self.adam_d.zero_grad()
        penalise = self.same_work and len(self.losses) % RECIPE.r1_every == 0
        loss_real = self.loss(real, 1.0, penalise)
        loss_real.backward()
        fake = self.fakes(len(real))
        loss_fake = self.loss(fake.detach(), 0.0)
        loss_fake.backward()
        self.adam_d.step()

        if self.same_work:
            fake = self.fakes(len(real))
        self.adam_g.zero_grad()
        loss_g = self.loss(fake, 1.0)
        loss_g.backward()
        self.adam_g.step()
        self.losses.append((loss_real.item() + loss_fake.item(), loss_g.item()))
        if self.same_work:
            with torch.no_grad():
                for average, weight in zip(self.average.parameters(), self.g.parameters()):
                    average.mul_(RECIPE.ema).add_(weight, alpha=1 - RECIPE.ema)

    def fakes(self, count):
        z = torch.randn(count, self.latent, 1, 1)
        return torch.cat((self.g(z), self.g(z + self.v1), self.g(z + self.v2)), 1)

    def loss(self, pictures, label, penalise=False):
        count = len(pictures)
        planes = pictures[torch.arange(count), torch.randint(3, (count,))][:, None]
        labels = torch.full((count,), label)
        total = 0.0
        for judge, view in zip(self.judges, (planes, pictures)):
            view = view.requires_grad_() if penalise else view
            logits = judge(view).view(-1)
            total = total + self.criterion(logits, labels)
            if penalise:
                (gradient,) = torch.autograd.grad(logits.sum(), view, create_graph=True)
                penalty = gradient.square().sum((1, 2, 3)).mean() / 2
                total = total + RECIPE.r1_gamma * RECIPE.r1_every * penalty
        return total


def plain_discriminator(in_channels, channels):
    layers = []
    for out_channels in channels:
        layers += [nn.Conv2d(in_channels, out_channels, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(in_channels * 16, 1))


def forever(loader):
    while True:
        yield from loader


def seconds(work, times):
    """Mean seconds of `work` over so many calls: on the clock, and of the processor."""
    begun, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return np.array((time.perf_counter() - begun, time.process_time() - used)) / times


def measure(spec, rounds):
    """Return the figures of the loops as a dict."""
    pictures = collection(PICTURES, 0)[0]
    precision = precision_on(RECIPE_NAME, "cpu")
    config = RunConfig(spec=spec, recipe=RECIPE_NAME, steps=20_000, seed=0, precision=precision)
    ours = Trainer(config, pictures)
    loops = {
        "ours": ours.step,
        "tutorial": PlainLoop(spec, pictures, same_work=False).step,
        "same_work": PlainLoop(spec, pictures, same_work=True).step,
    }
    for step in loops.values():
        seconds(step, ROUND)  # warm up
    times = {name: [] for name in loops}
    for _ in bar(range(rounds), desc="measure", unit="round"):
        for name, step in loops.items():
            times[name].append(seconds(step, ROUND))
    medians = {name: np.median(values, 0) for name, values in times.items()}
    result = {
        "channels": list(spec.channels),
        "batch": RECIPE.batch,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rounds": rounds,
        "steps_a_round": ROUND,
        "share_of_data": round(float(seconds(ours.reals, 100)[1] / medians["ours"][1]), 4),
    }
    for name, median in medians.items():
        ratios = median / medians["ours"]
        result[name] = {
            "steps_per_second": round(float(1 / median[0]), 2),
            "pictures_per_second": round(float(RECIPE.batch / median[0]), 1),
            "processor_ms": round(float(1000 * median[1]), 1),
            "ours_faster_by": round(float(ratios[0]), 2),
            "ours_faster_by_processor": round(float(ratios[1]), 2),
        }
    return result


def report(result, command):
    """Lay :func:`measure`'s ratios out as Markdown under a heading."""
    rows = [
        [f"`{name}`", *(f"{result[name][key]:.2f}" for key in RATIOS)]
        for name in ("tutorial", "same_work")
    ]
    return f"""\
# Speed of training

    {command}

How many times as long as our step of `{RECIPE_NAME}` a plain one takes, with the same networks and
{result["batch"]} pictures: PyTorch's DCGAN tutorial's, in float32. `same_work` also does what ours
does beyond that: it draws a fresh z for the generator, penalises gradients in every eighth step and
averages the generator; by what that costs, `tutorial` is nearer to ours. On a CPU, threads:
{result["threads"]}; ours in {result["precision"]}.

{table(["loop", "time on the clock", "processor time"], rows)}"""


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="compact", help="generator (default compact)")
    parser.add_argument("--rounds", type=int, default=8, help="of each loop (default 8)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default 1)")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the results there")
    args = parser.parse_args(argv)
    program.check_positive(rounds=args.rounds, threads=args.threads)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    keep_freed_memory()
    result = measure(GeneratorSpec.preset(args.preset), args.rounds)
    if args.out is not None:
        command = (
            f"python -m benchmarks.train_speed --preset {args.preset} --rounds {args.rounds} "
            f"--threads {args.threads} --out {args.out}"
        )
        save_part(args.out, "train-speed", {"command": command} | result, report(result, command))
    if args.json:
        print(json.dumps(result))
        return
    print("           steps/s  pictures/s  CPU ms/step  ours is faster by (CPU)")
    for name in ("ours", "tutorial", "same_work"):
        speed = result[name]
        print(
            f"{name:9} {speed['steps_per_second']:8.2f} {speed['pictures_per_second']:11.1f}"
            f" {speed['processor_ms']:12.1f}  {speed['ours_faster_by']:.2f}"
            f" ({speed['ours_faster_by_processor']:.2f})"
        )
    share = result["share_of_data"]
    print(f"ours computes in {result['precision']}; reading pictures takes {share:.2%} of our step")


if __name__ == "__main__":
    sys.exit(program.run(main))
