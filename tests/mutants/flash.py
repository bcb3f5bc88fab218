# SPDX-License-Identifier: Apache-2.0
"""Faults of a model that comes from the flash: its bytes, its header, and a host beside it."""

from tests.mutants.mutant import Mutant

READER = "tests/hw/flash/test_reader.py::"
LOADS = "tests/hw/flash/test_loads.py::"
BOARD = "tests/sim/board/test_flash.py::"
REFUSALS = f"{BOARD}test_what_is_no_image_gives_no_picture"


def _mutant(name, file, old, new, bench, why):
    return Mutant(name, f"{file}.py", old, new, bench, why)


MUTANTS = (
    _mutant(
        "flash-clock-too-fast",
        "flash/reader",
        "LEAST_HALF = 2",
        "LEAST_HALF = 1",
        f"{READER}test_a_bit_has_the_time_that_it_needs",
        "bits of the flash are taken before they are there",
    ),
    _mutant(
        "flash-is-not-woken",
        "flash/reader",
        'then("WAKE", 1, 8,',
        'then("WAKE", 0, 8,',
        f"{READER}test_bytes_come_in_order",
        "a flash that sleeps seems to be empty",
    ),
    _mutant(
        "flash-wakes-too-shortly",
        "flash/reader",
        "WAKING = 1024",
        "WAKING = 512",
        f"{READER}test_bytes_come_in_order",
        "a slow flash does not hear the command that follows",
    ),
    _mutant(
        "flash-goes-on-without-room",
        "flash/reader",
        "m.d.comb += self.o.valid.eq(1)",
        "m.d.comb += [self.o.valid.eq(1), runs.eq(1)]",
        f"{READER}test_bytes_come_in_order",
        "bits are lost while a host is answered",
    ),
    _mutant(
        "flash-before-the-memory",
        "flash/loader",
        "with m.If(self.memory_ready):",
        "with m.If(1):",
        f"{LOADS}test_a_board_draws_without_a_host",
        "weights are written into a memory that has not started",
    ),
    _mutant(
        "flash-believes-a-header",
        "flash/loader",
        "(crc.crc != RESIDUE) | ",
        "",
        f"{BOARD}test_any_flipped_bit",
        "a damaged header is taken for another machine's",
    ),
    _mutant(
        "flash-takes-any-version",
        "flash/loader",
        "with m.If(~is_version):",
        "with m.If(0):",
        REFUSALS,
        "what a later version means by these bytes is not known",
    ),
    _mutant(
        "flash-reads-for-hours",
        "flash/loader",
        " | length[LENGTH_BITS:].any()",
        "",
        f"{LOADS}test_of_an_image_longer_than_any_flash_no_byte_is_read",
        "a length that no flash has keeps the board busy",
    ),
    _mutant(
        "flash-cuts-the-last-data",
        "flash/loader",
        "left >= CHUNK",
        "left > CHUNK",
        f"{BOARD}test_it_draws_without_a_host",
        "models of some lengths cannot be loaded",
    ),
    _mutant(
        "flash-is-always-good",
        "flash/loader",
        "end(Mux(self.source == State.UPLOADED, Flash.LOADED, Flash.DAMAGED))",
        "end(Flash.LOADED)",
        REFUSALS,
        "a host is told that a model is there that fails its self-test",
    ),
    _mutant(
        "flash-goes-on-beside-a-host",
        "flash/loader",
        "with m.Elif(stopped & (count == 0)):",
        "with m.Elif(0):",
        f"{BOARD}test_a_host_that_loads_wins_at_any_time",
        "the flash's data get in between those of a host",
    ),
    _mutant(
        "flash-keeps-what-a-host-took-up",
        "flash/loader",
        "stopped.eq(1), self.own.eq(0), ",
        "stopped.eq(1), ",
        f"{BOARD}test_a_host_takes_up_what_the_flash_began",
        "a host begins a load anew that it could go on with",
    ),
    _mutant(
        "flash-is-answered-aloud",
        "flash/switch",
        "answers.valid & ~self.flash",
        "answers.valid",
        f"{BOARD}test_a_host_that_asks_gets_each_answer_once",
        "a host gets answers to requests that it has not sent",
    ),
    _mutant(
        "flash-is-heard-at-its-end",
        "flash/switch",
        "with m.If(rests):",
        "with m.If(~self.busy):",
        f"{BOARD}test_a_host_that_asks_gets_each_answer_once",
        "a host gets the end of an answer that is not its own",
    ),
    _mutant(
        "flash-gives-up-too-soon",
        "top",
        "& (loads.error == 0) & loads.loading",
        "& loads.loading",
        f"{BOARD}test_a_host_takes_up_what_the_flash_began",
        "a request that was refused leaves the board without a model",
    ),
    _mutant(
        "order-does-not-wait-for-its-room",
        "uart/wall_order",
        "with m.If(handler.known):",
        "with m.If(1):",
        f"{LOADS}test_an_order_as_the_model_comes_waits_until_its_room_is_known",
        "a wall ordered at power-up is told that there is no room",
    ),
)
