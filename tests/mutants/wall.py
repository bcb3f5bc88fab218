# SPDX-License-Identifier: Apache-2.0
"""Faults of the wall: what it begins, whose picture is whose, and what goes on beside it."""

from tests.mutants.mutant import Mutant

BENCH = "tests/hw/latents/test_wall.py::"
SHOWS = f"{BENCH}test_a_wall_shows_the_pictures_of_its_seed"
BESIDE = f"{BENCH}test_requests_and_self_tests_go_on_beside_a_wall"
ANOTHER = f"{BENCH}test_another_seed_begins_a_new_screen_and_off_ends_it"
LOADED = f"{BENCH}test_a_load_ends_a_wall_and_the_new_model_has_its_own"
FAILED = f"{BENCH}test_a_failed_self_test_leaves_no_wall_and_the_next_load_works"
REFUSED = f"{BENCH}test_refusals_change_nothing"

MUTANTS = (
    Mutant(
        "wall-counts-pictures-of-the-line",
        "latents/shared_generator.py",
        "ended.eq(walls)",
        "ended.eq(1)",
        BESIDE,
        "behind a picture of the line no self-test ever ends",
    ),
    Mutant(
        "wall-gets-pictures-of-the-line",
        "latents/shared_generator.py",
        "walls.eq(order.r_data)",
        "walls.eq(1)",
        BESIDE,
        "the screen shows what somebody asked for, who waits for ever",
    ),
    Mutant(
        "wall-loses-its-place-in-a-latent",
        "latents/shared_generator.py",
        "self.i_line.ready.eq(self.o_latents.ready & ~walls)",
        "self.i_line.ready.eq(self.o_latents.ready)",
        BESIDE,
        "numbers of a request are lost while the wall's go in",
    ),
    Mutant(
        "wall-does-not-wait-for-its-pictures",
        "latents/wall.py",
        "with m.If(~shared.busy):",
        "with m.If(1):",
        ANOTHER,
        "the first faces of a new wall are those of the old one",
    ),
    Mutant(
        "wall-begins-during-a-self-test",
        "latents/wall.py",
        "shared.go.eq(~self.hold)",
        "shared.go.eq(1)",
        BESIDE,
        "a board with a wall cannot be tested, and takes no other model",
    ),
    Mutant(
        "wall-unseen-by-what-wants-quiet",
        "top.py",
        "answered & ~self.wall.busy if has_wall else answered",
        "answered",
        BESIDE,
        "a self-test takes the wall's picture for its own, and fails",
    ),
    Mutant(
        "wall-remembers-what-was-dropped",
        "latents/wall.py",
        "ResetInserter(self.stands)(shared)",
        "shared",
        FAILED,
        "behind a load that failed every picture goes to the wrong place",
    ),
    Mutant(
        "wall-outlives-its-model",
        "latents/wall.py",
        "with m.If(~self.held):",
        "with m.If(0):",
        LOADED,
        "a load begins another wall by itself, and its self-test fails",
    ),
    Mutant(
        "wall-walks-twice-as-slowly",
        "latents/wall.py",
        "walk.eq(mode - ANEW)",
        "walk.eq(mode)",
        SHOWS,
        "other faces than the reference's",
    ),
    Mutant(
        "wall-has-a-wrong-side",
        "latents/wall.py",
        "odd.eq(odd + 2)",
        "odd.eq(odd + 1)",
        SHOWS,
        "tiles of the wrong size",
    ),
    Mutant(
        "wall-takes-any-mode",
        "uart/command.py",
        "order.mode > WALL_STEPS",
        "order.mode > WALL_STEPS + 1",
        REFUSED,
        "a walk of 64 steps never moves",
    ),
    Mutant(
        "wall-draws-what-it-cannot",
        "uart/command.py",
        "with m.Elif(~self.drawable):",
        "with m.Elif(0):",
        REFUSED,
        "a screen of no faces",
    ),
    Mutant(
        "wall-mistakes-the-kind-of-latents",
        "uart/model_head.py",
        "byte >> LATENT_KIND_AT",
        "byte",
        SHOWS,
        "normal latents for a model of choices: no faces",
    ),
    Mutant(
        "button-does-nothing",
        "latents/wall.py",
        "seed.eq(seed + self.button)",
        "seed.eq(seed)",
        f"{BENCH}test_a_board_begins_by_itself_and_a_button_changes_the_seed",
        "the button shows the same faces again",
    ),
    Mutant(
        "start-is-forgotten",
        "latents/wall.py",
        "wanted.eq(wanted | self.start)",
        "wanted.eq(self.start)",
        f"{BENCH}test_start_waits_for_a_model_unless_an_order_comes",
        "a board that gets its model after power-up stays dark",
    ),
    Mutant(
        "start-comes-back",
        "latents/wall.py",
        "m.d.sync += wanted.eq(0)",
        "pass",
        f"{BENCH}test_start_waits_for_a_model_unless_an_order_comes",
        "a wall that was ended begins again by itself",
    ),
)
