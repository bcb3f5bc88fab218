# SPDX-License-Identifier: Apache-2.0
"""What the link's tests share: a host at the pins of a top, and a simulation with an end."""

from amaranth.sim import Simulator

from hw.uart import protocol


class Host:
    """Bytes in and out at the pins of `dut` (ports rx and tx), one bit in `divisor` clocks."""

    def __init__(self, ctx, dut, divisor=4):
        self.ctx = ctx
        self.dut = dut
        self.divisor = divisor

    async def idle(self, bits):
        """Let the line rest for so many bit-times."""
        self.ctx.set(self.dut.rx, 1)
        await self.ctx.tick().repeat(bits * self.divisor)

    async def send(self, chunk):
        """Send bytes without a gap."""
        for byte in chunk:
            for bit in range(10):
                self.ctx.set(self.dut.rx, (byte << 1 | 0x200) >> bit & 1)
                await self.ctx.tick().repeat(self.divisor)

    async def receive(self, bodies=1, byte_times=200):
        """Return the frames of so many bodies, fewer once the line was silent for `byte_times`."""
        unstuffer, frames = protocol.Unstuffer(), []
        while len(frames) < bodies:
            silence = 0
            while self.ctx.get(self.dut.tx):
                await self.ctx.tick()
                silence += 1
                if silence > byte_times * 10 * self.divisor:
                    return frames
            await self.ctx.tick().repeat(self.divisor // 2)
            byte = 0
            for bit in range(8):
                await self.ctx.tick().repeat(self.divisor)
                byte |= self.ctx.get(self.dut.tx) << bit
            await self.ctx.tick().repeat(self.divisor)
            assert self.ctx.get(self.dut.tx), "stop bit"
            frames += [protocol.Frame.decode(body) for body in unstuffer.feed([byte])]
        return frames


def simulate(dut, *testbenches, background=(), cycles=100_000):
    """Run testbenches on `dut` to their ends, and fail if that takes more clocks.

    Those in `background` end with the others.
    """
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)

    for _ in range(2 * cycles):  # both edges
        if not simulator.advance():
            return
    raise AssertionError(f"not done after {cycles} clocks")
