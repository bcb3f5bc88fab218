# SPDX-License-Identifier: Apache-2.0
"""Bytes of an SPI flash, one behind the other."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.flash.stored import OFFSET

FASTEST_HZ = 33_000_000  # that every flash reads with the command READ
LEAST_HALF = 2  # clocks; what comes back has all of a bit's time, its way included
READ, WAKE = 0x03, 0xAB
ADDRESS_SIZE = 3
WARM_UP = 16  # bits of clock before the first command: the chip's own clock pin needs some
WAKING = 1024  # bits of clock: 31 us, the longest time in which a flash wakes
PINS = wiring.Signature({"cs": Out(1), "clk": Out(1), "copi": Out(1), "cipo": In(1)})


def half_clocks(clock_hz):
    """Return how many clocks half a bit takes."""
    return max(LEAST_HALF, -(-clock_hz // (2 * FASTEST_HZ)))


class FlashReader(wiring.Component):
    """Read a flash from :data:`hw.flash.stored.OFFSET` on, from reset on, without an end.

    SPI mode 0, one bit at a time: the flash takes bits as its clock rises and gives them as it
    falls. A bit of the flash is taken as late as can be, in the clock in which the next one is
    asked for: wires, buffers and the flash itself have all of a bit's time. First the flash is
    woken, as one that sleeps ignores everything else. While a byte waits, the flash's clock stands.

    Parameters
    ----------
    half : int
        Clocks in half a bit.

    Members
    -------
    pins : Out(PINS)
        `cs` is set while the flash is selected.
    o : Out(stream.Signature(8))
        A byte in ``16 * half + 2`` cycles at most.
    """

    def __init__(self, half):
        self.half = half
        super().__init__({"pins": Out(PINS), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        pins = self.pins
        time = Signal(range(self.half))
        bits = Signal(range(WAKING), init=WARM_UP - 1)  # behind the one under way
        word = Signal(8 * (1 + ADDRESS_SIZE))  # what goes out, the highest bit first
        byte = Signal(7)  # what came before the bit under way
        runs, half_over, bit_over = Signal(), Signal(), Signal()
        m.d.comb += [
            half_over.eq(runs & (time == self.half - 1)),
            bit_over.eq(half_over & pins.clk),
            pins.copi.eq(word[-1]),
        ]
        with m.If(runs):
            m.d.sync += time.eq(time + 1)
        with m.If(half_over):
            m.d.sync += [time.eq(0), pins.clk.eq(~pins.clk)]
        with m.If(bit_over):
            m.d.sync += [
                word.eq(word << 1),
                byte.eq(Cat(pins.cipo, byte)),
                bits.eq(bits - 1),
            ]

        def then(state, cs, count, out=0):
            """Behind the last bit go on with `count` others."""
            m.d.comb += runs.eq(1)
            with m.If(bit_over & (bits == 0)):
                m.d.sync += [pins.cs.eq(cs), bits.eq(count - 1), word.eq(out)]
                m.next = state

        read = Const(READ << 8 * ADDRESS_SIZE | OFFSET, len(word))
        with m.FSM():
            with m.State("WARM UP"):
                then("WAKE", 1, 8, Const(WAKE << 8 * ADDRESS_SIZE, len(word)))
            with m.State("WAKE"):
                then("WAKING", 0, WAKING)
            with m.State("WAKING"):
                then("COMMAND", 1, len(word), read)
            with m.State("COMMAND"):
                then("BYTE", 1, 8)
            with m.State("BYTE"):
                then("FULL", 1, 8)
                with m.If(bit_over & (bits == 0)):
                    m.d.sync += self.o.p.eq(Cat(pins.cipo, byte))
            with m.State("FULL"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "BYTE"
        return m
