# SPDX-License-Identifier: Apache-2.0
"""hw.uart.loader: an image's bytes, and the words that come of them."""

import zlib

import numpy as np
import pytest

from hw.image import IDENTITY, parse
from hw.uart.loader import Loader
from tests.hw.uart.line import simulate
from tests.hw.uart.stand_in import MEMORIES, StandInModel

NAMES = [each.name for each in MEMORIES]
WIDTHS = {each.name: each.width for each in MEMORIES}
MODEL = StandInModel(seed=4)


def load(*images, stall=0.0):
    """Return for each image its words by memory, CRC, and whether it is whole."""
    dut = Loader(MEMORIES)
    rng = np.random.default_rng(0)
    results = []

    async def send(ctx):
        for data in images:
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            results.append({name: [] for name in [*NAMES, IDENTITY]})
            for byte in data:
                while rng.random() < stall:
                    await ctx.tick()
                ctx.set(dut.i.p, byte)
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
                ctx.set(dut.i.valid, 0)
            await ctx.tick().repeat(10)
            results[-1] |= {"crc": ctx.get(dut.crc), "whole": bool(ctx.get(dut.whole))}

    async def watch(ctx):
        ctx_tick = ctx.tick().sample(
            dut.load.enable, dut.load.address, dut.load.data,
            dut.part_en, dut.part_address, dut.part_data,
        )  # fmt: skip
        async for _, _, enable, address, word, part, part_address, byte in ctx_tick:
            for n, name in enumerate(NAMES):
                if enable >> n & 1:
                    assert address == len(results[-1][name])
                    results[-1][name].append(word & (1 << WIDTHS[name]) - 1)
            if part:
                assert part_address == len(results[-1][IDENTITY])
                results[-1][IDENTITY].append(byte)

    simulate(dut, send, background=[watch])
    return results


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_words_and_crc(stall):
    others = StandInModel(latent=30, hidden=5)
    for model, found in zip((MODEL, others), load(MODEL.image, others.image, stall=stall)):
        assert found.pop("crc") == zlib.crc32(model.image)
        assert found.pop("whole")
        assert found == parse(MEMORIES, model.image)[1]


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 12, 13, 90, 140, -1])
def test_a_cut_image_is_not_whole_and_the_next_one_is(cut):
    first, second = load(MODEL.image[:cut], MODEL.image)
    assert not first["whole"]
    assert second["whole"]
    assert second["weights"] == MODEL.words["weights"]


def test_a_byte_too_many():
    (found,) = load(MODEL.image + b"x")
    assert not found["whole"]


@pytest.mark.parametrize("count", [17, 1 << 8, 1 << 24, 0xFFFFFFFF])
def test_a_count_beyond_the_memory_writes_nothing(count):
    data = MODEL.image[:8] + count.to_bytes(4, "little") + MODEL.image[12:]
    (found,) = load(data)
    assert not found["whole"]
    assert not any(found[name] for name in [*NAMES, IDENTITY])
