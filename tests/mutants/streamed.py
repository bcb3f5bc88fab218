# SPDX-License-Identifier: Apache-2.0
"""Faults of the weights that come from a memory outside the chip."""

from tests.mutants.mutant import Mutant

_TOP = "tests/hw/uart/test_outside.py::test_"
OUTSIDE = f"{_TOP}no_load_before_the_memory_has_started"
OUTSIDE_DAMAGE = f"{_TOP}a_memory_that_changes_ends_the_model"


def _mutant(name, file, old, new, why):
    bench = "regular/external_weights"
    return Mutant(f"stream-{name}", f"engine/{file}.py", old, new, bench, why)


MUTANTS = (
    _mutant(
        "loses-the-sign",
        "gearbox",
        "Mux(opens, plane[n].replicate(len(weight) - 1), weight[:-1])",
        "weight[:-1]",
        "narrow weights have bits of the word before",
    ),
    _mutant(
        "mixes-up-a-plane",
        "gearbox",
        "planes.eq(Mux(last_plane, bits, planes - 1))",
        "planes.eq(Mux(last_plane, bits - 1, planes - 1))",
        "all words behind the first of a layer are shifted",
    ),
    _mutant(
        "ends-a-segment-early",
        "gearbox",
        "last_word.eq(words == 1)",
        "last_word.eq(words == 2)",
        "a plane is taken for the head of the next layer",
    ),
    _mutant(
        "gives-the-sum-to-the-array",
        "gearbox",
        "last_plane & ~no_bits)",
        "last_plane)",
        "the second avatar's weights are two words off",
    ),
    _mutant(
        "takes-words-without-room",
        "weight_queue",
        "self.room.eq(held <= DEPTH - Gearbox.in_flight)",
        "self.room.eq(held <= DEPTH)",
        "words are lost wherever the array is slower than the memory",
    ),
    _mutant(
        "gives-a-word-late",
        "weight_queue",
        "WeightReader.latency - to_array - 1,",
        "WeightReader.latency - to_array,",
        "every weight is that of its neighbour",
    ),
    _mutant(
        "gives-what-it-does-not-have",
        "weight_queue",
        "self.o.valid.eq(after != 0)",
        "self.o.valid.eq(there != 0)",
        "a word is taken twice wherever the array waits for weights",
    ),
    _mutant(
        "forgets-a-stop",
        "weight_fetcher",
        "with m.If(~self.run):\n            m.d.sync += running.eq(0)",
        "pass",
        "the first avatar behind a load has weights of the model before",
    ),
    _mutant(
        "begins-before-the-rest-has-come",
        "weight_fetcher",
        "with m.If(self.run & none_missing):",
        "with m.If(self.run):",
        "the first avatar behind a load has weights of the model before",
    ),
    _mutant(
        "begins-a-pass-where-it-ended",
        "weight_fetcher",
        "with m.If(final):\n"
        "                        m.d.sync += [request.address.eq(0), left.eq(self.last)]",
        "with m.If(final):\n                        m.d.sync += left.eq(self.last)",
        "the second avatar's weights are what lies behind the first one's",
    ),
    _mutant(
        "asks-past-the-end",
        "weight_fetcher",
        "Mux(final, left + 1, BURST)",
        "BURST",
        "the second avatar's weights are what lies behind the first one's",
    ),
    _mutant(
        "believes-every-word",
        "weight_fetcher",
        "compares & (~state != RESIDUE)",
        "0",
        "a bit that flips in the memory makes wrong pictures, and nobody says so",
    ),
    _mutant(
        "sums-two-passes-together",
        "weight_fetcher",
        "state | opens.replicate(32)",
        "state",
        "the second avatar is called damaged",
    ),
    Mutant(
        "stream-load-into-no-memory",
        "uart/load_handler.py",
        "with m.If(~self.memory_ready):\n                    finish(Error.MEMORY)",
        "with m.If(0):\n                    finish(Error.MEMORY)",
        OUTSIDE,
        "a board whose memory does not answer takes minutes to say so",
    ),
    Mutant(
        "stream-model-outlives-its-memory",
        "uart/load_handler.py",
        "with m.If(self.damaged & self.source.any()):",
        "with m.If(0):",
        OUTSIDE_DAMAGE,
        "pictures are asked for, and spoilt, for ever",
    ),
    Mutant(
        "stream-damaged-picture-is-sent",
        "uart/responder.py",
        'send("FETCH", last=last_pixel & ~spoilt)',
        'send("FETCH", last=last_pixel)',
        OUTSIDE_DAMAGE,
        "a wrong picture, unannounced",
    ),
    Mutant(
        "stream-damage-passes-the-self-test",
        "uart/responder.py",
        "crc.crc ^ spoilt.replicate(32)",
        "crc.crc",
        OUTSIDE_DAMAGE,
        "a load into a memory that loses bits counts",
    ),
)
