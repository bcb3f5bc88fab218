# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the engine: its ports around a simple function of the loaded words."""

import zlib
from dataclasses import dataclass, fields

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array import ArraySpec
from hw.capacity import Capacity, LoadedMemory
from hw.engine.load_bus import load_bus
from hw.image import capacity_fields, capacity_id, image
from hw.top import Top
from hw.uart.facts import Machine, ModelFacts
from hw.uart.identity import Identity, ModelPart
from hw.uart.protocol import BAUD, MAX_LATENT, MAX_PIXELS
from hw.uart.responder import PIXEL
from hw.uart.serial_line import SerialLine

TRACE = data.StructLayout(
    {"valid": 1, "layer": 3, "last": 1, "mask": 4, "values": data.ArrayLayout(signed(10), 4)}
)
WORDS = 4  # of the trace, a layer


# A wide memory, one of bytes, one that stays empty, and one of a word.
MEMORIES = (
    LoadedMemory("weights", 36, 16),
    LoadedMemory("table", 8, 32),
    LoadedMemory("empty", 9, 4),
    LoadedMemory("pass", 40, 1),
)
CAPACITY = Capacity(ArraySpec(4, 4), **{field.name: 1 for field in fields(Capacity)[1:]})
CAPACITY_ID = capacity_id(CAPACITY, MEMORIES)


@dataclass(frozen=True)
class StandInModel:
    """What the stand-in can hold.

    Attributes
    ----------
    latent, pixels, hidden : int
    grey : bool
    seed : int
        Of its numbers.
    latents : str
        Kind of its latents.
    """

    latent: int = 6
    pixels: int = 9
    hidden: int = 2
    grey: bool = False
    seed: int = 0
    latents: str = ""

    @property
    def words(self):
        """Words of each memory."""
        numbers = [(self.seed * 2654435761 + n * 40503) % 251 for n in range(64)]
        sizes = self.latent | self.pixels << 11 | self.hidden << 26
        return {
            "weights": [numbers[n] | (numbers[n + 1] << 28) for n in range(16)],
            "table": [255 - number for number in numbers[:32]],
            "empty": [],
            "pass": [sizes],
        }

    @property
    def digest(self):
        """32 bytes that no other one has."""
        return zlib.crc32(repr(self).encode()).to_bytes(4, "big") + bytes.fromhex(28 * "c0")

    @property
    def self_test(self):
        """Latents of the self-test."""
        return tuple((n * 37 + self.seed) % 256 - 128 for n in range(self.latent))

    @property
    def part(self):
        """The model part of the identity memory."""
        layers = tuple((n + 1, 4, 2, 1, 0, "relu", 5) for n in range(self.hidden))
        layers += ((1, 4, 2, 1, 0, "table", 8),)
        colours = 1 if self.grey else 3
        facts = ModelFacts(self.pixels, colours, self.latent, 1, layers, self.digest, self.latents)
        return ModelPart(facts, self.self_test, self.sums(self.self_test))

    @property
    def image(self):
        """Its image."""
        return image(CAPACITY_ID, MEMORIES, self.words, self.part)

    def picture(self, latents):
        """Return the bytes that the stand-in makes of latents."""
        weights, table = self.words["weights"], self.words["table"]
        picture = bytearray()
        for n in range(self.pixels):
            value, weight = latents[n % self.latent] & 0xFF, weights[n % 16]
            red = (value + weight) & 0xFF
            others = [(value ^ weight >> 28) & 0xFF, (table[n % 32] + n) & 0xFF]
            picture += bytes([red] if self.grey else [red, *others])
        return bytes(picture)

    def sums(self, latents):
        """Return the sums of a self-test with these latents."""
        total, weights = sum(latents) & 0xFF, self.words["weights"]
        sums = []
        for layer in range(self.hidden):
            words = (bytes([total, n, layer, weights[layer] & 0xFF]) for n in range(WORDS))
            masked = (word if n & 1 else word[:2] + b"\0\0" for n, word in enumerate(words))
            sums.append(zlib.crc32(b"".join(masked)))
        return (*sums, zlib.crc32(self.picture(latents)))


class StandIn(wiring.Component):
    """One picture at a time: latents in, a trace of each hidden layer, pixels out.

    Parameters
    ----------
    words : dict of str to list of int, optional
        What its memories hold at power-up.
    members : dict of str to Member, optional
        Beside those of every engine.
    """

    def __init__(self, words=None, members=None):
        self.words = words or {each.name: [] for each in MEMORIES}
        super().__init__(
            {
                "i_latents": In(stream.Signature(signed(8))),
                "o_pixels": Out(stream.Signature(PIXEL)),
                "o_trace": Out(TRACE),
                "load": In(load_bus(MEMORIES)),
                "running": In(1, init=1),
            }
            | (members or {})
        )

    def elaborate(self, platform):
        m = Module()
        reads = {}
        for n, each in enumerate(MEMORIES):
            m.submodules[each.name] = words = memory.Memory(
                shape=each.width, depth=each.depth, init=self.words[each.name]
            )
            write = words.write_port()
            reads[each.name] = words.read_port(domain="comb")
            m.d.sync += [
                write.en.eq(self.load.enable[n]),
                write.addr.eq(self.load.address),
                write.data.eq(self.load.data),
            ]
        m.submodules.machine = ResetInserter(~self.running)(self._machine(reads))
        return m

    def _machine(self, reads):
        m = Module()
        m.submodules.latents = latents = memory.Memory(shape=8, depth=MAX_LATENT, init=[])
        write, read = latents.write_port(), latents.read_port(domain="comb")
        latent, pixels, hidden = Signal(11), Signal(15), Signal(3)
        pixel, total = Signal(range(MAX_PIXELS)), Signal(8)
        layer, word = Signal(3), Signal(range(WORDS))
        weight = reads["weights"].data
        traced = (total, word, layer, weight[:8])
        m.d.comb += [
            write.data.eq(self.i_latents.p),
            write.en.eq(self.i_latents.valid & self.i_latents.ready),
            reads["weights"].addr.eq(Mux(self.o_pixels.valid, pixel, layer)),
            reads["table"].addr.eq(pixel),
            self.o_pixels.p.r.eq(read.data + weight),
            self.o_pixels.p.g.eq(read.data ^ (weight >> 28)),
            self.o_pixels.p.b.eq(reads["table"].data + pixel),
            self.o_trace.layer.eq(layer),
            self.o_trace.mask.eq(Mux(word[0], 0b1111, 0b0011)),
            *(self.o_trace.values[lane].eq(value) for lane, value in enumerate(traced)),
        ]
        with m.FSM():
            with m.State("AHEAD"):  # as the engine, which walks its program before latents come
                m.d.sync += Cat(latent, pixels, hidden).eq(reads["pass"].data)
                m.next = "IN"
            with m.State("IN"):
                m.d.comb += self.i_latents.ready.eq(1)
                with m.If(self.i_latents.valid):
                    m.d.sync += [
                        write.addr.eq(write.addr + 1),
                        total.eq(total + self.i_latents.p.as_unsigned()),
                    ]
                    with m.If(write.addr == latent - 1):
                        m.d.sync += write.addr.eq(0)
                        m.next = "TRACE"
            with m.State("TRACE"):
                m.d.comb += [self.o_trace.valid.eq(1), self.o_trace.last.eq(layer == hidden)]
                m.d.sync += word.eq(word + 1)
                with m.If(word == WORDS - 1):
                    m.d.sync += layer.eq(layer + 1)
                with m.If(layer == hidden):
                    m.d.sync += [layer.eq(0), word.eq(0), total.eq(0)]
                    m.next = "OUT"
            with m.State("OUT"):
                m.d.comb += self.o_pixels.valid.eq(1)
                with m.If(self.o_pixels.ready):
                    m.d.sync += [pixel.eq(pixel + 1), read.addr.eq(read.addr + 1)]
                    with m.If(read.addr == latent - 1):
                        m.d.sync += read.addr.eq(0)
                    with m.If(pixel == pixels - 1):
                        m.d.sync += [read.addr.eq(0), pixel.eq(0)]
                        m.next = "IN"
        return m


MACHINE = Machine(
    build_id=b"build-id",
    capacity_id=CAPACITY_ID,
    clock_hz=4 * BAUD,
    macs_per_cycle=256,
    capacity=tuple(capacity_fields(CAPACITY).values()),
)


def stand_in_top(model=None, *, part=None, line=None, test_limit=1 << 16, wall=False):
    """Return a top around the stand-in, four clocks a bit.

    Parameters
    ----------
    model : StandInModel, optional
        What it holds from power-up on.
    part : ModelPart, optional
        In place of the model's.
    line : component, optional
        In place of a serial one.
    wall : bool
        As of the top.
    """
    part = part or (model.part if model else None)
    engine = StandIn(model.words if model else None)
    line = line or SerialLine(4)
    about = Identity(MACHINE, part)
    return Top(engine, MEMORIES, about, line, test_limit=test_limit, wall=wall)
