# SPDX-License-Identifier: Apache-2.0
"""One request at a time, a host's or the flash's; the flash's are carried out unheard."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart.slip import BODY_BYTE


class RequestSwitch(wiring.Component):
    """Let the flash's requests in between the host's, and keep their answers from the line.

    A host goes first. A request of the flash begins when nothing is under way and all is answered;
    the host's next one waits until it is over, its answer included. So what the responder says in
    that time is the flash's.

    Members
    -------
    i, i_flash : In(stream.Signature(8))
        Requests, as :class:`hw.uart.frame_receiver.FrameReceiver` gives them.
    o : Out(stream.Signature(8))
    i_answers, o_answers : stream.Signature(BODY_BYTE)
        From the responder, and to the line.
    busy : In(1)
        A request is being carried out.
    quiet : In(1)
        All are answered. It falls no later than `busy`.
    flash : Out(1)
        The request under way is the flash's.
    over : Out(1)
        One cycle: it was.
    """

    i: In(stream.Signature(8))
    i_flash: In(stream.Signature(8))
    o: Out(stream.Signature(8))
    i_answers: In(stream.Signature(BODY_BYTE))
    o_answers: Out(stream.Signature(BODY_BYTE))
    busy: In(1)
    quiet: In(1)
    flash: Out(1)
    over: Out(1)

    def elaborate(self, platform):
        m = Module()
        answers, unheard = self.i_answers, self.o_answers
        m.d.comb += [
            unheard.p.eq(answers.p),
            unheard.valid.eq(answers.valid & ~self.flash),
            answers.ready.eq(unheard.ready | self.flash),
        ]

        def join(source):
            m.d.comb += [
                self.o.p.eq(source.p),
                self.o.valid.eq(source.valid),
                source.ready.eq(self.o.ready),
            ]

        rests = ~self.busy & self.quiet
        with m.FSM() as fsm:
            with m.State("HOST"):
                join(self.i)
                with m.If(rests & ~self.i.valid & self.i_flash.valid):
                    m.next = "TURN"
            with m.State("TURN"):
                # Perhaps not: a broken frame goes first, and the flash may have been stopped.
                join(self.i_flash)
                m.next = "HOST"
                with m.If(self.o.valid & self.o.ready):
                    m.next = "FLASH"
            with m.State("FLASH"):
                join(self.i_flash)
                with m.If(rests):
                    m.d.comb += self.over.eq(1)
                    m.next = "HOST"
        m.d.comb += self.flash.eq(fsm.ongoing("FLASH"))
        return m
