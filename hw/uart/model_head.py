# SPDX-License-Identifier: Apache-2.0
"""The sizes of the model that is held, read out of the identity memory into registers."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.uart import identity
from hw.uart.facts import LATENT_KIND_AT, LATENT_KINDS, ModelFacts
from hw.uart.protocol import MAX_LATENT, MAX_LAYERS, MAX_PIXELS


class ModelHead(wiring.Component):
    """Read the first bytes of the model part, byte after byte.

    Parameters
    ----------
    wall : bool
        The machine draws latents of its own: it wants to know of which kind they are.

    Members
    -------
    read : In(1)
        Begin.
    done : Out(1)
        One cycle: all registers are as the memory.
    rom_en : Out(1), rom_addr : Out(range(DEPTH)), rom_data : In(8)
        Identity memory; data come :data:`hw.uart.identity.LATENCY` cycles after the address.
    source : Out(2)
        A :class:`hw.uart.facts.State`: none, or where the model came from.
    latent : Out(range(MAX_LATENT + 1))
    pixels : Out(range(MAX_PIXELS + 1))
        Of a picture.
    grey : Out(1)
        Pixels have one byte, not three.
    hidden : Out(range(MAX_LAYERS))
        Layers before the last.
    latents : Out(range(len(LATENT_KINDS)))
        Of a machine with a wall: one of :data:`hw.uart.facts.LATENT_KINDS`.
    """

    def __init__(self, *, wall=False):
        self.wall = wall
        super().__init__(
            {
                "read": In(1),
                "done": Out(1),
                "rom_en": Out(1),
                "rom_addr": Out(range(identity.DEPTH)),
                "rom_data": In(8),
                "source": Out(2),
                "latent": Out(range(MAX_LATENT + 1)),
                "pixels": Out(range(MAX_PIXELS + 1)),
                "grey": Out(1),
                "hidden": Out(range(MAX_LAYERS)),
            }
            | ({"latents": Out(range(len(LATENT_KINDS)))} if wall else {})
        )

    def elaborate(self, platform):
        m = Module()
        number = Signal(range(ModelFacts.HEAD.size))
        wait = Signal(range(identity.LATENCY + 1))
        byte = self.rom_data
        takers = (  # as ModelFacts.HEAD has them
            self.source.eq(byte),
            self.pixels[:8].eq(byte),
            self.pixels[8:].eq(byte),
            self.grey.eq(~byte[1]),  # one colour or three
            self.latent[:8].eq(byte),
            self.latent[8:].eq(byte),
            # How many planes is for the generator.
            self.latents.eq(byte >> LATENT_KIND_AT) if self.wall else (),
            self.hidden.eq(byte - 1),
        )
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [
                    number.eq(0),
                    wait.eq(identity.LATENCY),
                    self.rom_addr.eq(identity.MODEL),
                ]
                with m.If(self.read):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.rom_en.eq(1)
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.sync += [
                        wait.eq(identity.LATENCY),
                        number.eq(number + 1),
                        self.rom_addr.eq(self.rom_addr + 1),
                    ]
                    with m.Switch(number):
                        for n, taker in enumerate(takers):
                            with m.Case(n):
                                m.d.sync += taker
                    with m.If(number == len(takers) - 1):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
