# SPDX-License-Identifier: Apache-2.0
"""Clock, reset, serial line, memories and lamps of a board around the board-independent top."""

from amaranth import ClockDomain, ClockSignal, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from boards.build.button import Button
from hw.display import display, line_store
from hw.display.block_store import BlockStore
from hw.display.line_store import LineStore
from hw.engine.weight_fetcher import waiting_words
from hw.memory.external_memory import ExternalMemory
from hw.memory.machine_port import join
from hw.memory.reader import MIN_DEPTH
from hw.primitives.ecp5.flash_clock import FlashClock

BLINKS_HZ = 1  # of the lamp that says alive
PRESS_SECONDS = 0.01  # that a button must be held: its contacts bounce for less
REFUSED_HZ = 4  # where what lies in the flash was refused, or the memory did not start


class BoardTop(Elaboratable):
    """A top with pins: clock from the PLL, still or reset until it has locked.

    The lamp `alive` blinks once a second, `busy` follows ``active``, `error` lights while the last
    frame that came was broken. Where the top loads from a flash, `alive` blinks four times a second
    if that was refused, and `model` is lit while there is a model.

    Parameters
    ----------
    top : hw.top.Top
    board : boards.catalogue.board.Board
    clock_hz : int
    screen : str, optional
        Of a top with a wall: where its frame lies, ``sdram`` or ``blocks``. The wall begins by
        itself as soon as there is a model.
    """

    def __init__(self, top, board, clock_hz, screen=None):
        self.top, self.board, self.clock_hz, self.screen = top, board, clock_hz, screen

    def elaborate(self, platform):
        m = Module()
        self._clock(m, platform)

        m.submodules.top = top = self.top
        memory = None
        if "memory" in top.signature.members or self.screen == "sdram":
            memory = self._memory(m, platform)
        if "memory" in top.signature.members:
            join(m, memory, top.memory)
        if "flash" in top.signature.members:
            self._flash(m, platform)
        if self.screen is not None:
            self._screen(m, platform, memory)
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [top.rx.eq(rx.i), tx.o.eq(top.tx)]

        half = self.clock_hz // (2 * BLINKS_HZ)
        count, alive = Signal(range(half)), Signal()
        lamps = {"alive": alive, "busy": top.active, "error": top.error}
        m.d.sync += count.eq(count + 1)
        over = count == half - 1
        if "flash" in top.signature.members:
            short = self.clock_hz // (2 * REFUSED_HZ)
            over |= top.refused & (count == short - 1)
            lamps["model"] = top.holds
        with m.If(over):
            m.d.sync += [count.eq(0), alive.eq(~alive)]
        self._lamps(m, platform, lamps)
        return m

    def _memory(self, m, platform):
        sdram = self.board.sdram
        has_weights = "memory" in self.top.signature.members
        waiting = waiting_words(sdram.geometry.width) if has_weights else MIN_DEPTH
        m.submodules.memory = memory = ExternalMemory(
            sdram.geometry,
            sdram.timing,
            self.clock_hz,
            platform.request("sdram", 0, dir="-"),
            depths=(waiting, MIN_DEPTH),
        )
        return memory

    def _screen(self, m, platform, memory):
        top, sdram = self.top, self.board.sdram
        store = LineStore(sdram.geometry) if self.screen == "sdram" else BlockStore()
        pins = platform.request(self.board.screen, 0, dir="-")
        m.submodules.display = screen = display.Display(store, pins)
        if self.screen == "sdram":
            line_store.join(m, memory, store.memory)
        display.join(m, top, screen)
        resource, number = self.board.button
        port = platform.request(resource, number, dir="-")
        m.submodules.seed_pin = pin = io.Buffer("i", port)
        m.submodules.seed_button = button = Button(round(PRESS_SECONDS * self.clock_hz))
        m.d.comb += [button.level.eq(pin.i), top.wall_button.eq(button.pressed)]

    def _flash(self, m, platform):
        """Join the flash's pins; its clock has a cell of its own."""
        pins, port = self.top.flash, platform.request("spi_flash", 0, dir="-")
        m.submodules.flash_cs = cs = io.Buffer("o", port.cs)
        m.submodules.flash_copi = copi = io.Buffer("o", port.copi)
        m.submodules.flash_cipo = cipo = io.Buffer("i", port.cipo)
        m.submodules.flash_clk = clk = FlashClock()
        for name in ("hold", "wp"):  # idle; some boards tie them off
            if hasattr(port, name):
                m.submodules[f"flash_{name}"] = io.Buffer("o", getattr(port, name))
        m.d.comb += [
            cs.o.eq(pins.cs),
            copi.o.eq(pins.copi),
            pins.cipo.eq(cipo.i),
            clk.i.eq(pins.clk),
        ]

    def _clock(self, m, platform):
        board = self.board
        oscillator = platform.request(board.oscillator, 0, dir="-")
        m.submodules.oscillator = buffer = io.Buffer("i", oscillator)
        if board.pll is None:
            clk, running = buffer.i, Signal(reset_less=True)  # from a clock after configuration on
            m.d.start += running.eq(1)
        else:
            m.submodules.pll = pll = board.pll(board.oscillator_hz, self.clock_hz)
            m.d.comb += pll.oscillator.eq(buffer.i)
            clk, running = pll.clk, None if pll.starts_locked else pll.locked
        m.domains.sync = ClockDomain(reset_less=running is None)
        m.d.comb += ClockSignal().eq(clk)
        if running is not None:
            self._reset(m, running)

    def _reset(self, m, running):
        m.domains.start = ClockDomain()
        m.d.comb += ClockSignal("start").eq(ClockSignal())
        m.submodules.reset = ResetSynchronizer(~running, domain="start")

        # Two registers, so that the one that resets all of the chip may lie in the midst of it.
        reset = ResetSignal("start")
        for _ in range(2):
            stage = Signal(init=1, reset_less=True)
            m.d.start += stage.eq(reset)
            reset = stage
        m.d.comb += ResetSignal().eq(reset)

    def _lamps(self, m, platform, states):
        requested = {}
        for name, place in self.board.lamps.items():
            if name not in states:
                continue
            resource, number, *subsignal = place
            if (resource, number) not in requested:
                requested[resource, number] = platform.request(resource, number, dir="-")
            port = requested[resource, number]
            for part in subsignal:
                port = getattr(port, part)
            m.submodules[name] = lamp = io.Buffer("o", port)
            m.d.comb += lamp.o.eq(states[name])
