# SPDX-License-Identifier: Apache-2.0
"""Designs with a screen, at ports that :func:`sim.screen.record.record` plays."""

from dataclasses import dataclass
from types import SimpleNamespace

from amaranth import Array, Module, Signal, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from hw.build_plan import sources_hash
from hw.display import display, line_store
from hw.display.block_store import BlockStore
from hw.display.layout import LARGE
from hw.display.line_store import LineStore
from hw.display.mode import CLOCK_HZ
from hw.engine.load_bus import memories
from hw.engine.weight_fetcher import waiting_words
from hw.latents.latent_source import LatentSource
from hw.memory import machine_port
from hw.memory.external_memory import ExternalMemory
from hw.memory.machine_port import BURST
from hw.memory.reader import MIN_DEPTH
from hw.uart.transmitter import Transmitter
from sim.chips.sdram import SOURCE as CHIP
from sim.chips.sdram import SimulatedPins, sdram
from sim.generator.external import SETUPS
from sim.screen.loader import WeightLoader
from sim.verilog import cached_verilog

TOP = "top"
CLOCKS_OF_FRAME = 5 * 800 * 525
LEAD_IN = 60_000  # clocks from reset to the first frame's vertical sync, and some more
SETUP = SETUPS[line_store.WORD]


@dataclass(frozen=True)
class Drawing:
    """How latents are drawn on the chip.

    Attributes
    ----------
    latent : int
        Numbers in one.
    categorical : bool
    steps : int
        From one to the next: 1, or 2 to 32 of a walk.
    """

    latent: int
    categorical: bool
    steps: int = 1


def simulated_pins():
    """Return pins as :class:`hw.display.serializer.Serializer` takes them."""
    return SimpleNamespace(
        d=io.SimulationPort("o", 3, name="hdmi_d"), clk=io.SimulationPort("o", 1, name="hdmi_clk")
    )


class Played(wiring.Component):
    """What is played and recorded.

    Members
    -------
    payload, valid, ready
        A stream of the generator's latents; or of pixels, struct of r, g and b.
    seed : In(32)
        Of the latents that are drawn on the chip.
    size, grey, restart, late
        The display's.
    fetch : Out(16)
        Clocks that the slowest line took to come from the SDRAM.
    hdmi_d, hdmi_clk : Out
    """

    payload: In(32)
    valid: In(1)
    ready: Out(1)
    seed: In(32)
    size: In(8)
    grey: In(1)
    restart: In(1)
    late: Out(1)
    fetch: Out(16)
    hdmi_d: Out(3)
    hdmi_clk: Out(1)


class ScreenTop(Played):
    """A display, and a source of pictures in front of it.

    Parameters
    ----------
    generator : wiring.Component, optional
        Has ``i_latents`` and ``o_pixels``. By default pixels come from outside.
    outside : bool
        The frame lies in an SDRAM, whose chip is there, too.
    weights : list of int, optional
        Of a generator that has ``memory``: they go to the SDRAM first. Without such a one somebody
        else reads and writes as much of it as the chip can, beside the display.
    drawing : Drawing, optional
        The generator's latents are drawn on the chip. By default they come from outside.
    name : str
        A text is shown, with this name; without one there is none.
    second : int
        Clocks in which the text counts faces.
    """

    def __init__(
        self, generator=None, *, outside=False, weights=None, drawing=None, name="", second=CLOCK_HZ
    ):
        self.generator, self.outside, self.weights = generator, outside, weights
        self.drawing, self.name, self.second = drawing, name, second
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pins = simulated_pins()
        store = LineStore(SETUP.geometry) if self.outside else BlockStore()
        m.submodules.display = screen = display.Display(store, pins, second=self.second)
        if self.outside:
            self._memory(m, store)
        if self.name:
            self._name(m, screen)
        into = screen.i
        if self.generator is not None:
            m.submodules.generator = generator = self.generator
            wiring.connect(m, generator.o_pixels, screen.i)
            m.d.comb += generator.running.eq(1 if self.weights is None else self.loader.running)
            into = generator.i_latents
        if self.drawing is not None:
            self._draw(m, into)
            into = into.signature.flip().create()  # of nobody
        m.d.comb += [
            Value.cast(into.p).eq(self.payload),
            into.valid.eq(self.valid),
            self.ready.eq(into.ready),
            screen.size.eq(self.size),
            screen.grey.eq(self.grey),
            screen.restart.eq(self.restart),
            self.late.eq(screen.late),
            self.hdmi_d.eq(pins.d.o),
            self.hdmi_clk.eq(pins.clk.o),
        ]
        return m

    def _draw(self, m, latents):
        """Let the latents come from the seed, from the first clock on."""
        m.submodules.source = source = LatentSource()
        begun = Signal()
        m.d.sync += begun.eq(1)
        m.d.comb += [
            source.restart.eq(~begun),
            source.seed.eq(self.seed),
            source.latent.eq(self.drawing.latent),
            source.categorical.eq(self.drawing.categorical),
            source.walk.eq(self.drawing.steps.bit_length() - 1),
        ]
        wiring.connect(m, source.o, latents)

    def _name(self, m, screen):
        """Let the name come, a character a clock, from the first clock on."""
        at = Signal(range(len(self.name) + 1))
        m.d.sync += at.eq(at + screen.name.valid)
        m.d.comb += [
            screen.text.on.eq(1),
            screen.name.valid.eq(at != len(self.name)),
            screen.name.at.eq(at),
            screen.name.code.eq(Array(self.name.encode())[at]),
            screen.name.last.eq(at == len(self.name) - 1),
        ]

    def _memory(self, m, store):
        pins = SimulatedPins()
        m.submodules.memory = memory = ExternalMemory(
            SETUP.geometry,
            SETUP.timing,
            round(SETUP.clock_mhz * 1e6),
            pins,
            depths=(waiting_words(line_store.WORD), MIN_DEPTH),
        )
        m.submodules.chip = sdram(pins, **SETUP.chip_parameters())
        line_store.join(m, memory, store.memory)
        count, words = Signal(16), Signal(range(LARGE.width + 1))
        m.d.sync += count.eq(count + 1)
        with m.If(memory.i_read1.valid & memory.i_read1.ready):
            m.d.sync += [count.eq(0), words.eq(0)]
        with m.If(memory.o_read1.valid):
            m.d.sync += words.eq(words + 1)
            with m.If((words == LARGE.width - 1) & (count > self.fetch)):
                m.d.sync += self.fetch.eq(count)
        if self.weights is None:
            self._others(m, memory)
        else:
            self._weights(m, memory)

    def _weights(self, m, memory):
        """Let the generator have the ports 0."""
        generator = self.generator
        machine_port.join(m, memory, generator.memory)
        m.submodules.loader = self.loader = loader = WeightLoader(self.weights, line_store.WORD)
        place = [each.name for each in memories(generator.capacity)].index("weights")
        m.d.comb += [
            loader.start.eq(memory.ready),
            loader.takes.eq(memory.i_write0.ready),
            generator.load.enable[place].eq(loader.enable),
            generator.load.address.eq(loader.address),
            generator.load.data.eq(loader.data),
        ]

    def _others(self, m, memory):
        """Read and write as greedily as can be; each word that is written is in another row."""
        read, write = memory.i_read0, memory.i_write0
        m.d.comb += [
            read.valid.eq(1),
            read.p.words.eq(BURST),
            write.valid.eq(1),
            memory.o_read0.ready.eq(1),
        ]
        with m.If(read.ready):
            m.d.sync += read.p.address.eq(read.p.address + BURST + 5)
        geometry = SETUP.geometry
        low = write.p.address[: geometry.address_bits - 1]
        with m.If(write.ready):
            m.d.sync += low.eq(low + (1 << geometry.column_bits))


class BoardScreen(Played):
    """A board: a top that holds a model and begins its wall by itself.

    Parameters
    ----------
    top : hw.top.Top
        With a wall. What is played are bytes for its line.
    divisor : int
        Clocks a bit of the line.
    """

    def __init__(self, top, divisor):
        self.top, self.divisor = top, divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pins = simulated_pins()
        m.submodules.top = top = self.top
        m.submodules.display = screen = display.Display(BlockStore(), pins)
        display.join(m, top, screen)
        m.submodules.host = host = Transmitter()
        m.d.comb += [
            host.divisor.eq(self.divisor),
            host.i.p.eq(self.payload),
            host.i.valid.eq(self.valid),
            self.ready.eq(host.i.ready),
            top.rx.eq(host.tx),
            self.late.eq(screen.late),
            self.hdmi_d.eq(pins.d.o),
            self.hdmi_clk.eq(pins.clk.o),
        ]
        return m


def screen_text(*, outside=False, name="", second=CLOCK_HZ):
    """Return the Verilog of a :class:`ScreenTop` without a generator."""
    text = cached_verilog(
        TOP,
        sources_hash(["screen", outside, name, second]),
        lambda: ScreenTop(outside=outside, name=name, second=second),
    )
    return text + CHIP.read_text() if outside else text
