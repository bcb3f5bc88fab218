# SPDX-License-Identifier: Apache-2.0
"""The image: all that a model is to a machine, as bytes that are sent or stored.

======================= ======== ===============================================
part                    bytes    contents
======================= ======== ===============================================
capacity id             8        :func:`capacity_id`
for each memory of :func:`hw.engine.load_bus.memories`, then for `identity`:
count                   4        words that follow, at most as many as it has
words                   each ceil(width / 8), the highest byte first, so that a
                        board shifts them in; the identity's are bytes, the model
                        part of :mod:`hw.uart.identity`
======================= ======== ===============================================

The same words are a memory's contents at power-up.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict

from hw.uart.identity import PART_DEPTH
from hw.uart.protocol import ID_SIZE

IDENTITY = "identity"


def capacity_fields(capacity):
    """Return the numbers that a capacity is made of, by name: its array's first.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    fields = asdict(capacity)
    return fields.pop("array") | fields


def capacity_id(capacity, memories):
    """Return what an image and its machine must agree on, 8 bytes: a hash of sizes and shapes.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    memories : sequence of hw.capacity.LoadedMemory
        Its own.
    """
    shapes = [[each.name, each.width, each.depth] for each in memories]
    facts = {"capacity": capacity_fields(capacity), "memories": shapes}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:ID_SIZE]


def image(machine_id, memories, words, part):
    """Return the image of a model, the same bytes every time.

    Parameters
    ----------
    machine_id : bytes
        :func:`capacity_id`.
    memories : sequence of hw.capacity.LoadedMemory
    words : dict of str to list of int
        Unsigned words of each memory, as :attr:`hw.contents.Contents.words`.
    part : hw.uart.identity.ModelPart

    Returns
    -------
    bytes
    """
    out = bytearray(machine_id)
    for memory in memories:
        size = -(-memory.width // 8)
        out += len(words[memory.name]).to_bytes(4, "little")
        out += b"".join(word.to_bytes(size, "big") for word in words[memory.name])
    contents = part.contents()
    out += len(contents).to_bytes(4, "little") + contents
    return bytes(out)


def as_file(image):
    """Return the bytes of an image file: the image, then its CRC-32, 4 bytes.

    A self-test draws one picture, and does not use every bit of an image: a file that was damaged
    on its way is found by its CRC.
    """
    return image + zlib.crc32(image).to_bytes(4, "little")


def parse(memories, data):
    """Return what an image holds, for tests and simulations.

    Returns
    -------
    bytes
        Id of its capacity.
    dict of str to list of int
        Words of each memory, and the bytes of `IDENTITY`.

    Raises
    ------
    ValueError
        It has another form.
    """
    shapes = [(each.name, -(-each.width // 8), each.depth) for each in memories]
    words, at = {}, ID_SIZE
    for name, size, depth in [*shapes, (IDENTITY, 1, PART_DEPTH)]:
        count = int.from_bytes(data[at : at + 4], "little")
        at += 4
        end = at + count * size
        if count > depth or end > len(data):
            raise ValueError(f"the image has {count} words of {name}")
        words[name] = [int.from_bytes(data[n : n + size], "big") for n in range(at, end, size)]
        at = end
    if at != len(data):
        raise ValueError(f"the image has {len(data) - at} bytes too many")
    return data[:ID_SIZE], words
