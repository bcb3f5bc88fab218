# SPDX-License-Identifier: Apache-2.0
"""Random programs, two passes of each, against loops in Python."""

import os

import cocotb

from hw.engine.sequencer import tile_layout
from hw.program import LAYERS, feed_layouts, sweep_layout
from hw.work import IN_FLIGHT
from sim.benches.bench import fields, generator, places, reset, serve, start
from sim.benches.components import MACHINES
from sim.streams import StreamSink

MACHINE = MACHINES[os.environ["MACHINE"]]
FEED, SWEEP, TILE = feed_layouts(MACHINE), sweep_layout(MACHINE), tile_layout(MACHINE)
PASSES = 2
SWEEPS = 60
FROM_SWEEP = ("sum", "rows", "columns", "map_step", "sum_step", "settles", "tile")


def random_word(rng, layout, **fixed):
    """Return random fields of a layout, some of them given."""
    drawn = {name: int(rng.integers(1 << field.width)) for name, field in layout}
    return drawn | {name: int(value) for name, value in fixed.items()}


def words(layout, each):
    """Return a word of fields, or of a field that is a list of numbers."""
    return layout.const(each).as_value().value


class Program:
    """Random words, and the fields of :func:`hw.engine.sequencer.tile_layout` they must become."""

    def __init__(self, rng, layers):
        self.sweep_fields = [random_word(rng, SWEEP) for _ in range(SWEEPS)]
        self.sweeps = [words(SWEEP, each) for each in self.sweep_fields]
        self.facts = random_word(rng, FEED["pass"], layers=layers - 1)
        self.feed = [words(FEED["pass"], self.facts)]
        self.tiles = []
        for _ in range(layers):
            self._layer(rng)

    def _layer(self, rng):
        counts = {name: rng.integers(3) for name in ("jobs", "column_tiles", "row_tiles")}
        loops = random_word(rng, FEED["loops"], **counts)
        tiles = random_word(rng, FEED["tiles"], last_rows=rng.integers(1, MACHINE.array.rows + 1))
        tiles["reached_from"] = [int(n) for n in rng.integers(0, 4, IN_FLIGHT)]
        maps = random_word(rng, FEED["maps"])
        jobs = []
        for _ in range(loops["jobs"] + 1):
            sweeps = rng.integers(1, 9) if rng.random() < 0.7 else 1
            first = rng.integers(SWEEPS - sweeps + 1)
            jobs.append(random_word(rng, FEED["job"], sweep=first, sweeps=sweeps - 1))
        named = [("loops", loops), ("tiles", tiles), ("maps", maps)]
        named += [("job", job) for job in jobs]
        self.feed += [words(FEED[name], each) for name, each in named]
        begin = len(self.tiles)
        for _ in range(loops["column_tiles"] + 1):
            for job in jobs:
                self._job(job, loops, tiles, maps)
        for n, tile in enumerate(self.tiles[begin:], 1):
            tile["layer_first"] = n == 1
            tile["layer_last"] = n == len(self.tiles) - begin

    def _job(self, job, loops, tiles, maps):
        begin = len(self.tiles)
        for row_tile in range(loops["row_tiles"] + 1):
            last = row_tile == loops["row_tiles"]
            needed = [
                age
                for age in range(IN_FLIGHT)
                if job["needs"] >> age & 1 and row_tile >= tiles["reached_from"][age]
            ]
            for at in range(job["sweep"], job["sweep"] + job["sweeps"] + 1):
                sweep = self.sweep_fields[at]
                address = maps["base"] + row_tile * maps["stride"] + sweep["address"]
                self.tiles.append(
                    {name: sweep[name] for name in FROM_SWEEP}
                    | {
                        "first": loops["first"],
                        "signed": loops["signed"],
                        "address": address % (1 << SWEEP["address"].width),
                        "opens": sweep["opens"] and row_tile == 0,
                        "words": (count := tiles["last_words" if last else "words"]),
                        "quick": count == 0 or not sweep["tile"],
                        "rows_used": tiles["last_rows"] if last else MACHINE.array.rows,
                        "again": job["again"],
                        "allow": min(needed, default=IN_FLIGHT),
                    }
                )
        for n, tile in enumerate(self.tiles[begin:], 1):
            tile["job_first"] = n == 1
            tile["job_last"] = n == len(self.tiles) - begin
            tile["unbound"] = not tile["job_first"] and tile["allow"] == IN_FLIGHT
            tile["settles"] &= not tile["job_last"]  # the next job has another half
            tile["single"] = not (tile["rows"] or tile["columns"] or tile["settles"])


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def walks_the_program(dut, stall):
    rng = generator()
    sink = StreamSink(dut, "sequencer__o", stall=stall)
    await start(dut)
    for layers in (1, 3, LAYERS):
        program = Program(rng, layers)
        rams = [
            cocotb.start_soon(serve(dut, f"sequencer__{n}_address", f"sequencer__{n}_data", words))
            for n, words in (("program", program.feed), ("sweep", program.sweeps))
        ]
        await reset(dut)
        assert not dut.sequencer__known.value
        members = places(TILE)
        for turn in range(PASSES):
            received = await sink.recv(len(program.tiles))
            for n, (word, tile) in enumerate(zip(received, program.tiles, strict=True)):
                assert fields(members, word, tile) == tile, f"pass {turn}, sweep {n}"
        assert dut.sequencer__known.value
        facts = int(dut.sequencer__facts.value)
        assert fields(places(FEED["pass"]), facts, program.facts) == program.facts
        for ram in rams:
            ram.cancel()
