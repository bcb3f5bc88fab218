# SPDX-License-Identifier: Apache-2.0
"""The network description: every size that golden, train, hw and sim derive from one generator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from support.failures import InputError

ACT_BITS = 8  # activations between layers: unsigned after relu, signed after leaky_relu
INPUT_BITS = 9  # z + v of two int8, signed, never saturated
MUL_BITS = 16
MAX_SHIFT = 40
TABLE_SIZE = 1024
QUAD = 4  # channels that a board finishes and sums together (docs/protocol.md)

RELU, LEAKY_RELU, TABLE = "relu", "leaky_relu", "table"

# Each field's least and greatest value.
LATENT_RANGE = (1, 1024)
LAYERS_RANGE = (2, 8)
SIZE_RANGE = (1, 128)  # height and width of every map
FIELD_RANGES = {
    "channels": (1, 1024),
    "kernel_size": (1, 8),
    "stride": (1, 2),
    "weight_bits": (2, 8),
}


@dataclass(frozen=True)
class Layer:
    """One ConvTranspose2d, square, without groups or dilation, as PyTorch counts it.

    Parameters
    ----------
    channels : int
        Its outputs, 1 to 1024.
    kernel_size, stride : int
        1 to 8; 1 or 2.
    padding, output_padding : int
        0 to kernel_size - 1; 0 to stride - 1.
    activation : str
        ``relu`` or ``leaky_relu``; ``table`` in the last layer.
    weight_bits : int
        Width of the signed symmetric weights, 2 to 8.

    Raises
    ------
    InputError
        A field is not a whole number or out of range.
    """

    channels: int
    kernel_size: int = 4
    stride: int = 2
    padding: int = 1
    output_padding: int = 0
    activation: str = RELU
    weight_bits: int = 8

    def __post_init__(self):
        for name, limits in FIELD_RANGES.items():
            _check_range(name, getattr(self, name), *limits)
        _check_range("padding", self.padding, 0, self.kernel_size - 1)
        _check_range("output_padding", self.output_padding, 0, self.stride - 1)
        if self.activation not in (RELU, LEAKY_RELU, TABLE):
            raise InputError(
                f"activation is {self.activation!r}; give {RELU}, {LEAKY_RELU} or {TABLE}"
            )

    def out_size(self, in_size):
        """Height and width of the output for an input of `in_size`."""
        return (
            (in_size - 1) * self.stride - 2 * self.padding + self.kernel_size + self.output_padding
        )

    def to_json(self):
        """Return the layer as a dictionary of the model file's ``spec``."""
        return {name: getattr(self, name) for name in _LAYER_FIELDS}


_LAYER_FIELDS = (
    "activation", "channels", "kernel_size", "output_padding", "padding", "stride", "weight_bits",
)  # fmt: skip


@dataclass(frozen=True)
class LayerShape:
    """A layer in its place: what it takes, what it gives, and what follows from both.

    Attributes
    ----------
    layer : Layer
    number : int
        1 for the first.
    in_channels, in_size, out_size : int
    is_first, is_last : bool
    """

    layer: Layer
    number: int
    in_channels: int
    in_size: int
    out_size: int
    is_first: bool
    is_last: bool

    def __getattr__(self, name):
        if name in _LAYER_FIELDS:
            return getattr(self.layer, name)
        raise AttributeError(name)

    @property
    def out_channels(self):
        """Channels of the output."""
        return self.layer.channels

    @property
    def geometry(self):
        """Stride, padding and output padding, as a transposed convolution takes them."""
        return {name: getattr(self.layer, name) for name in ("stride", "padding", "output_padding")}

    @property
    def weight_shape(self):
        """(in_channels, out_channels, kernel, kernel), PyTorch's order for ConvTranspose2d."""
        kernel = self.layer.kernel_size
        return (self.in_channels, self.layer.channels, kernel, kernel)

    @property
    def weights(self):
        """Number of weights."""
        return self.in_channels * self.layer.channels * self.layer.kernel_size**2

    @property
    def useful_taps(self):
        """Pairs of input pixel and tap whose output lies inside the picture, one channel pair."""
        stride, padding = self.layer.stride, self.layer.padding
        along = sum(
            0 <= stride * i + k - padding < self.out_size
            for i in range(self.in_size)
            for k in range(self.layer.kernel_size)
        )
        return along**2

    @property
    def useful_macs(self):
        """Multiplications of one plane that reach an output pixel."""
        return self.in_channels * self.layer.channels * self.useful_taps

    @property
    def products(self):
        """The most products that one output sums."""
        along = min(self.in_size, -(-self.layer.kernel_size // self.layer.stride))
        return self.in_channels * along**2

    @property
    def weight_max(self):
        """Largest weight magnitude, 2**(weight_bits - 1) - 1."""
        return 2 ** (self.layer.weight_bits - 1) - 1

    @property
    def acc_max(self):
        """Largest |acc| that any weights and inputs of these widths can give."""
        input_max = 2 ** (INPUT_BITS - 1) if self.is_first else 2**ACT_BITS - 1
        return self.products * input_max * self.weight_max

    @property
    def acc_width(self):
        """Bits of a signed accumulator that never overflows, at most 32; acc + bias needs one more.

        The widest has 1024 channels, 8 bits a weight and 64 taps: 1024 * 64 * 255 * 127 < 2**31.
        """
        return self.acc_max.bit_length() + 1


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator: a latent as so many channels of 1x1, through transposed convolutions.

    Parameters
    ----------
    latent : int
        Numbers in a latent, 1 to 1024.
    planes : int
        3: R = G(z), G = G(z + v1), B = G(z + v2), the last layer has one channel. 1: one pass, the
        last layer has one channel (a grey picture) or three (R, G, B).
    layers : tuple of Layer
        2 to 8.

    Raises
    ------
    InputError
        A field is out of range, or a map is smaller than 1 or larger than 128.
    """

    latent: int
    planes: int
    layers: tuple[Layer, ...]

    PRESETS: ClassVar[dict[str, tuple[int, ...]]] = {
        "contest": (512, 256, 128),
        "medium": (256, 128, 64),
        "compact": (128, 64, 32),
        "small": (64, 32, 16),
        "tiny": (32, 16, 8),
    }
    PRESET_LATENT: ClassVar[int] = 100
    HEADS: ClassVar[dict[str, tuple[int, int]]] = {  # planes, channels of the last layer
        "planes": (3, 1),
        "rgb": (1, 3),
        "grey": (1, 1),
    }

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        try:
            self._check()
        except InputError as error:
            raise InputError(f"spec: {error}") from None

    def _check(self):
        _check_range("latent", self.latent, *LATENT_RANGE)
        if type(self.planes) is not int or self.planes not in (1, 3):
            raise InputError(f"planes is {self.planes!r}; give 1 or 3")
        _check_range("the number of layers", len(self.layers), *LAYERS_RANGE)
        for n, layer in enumerate(self.layers, 1):
            last = n == len(self.layers)
            if (layer.activation == TABLE) != last:
                wanted = TABLE if last else f"{RELU} or {LEAKY_RELU}"
                raise InputError(f"layer {n}: activation is {layer.activation}; give {wanted}")
        colours = self.layers[-1].channels
        if colours != 1 and (self.planes, colours) != (1, 3):
            wanted = "1" if self.planes == 3 else "1 or 3"
            raise InputError(
                f"layer {len(self.layers)}: channels is {colours}; with planes {self.planes} the "
                f"last layer has {wanted}"
            )
        size = 1
        for n, layer in enumerate(self.layers, 1):
            size = layer.out_size(size)
            if not SIZE_RANGE[0] <= size <= SIZE_RANGE[1]:
                raise InputError(
                    f"layer {n}: gives maps of {size}x{size}; they must be 1x1 to "
                    f"{SIZE_RANGE[1]}x{SIZE_RANGE[1]}"
                )

    @classmethod
    def avatars(cls, channels, weight_bits=5, latent=PRESET_LATENT, head="planes", base=4):
        """Return a network as the presets are: the first layer makes maps of `base` pixels each
        way, every other one doubles them with a kernel of 4.

        Parameters
        ----------
        channels : sequence of int
            Of the hidden layers: three of them make pictures of 32x32, four of 64x64.
        weight_bits : int or sequence of int
            Of all layers, or of each.
        latent : int
        head : str
            ``planes``: R, G and B one after another; ``rgb``: in one pass; ``grey``: one colour.
        base : int
            Kernel of the first layer.

        Raises
        ------
        InputError
        """
        channels = tuple(channels)
        if head not in cls.HEADS:
            raise InputError(f"head {head!r} is unknown; choose from {', '.join(cls.HEADS)}")
        planes, colours = cls.HEADS[head]
        bits = weight_bits if isinstance(weight_bits, tuple | list) else None
        if bits is None:
            bits = (weight_bits,) * (len(channels) + 1)
        if len(bits) != len(channels) + 1:
            raise InputError(
                f"spec: weight bits are {tuple(bits)}; give one number or {len(channels) + 1}"
            )
        layers = [
            Layer(
                channels=outputs,
                kernel_size=4 if n else base,
                stride=2 if n else 1,
                padding=1 if n else 0,
                activation=RELU if n < len(channels) else TABLE,
                weight_bits=bits[n],
            )
            for n, outputs in enumerate((*channels, colours))
        ]
        return cls(latent=latent, planes=planes, layers=tuple(layers))

    @classmethod
    def preset(cls, name, weight_bits=5):
        """Return the network called `name` in :attr:`PRESETS`.

        Raises
        ------
        InputError
            There is no such preset.
        """
        if name not in cls.PRESETS:
            raise InputError(f"preset {name!r} is unknown; choose from {', '.join(cls.PRESETS)}")
        return cls.avatars(cls.PRESETS[name], weight_bits)

    @classmethod
    def preset_channels(cls, preset, count):
        """Return a preset's channels for `count` hidden layers, halved as often as there are more.

        Raises
        ------
        InputError
            There is no such preset.
        """
        channels = list(cls.preset(preset).channels[:count])
        while len(channels) < count:
            channels.append(max(1, channels[-1] // 2))
        return tuple(channels)

    @classmethod
    def of_size(cls, size, channels=None, preset="compact", latent=PRESET_LATENT, head="planes"):
        """Return a network as the presets are that makes pictures of `size` pixels each way.

        Parameters
        ----------
        size : int
            4 to 7 times a power of two.
        channels : sequence of int, optional
            Of the hidden layers; by default the preset's, halved as often as there are more.
        preset, head : str
        latent : int

        Raises
        ------
        InputError
            No such network makes that size, or it takes another number of channels.
        """
        doublings = max(0, int(size).bit_length() - 3)
        base = size >> doublings
        if base << doublings != size or not 4 <= base <= 7 or size > SIZE_RANGE[1]:
            raise InputError(f"size is {size}; give 4 to 7 times a power of two, up to 128")
        if channels is None:
            channels = cls.preset_channels(preset, doublings)
        if len(channels) != doublings:
            raise InputError(
                f"channels are {', '.join(map(str, channels))}; {size}x{size} pixels take "
                f"{doublings} hidden layers"
            )
        return cls.avatars(channels, latent=latent, head=head, base=base)

    @classmethod
    def from_json(cls, fields):
        """Return the spec that a model file's ``spec`` dictionary describes, as `to_json` gave it.

        Raises
        ------
        InputError
            A field is missing, unknown, of another type or out of range.
        """
        _check_fields("spec: fields", fields, ("latent", "layers", "planes"))
        if not isinstance(fields["layers"], list):
            raise InputError(f"spec: layers is {fields['layers']!r}, not a list")
        layers = []
        for n, each in enumerate(fields["layers"], 1):
            _check_fields(f"spec: layer {n}: fields", each, _LAYER_FIELDS)
            try:
                layers.append(Layer(**each))
            except InputError as error:
                raise InputError(f"spec: layer {n}: {error}") from None
        return cls(latent=fields["latent"], planes=fields["planes"], layers=tuple(layers))

    def to_json(self):
        """Return the description as the model file's ``spec`` dictionary."""
        return {
            "latent": self.latent,
            "layers": [layer.to_json() for layer in self.layers],
            "planes": self.planes,
        }

    @cached_property
    def shapes(self):
        """A :class:`LayerShape` for each layer, first to last."""
        shapes, channels, size = [], self.latent, 1
        for n, layer in enumerate(self.layers, 1):
            out_size = layer.out_size(size)
            is_first, is_last = n == 1, n == len(self.layers)
            shapes.append(LayerShape(layer, n, channels, size, out_size, is_first, is_last))
            channels, size = layer.channels, out_size
        return tuple(shapes)

    @property
    def channels(self):
        """Outputs of the hidden layers."""
        return tuple(layer.channels for layer in self.layers[:-1])

    @property
    def weight_bits(self):
        """Bits of each layer's weights."""
        return tuple(layer.weight_bits for layer in self.layers)

    def with_weight_bits(self, weight_bits):
        """Return the network with other bits: one number for all layers, or one for each.

        Raises
        ------
        InputError
        """
        count = len(self.layers)
        given = weight_bits if isinstance(weight_bits, tuple | list) else (weight_bits,) * count
        if len(given) != count:
            raise InputError(f"spec: weight bits are {tuple(given)}; give one number or {count}")
        layers = []
        for n, (layer, bits) in enumerate(zip(self.layers, given, strict=True), 1):
            try:
                layers.append(replace(layer, weight_bits=bits))
            except InputError as error:
                raise InputError(f"spec: layer {n}: {error}") from None
        return replace(self, layers=tuple(layers))

    def with_channels(self, channels):
        """Return the network with other channels of its hidden layers.

        Raises
        ------
        InputError
        """
        count = len(self.layers) - 1
        if len(channels) != count:
            raise InputError(f"spec: channels are {tuple(channels)}; give {count} numbers")
        layers = [replace(layer, channels=n) for layer, n in zip(self.layers, channels)]
        return replace(self, layers=(*layers, self.layers[-1]))

    @property
    def size(self):
        """Height and width of a picture."""
        return self.shapes[-1].out_size

    @property
    def colours(self):
        """Channels of a picture: 3 (R, G, B) or 1 (grey)."""
        return self.planes * self.layers[-1].channels

    @property
    def picture_shape(self):
        """(height, width, colours) of a picture."""
        return (self.size, self.size, self.colours)

    @property
    def picture_bytes(self):
        """Bytes of a picture."""
        return self.size**2 * self.colours

    @property
    def preset_name(self):
        """Name of the preset whose network this is, whatever its bits; None where it is none."""
        for name in self.PRESETS:
            if self.with_weight_bits(5) == type(self).preset(name, 5):
                return name
        return None

    @property
    def weights(self):
        """Number of weights of the network."""
        return sum(shape.weights for shape in self.shapes)

    @property
    def weight_memory_bits(self):
        """Bits of all weights, each at its layer's width."""
        return sum(shape.weights * shape.weight_bits for shape in self.shapes)

    @property
    def useful_macs(self):
        """Useful multiplications of one picture.

        Layer 1 counts once, because it is linear (W(z + v) = Wz + Wv); the others once a plane.
        """
        first, *rest = (shape.useful_macs for shape in self.shapes)
        return first + self.planes * sum(rest)

    @property
    def acc_widths(self):
        """Accumulator width of each layer in bits."""
        return tuple(shape.acc_width for shape in self.shapes)


def _check_range(name, value, low, high):
    if type(value) is not int or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; give {low} to {high}")


def _check_fields(what, fields, names):
    if not isinstance(fields, dict) or sorted(fields) != list(names):
        raise InputError(f"{what} must be {', '.join(names)}; make the file again")
