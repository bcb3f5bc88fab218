# SPDX-License-Identifier: Apache-2.0
"""hw.uart.stopwatch: cycles of pictures that overlap."""

import numpy as np
import pytest

from hw.uart.stopwatch import Stopwatch
from tests.hw.uart.line import simulate


@pytest.mark.parametrize(("latent", "pixel_count"), [(100, 784), (1, 1), (2, 3), (1024, 2)])
def test_counts_each_picture_on_its_own(latent, pixel_count):
    dut = Stopwatch()
    rng = np.random.default_rng(0)
    pictures = 4

    async def bench(ctx):
        latents = pixels = stalled = now = 0
        starts = []
        ctx.set(dut.latent, latent)
        ctx.set(dut.pixels, pixel_count)
        await ctx.tick().repeat(2)
        while pixels < pictures * pixel_count:
            begun = pixels // pixel_count
            may_begin = latents % latent or latents // latent - begun < 2
            number = bool(may_begin and latents < pictures * latent and rng.random() < 0.3)
            there = latents // latent > begun and now > starts[begun] + 3  # a generator is no wire
            pixel = bool(there and rng.random() < 0.7)
            waits = bool(not pixel and there and rng.random() < 0.5)
            ctx.set(dut.latent_taken, number)
            ctx.set(dut.pixel_taken, pixel)
            ctx.set(dut.pixel_waits, waits)
            await ctx.tick()
            if number and latents % latent == 0:
                starts.append(now)
            latents += number
            pixels += pixel
            stalled += waits
            if pixel and pixels % pixel_count == 0:
                assert ctx.get(dut.core_cycles) == now - starts[begun] + 1
                assert ctx.get(dut.stalled_cycles) == stalled
                stalled = 0
            now += 1

    simulate(dut, bench)
