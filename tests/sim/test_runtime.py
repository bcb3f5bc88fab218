# SPDX-License-Identifier: Apache-2.0
"""sim.runtime: what one build has made, the next one gets."""

from sim.runtime import HEADER, Runtime


def test_what_a_build_has_made_the_next_one_gets(tmp_path, monkeypatch):
    """Also the first one of all, in a cache that is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder in (first, second, other):
        folder.mkdir()
    Runtime("options").lend(first)
    assert [path.name for path in first.iterdir()] == [HEADER]
    made = {f"{HEADER}.fast.gch": "header", "verilated.o": "object", "Vtop.o": "of the design"}
    for name, text in made.items():
        (first / name).write_text(text)
    for _ in range(2):  # what is there stays
        Runtime("options").keep(first)
    Runtime("options").lend(second)
    assert {path.name for path in second.iterdir()} == {HEADER, *made} - {"Vtop.o"}
    assert (second / "verilated.o").read_text() == "object"
    Runtime("other options").lend(other)
    assert [path.name for path in other.iterdir()] == [HEADER]
