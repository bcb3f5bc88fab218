# SPDX-License-Identifier: Apache-2.0
"""Verbs and their arguments: how one is registered, and the arguments that several share."""

from __future__ import annotations

from pathlib import Path

from golden.options import WALK, network_of, weight_bits
from support.failures import InputError

MODELS = Path(__file__).parents[1] / "models"
VERBS = {}  # name: (function, arguments)


def argument(*names, **settings):
    """Describe one argument of a verb, as ``ArgumentParser.add_argument`` takes it."""
    return names, settings


def verb(name, *arguments):
    """Register a function as the verb `name`: its docstring is the help, its result the status.

    The first line of the docstring appears in the list of verbs. The function takes the parsed
    arguments and returns an exit status, or None for 0.
    """

    def register(function):
        VERBS[name] = (function, arguments)
        return function

    return register


def shipped(name):
    """Return the path of a model that comes with the project, from whatever folder it is asked."""
    return str(MODELS / name)


JSON = argument("--json", action="store_true", help="as JSON, for programs")
MOVED_DATA = argument("--data", metavar="DIR", help="where its training pictures were moved to")
FORCE = argument("--force", action="store_true", help="replace what is there already, whole")
ARRAY = (
    argument("--rows", type=int, default=16, metavar="R", help="rows of the array (default 16)"),
    argument("--columns", type=int, default=16, metavar="C", help="columns (default 16)"),
)
STEPS = argument(
    "--walk",
    type=int,
    nargs="?",
    const=WALK,
    metavar="N",
    help=f"the wall walks, in N steps from face to face: 2, 4, 8, 16 or 32 (default {WALK})",
)
ON_CHIP = (
    argument(
        "--on-chip-seed", type=int, metavar="S", help="latents that a board's wall draws from S"
    ),
    STEPS,
)
NETWORK = (
    argument("--model", metavar="FILE", help="model file"),
    argument("--preset", help="or a network: contest, medium, compact (default), small, tiny"),
    argument("--channels", metavar="C1,C2,C3", help="or its channels"),
    argument("--weight-bits", metavar="B", help="of this network: one or four numbers (default 5)"),
)


def check_seed(seed, name="--seed"):
    """Refuse a seed below 0.

    Raises
    ------
    InputError
    """
    if seed < 0:
        raise InputError(f"{name} is {seed}; give 0 or a positive number")


def on_chip(args, count, model):
    """Return the first `count` latents that a board's wall draws, and its steps; 1 for no walk.

    Of a verb with :data:`ON_CHIP` whose --on-chip-seed is given.
    """
    from golden.latents import distribution_of
    from golden.on_chip_latents import check_walk, draw_on_chip

    if args.walk is not None:
        check_walk(args.walk)
    steps = 1 if args.walk is None else args.walk
    distribution = distribution_of(model.training, args.model)
    return draw_on_chip(args.on_chip_seed, count, distribution, model.spec.latent, steps), steps


def check_on_chip(args):
    """Refuse --walk without --on-chip-seed.

    Raises
    ------
    InputError
    """
    if args.walk is not None and args.on_chip_seed is None:
        raise InputError("--walk is of latents that the chip draws; give --on-chip-seed too")


def model_or_network(args, seed=None):
    """Return the model file's model, or one of the network with contents drawn from `seed`."""
    from golden import model_file
    from golden.full_range import full_range_model

    if args.model is not None:
        given = {name: getattr(args, name) for name in ("preset", "channels", "weight_bits")}
        for name, value in {**given, "seed": seed}.items():
            if value is not None:
                raise InputError(f"--model says it all; leave --{name.replace('_', '-')} out")
        return model_file.load(args.model)
    spec = network_of(args.preset, args.channels)
    spec = spec.with_weight_bits(weight_bits(args.weight_bits or "5"))
    seed = 0 if seed is None else seed
    check_seed(seed)
    return full_range_model(spec, seed)


def drawn_latents(seed, count, model, path):
    """Return latents as the model of a file was trained on; where there is none, a preset's."""
    from golden.latents import distribution_of, draw_latents

    if model is None:
        return draw_latents(seed, count)
    return draw_latents(seed, count, distribution_of(model.training, path), model.spec.latent)


def latents_of(args, model):
    """Return the latents that --latents, or --seed and --count, ask for."""
    from golden.latents import load_latents

    if args.latents is None:
        return drawn_latents(
            0 if args.seed is None else args.seed,
            1 if args.count is None else args.count,
            model,
            args.model,
        )
    if args.seed is not None or args.count is not None:
        raise InputError("--latents excludes --seed and --count; give one or the other")
    return load_latents(args.latents, model.spec.latent)


def golden_pictures(model, latents):
    """Return the reference's pictures, with a progress bar."""
    from functools import partial

    from golden.generator import generate
    from support.progress import bar

    return generate(model, latents, progress=partial(bar, desc="generate", unit="batch"))
