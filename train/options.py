# SPDX-License-Identifier: Apache-2.0
"""The command line of a training run, for ``avatar train`` and for ``torchrun -m train``."""

from __future__ import annotations

from golden.options import LATENTS, network_of
from golden.spec import GeneratorSpec
from support.failures import InputError
from train.loop.recipes import RECIPES

# Names and options, as ArgumentParser.add_argument takes them.
PRECISION = (
    ("--precision",),
    {
        "choices": ("float32", "bfloat16"),
        "help": "of the products; weights are float32 (default: bfloat16 where the recipe allows "
        "it and the device multiplies in it)",
    },
)
READING = (
    (
        ("--recursive",),
        {"action": "store_true", "default": None, "help": "read folders below a folder, too"},
    ),
    (
        ("--tile",),
        {"type": int, "metavar": "N", "help": "cut each picture of a folder into N x N pixels"},
    ),
    (
        ("--background",),
        {
            "metavar": "COLOUR",
            "help": "what clear pixels of a folder's pictures lie over: R,G,B, #rrggbb or a name "
            "(default black)",
        },
    ),
)
READING_NAMES = tuple(names[0].removeprefix("--") for names, _ in READING)
ARGUMENTS = (
    (("--out",), {"required": True, "metavar": "RUN", "help": "folder of the run"}),
    (
        ("--preset",),
        {"help": "width of the generator: contest, medium, compact (default), small, tiny"},
    ),
    (
        ("--channels",),
        {"metavar": "C1,C2,C3", "help": "the same: channels of the hidden layers, of 32x32 three"},
    ),
    (
        ("--size",),
        {"type": int, "metavar": "N", "help": "pixels each way: 28, 32, 64, ... (default 32)"},
    ),
    (
        ("--head",),
        {
            "choices": tuple(GeneratorSpec.HEADS),
            "help": "R, G and B in three planes, in one pass, or grey (default planes)",
        },
    ),
    (
        ("--latent-size",),
        {"type": int, "metavar": "N", "help": "numbers in a latent (default 100)"},
    ),
    (("--recipe",), {"choices": tuple(RECIPES), "help": "how it trains (default fast)"}),
    (
        ("--data",),
        {
            "metavar": "DIR|sprites",
            "help": "pictures (default sprites); with --resume, where RUN's were moved to",
        },
    ),
    *READING,
    (
        ("--count",),
        {"type": int, "metavar": "N", "help": "number of sprites (default: the recipe's)"},
    ),
    (
        ("--steps",),
        {"type": int, "metavar": "N", "help": "length in steps (default: the recipe's)"},
    ),
    (
        ("--epochs",),
        {"type": int, "metavar": "N", "help": "length in passes over the pictures given"},
    ),
    (
        ("--recombine",),
        {
            "type": int,
            "metavar": "N",
            "help": "make up to N more pictures, the head of one on the body of another in the "
            "colours of others; they need one pose (default: 20000 of recipe few, else 0, none)",
        },
    ),
    (("--seed",), {"type": int, "metavar": "S", "help": "seed of everything random (default 0)"}),
    (("--smooth",), {"type": float, "metavar": "L", "help": "label of real pictures (default 1)"}),
    (
        ("--latent",),
        {
            "choices": LATENTS,
            "help": "N(0, I), its tanh, or five choices of one in twenty (default: normal for "
            "recipe paper, else categorical)",
        },
    ),
    PRECISION,
    (("--device",), {"choices": ("cpu", "cuda"), "help": "default: cuda where there is one"}),
    (
        ("--save-every",),
        {"type": int, "default": 1000, "metavar": "N", "help": "steps (default 1000)"},
    ),
    (("--resume",), {"action": "store_true", "help": "go on with RUN from its last checkpoint"}),
    (("--force",), {"action": "store_true", "help": "replace the run that RUN holds"}),
)


def train(args):
    """Train as the parsed :data:`ARGUMENTS` say.

    Raises
    ------
    InputError, train.loop.loop.Diverged
        As :func:`train.loop.session.begin` and :func:`train.loop.session.go_on`.
    """
    from golden.model_file import quantize_command
    from train.loop import session
    from train.loop.parallel import is_first

    common = {"device": args.device, "save_every": args.save_every}
    names = ("preset", "channels", "size", "head", "latent_size")
    names += ("recipe", "data", "count", "epochs")
    names += ("recombine", "seed", "smooth", "latent", "precision", *READING_NAMES)
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.resume:
        data = given.pop("data", None)
        for name in given:
            raise InputError(f"--resume keeps the --{name} that RUN has; leave it out")
        if args.force:
            raise InputError("--resume goes on with RUN, --force replaces it; give one of them")
        session.go_on(args.out, data=data, steps=args.steps, **common)
    else:
        spec = _network(given)
        for name in READING_NAMES:
            given.pop(name, None)
        new = {"reading": reading_of(args), "steps": args.steps, "force": args.force}
        session.begin(args.out, spec, **new, **given, **common)
    if is_first():
        print(f"{args.out}: trained; next: {quantize_command(args.out)}")


def reading_of(args):
    """Return the :class:`train.data.reading.Reading` that the parsed :data:`READING` ask for."""
    from train.data.reading import Reading, colour

    given = {name: getattr(args, name) for name in READING_NAMES}
    given = {name: value for name, value in given.items() if value is not None}
    if "background" in given:
        given["background"] = colour(given["background"])
    return Reading(**given)


def _network(given):
    """Take the options of the network out of those that were given, and return it."""
    names = {"size": "size", "head": "head", "latent": "latent_size"}
    more = {name: given.pop(option) for name, option in names.items() if option in given}
    return network_of(given.pop("preset", None), given.pop("channels", None), **more)
