# SPDX-License-Identifier: Apache-2.0
"""Beats and weight loads of an avatar, while everything that a tile waits for comes and goes."""

import os

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hw.engine.feeder import beat_layout
from hw.engine.sequencer import tile_layout
from sim.benches import expected
from sim.benches.bench import fields, generator, start
from sim.benches.components import TILINGS
from sim.streams import StreamSource

TILING = TILINGS[os.environ["TILING"]]
CONDITIONS = ("word_valid", "latent_ready", "half_free", "drained")
OUTPUTS = ("beat", "load", "index", "job_start", "layer_start", "latent_done")


@cocotb.test(timeout_time=600, timeout_unit="us")
@cocotb.parametrize(stall=[0.0, 0.3])
async def turns_tiles_into_beats(dut, stall):
    rng = generator()
    tiles = list(expected.tiles(TILING))
    layout = tile_layout(TILING)

    source = StreamSource(dut, "feeder__i_tiles", stall=stall)
    await start(dut)
    cocotb.start_soon(source.send(layout.const(tile).as_bits() for tile in tiles))

    beats = [list(expected.beats(tile)) for tile in tiles]
    log = await record(dut, rng, stall, sum(map(len, beats)))
    starts = check_beats(log, tiles, beats)
    check_loads(log, tiles, starts)
    check_conditions(log, tiles, starts)
    (done,) = np.flatnonzero(log["latent_done"])
    first_layer = sum(tile["layer"] == 0 for tile in tiles)
    assert done == starts[first_layer - 1] + len(beats[first_layer - 1]) - 1
    if not stall:  # a tile takes its beats or the words of the tile behind it
        loads = [tile["words"] + 1 for tile in tiles[1:]]
        np.testing.assert_array_equal(
            np.diff(starts), np.maximum(list(map(len, beats[:-1])), loads)
        )


async def record(dut, rng, stall, beats):
    """Return the value of every signal in each cycle, until some cycles after the last beat."""
    handles = {name: getattr(dut, f"feeder__{name}") for name in CONDITIONS + OUTPUTS}
    log = {name: [] for name in handles}
    for name in CONDITIONS:
        handles[name].value = 0
    idle = 0
    while idle < 20:
        await RisingEdge(dut.clk)
        for name, handle in handles.items():
            log[name].append(int(handle.value))
        beats -= log["beat"][-1] & 1
        idle += beats <= 0
        for name, value in zip(CONDITIONS, rng.random(len(CONDITIONS)) >= stall, strict=True):
            handles[name].value = int(value)
    return log


def check_beats(log, tiles, beats):
    """Compare the beats, and return the cycle of each tile's first one."""
    layout = beat_layout(TILING)
    seen = [(cycle, word) for cycle, word in enumerate(log["beat"]) if word & 1]
    job = -1
    starts = []
    at = iter(seen)
    for n, (tile, wanted) in enumerate(zip(tiles, beats, strict=True)):
        job += tile["job_first"]
        cycles = []
        for beat in wanted:
            cycle, word = next(at)
            cycles.append(cycle)
            beat = beat | {"half": job & 1}
            assert fields(layout, word, beat) == beat, f"tile {n}"
        assert cycles == list(range(cycles[0], cycles[0] + len(cycles))), f"tile {n} has gaps"
        starts.append(cycles[0])
    assert not list(at), "beats beyond the last tile"
    return starts


def check_loads(log, tiles, starts):
    """Each tile's words, in order, from the swap before to the cycle before its own."""
    cycles = np.flatnonzero(log["load"])
    assert np.array(log["word_valid"])[cycles].all(), "a word that was not there"
    counts = [tile["words"] + 1 for tile in tiles]
    indices = [n for count in counts for n in range(count)]
    assert [log["index"][cycle] for cycle in cycles] == indices
    ends = np.cumsum(counts)
    assert (cycles[ends - 1] < starts).all(), "a tile began before its words were in"
    assert (cycles[(ends - counts)[1:]] >= starts[:-1]).all(), "a load overtook a swap"


def check_conditions(log, tiles, starts):
    """In the cycle before a tile's first beat, all that it needs was there."""
    job_start, layer_start = np.zeros((2, len(log["job_start"])), int)
    for tile, first in zip(tiles, starts, strict=True):
        asked = first - 1
        job_start[asked] = tile["job_first"]
        if tile["job_first"]:
            assert log["half_free"][asked], "a job without a half"
        if tile["layer_first"] and tile["layer"] == 0:
            assert log["latent_ready"][asked], "layer 1 without a latent"
        if tile["waits"]:
            assert log["drained"][asked], "a tile without its map"
        layer_start[asked] = tile["layer_first"]
    np.testing.assert_array_equal(log["layer_start"], layer_start)
    np.testing.assert_array_equal(log["job_start"], job_start)
