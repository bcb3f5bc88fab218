# SPDX-License-Identifier: Apache-2.0
"""What a board says of itself, as bytes: its machine, the load under way, its model, its state.

Plain Python, standard library only, as :mod:`hw.uart.protocol`. The answer to an info request is
:class:`Machine`, :class:`Load`, :class:`ModelFacts` and :class:`Status`, one behind the other.
"""

import enum
import struct
from dataclasses import dataclass
from typing import ClassVar

from hw.uart.protocol import DIGEST_SIZE, ID_SIZE, MAX_LAYERS

# Of a :class:`hw.capacity.Capacity`, those of its array first: with them any host compiles a model
# for any board.
CAPACITY_FIELDS = (
    "rows", "columns", "word_weights", "hop", "weight_bus", "weight_bits", "acc_width",
    "plane_bias_width", "weight_words", "map_words", "latent_words", "channel_words",
    "plane_bias_words", "pixel_words", "sweeps", "feed_words", "read_words",
)  # fmt: skip
ACTIVATIONS = ("relu", "leaky_relu", "table")  # by their numbers
# How a model's latents are distributed, by their numbers: a wall draws the odd ones. Images of
# earlier versions do not tell.
LATENT_KINDS = ("", "normal", "tanh", "categorical")
CHOICES = 5  # of a categorical latent
LATENT_KIND_AT = 4  # bit of the byte of planes


class State(enum.IntEnum):
    """Whether a board holds a model, and where it came from."""

    NO_MODEL = 0
    POWER_UP = 1  # it came with the design
    UPLOADED = 2  # by a load: a host's, or that of the flash
    LOADING = 3


class Memory(enum.IntEnum):
    """How the memory outside is that holds the weights."""

    NONE = 0  # they lie on the chip
    STARTING = 1
    READY = 2
    FAILED = 3  # no words were read right, or two addresses are one word
    DAMAGED = 4  # since the last load it gave other weights than those that it got


class Flash(enum.IntEnum):
    """What became of the image in the flash, which a machine with a memory outside looks for."""

    NONE = 0  # this machine does not
    READING = 1  # it waits for the memory, or loads
    EMPTY = 2  # there is no image
    FOREIGN = 3  # it is for another machine, or of another version
    DAMAGED = 4  # header, sum, form or self-test are wrong
    LOADED = 5  # a board that holds a model has it from there
    LEFT = 6  # a host has loaded since, or the memory did not start


@dataclass(frozen=True)
class Machine:
    """What a board is, whatever model it holds.

    Attributes
    ----------
    build_id, capacity_id : bytes, 8 long
        Hash of the build plan; of what an image must fit (:func:`hw.image.capacity_id`).
    clock_hz : int
    macs_per_cycle : int
        Products that feed the generator's accumulators in one clock.
    capacity : tuple of int
        The fields of :data:`CAPACITY_FIELDS`.
    """

    build_id: bytes
    capacity_id: bytes
    clock_hz: int
    macs_per_cycle: int
    capacity: tuple[int, ...]

    LAYOUT: ClassVar = struct.Struct(f"<{ID_SIZE}s{ID_SIZE}sII{len(CAPACITY_FIELDS)}I")

    def pack(self):
        """Return the fields as they go over the wire."""
        return self.LAYOUT.pack(
            self.build_id, self.capacity_id, self.clock_hz, self.macs_per_cycle, *self.capacity
        )

    @classmethod
    def unpack(cls, payload):
        """Return the machine in `payload`, which is exactly as long as the layout."""
        build, capacity_id, clock, macs, *capacity = cls.LAYOUT.unpack(payload)
        return cls(build, capacity_id, clock, macs, tuple(capacity))


@dataclass(frozen=True)
class Load:
    """The last load that was begun since the board got its design, zeros where there was none.

    Attributes
    ----------
    length : int
        Bytes of the image.
    crc : int
        CRC-32 of the image.
    model_id : bytes, 8 long
    """

    length: int = 0
    crc: int = 0
    model_id: bytes = bytes(ID_SIZE)

    LAYOUT: ClassVar = struct.Struct(f"<II{ID_SIZE}s")

    def pack(self):
        """Return the fields as they go over the wire."""
        return self.LAYOUT.pack(self.length, self.crc, self.model_id)

    @classmethod
    def unpack(cls, payload):
        """Return the load in `payload`, which is exactly as long as the layout."""
        return cls(*cls.LAYOUT.unpack(payload))


@dataclass(frozen=True)
class ModelFacts:
    """What a board holds; it means something in the states `POWER_UP` and `UPLOADED` only.

    Attributes
    ----------
    pixels, colours : int
        Of a picture: width times height; 3 (R, G, B) or 1 (grey).
    latent, planes : int
    layers : tuple of (int, int, int, int, int, str, int)
        Channels, kernel_size, stride, padding, output_padding, activation and weight_bits of each.
    digest : bytes, 32 long
        The model's.
    latents : str
        One of :data:`LATENT_KINDS`; empty where it is not told.
    """

    pixels: int
    colours: int
    latent: int
    planes: int
    layers: tuple[tuple[int, int, int, int, int, str, int], ...]
    digest: bytes
    latents: str = ""

    HEAD: ClassVar = struct.Struct("<BHBHBB")  # source, pixels, colours, latent, planes, layers
    LAYER: ClassVar = struct.Struct("<H6B")
    DIGEST_AT: ClassVar = HEAD.size + MAX_LAYERS * LAYER.size
    SIZE: ClassVar = DIGEST_AT + DIGEST_SIZE

    @property
    def model_id(self):
        """8 bytes: the beginning of the digest."""
        return self.digest[:ID_SIZE]

    def pack(self, source=State.POWER_UP):
        """Return the fields as they go over the wire and lie in a board's memory."""
        planes = self.planes | LATENT_KINDS.index(self.latents) << LATENT_KIND_AT
        head = self.HEAD.pack(
            source, self.pixels, self.colours, self.latent, planes, len(self.layers)
        )
        layers = b"".join(
            self.LAYER.pack(*sizes, ACTIVATIONS.index(activation), bits)
            for *sizes, activation, bits in self.layers
        )
        return (head + layers).ljust(self.DIGEST_AT, b"\0") + self.digest

    @classmethod
    def unpack(cls, payload):
        """Return the model in `payload`, :attr:`SIZE` bytes.

        Raises
        ------
        ValueError
            More layers than there can be, or an unknown activation or kind of latents.
        """
        _, pixels, colours, latent, planes, count = cls.HEAD.unpack_from(payload)
        if count > MAX_LAYERS:
            raise ValueError(f"{count} layers")
        layers = []
        for n in range(count):
            *sizes, activation, bits = cls.LAYER.unpack_from(
                payload, cls.HEAD.size + n * cls.LAYER.size
            )
            if activation >= len(ACTIVATIONS):
                raise ValueError(f"layer {n + 1}: activation {activation}")
            layers.append((*sizes, ACTIVATIONS[activation], bits))
        latents, planes = divmod(planes, 1 << LATENT_KIND_AT)
        if latents >= len(LATENT_KINDS):
            raise ValueError(f"latents of kind {latents}")
        digest = bytes(payload[cls.DIGEST_AT :])
        return cls(pixels, colours, latent, planes, tuple(layers), digest, LATENT_KINDS[latents])


@dataclass(frozen=True)
class Status:
    """How a board is.

    Attributes
    ----------
    state : State
    next : int
        Bytes of the load under way that are there; the offset that comes next.
    ready : bool
        The generator takes latents now.
    core_cycles : int
        Clocks from the first latent taken to the last pixel out, both included, of the last
        picture.
    stalled_cycles : int
        Those of them in which a pixel waited for the line.
    memory : Memory
    flash : Flash
        In the high half of the byte of `memory`.
    window : int
        The half clocks in which words were read right at the start of that memory, bit by bit, the
        earliest in bit 0.
    phase : int
        The one that was chosen.
    """

    state: State
    next: int
    ready: bool
    core_cycles: int
    stalled_cycles: int
    memory: Memory = Memory.NONE
    window: int = 0
    phase: int = 0
    flash: Flash = Flash.NONE

    LAYOUT: ClassVar = struct.Struct("<BI?IIBBB")

    def pack(self):
        """Return the fields as they go over the wire."""
        return self.LAYOUT.pack(
            self.state, self.next, self.ready, self.core_cycles, self.stalled_cycles,
            self.memory | self.flash << 4, self.window, self.phase,
        )  # fmt: skip

    @classmethod
    def unpack(cls, payload):
        """Return the status in `payload`, which is exactly as long as the layout.

        Raises
        ------
        ValueError
            An unknown state, of the board, its memory or its flash.
        """
        state, *others, memory, window, phase = cls.LAYOUT.unpack(payload)
        memory, flash = Memory(memory & 0xF), Flash(memory >> 4)
        return cls(State(state), *others, memory, window, phase, flash)


@dataclass(frozen=True)
class Info:
    """All that an info answer tells.

    Attributes
    ----------
    machine : Machine
    load : Load
    model : ModelFacts or None
    status : Status
    """

    machine: Machine
    load: Load
    model: ModelFacts | None
    status: Status

    SIZE: ClassVar = Machine.LAYOUT.size + Load.LAYOUT.size + ModelFacts.SIZE + Status.LAYOUT.size

    def pack(self):
        """Return the answer's payload."""
        model = self.model.pack(self.status.state) if self.model else bytes(ModelFacts.SIZE)
        return self.machine.pack() + self.load.pack() + model + self.status.pack()

    @classmethod
    def unpack(cls, payload):
        """Return what `payload` tells, :attr:`SIZE` bytes.

        Raises
        ------
        ValueError
            A field cannot be.
        """
        parts = []
        for size in (Machine.LAYOUT.size, Load.LAYOUT.size, ModelFacts.SIZE, Status.LAYOUT.size):
            parts.append(payload[:size])
            payload = payload[size:]
        status = Status.unpack(parts[3])
        held = status.state in (State.POWER_UP, State.UPLOADED)
        return cls(
            Machine.unpack(parts[0]),
            Load.unpack(parts[1]),
            ModelFacts.unpack(parts[2]) if held else None,
            status,
        )
