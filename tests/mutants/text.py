# SPDX-License-Identifier: Apache-2.0
"""Faults of a wall's text."""

from tests.mutants.mutant import Mutant

LINE = "tests/hw/display/test_text.py::"
COUNTER = "tests/hw/display/test_face_counter.py::"
SCREEN = "tests/sim/screen/test_text.py::"
WALL = "tests/hw/latents/test_wall.py::test_wall"

MUTANTS = (
    Mutant(
        "number-begins-with-zeros",
        "display/text.py",
        "(digit != 0) | ~leading | (index == UNIT_AT - 1)",
        "1",
        LINE + "test_a_text",
        "0002850 faces a second",
    ),
    Mutant(
        "number-of-nothing-is-nothing",
        "display/text.py",
        "~leading | (index == UNIT_AT - 1)",
        "~leading",
        LINE + "test_a_text",
        "no digit where no face came, and a space for the unit's first character",
    ),
    Mutant(
        "glyphs-begin-a-line-late",
        "display/text.py",
        "row = down[1:]",
        "row = (down + 1)[1:]",
        LINE + "test_a_text",
        "the last line of a character is above its first one",
    ),
    Mutant(
        "name-does-not-end",
        "display/text.py",
        "last.eq(words.data[LAST])",
        "last.eq(0)",
        LINE + "test_a_text",
        "behind a name the rest of a longer one",
    ),
    Mutant(
        "name-of-the-wall-to-come",
        "display/text.py",
        "Mux(other, 0, words.data)",
        "words.data",
        LINE + "test_no_text_but_of_the_slot_that_is_shown",
        "half a name and half of another one",
    ),
    Mutant(
        "second-loses-a-face",
        "display/face_counter.py",
        "count.eq(more)",
        "count.eq(0)",
        COUNTER + "test_each_second_has_its_faces",
        "a face too few, now and then",
    ),
    Mutant(
        "second-is-a-clock-long",
        "display/face_counter.py",
        "m.d.sync += left.eq(self.second - 2)",
        "m.d.sync += left.eq(self.second - 1)",
        COUNTER + "test_each_second_has_its_faces",
        "seconds drift",
    ),
    Mutant(
        "digits-change-within-a-frame",
        "display/face_counter.py",
        "with m.If(shown[place]):",
        "with m.If(1):",
        COUNTER + "test_the_digits_do_not_change_within_a_frame",
        "the upper half of a number above the lower half of another one",
    ),
    Mutant(
        "faces-lie-under-the-text",
        "display/display.py",
        "wall.rows.eq(table.o.text_rows)",
        "wall.rows.eq(table.o.rows)",
        SCREEN + "test_faces_leave_the_last_row_to_the_text",
        "a text that nobody can read",
    ),
    Mutant(
        "faces-of-the-writer-are-not-counted",
        "display/tile_writer.py",
        "self.stored.eq(end & ~dropped)",
        "self.stored.eq(end & dropped)",
        SCREEN + "test_the_text_counts_the_faces_of_the_last_second",
        "0 faces a second",
    ),
    Mutant(
        "text-grows-into-the-rows",
        "display/layout.py",
        "given >= rows",
        "given > rows",
        "tests/hw/display/test_layout.py::test_no_room_for_a_text",
        "a wall of no face",
    ),
    Mutant(
        "name-into-the-slot-that-is-shown",
        "uart/wall_order.py",
        "name.slot.eq(~handler.slot)",
        "name.slot.eq(handler.slot)",
        WALL,
        "a name that changes while it is read",
    ),
    Mutant(
        "name-of-any-bytes",
        "uart/wall_order.py",
        "with m.If(name.valid & ~printable):",
        "with m.If(0):",
        WALL,
        "characters without a glyph",
    ),
    Mutant(
        "last-character-is-not-looked-at",
        "uart/wall_order.py",
        '                with m.If(self.last):\n                    m.next = "WALL TAKEN"',
        '                with m.If(self.last):\n                    m.next = "WALL KNOWN"',
        WALL,
        "a name whose last character has no glyph",
    ),
    Mutant(
        "text-without-room",
        "uart/wall_order.py",
        "order.text & ~handler.roomy",
        "0",
        WALL,
        "a text is ordered, and none is there",
    ),
    Mutant(
        "text-is-forgotten",
        "latents/wall.py",
        "self.text.on.eq(self.order.text)",
        "self.text.on.eq(0)",
        WALL,
        "no text",
    ),
    Mutant(
        "names-stay-in-a-slot",
        "latents/wall.py",
        "self.text.slot.eq(self.text.slot ^ self.order.text)",
        "self.text.slot.eq(0)",
        WALL,
        "each second name is the one before",
    ),
)
