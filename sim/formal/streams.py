# SPDX-License-Identifier: Apache-2.0
"""The stream rule, for all time: valid and payload hold until they are taken.

By induction from any state whatever, so that neither time nor the size of a memory matters.
"""

from functools import partial

from amaranth.hdl import Assert, Assume
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array import ArraySpec
from hw.capacity import Capacity
from sim.formal.proof import (
    ANY_FIFO,
    INDUCTION,
    AnyBlockRam,
    AnyCrc,
    AnyFifo,
    Harness,
    Proof,
    holds,
)

SIZES = ("weight_words", "map_words", "latent_words", "channel_words", "plane_bias_words",
         "pixel_words", "sweeps", "feed_words", "read_words")  # fmt: skip
SMALL = Capacity(
    ArraySpec(4, 4), weight_bits=2, acc_width=12, plane_bias_width=13, **dict.fromkeys(SIZES, 8)
)


class StreamRule(Harness):
    """All streams out of `part` keep the rule where all streams into it do.

    Parameters
    ----------
    part : wiring.Component

    Members
    -------
    ports
        Those of `part`.
    crc, fifo, word : In
        For a part whose CRC is :class:`sim.formal.proof.AnyCrc`, whose FIFO is
        :class:`sim.formal.proof.AnyFifo`, whose memory :class:`sim.formal.proof.AnyBlockRam`.
    """

    def __init__(self, part):
        self.part = part
        members = dict(part.signature.members.items())
        for name, member in members.items():
            if _always_ready(member):  # no port may be a constant
                members[name] = In(stream.Signature(member.signature.members["payload"].shape))
        super().__init__(
            {
                "ports": Out(wiring.Signature(members)),
                "crc": In(32),
                "fifo": In(ANY_FIFO),
                "word": In(32),
            }
        )

    def check(self, m):
        m.submodules.part = part = self.part
        for name, member in part.signature.members.items():
            port, own = getattr(self.ports, name), getattr(part, name)
            if member.is_port:
                m.d.comb += port.eq(own) if member.flow == Out else own.eq(port)
            elif _always_ready(member):
                m.d.comb += [own.valid.eq(port.valid), own.p.eq(port.p)]
            else:
                wiring.connect(m, wiring.flipped(port), own)
                kept = holds(m, name, own)
                m.d.comb += Assert(kept) if member.flow == Out else Assume(kept)


def _always_ready(member):
    return member.is_signature and member.signature.always_ready


def rule(name, module, make, fault, *, cover):
    """Return the proof that `make(module)` keeps it, whatever its CRC, FIFO and memory do."""

    def harness(module):
        rule = StreamRule(make(module))
        module.Crc32 = lambda *_: AnyCrc(rule.crc)
        module.SyncFIFOBuffered = lambda **size: AnyFifo(rule.fifo, **size)
        module.BlockRam = partial(AnyBlockRam, rule.word)
        module.BlockRam.latency = AnyBlockRam.latency
        return rule

    return Proof(
        name=f"stream-rule-{name}",
        make=harness,
        module=module,
        fault=fault,
        depth=2,
        cover=cover,
        mode=INDUCTION,
    )


PROOFS = [
    rule(
        "register",
        "hw.primitives.stream_register",
        lambda module: module.StreamRegister(8),
        ("with m.If(self.o.ready | ~self.o.valid):", "with m.If(1):"),
        cover=6,
    ),
    rule(
        "encoder",
        "hw.uart.slip",
        lambda module: module.Encoder(),
        ("free.eq(~self.o.valid)", "free.eq(1)"),
        cover=12,
    ),
    rule(
        "frame-sender",
        "hw.uart.frame_sender",
        lambda module: module.FrameSender(),
        ("wiring.connect(m, encoder.o, wiring.flipped(self.o))",
         "m.d.comb += [self.o.valid.eq(encoder.o.valid), encoder.o.ready.eq(self.o.ready), "
         "self.o.p.eq(encoder.o.p ^ self.o.ready)]"),
        cover=12,
    ),
    rule(
        "frame-receiver",
        "hw.uart.frame_receiver",
        lambda module: module.FrameReceiver(),
        ("with m.If(self.bad & ~self.o_error.valid):", "with m.If(self.bad):"),
        cover=8,
    ),
    rule(
        "command-handler",
        "hw.uart.command",
        lambda module: module.CommandHandler(),
        ("with m.If(self.o_jobs.ready):", "with m.If(1):"),
        cover=24,
    ),
    rule(
        "responder",
        "hw.uart.responder",
        lambda module: module.Responder(),
        ("with m.If(self.o.ready):", "with m.If(1):"),
        cover=18,
    ),
    rule(
        "sequencer",
        "hw.engine.sequencer",
        lambda module: module.Sequencer(SMALL),
        ("wiring.connect(m, register.o, wiring.flipped(self.o))",
         "m.d.comb += [self.o.valid.eq(register.o.valid), register.o.ready.eq(self.o.ready), "
         "self.o.p.as_value().eq(register.o.p.as_value() ^ self.o.ready)]"),
        cover=5,
    ),
    rule(
        "pixel-buffer",
        "hw.engine.pixel_buffer",
        lambda module: module.PixelBuffer(SMALL.array.lanes, SMALL.pixel_words),
        ("waiting.r_en.eq(self.o.ready)", "waiting.r_en.eq(1)"),
        cover=16,
    ),
]  # fmt: skip
