# SPDX-License-Identifier: Apache-2.0
"""Faults of the external memory: its ports, its commands, its start-up and its pins."""

from tests.mutants.mutant import Mutant

BENCH = "tests/sim/benches/test_memory.py::test_memory[traffic-16]"


def _mutant(name, file, old, new, why):
    return Mutant(name, f"memory/{file}.py", old, new, BENCH, why)


MUTANTS = (
    _mutant(
        "reader-asks-without-room",
        "reader",
        "room.eq(free >= CHUNK)",
        "room.eq(1)",
        "words that come back are lost while the other side is busy",
    ),
    _mutant(
        "reader-runs-over-the-row",
        "reader",
        "to_end.eq(CHUNK - low)",
        "to_end.eq(CHUNK)",
        "a stream that does not begin at a block reads the beginning of its row again",
    ),
    _mutant(
        "writer-forgets-the-bank",
        "writer",
        "(held_place.row == before.row) & (held_place.bank == before.bank)",
        "held_place.row == before.row",
        "a word goes into another bank",
    ),
    _mutant(
        "arbiter-starves-the-others",
        "arbiter",
        "& ~(valid[0] & (before != 0))",
        "& ~valid[0]",
        "a screen that reads all the time stops everything",
    ),
    _mutant(
        "arbiter-forgets-the-deadline",
        "arbiter",
        "with m.If(valid[1:].any() & ~(valid[0] & (before != 0))):",
        "with m.If(valid[1:].any()):",
        "the picture on the screen has gaps",
    ),
    _mutant(
        "machine-closes-a-row-in-use",
        "command_machine",
        "conflict.eq(active & (now.place.bank == next.place.bank))",
        "conflict.eq(0)",
        "words of another row are read",
    ),
    _mutant(
        "machine-trusts-rows-behind-a-refresh",
        "command_machine",
        "m.d.sync += is_open.eq(0)",
        "pass",
        "a row that the refresh closed is read",
    ),
    _mutant(
        "machine-keeps-its-step-over-a-refresh",
        "command_machine",
        "with m.If(step != Step.NONE):\n                m.d.sync += step.eq(Step.LOOK)",
        "pass",
        "a row that was opened ahead and closed by the refresh is read",
    ),
    _mutant(
        "machine-lets-refreshes-wait",
        "command_machine",
        "free.eq(~upkeep.busy & ~upkeep.due)",
        "free.eq(~upkeep.busy)",
        "a stream without an end loses what is in the memory",
    ),
    _mutant(
        "machine-writes-the-other-port",
        "command_machine",
        "phy.write_data.eq(Array(head.data for head in heads)[now.port])",
        "phy.write_data.eq(heads[0].data)",
        "the screen's words are those of the upload",
    ),
    _mutant(
        "machine-reads-too-early",
        "command_machine",
        "Step.RISE if rises else Step.READY",
        "Step.READY",
        "tRCD is broken",
    ),
    _mutant(
        "waits-close-too-early",
        "waits",
        "close[bank].start(cycles.ras)",
        "close[bank].start(1)",
        "tRAS is broken",
    ),
    _mutant(
        "waits-open-too-early",
        "waits",
        "opens[bank].start(cycles.rp)",
        "opens[bank].start(1)",
        "tRP is broken",
    ),
    _mutant(
        "waits-forget-the-last-write",
        "waits",
        "close[bank].start(cycles.wr)",
        "close[bank].start(1)",
        "tWR is broken",
    ),
    _mutant(
        "waits-open-a-bank-too-often",
        "waits",
        "opens[bank].start(cycles.rc)",
        "opens[bank].start(1)",
        "tRC is broken",
    ),
    _mutant(
        "waits-open-banks-too-fast",
        "waits",
        "row_to_row.start(cycles.rrd)",
        "row_to_row.start(1)",
        "tRRD is broken",
    ),
    _mutant(
        "waits-turn-at-once",
        "waits",
        "m.d.sync += turn.start(turn_clocks)",
        "m.d.sync += turn.start(1)",
        "both sides drive the data pins",
    ),
    _mutant(
        "upkeep-goes-on-too-early",
        "upkeep",
        'tell(Command.REFRESH, cycles.rfc, "RUN")',
        'tell(Command.REFRESH, 2, "RUN")',
        "tRFC is broken",
    ),
    _mutant(
        "timing-refreshes-too-late",
        "timing",
        "/ 1e9) - LONGEST_HOLD",
        "/ 1e9) + LONGEST_HOLD",
        "tREF is broken",
    ),
    _mutant(
        "upkeep-starts-with-one-refresh",
        "upkeep",
        "last.eq(refreshes == 1)",
        "last.eq(1)",
        "some chips do not start",
    ),
    _mutant(
        "upkeep-does-not-wait-at-power-up",
        "upkeep",
        "init=cycles.pause)",
        "init=cycles.pause // 2)",
        "some chips do not start",
    ),
    _mutant(
        "upkeep-sets-another-latency",
        "upkeep",
        "self.address.eq(cycles.cas_latency << 4)",
        "self.address.eq(2 << 4)",
        "the chip is faster than it can be",
    ),
    _mutant(
        "calibration-takes-the-last-phase",
        "calibration",
        "self.phase.eq(position - (longer >> 1))",
        "self.phase.eq(position)",
        "the first warm day ends the window",
    ),
    _mutant(
        "calibration-finds-every-phase-good",
        "calibration",
        "self.window.bit_select(self.phase, 1).eq(good)",
        "self.window.bit_select(self.phase, 1).eq(1)",
        "words are taken where there are none",
    ),
    _mutant(
        "calibration-passes-every-memory",
        "calibration",
        "self.ready.eq(good), self.failed.eq(~good)",
        "self.ready.eq(1), self.failed.eq(0)",
        "a pin that does not reach the chip goes unseen",
    ),
    _mutant(
        "phy-mixes-up-the-edges",
        "phy",
        "Mux(self.falling, dq.i[1], dq.i[0])",
        "Mux(self.falling, dq.i[0], dq.i[1])",
        "the window that is shown is not the one that there is",
    ),
    _mutant(
        "phy-changes-pins-with-the-clock",
        "phy",
        'output("clk", 0, 1)',
        'output("clk", 1, 0)',
        "the chip sees commands that change",
    ),
    _mutant(
        "memory-serves-before-it-is-ready",
        "external_memory",
        "port.ready.eq(self.ready & inner.ready)",
        "port.ready.eq(inner.ready)",
        "what is asked for before the start-up is over is lost",
    ),
)
