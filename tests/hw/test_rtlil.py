# SPDX-License-Identifier: Apache-2.0
"""hw.rtlil: names that abc9 cannot mistake for bits."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.rtlil import to_rtlil, without_indices


class Sums(wiring.Component):
    """An array that a debugger sees element by element."""

    i: In(data.ArrayLayout(4, 2))
    o: Out(data.ArrayLayout(4, 2))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.i)
        return m


def test_names_lose_their_indices_and_ranges_stay():
    text = "  connect \\a.b[0].c[12] { \\a [3:0] \\d[1] [7] }\n"
    assert without_indices(text) == "  connect \\a.b.0.c.12 { \\a [3:0] \\d.1 [7] }\n"


def test_no_name_of_a_component_has_an_index():
    text = to_rtlil(Sums(), "sums")
    names = {word for word in text.split() if word.startswith("\\")}
    assert {"\\sums", "\\i", "\\i.0", "\\o.1"} <= names
    assert not [name for name in names if "[" in name]
