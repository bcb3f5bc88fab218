# SPDX-License-Identifier: Apache-2.0
"""Cases for the rows of docs/importing.md, and what most of them are made of."""

import numpy as np
import torch
from torch import nn

from tests.train.importing.modules import lively, pictures
from tests.train.importing.networks import Builder, by_runtime, save

REFUSED = "Refused"
CASES = {}  # (section, row) to its cases


def case(section, row):
    """Register a function of a folder as a case of a row.

    A good one returns (path, z, pictures, options of import_network), a refused one (path, what the
    line says, options).
    """

    def register(function):
        CASES.setdefault((section, row), []).append(function)
        return function

    return register


def from_state(tmp_path, module, latent=(5, 1, 1), **options):
    """The case of a module's state_dict."""
    torch.save(module.state_dict(), tmp_path / "g.pt")
    return (tmp_path / "g.pt", *pictures(module, latent), options)


def sequential(*modules):
    return lively(nn.Sequential(*modules))


def from_onnx(tmp_path, b, z=None, batch="n"):
    """The case of a graph."""
    model = b.model(batch)
    z = np.random.default_rng(1).standard_normal((3, *b.latent), np.float32) if z is None else z
    return save(model, tmp_path / "g.onnx"), z.reshape(len(z), -1), by_runtime(model, z), {}


def graph(latent=(5, 1, 1)):
    return Builder(latent, np.random.default_rng(0))


def begun(channels=3):
    """A graph that has its first layer: maps of 4x4."""
    b = graph()
    b.add("ConvTranspose", b.numbers(5, channels, 4, 4, spread=0.5), b.numbers(channels))
    return b


def add_conv(b, inputs, outputs, kernel=3, **attributes):
    attributes = {"pads": [kernel // 2] * 4} | attributes
    weight = b.numbers(outputs, inputs, kernel, kernel, spread=0.4)
    b.add("Conv", weight, b.numbers(outputs, spread=0.3), **attributes)


def add_norm(b, channels):
    numbers = [b.numbers(channels, spread=0.5) for _ in range(3)]
    variance = b.array(np.linspace(0.5, 2, channels).astype(np.float32))
    b.add("BatchNormalization", *numbers, variance, epsilon=1e-3)
