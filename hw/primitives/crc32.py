# SPDX-License-Identifier: Apache-2.0
"""CRC-32 of a byte stream, several bytes a clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

POLYNOMIAL = 0xEDB88320  # x^32 + x^26 + ... + 1, bits reversed
RESIDUE = 0x2144DF1C  # the CRC of any message followed by its own CRC


def next_state(data_width):
    """Return, for each bit of the next state, the bits whose XOR it is.

    Parameters
    ----------
    data_width : int
        Bits taken at once.

    Returns
    -------
    list of 32 (list of int, list of int)
        Numbers of state bits, of data bits.
    """
    state = [{("state", n)} for n in range(32)]
    for n in range(data_width):
        feedback = state[0] ^ {("data", n)}
        state = [*state[1:], set()]
        state = [bit ^ feedback if POLYNOMIAL >> n & 1 else bit for n, bit in enumerate(state)]
    return [
        tuple(sorted(n for kind, n in bit if kind == of) for of in ("state", "data"))
        for bit in state
    ]


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

        with m.If(self.clear):
            m.d.sync += state.eq(state.init)
        with m.Elif(self.en):
            for n, (state_bits, data_bits) in enumerate(next_state(self.data_width)):
                sources = [state[k] for k in state_bits] + [self.data[k] for k in data_bits]
                m.d.sync += state[n].eq(Cat(sources).xor())
        m.d.comb += self.crc.eq(~state)

        return m
