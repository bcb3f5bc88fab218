# SPDX-License-Identifier: Apache-2.0
"""What a board knows about itself, as memory contents: its machine, and what a load replaces.

============ ===== =========================================================
offset       bytes contents
============ ===== =========================================================
MACHINE      92    :class:`hw.uart.facts.Machine`
LOAD         16    :class:`hw.uart.facts.Load`, written as a load begins
MODEL        104   :class:`hw.uart.facts.ModelFacts`; its first byte is the
                   :class:`hw.uart.facts.State`: 0, and nothing below counts
STORED_SUMS  32    :data:`hw.uart.protocol.SUMS` of the self-test
LATENTS      1024  the self-test's latents, int8, as many as the model has
============ ===== =========================================================

All from MODEL on is the *model part*, which an image brings.
"""

import struct
from dataclasses import dataclass

from hw.primitives.block_ram import BlockRam
from hw.uart.facts import CHOICES, LATENT_KINDS, Load, Machine, ModelFacts
from hw.uart.protocol import HIDDEN_LAYERS, ID_SIZE, MAX_LATENT, SUMS

MACHINE = 0
CAPACITY_ID = MACHINE + ID_SIZE
LOAD = MACHINE + Machine.LAYOUT.size
MODEL = LOAD + Load.LAYOUT.size
MODEL_ID = MODEL + ModelFacts.DIGEST_AT
STORED_SUMS = MODEL + ModelFacts.SIZE
LATENTS = STORED_SUMS + SUMS.size
PART_DEPTH = LATENTS + MAX_LATENT - MODEL  # bytes of a model part, at most
DEPTH = 2048  # one block RAM
LATENCY = 1 + BlockRam.latency  # of the memory: its address comes from a register

assert LATENTS + MAX_LATENT <= DEPTH


@dataclass(frozen=True)
class ModelPart:
    """What the identity memory holds of a model.

    Attributes
    ----------
    facts : ModelFacts
    latents : sequence of int
        Of the self-test, -128 to 127, as many as the model has.
    sums : sequence of int
        CRC-32 (:func:`zlib.crc32`) that the model gives for them: of the activations of each hidden
        layer, in the order of docs/protocol.md, and of the picture, row-major.
    """

    facts: ModelFacts
    latents: tuple[int, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, spec, digest, latents, sums, distribution=""):
        """Return the part of a model.

        Parameters
        ----------
        spec : golden.spec.GeneratorSpec
        digest : str
            Its model's, 64 hex digits.
        latents, sums : sequence of int
        distribution : str
            What its model's latents are, where that is known.
        """
        if distribution not in LATENT_KINDS or (
            distribution == "categorical" and spec.latent % CHOICES
        ):
            distribution = ""
        layers = tuple(
            (
                each.channels,
                each.kernel_size,
                each.stride,
                each.padding,
                each.output_padding,
                each.activation,
                each.weight_bits,
            )
            for each in spec.layers
        )
        facts = ModelFacts(
            spec.size**2,
            spec.colours,
            spec.latent,
            spec.planes,
            layers,
            bytes.fromhex(digest),
            distribution,
        )
        return cls(facts, tuple(latents), tuple(sums))

    def contents(self):
        """Return the bytes of the part."""
        *hidden, picture = self.sums
        hidden += [0] * (HIDDEN_LAYERS - len(hidden))
        latents = struct.pack(f"<{len(self.latents)}b", *self.latents)
        return self.facts.pack() + SUMS.pack(*hidden, picture) + latents


@dataclass(frozen=True)
class Identity:
    """Contents of the identity memory.

    Attributes
    ----------
    machine : Machine
    part : ModelPart or None
        Of the model that the board has from power-up on, if any.
    """

    machine: Machine
    part: ModelPart | None = None

    def contents(self):
        """Return the first bytes of the memory; the rest is 0."""
        model = self.part.contents() if self.part else b""
        return self.machine.pack() + Load().pack() + model
