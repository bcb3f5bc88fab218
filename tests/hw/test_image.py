# SPDX-License-Identifier: Apache-2.0
"""hw.image: bytes of an image, there and back, and what makes two capacities differ."""

import dataclasses
import hashlib
import json

import pytest

from hw.image import IDENTITY, capacity_fields, capacity_id, image, parse
from hw.uart.facts import CAPACITY_FIELDS
from tests.hw.uart.stand_in import CAPACITY, CAPACITY_ID, MEMORIES, StandInModel

MODEL = StandInModel()


def test_an_image_by_hand():
    words = {"weights": [1, 1 << 35], "table": [7], "empty": [0x1FF], "pass": []}
    part = MODEL.part
    data = image(b"capacity", MEMORIES, words, part)
    expected = b"capacity"
    expected += b"\2\0\0\0" + b"\0\0\0\0\1" + b"\x08\0\0\0\0"  # 36 bits: five bytes, highest first
    expected += b"\1\0\0\0" + b"\7"
    expected += b"\1\0\0\0" + b"\1\xff"
    expected += b"\0\0\0\0"
    contents = part.contents()
    assert data == expected + len(contents).to_bytes(4, "little") + contents


def test_there_and_back():
    machine_id, words = parse(MEMORIES, MODEL.image)
    assert machine_id == CAPACITY_ID
    assert words.pop(IDENTITY) == list(MODEL.part.contents())
    assert words == MODEL.words


def test_the_same_bytes_every_time():
    assert MODEL.image == StandInModel().image
    assert MODEL.image != StandInModel(seed=1).image


def test_the_id_is_a_hash_of_fields_and_memories():
    fields = dict(zip(CAPACITY_FIELDS, capacity_fields(CAPACITY).values(), strict=True))
    memories = [[each.name, each.width, each.depth] for each in MEMORIES]
    text = json.dumps(
        {"capacity": fields, "memories": memories}, sort_keys=True, separators=(",", ":")
    )
    assert capacity_id(CAPACITY, MEMORIES) == hashlib.sha256(text.encode()).digest()[:8]
    array = dataclasses.replace(CAPACITY.array, columns=8)
    others = [
        (dataclasses.replace(CAPACITY, weight_words=17), MEMORIES),
        (dataclasses.replace(CAPACITY, array=array), MEMORIES),
        (CAPACITY, MEMORIES[:-1]),
        (CAPACITY, (*MEMORIES[:-1], MEMORIES[-1]._replace(width=39))),
    ]
    assert len({CAPACITY_ID, *(capacity_id(*other) for other in others)}) == 5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data[:-1], "words of identity"),
        (lambda data: data + b"x", "1 bytes too many"),
        (lambda data: data[:8] + (17).to_bytes(4, "little") + data[12:], "17 words of weights"),
    ],
)
def test_false_images(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(MEMORIES, change(MODEL.image))
