# SPDX-License-Identifier: Apache-2.0
"""Beats and weight loads of random sweeps, while everything that they wait for comes and goes."""

import os

import cocotb
import numpy as np

from hw.engine.feeder import beat_layout
from hw.engine.sequencer import tile_layout
from hw.work import BOUND_CYCLES, RECURRENCE
from sim.benches.bench import fields, generator, places, record, start
from sim.benches.components import MACHINES
from sim.streams import StreamSource

MACHINE = MACHINES[os.environ["MACHINE"]]
TILE, BEAT = tile_layout(MACHINE), beat_layout(MACHINE)
CONDITIONS = ("word_valid", "latent_ready", "half_free", "written")
OUTPUTS = (
    "beat", "load", "index", "job_first", "again", "job_start", "layer_start", "latent_done",
)  # fmt: skip
SWEEPS = 150


def sweeps(rng):
    """Return random fields of :func:`hw.engine.sequencer.tile_layout`."""
    made = []
    for n in range(SWEEPS):
        drawn = {name: int(rng.integers(1 << field.width)) for name, field in TILE}
        rows, columns = rng.choice([0, 0, 1, 2, 4]), rng.choice([0, 0, 1, 2, 5, 13])
        ends = n == 0 or made[-1]["job_last"]
        layer = n == 0 or made[-1]["layer_last"]
        job_last = rng.random() < 0.3
        drawn |= {
            "rows": int(rows),
            "columns": int(columns),
            "words": int(rng.choice([0, rng.integers(1 << TILE["words"].width)])),
            "settles": int(rng.random() < 0.2),
            "tile": int(ends or rng.random() < 0.6),
            "job_first": int(ends),
            "job_last": int(job_last),
            "layer_first": int(layer),
            "layer_last": int(job_last and rng.random() < 0.4),
            "unbound": int(not ends and rng.random() < 0.6),
        }
        drawn["quick"] = int(not drawn["tile"] or drawn["words"] == 0)
        one = not drawn["rows"] and not drawn["columns"]
        drawn["single"] = int(one and not drawn["settles"])
        made.append(drawn)
    return made


def beats(sweep):
    """Yield the fields of :func:`hw.engine.feeder.beat_layout` for each beat of a sweep, but
    `half`.
    """
    address, sum_ = sweep["address"], sweep["sum"]
    for row in range(sweep["rows"] + 1):
        for column in range(sweep["columns"] + 1):
            last = row == sweep["rows"] and column == sweep["columns"]
            yield {name: sweep[name] for name in ("first", "signed", "rows_used", "opens")} | {
                "valid": 1,
                "swap": sweep["tile"] and (row, column) == (0, 0),
                "address": address % (1 << BEAT["address"].width),
                "sum": sum_ % (1 << BEAT["sum"].width),
                "job_last": sweep["job_last"] and last,
            }
            ends = column == sweep["columns"]
            address += sweep["map_step"] if ends else 1
            sum_ += sweep["sum_step"] if ends else 1


@cocotb.test(timeout_time=600, timeout_unit="us")
@cocotb.parametrize(stall=[0.0, 0.3])
async def turns_sweeps_into_beats(dut, stall):
    rng = generator()
    given = sweeps(rng)
    source = StreamSource(dut, "feeder__i_tiles", stall=stall)
    for name in CONDITIONS:
        getattr(dut, f"feeder__{name}").value = 0
    await start(dut)
    cocotb.start_soon(source.send(TILE.const(sweep).as_bits() for sweep in given))

    wanted = [list(beats(sweep)) for sweep in given]
    left, idle = sum(map(len, wanted)), 0

    def drive(log):
        nonlocal left, idle
        if log["beat"]:
            left -= log["beat"][-1] & 1
            idle += left <= 0
        if idle == 20:
            return None
        return dict(zip(CONDITIONS, rng.random(len(CONDITIONS)) >= stall, strict=True))

    log = await record(dut, "feeder", CONDITIONS + OUTPUTS, drive)
    starts = check_beats(log, given, wanted)
    check_loads(log, given, starts)
    check_conditions(log, given, starts)
    ends = [first + len(beats) - 1 for first, beats in zip(starts, wanted, strict=True)]
    done = [
        end
        for end, sweep in zip(ends, given, strict=True)
        if sweep["layer_last"] and sweep["first"]
    ]
    np.testing.assert_array_equal(np.flatnonzero(log["latent_done"]), done)
    if not stall:  # a sweep takes its beats, or what the tile behind it waits for
        own = [len(b) + RECURRENCE * s["settles"] for b, s in zip(wanted, given, strict=True)]
        loads = [(sweep["words"] + 1) * sweep["tile"] for sweep in given[1:]]
        bound = [0 if sweep["unbound"] else BOUND_CYCLES for sweep in given[1:]]
        np.testing.assert_array_equal(np.diff(starts), np.max([own[:-1], loads, bound], axis=0))
    else:
        settled = [
            after - end
            for end, after, sweep in zip(ends, starts[1:], given, strict=False)
            if sweep["settles"]
        ]
        assert min(settled) >= RECURRENCE


def check_beats(log, given, wanted):
    """Compare the beats, and return the cycle of each sweep's first one."""
    seen = [(cycle, word) for cycle, word in enumerate(log["beat"]) if word & 1]
    job = -1
    starts, members = [], places(BEAT)
    at = iter(seen)
    for n, (sweep, beats) in enumerate(zip(given, wanted, strict=True)):
        job += sweep["job_first"]
        cycles = []
        for beat in beats:
            cycle, word = next(at)
            cycles.append(cycle)
            beat = beat | {"half": job & 1}
            assert fields(members, word, beat) == beat, f"sweep {n}"
        assert cycles == list(range(cycles[0], cycles[0] + len(cycles))), f"sweep {n} has gaps"
        starts.append(cycles[0])
    assert not list(at), "beats beyond the last sweep"
    return starts


def check_loads(log, given, starts):
    """Each tile's words, in order, from the swap before to the cycle before its own."""
    cycles = np.flatnonzero(log["load"])
    assert np.array(log["word_valid"])[cycles].all(), "a word that was not there"
    tiles = [(sweep, first) for sweep, first in zip(given, starts, strict=True) if sweep["tile"]]
    counts = np.array([sweep["words"] + 1 for sweep, _ in tiles])
    swaps = np.array([first for _, first in tiles])
    words = [(n, sweep) for count, (sweep, _) in zip(counts, tiles) for n in range(count)]
    assert [log["index"][cycle] for cycle in cycles] == [n for n, _ in words]
    for cycle, (n, sweep) in zip(cycles, words, strict=True):
        assert log["job_first"][cycle] == (n == 0 and sweep["job_first"])
        assert log["again"][cycle] == sweep["again"]
    ends = np.cumsum(counts)
    assert (cycles[ends - 1] < swaps).all(), "a tile began before its words were in"
    assert (cycles[(ends - counts)[1:]] >= swaps[:-1]).all(), "a load overtook a swap"


def check_conditions(log, given, starts):
    """Two cycles before a bound sweep's first beat, or earlier, all that it needs was there."""
    job_start, layer_start = np.zeros((2, len(log["job_start"])), int)
    for sweep, first in zip(given, starts, strict=True):
        asked = first - BOUND_CYCLES
        job_start[first - 1] = sweep["job_first"]
        layer_start[first - 1] = sweep["layer_first"]
        if sweep["unbound"]:
            continue
        if sweep["job_first"]:
            assert log["half_free"][asked], "a job without a half"
        if sweep["layer_first"] and sweep["first"]:
            assert log["latent_ready"][asked], "layer 1 without a latent"
        assert log["written"][asked], "a sweep without its map"
    np.testing.assert_array_equal(log["layer_start"], layer_start)
    np.testing.assert_array_equal(log["job_start"], job_start)
