# SPDX-License-Identifier: Apache-2.0
"""The verb of a board's screen."""

from __future__ import annotations

from cli.arguments import JSON, argument, verb
from cli.line import line_of
from cli.output import show
from golden.on_chip_latents import WALK, check_seed, check_walk
from support.failures import InputError

SEED = 1  # unless another is given


@verb(
    "screen",
    argument(
        "--port",
        required=True,
        help="board's serial port, socket:// or rfc2217://HOST:PORT, mmio:ADDRESS",
    ),
    argument("--wall", action="store_true", help="fill the screen with faces, ever new"),
    argument("--seed", type=int, metavar="S", help=f"of the wall's latents (default {SEED})"),
    argument(
        "--walk",
        type=int,
        nargs="?",
        const=WALK,
        metavar="N",
        help=f"from one face to the next in N steps: 2, 4, 8, 16 or 32 (default {WALK})",
    ),
    argument("--off", action="store_true", help="end the wall"),
    JSON,
)
def screen(args):
    """Let a board fill its screen with avatars that it draws by itself.

    Example: avatar screen --port /dev/ttyUSB0 --wall --seed 7

    `avatar generate --on-chip-seed 7` draws the same. Without --wall and --off the board tells what
    it shows. A walk leads along arcs from latent to latent; of a model of categorical latents one
    choice changes at a time, whatever N is. The wall goes on when the verb has ended, and while
    others ask the board for pictures; a load ends it. The board needs a machine with a screen.
    """
    from boards.host.link import Link

    if args.off and args.wall:
        raise InputError("--wall begins what --off ends; give one of them")
    if not args.wall and (args.seed is not None or args.walk is not None):
        raise InputError("--seed and --walk are of a wall; give --wall too")
    if args.port == "sim":
        raise InputError("--port sim ends with the verb; ask one of `avatar board-sim --wall DIR`")
    order = ()
    if args.wall:
        seed = SEED if args.seed is None else args.seed
        check_seed(seed, "--seed")
        if args.walk is not None:
            check_walk(args.walk)
        order = (seed, args.walk or 1)
    elif args.off:
        order = (0, 0)
    with line_of(args.port, None) as (path, clock), Link(path, clock=clock) as link:
        wall = link.wall(*order)
    facts = {
        "port": args.port,
        "on": wall.steps > 0,
        "seed": wall.seed,
        "steps": wall.steps,
        "pictures": wall.pictures,
    }
    show(args, facts, _as_text)


def _as_text(facts):
    if not facts["on"]:
        return f"{facts['port']}: the wall is off"
    steps = f", in {facts['steps']} steps from one to the next" if facts["steps"] > 1 else ""
    return f"{facts['port']}: a wall of seed {facts['seed']}{steps}, {facts['pictures']:,} pictures"
