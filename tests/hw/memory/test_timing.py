# SPDX-License-Identifier: Apache-2.0
"""hw.memory.timing: clocks of the defaults, and whether they suit the chips that boards carry."""

import pytest

from hw.memory.timing import Geometry, Timing
from sim.chips.sdram import CHIPS


def test_clocks_at_125_mhz():
    """21 ns are 2.6 clocks of 8 ns, 45 are 5.6, 66 are 8.25; 7,812.5 ns are 976."""
    cycles = Timing().cycles(125_000_000)
    assert (cycles.rcd, cycles.rp, cycles.ras, cycles.rc, cycles.rfc) == (3, 3, 6, 9, 9)
    assert (cycles.rrd, cycles.wr, cycles.mrd, cycles.pause) == (2, 2, 2, 25_000)
    assert cycles.refresh == 976 - 48


def test_a_time_of_whole_clocks_is_not_one_more():
    assert Timing(t_rcd=24).cycles(125_000_000).rcd == 3


@pytest.mark.parametrize("chip", CHIPS)
def test_the_defaults_suit_every_chip(chip):
    timing, values = Timing(), CHIPS[chip]
    for name in ("tRCD", "tRP", "tRAS", "tRC", "tRFC", "tRRD", "tWR"):
        ours = getattr(timing, f"t_{name[1:].lower()}")
        assert 1000 * ours >= values[name], name
    assert timing.startup_refreshes >= values["STARTUP_REFRESHES"]
    assert 1000 * timing.pause >= values.get("PAUSE", 200_000_000)
    assert 1000 * timing.t_refi * values.get("REFRESHES", 8192) <= 64_000_000_000


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Geometry(width=8), "width is 8"),
        (lambda: Geometry(column_bits=11), "column_bits is 11"),
        (lambda: Timing().cycles(1_000_000), "clock_hz is 1000000"),
    ],
)
def test_what_cannot_be_is_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()
