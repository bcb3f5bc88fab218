# SPDX-License-Identifier: Apache-2.0
"""CRC-32 of a byte stream, several bytes a clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

POLYNOMIAL = 0xEDB88320  # x^32 + x^26 + ... + 1, bits reversed
RESIDUE = 0x2144DF1C  # the CRC of any message followed by its own CRC


def _update(data_width):
    """For each bit of the next state, the state and data bits whose XOR it is."""
    state = [{("crc", n)} for n in range(32)]
    for n in range(data_width):
        feedback = state[0] ^ {("data", n)}
        state = [*state[1:], set()]
        state = [bit ^ feedback if POLYNOMIAL >> n & 1 else bit for n, bit in enumerate(state)]
    return state


class Crc32(wiring.Component):
    """The CRC-32 of Ethernet and :func:`zlib.crc32`.

    Latency is 1 cycle, throughput `data_width` bits a cycle, one XOR tree of at most
    ``32 + data_width`` inputs between registers.

    Parameters
    ----------
    data_width : int
        Bits taken at once, the first byte lowest.

    Members
    -------
    clear : In(1)
        Start anew; `data` of this cycle is not counted.
    en : In(1)
        Count `data`.
    data : In(data_width)
    crc : Out(32)
        CRC of everything counted until now.
    """

    def __init__(self, data_width=8):
        self.data_width = data_width
        super().__init__({"clear": In(1), "en": In(1), "data": In(data_width), "crc": Out(32)})

    def elaborate(self, platform):
        m = Module()
        state = Signal(32, init=0xFFFFFFFF)
        bits = {("crc", n): state[n] for n in range(32)}
        bits |= {("data", n): self.data[n] for n in range(self.data_width)}

        with m.If(self.clear):
            m.d.sync += state.eq(state.init)
        with m.Elif(self.en):
            for n, sources in enumerate(_update(self.data_width)):
                m.d.sync += state[n].eq(Cat(bits[source] for source in sorted(sources)).xor())
        m.d.comb += self.crc.eq(~state)

        return m
