# SPDX-License-Identifier: Apache-2.0
"""The network description: every size that golden, train, hw and sim derive from one generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from support.failures import InputError

LATENT = 100  # of every model file and of the wire
KERNEL_SIZE = 4
PLANES = 3  # R, G and B
ACT_BITS = 8  # activations of layers 1 to 3, unsigned
INPUT_BITS = 9  # z + v of two int8, signed, never saturated
MUL_BITS = 16
MAX_SHIFT = 40
MAX_ACC_WIDTH = 32  # as wide as a model file's biases
TABLE_SIZE = 1024
PICTURE_SIZE = 32
QUAD = 4  # channels that a board finishes and sums together (docs/protocol.md)


@dataclass(frozen=True)
class LayerSpec:
    """One ConvTranspose2d, kernel 4, as PyTorch counts it.

    Attributes
    ----------
    in_channels, out_channels : int
    in_size, out_size : int
        Height and width of the square maps.
    stride, padding : int
        (1, 0) in layer 1, (2, 1) after it.
    weight_bits : int
        Width of the signed symmetric weights.
    """

    in_channels: int
    out_channels: int
    in_size: int
    out_size: int
    stride: int
    padding: int
    weight_bits: int

    @property
    def weight_shape(self):
        """(in_channels, out_channels, 4, 4), PyTorch's order for ConvTranspose2d."""
        return (self.in_channels, self.out_channels, KERNEL_SIZE, KERNEL_SIZE)

    @property
    def weights(self):
        """Number of weights."""
        return self.in_channels * self.out_channels * KERNEL_SIZE**2

    @property
    def useful_taps(self):
        """Pairs of input pixel and tap whose output lies inside the picture, one channel pair."""
        along = sum(
            0 <= self.stride * i + k - self.padding < self.out_size
            for i in range(self.in_size)
            for k in range(KERNEL_SIZE)
        )
        return along**2

    @property
    def useful_macs(self):
        """Multiplications of one plane that reach an output pixel."""
        return self.in_channels * self.out_channels * self.useful_taps

    @property
    def weight_max(self):
        """Largest weight magnitude, 2**(weight_bits - 1) - 1."""
        return 2 ** (self.weight_bits - 1) - 1

    @property
    def acc_max(self):
        """Largest |acc| that any weights and inputs of these widths can give.

        An output of layer 1 sums ``in_channels`` products, one of the others four taps of each.
        """
        taps, input_max = (1, 2 ** (INPUT_BITS - 1)) if self.stride == 1 else (4, 2**ACT_BITS - 1)
        return self.in_channels * taps * input_max * self.weight_max

    @property
    def acc_width(self):
        """Bits of a signed accumulator that never overflows; acc + bias needs one more."""
        return self.acc_max.bit_length() + 1


@dataclass(frozen=True)
class GeneratorSpec:
    """The generator: latent -> C1 x 4x4 -> C2 x 8x8 -> C3 x 16x16 -> 1 x 32x32.

    Parameters
    ----------
    latent : int
        Numbers in a latent, positive (the published network and the model file use 100).
    channels : (int, int, int)
        C1, C2, C3, each positive.
    weight_bits : int or (int, int, int, int)
        Bits of each layer's weights, 2 to 8. One number means all four.

    Raises
    ------
    InputError
        A size is not a whole number or out of range.
    """

    latent: int = LATENT
    channels: tuple[int, int, int] = (128, 64, 32)
    weight_bits: tuple[int, int, int, int] = (5, 5, 5, 5)

    PRESETS: ClassVar[dict[str, tuple[int, int, int]]] = {
        "contest": (512, 256, 128),
        "medium": (256, 128, 64),
        "compact": (128, 64, 32),
        "small": (64, 32, 16),
        "tiny": (32, 16, 8),
    }

    def __post_init__(self):
        bits = self.weight_bits
        object.__setattr__(self, "weight_bits", (bits,) * 4 if _whole(bits) else tuple(bits))
        object.__setattr__(self, "channels", tuple(self.channels))
        if not _whole(self.latent) or self.latent < 1:
            raise InputError(f"spec: latent is {self.latent!r}; it must be a positive number")
        if len(self.channels) != 3 or not all(_whole(c) and c > 0 for c in self.channels):
            raise InputError(
                f"spec: channels are {self.channels}; give three positive numbers, as 128,64,32"
            )
        bits = self.weight_bits
        if len(bits) != 4 or not all(_whole(b) and 2 <= b <= 8 for b in bits):
            raise InputError(f"spec: weight bits are {bits}; give one number or four, each 2 to 8")
        if max(self.acc_widths) > MAX_ACC_WIDTH:
            raise InputError(
                f"spec: channels {self.channels} with weights of {bits} bits need accumulators of "
                f"{max(self.acc_widths)} bits; give fewer, {MAX_ACC_WIDTH} bits are the most"
            )

    @classmethod
    def preset(cls, name, weight_bits=5):
        """Return the spec called `name` in :attr:`PRESETS`.

        Raises
        ------
        InputError
            There is no such preset.
        """
        if name not in cls.PRESETS:
            raise InputError(f"preset {name!r} is unknown; choose from {', '.join(cls.PRESETS)}")
        return cls(channels=cls.PRESETS[name], weight_bits=weight_bits)

    @classmethod
    def from_json(cls, fields):
        """Return the spec that a model file's ``spec`` dictionary describes, as `to_json` gave it.

        Raises
        ------
        InputError
            A field is missing, unknown, of another type or out of range.
        """
        names = ["channels", "latent", "weight_bits"]
        if not isinstance(fields, dict) or sorted(fields) != names:
            raise InputError(f"spec: fields must be {', '.join(names)}; make the file again")
        for name in ("channels", "weight_bits"):
            if not isinstance(fields[name], list):
                raise InputError(f"spec: {name} is {fields[name]!r}, not a list")
        return cls(**fields)

    @property
    def layers(self):
        """The four :class:`LayerSpec`, first to last."""
        channels = (self.latent, *self.channels, 1)
        sizes = (1, 4, 8, 16, PICTURE_SIZE)
        return tuple(
            LayerSpec(
                in_channels=channels[n],
                out_channels=channels[n + 1],
                in_size=sizes[n],
                out_size=sizes[n + 1],
                stride=1 if n == 0 else 2,
                padding=0 if n == 0 else 1,
                weight_bits=self.weight_bits[n],
            )
            for n in range(4)
        )

    @property
    def weights(self):
        """Number of weights of the network."""
        return sum(layer.weights for layer in self.layers)

    @property
    def weight_memory_bits(self):
        """Bits of all weights, each at its layer's width."""
        return sum(layer.weights * layer.weight_bits for layer in self.layers)

    @property
    def useful_macs(self):
        """Useful multiplications of one colour avatar.

        Layer 1 counts once, because it is linear (W(z + v) = Wz + Wv); the others once a plane.
        """
        first, *rest = (layer.useful_macs for layer in self.layers)
        return first + PLANES * sum(rest)

    @property
    def acc_widths(self):
        """Accumulator width of each layer in bits."""
        return tuple(layer.acc_width for layer in self.layers)

    def to_json(self):
        """Return the description as the model file's ``spec`` dictionary."""
        return {
            "channels": list(self.channels),
            "latent": self.latent,
            "weight_bits": list(self.weight_bits),
        }


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)
