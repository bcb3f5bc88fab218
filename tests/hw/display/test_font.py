# SPDX-License-Identifier: Apache-2.0
"""hw.display.font: the table of glyphs."""

from hw.display import font


def test_the_table_has_each_printable_character_once():
    glyphs = [font.rows(code) for code in range(ord(" ") + 1, ord("~") + 1)]
    assert len(set(glyphs)) == len(glyphs) == 94
    for rows in glyphs:
        assert len(rows) == 8
        assert all(row & 1 == row >> 7 == 0 for row in rows)  # room between two of them
    for code in (0, 31, 32, 127):
        assert font.rows(code) == (0,) * 8
    lines = font.TABLE.strip("\n").split("\n")
    assert all(set(line) <= set("#. ") and len(line) in (0, 83) for line in lines)


def test_a_glyph_as_it_is_drawn():
    assert ["".join(".#"[row >> x & 1] for x in range(8)) for row in font.rows(ord("y"))] == [
        "........",
        "........",
        ".#....#.",
        ".#....#.",
        ".#....#.",
        "..#####.",
        "......#.",
        "..####..",
    ]
