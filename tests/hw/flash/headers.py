# SPDX-License-Identifier: Apache-2.0
"""False headers of an image in the flash."""

import zlib

from hw.flash.stored import HEADER_SIZE

PLACES = {"version": (7, 1), "capacity": (8, 8), "length": (16, 4), "crc": (20, 4)}  # offset, bytes


def with_header(contents, **fields):
    """Return what is stored with some fields of its header changed, of which the CRC is right."""
    header = bytearray(contents[: HEADER_SIZE - 4])
    for name, value in fields.items():
        at, size = PLACES[name]
        header[at : at + size] = value.to_bytes(size, "little")
    return bytes(header) + zlib.crc32(header).to_bytes(4, "little") + contents[HEADER_SIZE:]
