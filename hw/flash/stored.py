# SPDX-License-Identifier: Apache-2.0
"""How an image lies in the flash, far behind the bitstream.

======= ===== ==================================================================
offset  bytes contents, little-endian
======= ===== ==================================================================
0       7     :data:`MAGIC`
7       1     :data:`VERSION` of this layout
8       24    the payload of a load-begin: capacity id, length of the image, its
              CRC-32, model id (:data:`hw.uart.protocol.LOAD_BEGIN`)
32      4     CRC-32 of the 32 bytes before
36            the image
======= ===== ==================================================================

The header counts only with its own CRC, the image only with the one in the header. So whatever an
interrupted write leaves is refused: an erased or a torn header, and a header before an image of
which a part is erased, or still the one that was there.
"""

import zlib

from hw.uart.protocol import CRC, ID_SIZE, LOAD_BEGIN
from support.failures import InputError

OFFSET = 4 << 20  # bytes; the largest bitstream of the boards, of an LFE5U-85F, has 2 MB
MAGIC = b"avatars"
VERSION = 1
HEADER_SIZE = len(MAGIC) + 1 + LOAD_BEGIN.size + CRC.size
MAX_LENGTH = (1 << 24) - 1  # bytes of an image that a board looks at


def stored(image, model_id):
    """Return the bytes that lie at :data:`OFFSET`.

    Parameters
    ----------
    image : bytes
        As :func:`hw.image.image` makes it.
    model_id : bytes, 8 long

    Raises
    ------
    InputError
        It is longer than a board looks at.
    """
    if len(image) > MAX_LENGTH:
        raise InputError(f"the image has {len(image):,} bytes; a board reads {MAX_LENGTH:,}")
    begin = LOAD_BEGIN.pack(image[:ID_SIZE], len(image), zlib.crc32(image), model_id)
    header = MAGIC + bytes([VERSION]) + begin
    return header + CRC.pack(zlib.crc32(header)) + image
