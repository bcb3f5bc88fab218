# SPDX-License-Identifier: Apache-2.0
"""hw.uart.stopwatch: cycles of pictures that overlap."""

import numpy as np

from hw.uart.protocol import LATENT, PIXELS
from hw.uart.stopwatch import Stopwatch
from tests.hw.uart.line import simulate


def test_counts_each_picture_on_its_own():
    dut = Stopwatch()
    rng = np.random.default_rng(0)
    pictures = 4

    async def bench(ctx):
        latents = pixels = stalled = now = 0
        starts = []
        await ctx.tick()
        while pixels < pictures * PIXELS:
            begun = pixels // PIXELS
            may_begin = latents % LATENT or latents // LATENT - begun < 2
            latent = bool(may_begin and latents < pictures * LATENT and rng.random() < 0.3)
            pixel = bool(latents // LATENT > begun and rng.random() < 0.7)
            waits = bool(not pixel and latents // LATENT > begun and rng.random() < 0.5)
            ctx.set(dut.latent_taken, latent)
            ctx.set(dut.pixel_taken, pixel)
            ctx.set(dut.pixel_waits, waits)
            await ctx.tick()
            if latent and latents % LATENT == 0:
                starts.append(now)
            latents += latent
            pixels += pixel
            stalled += waits
            if pixel and pixels % PIXELS == 0:
                assert ctx.get(dut.core_cycles) == now - starts[begun] + 1
                assert ctx.get(dut.stalled_cycles) == stalled
                stalled = 0
            now += 1

    simulate(dut, bench)
