# SPDX-License-Identifier: Apache-2.0
"""What a board knows about itself, as memory contents: facts, self-test and its answer.

=========== ===== ==========================================================
offset      bytes contents
=========== ===== ==========================================================
FACTS       36    :class:`hw.uart.protocol.Facts` (MODEL_ID is inside them)
ANSWER      4     CRC-32 of the self-test's picture, little-endian
LATENTS     100   the self-test's latents, int8
=========== ===== ==========================================================
"""

import struct
from dataclasses import dataclass

from hw.uart.protocol import CRC, ID_SIZE, LATENT, Facts

FACTS = 0
MODEL_ID = FACTS + ID_SIZE
ANSWER = FACTS + Facts.LAYOUT.size
LATENTS = ANSWER + CRC.size
DEPTH = LATENTS + LATENT


@dataclass(frozen=True)
class Identity:
    """Contents of the identity memory.

    Attributes
    ----------
    facts : Facts
    latents : sequence of 100 int
        Latents of the self-test, -128 to 127.
    answer : int
        CRC-32 (:func:`zlib.crc32`) of the picture that the model gives for them, 3072 bytes
        R G B row-major.
    """

    facts: Facts
    latents: tuple[int, ...]
    answer: int

    def contents(self):
        """Return the bytes of the memory, :data:`DEPTH` long."""
        latents = struct.pack(f"<{LATENT}b", *self.latents)
        return self.facts.pack() + CRC.pack(self.answer) + latents
