# SPDX-License-Identifier: Apache-2.0
"""What a board knows about itself, as memory contents: facts, self-test and its answer.

=========== ===== ==========================================================
offset      bytes contents
=========== ===== ==========================================================
FACTS       36    :class:`hw.uart.protocol.Facts` (MODEL_ID is inside them)
ANSWER      16    :data:`hw.uart.protocol.SUMS` of the self-test
LATENTS     100   the self-test's latents, int8
=========== ===== ==========================================================
"""

import struct
from dataclasses import dataclass

from hw.primitives.block_ram import BlockRam
from hw.uart.protocol import ID_SIZE, LATENT, SUMS, Facts

FACTS = 0
MODEL_ID = FACTS + ID_SIZE
ANSWER = FACTS + Facts.LAYOUT.size
LATENTS = ANSWER + SUMS.size
DEPTH = LATENTS + LATENT
LATENCY = 1 + BlockRam.latency  # of the memory: its address comes from a register


@dataclass(frozen=True)
class Identity:
    """Contents of the identity memory.

    Attributes
    ----------
    facts : Facts
    latents : sequence of 100 int
        Latents of the self-test, -128 to 127.
    answer : 4 int
        CRC-32 (:func:`zlib.crc32`) that the model gives for them: of the activations of layers 1
        to 3, in the order of docs/protocol.md, and of the picture, 3072 bytes R G B row-major.
    """

    facts: Facts
    latents: tuple[int, ...]
    answer: tuple[int, int, int, int]

    def contents(self):
        """Return the bytes of the memory, :data:`DEPTH` long."""
        latents = struct.pack(f"<{LATENT}b", *self.latents)
        return self.facts.pack() + SUMS.pack(*self.answer) + latents
