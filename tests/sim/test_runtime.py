# SPDX-License-Identifier: Apache-2.0
"""sim.runtime: what one build has made, the next one gets."""

from sim.runtime import HEADER, Runtime


def test_what_a_build_has_made_the_next_one_gets(tmp_path, monkeypatch):
    """Also the first one of all, in a cache that is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folders = first, second, third, other = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
    Runtime("one").lend(first)
    assert [path.name for path in first.iterdir()] == [HEADER]
    made = {f"{HEADER}.fast.gch": "header", "verilated.o": "object", "Vtop.o": "of the design"}
    for name, text in made.items():
        (first / name).write_text(text)
    Runtime("one").keep(first)
    Runtime("one").lend(second)
    assert {path.name for path in second.iterdir()} == {HEADER, *made} - {"Vtop.o"}
    assert (second / "verilated.o").read_text() == "object"
    # what is there stays, and what only this build has needed is added
    (second / "verilated.o").write_text("again")
    (second / "verilated_vpi.o").write_text("for cocotb")
    Runtime("one").keep(second)
    Runtime("one").lend(third)
    assert (third / "verilated.o").read_text() == "object"
    assert (third / "verilated_vpi.o").read_text() == "for cocotb"
    Runtime("one", waves=True).lend(other)
    assert [path.name for path in other.iterdir()] == [HEADER]
    Runtime("another").lend(other)
    assert [path.name for path in other.iterdir()] == [HEADER]
