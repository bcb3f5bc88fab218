# SPDX-License-Identifier: Apache-2.0
"""What an upload does to weights that lie outside: written once, then the machine runs."""

from amaranth import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

SETTLING = 64  # clocks from the last word until it is in the memory, and more


class WeightLoader(wiring.Component):
    """Write a model's weights over the load bus of a machine.

    Parameters
    ----------
    words : list of int
        Of the bus.
    width : int

    Members
    -------
    start : In(1)
        The memory is ready; it stays.
    takes : In(1)
        The memory takes a word.
    enable, address, data : Out
        A word for the load bus.
    running : Out(1)
        All is written.
    """

    def __init__(self, words, width):
        self.words, self.width = list(words), width
        super().__init__(
            {
                "start": In(1),
                "takes": In(1),
                "enable": Out(1),
                "address": Out(range(len(self.words) + 1)),
                "data": Out(width),
                "running": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=self.width, depth=len(self.words), init=self.words
        )
        port = words.read_port()
        wait = Signal(range(SETTLING))
        m.d.comb += [port.addr.eq(self.address), self.data.eq(port.data)]
        with m.FSM():
            with m.State("START"):
                with m.If(self.start):
                    m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += self.enable.eq(1)
                m.next = "GOES"
            with m.State("GOES"):
                m.next = "TAKEN"
            with m.State("TAKEN"):
                with m.If(self.takes):
                    m.d.sync += self.address.eq(self.address + 1)
                    m.next = "NEXT"
            with m.State("NEXT"):
                with m.If(self.address == len(self.words)):
                    m.next = "SETTLE"
                with m.Else():
                    m.next = "READ"
            with m.State("READ"):
                m.next = "WORD"
            with m.State("SETTLE"):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == SETTLING - 1):
                    m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += self.running.eq(1)
        return m
