# SPDX-License-Identifier: Apache-2.0
"""A small CNN that reads a sprite's attributes: features of a Frechet distance, and a decoder.

It is trained on freshly drawn sprites, whose attributes are known exactly, and shipped as
``models/attributes.safetensors``. To make it again (minutes on one core; the same bytes on the same
processor, PyTorch and number of threads):

    OMP_NUM_THREADS=1 python -m train.evaluate.attribute_cnn --out models/attributes.safetensors
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors import numpy as safetensors_numpy
from torch import nn
from torch.nn import functional

from support.failures import InputError
from support.files import check_destination, replacing
from support.progress import bar
from support.termination import run
from train.data import sprites
from train.data.sprites import CHOICES, Attributes
from train.networks.torch_tools import half_cosine

SHIPPED = Path(__file__).parents[2] / "models" / "attributes.safetensors"
CHANNELS = (32, 64, 96)
FEATURES = 128
BATCH = 100
MADE_BY = "python -m train.evaluate.attribute_cnn --out models/attributes.safetensors"

TRAINING_SEED = 7_001  # of the sprites that it learns from; no other set has this seed
HELD_OUT_SEED = 7_002  # of those that its accuracy is counted on
TRAINING_SPRITES = 20_000
HELD_OUT_SPRITES = 2_000
EPOCHS = 15
LEARNING_RATE = 2e-3
# Slight damage, so that imperfect pictures are read sensibly too: half of the pictures get a random
# share of each kind.
NOISE = 20.0  # standard deviation, in grey levels
BLUR = 0.6  # weight of the picture's 3 x 3 mean
GHOST = 0.3  # weight of another sprite


class AttributeCNN(nn.Module):
    """Three convolutions, a layer of features, and logits of every choice of every attribute."""

    def __init__(self):
        super().__init__()
        blocks, in_channels = [], 3
        for out_channels in CHANNELS:
            blocks += [nn.Conv2d(in_channels, out_channels, 4, 2, 1), nn.ReLU()]
            in_channels = out_channels
        self.convolutions = nn.Sequential(*blocks)
        self.embed = nn.Linear(in_channels * 4 * 4, FEATURES)
        self.classify = nn.Linear(FEATURES, sum(map(len, CHOICES.values())))

    def features(self, x):
        """Map pictures (N, 3, 32, 32) in [-1, 1] to features (N, 128), not negative."""
        return torch.relu(self.embed(self.convolutions(x).flatten(1)))

    def forward(self, x):
        """Map pictures (N, 3, 32, 32) in [-1, 1] to logits (N, choices), attribute by attribute."""
        return self.classify(self.features(x))


def to_tensor(pictures):
    """Turn uint8 pictures (N, 32, 32, 3) into a float32 tensor (N, 3, 32, 32) in [-1, 1]."""
    planes = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    return torch.from_numpy(planes).float() / 127.5 - 1


def _split(logits):
    """Split logits (N, choices) by attribute."""
    return logits.split([len(values) for values in CHOICES.values()], dim=1)


@dataclass(frozen=True, eq=False)
class AttributeReader:
    """The trained network and what identifies it.

    Attributes
    ----------
    network : AttributeCNN
    digest : str
        64 hex digits: SHA-256 over the choices of every attribute and the weights.
    accuracy : dict
        Share of held-out sprites read rightly, by attribute. An attribute that a sprite does not
        show (the accent colour of clothes without accents) is guessed.
    redrawn : float
        Share of held-out sprites that the attributes read draw again, byte for byte.
    """

    network: AttributeCNN
    digest: str
    accuracy: dict
    redrawn: float

    def read(self, pictures):
        """Read pictures.

        Parameters
        ----------
        pictures : uint8 array, shape (N, 32, 32, 3)

        Returns
        -------
        features : float64 array, shape (N, 128)
        attributes : list of N Attributes
            The likeliest choices.
        """
        features, chosen = [], []
        with torch.no_grad():
            for start in range(0, len(pictures), BATCH):
                part = self.network.features(to_tensor(pictures[start : start + BATCH]))
                features.append(part.double().numpy())
                logits = _split(self.network.classify(part))
                chosen.append(torch.stack([each.argmax(1) for each in logits], 1).numpy())
        rows = np.concatenate(chosen).tolist()
        attributes = [
            Attributes(*(values[n] for values, n in zip(CHOICES.values(), row))) for row in rows
        ]
        return np.concatenate(features), attributes


def _arrays(network):
    return {name: value.numpy() for name, value in sorted(network.state_dict().items())}


def _canonical_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(arrays):
    sha = hashlib.sha256(_canonical_json({k: list(v) for k, v in CHOICES.items()}).encode())
    for name, array in arrays.items():
        shape = ",".join(map(str, array.shape))
        sha.update(f"{name}\0{array.dtype.str}\0{shape}\0".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def load(path=SHIPPED):
    """Read a trained network, by default the shipped one.

    Returns
    -------
    AttributeReader

    Raises
    ------
    InputError
        The file is missing or damaged, or was made for other attributes.
    """
    path = Path(path)
    remedy = f"make it again: {MADE_BY}"
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; {remedy}")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
            header = json.loads((file.metadata() or {})["attributes"])
        network = AttributeCNN().requires_grad_(False).eval()
        network.load_state_dict({k: torch.from_numpy(v).float() for k, v in arrays.items()})
        reader = AttributeReader(network, _digest(arrays), header["accuracy"], header["redrawn"])
        digest = header["digest"]
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{path}: is damaged or of other attributes ({reason}); {remedy}"
        ) from None
    if digest != reader.digest:
        raise InputError(f"{path}: its digest is not that of its contents; {remedy}")
    return reader


def save(reader, path):
    """Write a trained network, whole or not at all; weights are stored as float16."""
    arrays = {name: array.astype("<f2") for name, array in _arrays(reader.network).items()}
    header = {
        "accuracy": reader.accuracy,
        "command": MADE_BY,
        "digest": _digest(arrays),
        "redrawn": reader.redrawn,
    }
    with replacing(path) as beside:
        beside.write_bytes(safetensors_numpy.save(arrays, {"attributes": _canonical_json(header)}))


def _damage(x, generator):
    """Blur, overlay and noise pictures (N, 3, 32, 32) in [-1, 1], each of these half of them."""

    def share(most):
        drawn = torch.rand((len(x), 1, 1, 1), generator=generator) * most
        return drawn * (torch.rand((len(x), 1, 1, 1), generator=generator) < 0.5)

    blur, ghost, noise = share(BLUR), share(GHOST), share(NOISE / 127.5)
    damaged = x.lerp(functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), blur)
    damaged = damaged.lerp(x.roll(1, 0), ghost)
    damaged = damaged + noise * torch.randn(x.shape, generator=generator)
    return damaged.clamp(-1, 1)


def _indices(attributes):
    """Number the choices of attributes: int64 (N, 10)."""
    numbers = [{value: n for n, value in enumerate(values)} for values in CHOICES.values()]
    return np.array([[of[value] for of, value in zip(numbers, each)] for each in attributes])


def train(*, sprite_count=TRAINING_SPRITES, epochs=EPOCHS, held_out=HELD_OUT_SPRITES, seed=0):
    """Train a network on drawn sprites.

    Parameters
    ----------
    sprite_count, epochs : int
        Sprites drawn, and passes over them; each pass damages them anew.
    held_out : int
        Sprites that the accuracy is counted on.
    seed : int
        Of the first weights, the order and the damage.

    Returns
    -------
    AttributeReader
        Its weights are float16 numbers.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttributeCNN()
    generator = torch.Generator().manual_seed(seed)
    pictures, attributes = sprites.collection(sprite_count, TRAINING_SEED)
    x, labels = to_tensor(pictures), torch.from_numpy(_indices(attributes))
    adam = torch.optim.Adam(network.parameters())
    steps = sprite_count // BATCH * epochs
    for step in bar(range(steps), desc="attribute CNN", unit="step"):
        position = step % (sprite_count // BATCH)
        if position == 0:
            order = torch.randperm(sprite_count, generator=generator)
        adam.param_groups[0]["lr"] = LEARNING_RATE * half_cosine(step, steps)
        batch = order[position * BATCH : (position + 1) * BATCH]
        logits = _split(network(_damage(x[batch], generator)))
        losses = [functional.cross_entropy(e, labels[batch, n]) for n, e in enumerate(logits)]
        adam.zero_grad()
        sum(losses).backward()
        adam.step()
    network.requires_grad_(False).eval()
    for parameter in network.parameters():
        parameter.copy_(parameter.half())
    reader = AttributeReader(network, "", {}, 0.0)
    pictures, attributes = sprites.collection(held_out, HELD_OUT_SEED)
    read = reader.read(pictures)[1]
    right = (_indices(read) == _indices(attributes)).mean(0)
    same = [np.array_equal(sprites.draw(each), p) for each, p in zip(read, pictures)]
    return AttributeReader(
        network=network,
        digest=_digest({name: array.astype("<f2") for name, array in _arrays(network).items()}),
        accuracy={name: round(float(share), 4) for name, share in zip(CHOICES, right)},
        redrawn=round(float(np.mean(same)), 4),
    )


def main():
    """Train the network and write it to ``--out``."""
    parser = argparse.ArgumentParser(
        prog="python -m train.evaluate.attribute_cnn", description=__doc__
    )
    parser.add_argument("--out", required=True, metavar="FILE.safetensors")
    args = parser.parse_args()
    check_destination(args.out)
    reader = train()
    save(reader, args.out)
    print(json.dumps({"id": reader.digest, "redrawn": reader.redrawn} | reader.accuracy, indent=2))


if __name__ == "__main__":
    sys.exit(run("train.evaluate.attribute_cnn", main))
