# SPDX-License-Identifier: Apache-2.0
"""Faults of the screen."""

from tests.mutants.mutant import Mutant

TMDS = "tests/hw/display/test_tmds.py::test_every_byte_in_every_balance"
SCREEN = "tests/sim/screen/test_screen.py::"
OUTSIDE = "tests/sim/screen/test_outside.py::"

MUTANTS = (
    Mutant(
        "balance-runs-off",
        "display/tmds.py",
        "same = (balance < 0) == (excess < 0)",
        "same = (balance < 0) != (excess < 0)",
        TMDS,
        "the lane's mean drifts, and the monitor loses its bits",
    ),
    Mutant(
        "balance-of-the-flag-forgotten",
        "display/tmds.py",
        "change.eq(excess - Mux(chained[8], 0, 1))",
        "change.eq(excess)",
        TMDS,
        "another word than the standard's goes out, now and then",
    ),
    Mutant(
        "balance-kept-over-blanking",
        "display/tmds.py",
        "                m.d.sync += balance.eq(0)\n",
        "",
        "tests/hw/display/test_tmds.py::test_control_tokens_begin_the_balance_anew",
        "a line begins with the balance of the one before",
    ),
    Mutant(
        "sync-a-pixel-short",
        "display/raster.py",
        "self.x == mode.front + mode.sync - 1",
        "self.x == mode.front + mode.sync - 2",
        SCREEN + "test_syncs_tokens_and_balance",
        "no mode that a monitor knows",
    ),
    Mutant(
        "clock-lane-upside-down",
        "display/serializer.py",
        "0b0000011111",
        "0b1111100000",
        SCREEN + "test_syncs_tokens_and_balance",
        "the monitor cuts words in their middle",
    ),
    Mutant(
        "half-a-face-is-shown",
        "display/scan.py",
        "coming.hidden.eq(here & progress.writing)",
        "coming.hidden.eq(0)",
        SCREEN + "test_a_face_that_comes_too_slowly_is_not_shown_half",
        "the upper half of a new face above the lower half of an old one",
    ),
    Mutant(
        "writer-does-not-wait-for-the-beam",
        "display/tile_writer.py",
        "(self.y + LEAD < first_line) | (self.y >= behind)",
        "1",
        SCREEN + "test_the_newest_faces_are_shown_and_none_is_torn",
        "faces are torn while they are seen",
    ),
    Mutant(
        "faces-stay-in-their-row",
        "display/tile_writer.py",
        "first_line.eq(behind),",
        "first_line.eq(first_line),",
        SCREEN + "test_the_newest_faces_are_shown_and_none_is_torn",
        "the writer keeps out of another row than its own",
    ),
    Mutant(
        "restart-in-the-midst-of-a-frame",
        "display/display.py",
        "with m.If(self.frame & pending):",
        "with m.If(pending):",
        SCREEN + "test_a_restart_clears_the_screen_where_the_frame_ends",
        "half a frame of one size above half of another",
    ),
    Mutant(
        "grey-faces-are-red",
        "display/display.py",
        "writer.i.p.g.eq(Mux(self.grey, pixel.r, pixel.g))",
        "writer.i.p.g.eq(pixel.g)",
        SCREEN + "test_a_restart_clears_the_screen_where_the_frame_ends",
        "grey faces lack green",
    ),
    Mutant(
        "lines-overlap-in-the-store",
        "display/block_store.py",
        "return (y << 6) + (y << 5)",
        "return y << 6",
        SCREEN + "test_the_newest_faces_are_shown_and_none_is_torn",
        "a face overwrites its neighbours",
    ),
    Mutant(
        "line-into-the-half-that-is-shown",
        "display/line_store.py",
        "into.eq(~half)",
        "into.eq(half)",
        OUTSIDE + "test_every_face_is_whole_and_no_line_late",
        "a line changes while it is shown",
    ),
    Mutant(
        "green-a-bit-too-low",
        "display/line_store.py",
        "pixel.g[2:]",
        "pixel.g[1:7]",
        OUTSIDE + "test_every_face_is_whole_and_no_line_late",
        "green faces, with jumps where they are bright",
    ),
)
