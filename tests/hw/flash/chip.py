# SPDX-License-Identifier: Apache-2.0
"""A flash at the pins of a simulated top, as a testbench in Python."""

from hw.flash.stored import OFFSET

READ, WAKE = 0x03, 0xAB
ERASED = 0xFF
WAKING = 3750  # clocks of 8 ns: the slowest flash wakes in 30 us


class Chip:
    """Read-only, of one bit; asleep until it is woken. `late` clocks pass before a bit comes.

    Parameters
    ----------
    pins : PINS
    stored : bytes
        What lies at :data:`hw.flash.stored.OFFSET`; all else is erased.
    late : int
    """

    def __init__(self, pins, stored=b"", *, late=0):
        self.pins, self.stored, self.late = pins, stored, late
        self.reads = 0  # bytes that went out
        self.commands = []

    def byte(self, address):
        """Return what lies at an address."""
        place = address - OFFSET
        return self.stored[place] if 0 <= place < len(self.stored) else ERASED

    async def run(self, ctx):
        """Be the chip; for `background`."""
        pins = self.pins
        clk = awake = 0
        taken, bits = 0, 0
        address = None
        coming = [1] * (self.late + 1)
        async for *_, cs, new, copi in ctx.tick().sample(pins.cs, pins.clk, pins.copi):
            if not cs:
                taken, bits, address = 0, 0, None
                awake += bool(awake)
            elif new and not clk:
                taken = taken << 1 & 0xFFFFFFFF | copi
                bits += 1
                if bits == 8:
                    self.commands.append(taken)
                    if taken == WAKE:
                        awake = 1
                    else:
                        assert taken == READ
                        assert awake > WAKING
                if bits == 32:
                    address = taken & 0xFFFFFF
            bit = coming[0]
            if cs and clk and not new:
                bit = 1
                if address is not None:
                    place = bits - 32
                    bit = self.byte(address + place // 8) >> 7 - place % 8 & 1
                    self.reads = place // 8
            clk = new
            coming = [bit, *coming[:-1]]
            ctx.set(pins.cipo, coming[-1])
