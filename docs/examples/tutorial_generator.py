# SPDX-License-Identifier: Apache-2.0
"""Save the generator of PyTorch's DCGAN tutorial in both formats, import and quantise both.

    python docs/examples/tutorial_generator.py FOLDER [NGF]

NGF is the tutorial's: 64, or 16 for a network that fits a small FPGA. The weights are random.
"""

import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train.importing.imported import as_text, float_outputs
from train.quantize.pipeline import quantize_run
from train.run.importing import import_generator

LATENT, COLOURS = 100, 3
BITS = (8, 5)


def tutorial_generator(ngf):
    """Latents (N, 100, 1, 1) to pictures (N, 3, 64, 64): five ConvTranspose2d of kernel 4."""
    channels = (8 * ngf, 4 * ngf, 2 * ngf, ngf)
    modules = [nn.ConvTranspose2d(LATENT, channels[0], 4, 1, 0, bias=False)]
    for inputs, outputs in pairwise((*channels, COLOURS)):
        modules += [nn.BatchNorm2d(inputs), nn.ReLU()]
        modules.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False))
    generator = nn.Sequential(*modules, nn.Tanh())
    generator.apply(_start)
    return generator


def _start(module):
    """Give a module the weights that the tutorial starts from."""
    if isinstance(module, nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)


def main(folder, ngf="64"):
    """Write generator.pt, generator.onnx, check.npz and a run of each into `folder`."""
    folder = Path(folder)
    torch.manual_seed(0)
    generator = tutorial_generator(int(ngf))
    for _ in range(30):  # in training mode: BatchNorm's running statistics come to rest
        generator(torch.randn(16, LATENT, 1, 1))

    # Three lines save a generator.
    generator.eval()
    torch.save(generator.state_dict(), folder / "generator.pt")
    z = torch.randn(16, LATENT, 1, 1)
    _export(generator, z, folder / "generator.onnx")

    # Its pictures let the import prove itself.
    with torch.no_grad():
        np.savez(folder / "check.npz", z=z.numpy(), y=generator(z).numpy())
    check = folder / "check.npz"
    first, second = (
        import_generator(folder / f"generator.{suffix}", folder / suffix, check=check)
        for suffix in ("pt", "onnx")
    )
    print(as_text(first))
    latents = z.numpy().reshape(len(z), LATENT)
    difference = np.abs(float_outputs(first, latents) - float_outputs(second, latents)).max()
    print(
        f"{first.spec.weights} weights; both files give the same pictures within {difference:.1g}"
    )
    for bits in BITS:
        psnr = [quantize_run(folder / suffix, bits).metrics["psnr"] for suffix in ("pt", "onnx")]
        print(f"at {bits} bits PSNR to the float is {psnr[0]:.2f} and {psnr[1]:.2f} dB")


def _export(generator, z, path):
    with warnings.catch_warnings(action="ignore"):  # it asks for the other exporter's packages
        torch.onnx.export(
            generator, (z,), path, input_names=["z"], dynamic_axes={"z": {0: "n"}}, dynamo=False
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
