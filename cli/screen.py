# SPDX-License-Identifier: Apache-2.0
"""Verbs of a board's screen, real or simulated."""

from __future__ import annotations

from cli.arguments import (
    ARRAY,
    JSON,
    MODELS,
    ON_CHIP,
    STEPS,
    argument,
    check_on_chip,
    check_seed,
    drawn_latents,
    on_chip,
    verb,
)
from cli.line import line_of
from cli.output import notice, show
from hw.uart import protocol
from support.failures import InputError

SEED = 1  # unless another is given
ID_DIGITS = 8  # of a model without a name
FRAME_MS = 200  # of an animation: twelve times as long as on a screen


@verb(
    "screen",
    argument(
        "--port",
        required=True,
        help="board's serial port, socket:// or rfc2217://HOST:PORT, mmio:ADDRESS",
    ),
    argument("--wall", action="store_true", help="fill the screen with faces, ever new"),
    argument("--seed", type=int, metavar="S", help=f"of the wall's latents (default {SEED})"),
    STEPS,
    argument(
        "--text",
        nargs="?",
        const="",
        metavar="NAME",
        help="the last row gives way to faces a second and NAME (default the model's name)",
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
    others ask the board for pictures; a load ends it. Without NAME the text has the name of the
    shipped model, or the first digits of its id. The board needs a machine with a screen.
    """
    from boards.host.link import Link
    from golden import on_chip_latents

    if args.off and args.wall:
        raise InputError("--wall begins what --off ends; give one of them")
    if not args.wall and any(each is not None for each in (args.seed, args.walk, args.text)):
        raise InputError("--seed, --walk and --text are of a wall; give --wall too")
    if args.text:
        check_text(args.text)
    if args.port == "sim":
        raise InputError("--port sim ends with the verb; ask one of `avatar board-sim --wall DIR`")
    order = ()
    if args.wall:
        seed = SEED if args.seed is None else args.seed
        on_chip_latents.check_seed(seed, "--seed")
        if args.walk is not None:
            on_chip_latents.check_walk(args.walk)
        order = (seed, args.walk or 1)
    elif args.off:
        order = (0, 0)
    with line_of(args.port, None) as (path, clock), Link(path, clock=clock) as link:
        name = args.text
        if name == "":
            name = _name_of(link.held().model)
        wall = link.wall(*order, text=name)
    facts = {
        "port": args.port,
        "on": wall.steps > 0,
        "seed": wall.seed,
        "steps": wall.steps,
        "text": wall.text,
        "pictures": wall.pictures,
    }
    show(args, facts, _as_text)


def check_text(text):
    """Refuse a text that a screen cannot show."""
    if not protocol.is_text(text):
        raise InputError(
            f"--text is {text!r}, {len(text)} characters; give 1 to {protocol.MAX_TEXT} of "
            "printable ASCII"
        )


def _name_of(held):
    """Return the name of a shipped model that a board holds, or the first digits of its id."""
    from golden import model_file, shipped

    for path in shipped.shipped_files(MODELS):
        if model_file.told_digest(path) == held.digest.hex() and protocol.is_text(path.stem):
            return path.stem
    return held.digest.hex()[:ID_DIGITS]


def _as_text(facts):
    if not facts["on"]:
        return f"{facts['port']}: the wall is off"
    steps = f", in {facts['steps']} steps from one to the next" if facts["steps"] > 1 else ""
    text = ", with a text" if facts["text"] else ""
    return (
        f"{facts['port']}: a wall of seed {facts['seed']}{steps}{text}, {facts['pictures']:,} "
        "pictures"
    )


@verb(
    "screen-sim",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seed", type=int, metavar="S", help="draw latents from it (default 1)"),
    *ON_CHIP,
    argument("--frames", type=int, default=1, metavar="N", help="of the screen (default 1)"),
    argument("--out", required=True, metavar="DIR", help="folder for 000.png, 001.png and so on"),
    argument("--gif", metavar="FILE.gif", help="and all of them as an animation"),
    argument("--text", metavar="NAME", help="the last row gives way to faces a second and NAME"),
    argument("--sdram", action="store_true", help="the frame lies in an SDRAM: 20 x 15 faces"),
    argument(
        "--weight-bus",
        type=int,
        default=0,
        metavar="BITS",
        help="weights lie in the same SDRAM of so many bits, 16 (default: on the chip)",
    ),
    *ARRAY,
    JSON,
)
def screen_sim(args):
    """Show without a monitor what a board's screen shows: its pins are simulated and decoded.

    Example: avatar screen-sim --model models/compact-w5.safetensors --seed 1 --out frames

    The machine makes the pictures of `avatar generate --seed S --count N`, or with --on-chip-seed
    those of a board's wall, in block RAM: 3 x 3 faces of 32 x 32, four times as large. With --sdram
    it is 20 x 15 faces, and the memory's controller and chip are simulated, too. A text has a
    question mark for its number until a second is over, 60 frames. A frame takes 2.1 million
    clocks, about a minute. Exit status 1: a face differs from the reference's, a line came
    late, or syncs, tokens or balance are not as a monitor needs them.
    """
    import pictures
    from golden import model_file
    from golden.latents import distribution_of
    from hw.array import ArraySpec
    from sim.screen import wall
    from sim.screen.tops import Drawing
    from support.progress import bar

    seed = args.on_chip_seed
    if seed is not None and args.seed is not None:
        raise InputError("--on-chip-seed excludes --seed; give one of them")
    check_on_chip(args)
    check_seed(args.seed or 0)
    pictures.check_empty(args.out)
    if args.gif is not None and not pictures.check_walk(args.gif):
        raise InputError(f"{args.gif}: give a name that ends in .gif")
    if args.text is not None:
        check_text(args.text)
    model = model_file.load(args.model)
    if args.weight_bus not in (0, 16):
        raise InputError(f"--weight-bus is {args.weight_bus}; give 16, or leave it out")
    outside = args.sdram or args.weight_bus > 0
    wall.check(model, args.frames, outside=outside, name=args.text or "")
    array = ArraySpec(rows=args.rows, columns=args.columns, weight_bus=args.weight_bus)
    count = wall.latents_needed(model, array, args.frames)
    drawing = None
    if seed is None:
        latents = drawn_latents(SEED if args.seed is None else args.seed, count, model, args.model)
    else:
        latents, steps = on_chip(args, count, model)
        categorical = distribution_of(model.training, args.model) == "categorical"
        drawing = Drawing(model.spec.latent, categorical, steps)
    notice("simulating; a first run builds the design, a minute or two")
    with bar(total=wall.frames_clocks(args.frames), desc="screen", unit="clock") as progress:
        shown = wall.run(
            model,
            array,
            latents,
            args.frames,
            outside=outside,
            drawing=drawing,
            seed=seed or 0,
            name=args.text or "",
            progress=progress.update,
        )
    pictures.save_each(args.out, shown.frames)
    if args.gif is not None:
        pictures.save_gif(args.gif, shown.frames, milliseconds=FRAME_MS, common=True)
    show(args, wall.facts(model, shown), wall.as_text)
