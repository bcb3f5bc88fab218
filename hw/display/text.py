# SPDX-License-Identifier: Apache-2.0
"""A line of text on the screen: faces a second, and a name."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.display import font
from hw.display.face_counter import DIGIT, DIGITS
from hw.display.layout import TEXT_HEIGHT
from hw.display.mode import VGA
from hw.primitives.block_ram import BlockRam

ZOOM = TEXT_HEIGHT // font.SIDE  # pixels of the screen in one of a glyph
UNIT = " faces/s  "  # between number and name

# Whether there is a text, and in which of two slots its name lies. A character of a name, on its
# way to the slot whose name is not shown.
NAME_LENGTH = 32  # at most
TEXT = data.StructLayout({"on": 1, "slot": 1})
NAME = data.StructLayout({"valid": 1, "slot": 1, "at": range(NAME_LENGTH), "code": 7, "last": 1})

# One block RAM has the font, eight words a code. Codes below 32 have no glyph: there lie the texts,
# one in each of two slots, of which the other one is written. A text's character has an index:
# those of the name begin at 32, so that no adder is needed, the unit lies before them, and the
# digits, which come from the counter, before that.
DEPTH = 128 * font.SIDE
INDEX = 64
NAME_AT = INDEX - NAME_LENGTH
UNIT_AT = NAME_AT - len(UNIT)
DIGITS_AT = UNIT_AT - DIGITS
SLOTS = 2
LAST = 7  # the bit of a name's last character
LATENCY = BlockRam.latency + 1  # from the index of a character, or its row, to the word


def contents():
    """Return the words of the block RAM."""
    words = [0] * DEPTH
    for code in range(font.FIRST, DEPTH // font.SIDE):
        words[code * font.SIDE : (code + 1) * font.SIDE] = font.rows(code)
    for slot in range(SLOTS):
        at = slot * INDEX + UNIT_AT
        words[at : at + len(UNIT)] = UNIT.encode()
    return words


class TextLine(wiring.Component):
    """Draw the text beside the raster, from `left` to the end of the screen's line.

    The next character is fetched, and then its row of the font, while one is drawn.

    Members
    -------
    on : In(1)
        There is a text.
    line, left : In
        Of the raster, its first one; and its first pixel on the screen.
    slot : In(1)
        Where the name lies that is shown.
    text : In(TEXT)
        What is to be shown soon. Where its name lies elsewhere, there is no text.
    name : In(NAME)
        A character of a name comes.
    digits : In(ArrayLayout(4, DIGITS))
        The number, the lowest digit first. It does not change from the text's first line on to its
        last one.
    tick, x, y : In
        Of :class:`hw.display.raster.Raster`.
    turn : In(1)
        Of :class:`hw.display.scan.Scan`: a line begins.
    lit : Out(1)
        A pixel of the text, a pixel behind the raster's.
    """

    def __init__(self):
        super().__init__(
            {
                "on": In(1),
                "line": In(range(VGA.lines)),
                "left": In(range(VGA.width)),
                "slot": In(1),
                "text": In(TEXT),
                "name": In(NAME),
                "digits": In(data.ArrayLayout(DIGIT, DIGITS)),
                "tick": In(1),
                "turn": In(1),
                "x": In(range(VGA.pixels)),
                "y": In(range(VGA.lines)),
                "lit": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        turn, begins, starts = self.turn, Signal(), Signal()
        start = Signal(range(VGA.pixels))
        m.d.sync += [
            begins.eq(self.on & (self.y == self.line)),
            start.eq(self.left + VGA.blank),
            starts.eq(self.x == start),
        ]

        inside, down = Signal(), Signal(range(TEXT_HEIGHT))  # a line of the text, and which
        with m.If(turn):
            m.d.sync += down.eq(down + 1)
            with m.If(down == TEXT_HEIGHT - 1):
                m.d.sync += inside.eq(0)
            with m.If(begins):
                m.d.sync += [inside.eq(1), down.eq(0)]

        drawn, glyph = Signal(font.SIDE), Signal(font.SIDE)  # now, and behind that
        running, part = Signal(), Signal(range(ZOOM * font.SIDE))
        taken = Signal()  # `glyph` is
        m.d.comb += self.lit.eq(drawn[0])
        with m.If(self.tick):
            m.d.sync += part.eq(part + 1)
            with m.If(part[0]):
                m.d.sync += drawn.eq(drawn >> 1)
            with m.If(inside & (starts | (running & part.all()))):
                m.d.sync += [running.eq(1), part.eq(0), drawn.eq(glyph)]
                m.d.comb += taken.eq(1)
        with m.If(turn):
            m.d.sync += [running.eq(0), drawn.eq(0)]
        self._fetch(m, turn, inside, down, glyph, taken)
        return m

    def _fetch(self, m, turn, inside, down, glyph, taken):
        """Have the next character's row in `glyph`, from the beginning of a line on."""
        m.submodules.words = words = BlockRam(8, DEPTH, contents())
        m.d.sync += [
            words.write_en.eq(self.name.valid),
            words.write_address.eq(Cat(self.name.at, Const(1, 1), self.name.slot)),
            words.write_data.eq(Cat(self.name.code, self.name.last)),
        ]
        other = Signal()  # the name is not the one that is to be shown soon
        m.d.sync += other.eq(self.slot != self.text.slot)

        index, code, last = Signal(range(INDEX), init=DIGITS_AT), Signal(7), Signal()
        digits, leading = Signal(DIGIT * DIGITS), Signal()  # the highest digit first
        digit = digits[-DIGIT:]
        row = down[1:]
        wait = Signal(range(LATENCY + 1))
        m.d.sync += wait.eq(wait + 1)
        turned = Signal()
        m.d.sync += turned.eq(turn)

        def anew():
            with m.If(turn):
                m.next = "BLANK"

        with m.FSM():
            with m.State("BLANK"):
                m.d.sync += [
                    *(index.eq(DIGITS_AT), digits.eq(self.digits), leading.eq(1)),
                    *(glyph.eq(0), last.eq(0)),
                ]
                with m.If(turned & inside):
                    m.next = "DIGIT"
            with m.State("DIGIT"):
                m.d.sync += [
                    *(index.eq(index + 1), digits.eq(digits << DIGIT), wait.eq(0)),
                    code.eq(Cat(digit, Const(ord("0") >> DIGIT, 3))),
                ]
                with m.If((digit != 0) | ~leading | (index == UNIT_AT - 1)):
                    m.d.sync += leading.eq(0)
                    m.next = "ROW"
                anew()
            with m.State("CHARACTER"):
                m.d.sync += words.address.eq(Cat(index, self.slot))
                with m.If(wait == LATENCY):
                    m.d.sync += [code.eq(words.data), last.eq(words.data[LAST]), wait.eq(0)]
                    m.d.sync += index.eq(index + 1)
                    m.next = "ROW"
                anew()
            with m.State("ROW"):
                m.d.sync += words.address.eq(Cat(row, code))
                with m.If(wait == LATENCY):
                    m.d.sync += glyph.eq(Mux(other, 0, words.data))
                    m.next = "READY"
                anew()
            with m.State("READY"):
                m.d.sync += wait.eq(0)
                with m.If(taken):
                    m.next = "CHARACTER"
                    with m.If(index < UNIT_AT):
                        m.next = "DIGIT"
                    with m.If(last):
                        m.next = "BLANK"
                anew()
