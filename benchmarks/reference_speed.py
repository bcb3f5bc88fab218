# SPDX-License-Identifier: Apache-2.0
"""How fast the NumPy reference draws networks of several shapes, beside PyTorch in float32.

    python -m benchmarks.reference_speed [--count N] [--rounds N] [--json]

One core. Of each network milliseconds a picture, the least of the rounds, and how many times that
is of PyTorch's transposed convolutions of the same shapes: times are of this machine, the ratio
carries over.
"""

import argparse
import json
import sys
import time

import numpy as np
import torch
from torch.nn import functional

from benchmarks import program
from golden.full_range import full_range_model
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec, Layer
from support.progress import bar

NETWORKS = {
    "compact": GeneratorSpec.preset("compact", 8),
    "compact, three channels": GeneratorSpec.of_size(32, head="rgb"),
    "85F, 64x64": GeneratorSpec.of_size(64, (128, 64, 32, 16), head="rgb"),
    "DCGAN tutorial, 64x64": GeneratorSpec.of_size(64, (512, 256, 128, 64), head="rgb"),
    "digits, 28x28": GeneratorSpec(
        latent=100,
        planes=1,
        layers=(
            Layer(64, kernel_size=7, stride=1, padding=0),
            Layer(32, activation="leaky_relu"),
            Layer(1, activation="table"),
        ),
    ),
}


def by_torch(model, latents):
    """Compute the transposed convolutions of a model in float32, nothing between them."""
    spec = model.spec
    maps = torch.from_numpy(latents.astype(np.float32)).repeat(spec.planes, 1)[:, :, None, None]
    with torch.inference_mode():
        for layer, weight in zip(spec.shapes, model.weight):
            weight = torch.from_numpy(weight.astype(np.float32))
            maps = functional.conv_transpose2d(maps, weight, **layer.geometry)
    return maps


def measure(spec, count, rounds):
    """Return the milliseconds a picture that the reference takes, and PyTorch."""
    model = full_range_model(spec, 0)
    latents = draw_latents(0, count, latent=spec.latent)
    least = []
    for draw in (generate, by_torch):
        draw(model, latents[:1])
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            draw(model, latents)
            seconds.append(time.perf_counter() - start)
        least.append(1000 * min(seconds) / count)
    return least


def main(argv=None):
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=16, help="pictures at a time (default 16)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the least counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    program.check_positive(count=options.count, rounds=options.rounds)
    torch.set_num_threads(1)
    rows = []
    for name, spec in bar(NETWORKS.items(), desc="networks", unit="network"):
        golden, pytorch = measure(spec, options.count, options.rounds)
        rows.append(
            {
                "network": name,
                "weights": spec.weights,
                "ms_a_picture": round(golden, 3),
                "times_pytorch": round(golden / pytorch, 2),
            }
        )
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'network':<24} {'weights':>10} {'ms a picture':>13} {'times PyTorch':>14}")
    for row in rows:
        print(
            f"{row['network']:<24} {row['weights']:>10,} {row['ms_a_picture']:>13.2f} "
            f"{row['times_pytorch']:>14.2f}"
        )


if __name__ == "__main__":
    sys.exit(program.run(main))
