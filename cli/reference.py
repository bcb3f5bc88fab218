# SPDX-License-Identifier: Apache-2.0
"""Verbs of the NumPy reference; the same pictures from a board."""

from __future__ import annotations

import math
import sys
from functools import partial

from cli.arguments import (
    JSON,
    ON_CHIP,
    argument,
    check_on_chip,
    check_seed,
    golden_pictures,
    latents_of,
    on_chip,
    shipped,
    verb,
)
from cli.line import board_pictures
from cli.output import notice, show
from golden.options import numbers
from support.failures import InputError
from support.files import check_destination, check_folder

MAX_SCALE = 64
SEEN = 512  # pixels: a grid so wide is looked at without a magnifying glass
LARGEST = 8  # times, that a picture is enlarged unless --scale says more
FRAMES = 24
WALK_MS, HOP_MS = 80, 600  # that each picture of a GIF is shown

SCALE = argument(
    "--scale", type=int, metavar="K", help="enlarge the picture K times (default: by its size)"
)


@verb(
    "generate",
    argument(
        "--model",
        default=shipped("compact-w8.safetensors"),
        metavar="FILE",
        help="model file (default: the shipped compact-w8)",
    ),
    argument("--seed", type=int, metavar="S", help="draw latents from this seed (default 0)"),
    argument("--count", type=int, metavar="N", help="number of avatars (default 1)"),
    argument("--latents", metavar="FILE.npy", help="latents (N, numbers): float, or int8 in 1/32"),
    *ON_CHIP,
    argument("--out", metavar="FILE.png", help="one PNG, the avatars in a grid"),
    argument(
        "--show", action="store_true", help="in the terminal (default where no file is named)"
    ),
    argument(
        "--scale", type=int, metavar="K", help="enlarge the grid K times (default: by its size)"
    ),
    argument("--each", metavar="DIR", help="single files DIR/000.png, 001.png, ..., not enlarged"),
    argument("--trace", metavar="DIR", help="each layer's values as .npy and .hex (NumPy only)"),
    argument(
        "--port", help="ask the board on this port, as of `avatar check`; `sim`: a virtual board"
    ),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
    argument("--load", action="store_true", help="put the model into the board, if it lacks it"),
)
def generate(args):
    """Turn latents into avatars: with the bit-exact NumPy reference, or on a board.

    Example: avatar generate --model models/compact-w8.safetensors --seed 7 --count 6 --out a.png

    The same seed and model give the same bytes everywhere: here, in simulation, on a board.
    Without --out, --each and --trace the avatars are shown in the terminal.
    """
    import pictures
    from golden import model_file

    shown = args.show or not (args.out or args.each or args.trace)
    if shown and not args.show and not sys.stdout.isatty():
        raise InputError(
            "nothing to write; give --out FILE.png, --each DIR or --trace DIR, or --show"
        )
    if args.scale is not None and not args.out:
        raise InputError("--scale enlarges the grid of --out FILE.png; give that too")
    _check_scale(args.scale)
    if args.port == "":
        raise InputError("--port is empty; name a serial port or `sim`, or leave it out")
    if args.port is not None and args.trace:
        raise InputError("--trace is of the NumPy reference; leave --port out")
    if args.baud is not None and args.port is None:
        raise InputError("--baud is the rate of a serial line; give --port too")
    if args.load and args.port is None:
        raise InputError("--load puts the model into a board; give --port too")
    check_on_chip(args)
    model = model_file.load(args.model)
    latents = latents_of(args, model) if args.on_chip_seed is None else _on_chip(args, model)
    columns = math.isqrt(len(latents) - 1) + 1
    scale = args.scale or _scale(columns * model.spec.size)
    if args.out:
        pictures.check_png(args.out)
        pictures.check_grid(len(latents), scale, model.spec.size)
    for folder in (args.each, args.trace):
        if folder:
            check_folder(folder)

    if args.out or args.each or shown:
        source = golden_pictures
        if args.port is not None:
            source = partial(board_pictures, args.port, args.baud, args.load)
        images = source(model, latents)
        if args.out:
            pictures.save_png(args.out, pictures.grid(images, scale=scale))
        if args.each:
            pictures.save_each(args.each, images)
        if shown:
            from cli.terminal import as_characters

            print(as_characters(images))
    if args.trace:
        from golden.trace_files import save_trace

        save_trace(args.trace, model, latents)


def _on_chip(args, model):
    """Return the first latents of a board's wall."""
    if args.latents is not None or args.seed is not None:
        raise InputError("--on-chip-seed excludes --latents and --seed; give one of them")
    latents, _ = on_chip(args, 1 if args.count is None else args.count, model)
    return latents


@verb(
    "interpolate",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seeds", required=True, metavar="S1,S2,...", help="avatars on the way"),
    argument(
        "--frames",
        type=int,
        metavar="N",
        help=f"pictures from one seed to the next (default {FRAMES})",
    ),
    argument("--lerp", action="store_true", help="straight on, not along the sphere"),
    argument("--hop", action="store_true", help="change one choice of categorical latents a time"),
    argument("--out", required=True, metavar="FILE", help="a .gif, or a .png: one row"),
    SCALE,
)
def interpolate(args):
    """Turn one avatar into another, picture by picture.

    Example: avatar interpolate --model models/compact-normal-w5.safetensors --seeds 3,8 --out a.gif

    From three seeds on the way leads back to the first; 3,8,3 goes to 8 and back. A walk is along
    the sphere that normal latents lie near (slerp). Between categorical latents nothing lies that
    the generator was trained to draw: --hop goes there choice by choice.
    """
    import pictures
    from golden import model_file
    from golden.interpolation import hops, lerp, slerp, walk
    from golden.latents import distribution_of

    _check_scale(args.scale)
    animated = pictures.check_walk(args.out)
    model = model_file.load(args.model)
    distribution = distribution_of(model.training, args.model)
    seeds = numbers("--seeds", args.seeds)
    if args.hop and (args.lerp or args.frames is not None):
        raise InputError("--hop shows each choice that differs; leave --lerp and --frames out")
    if args.hop and distribution != "categorical":
        raise InputError(f"--hop is for categorical latents; {args.model} has {distribution} ones")
    if distribution == "categorical" and not args.hop:
        raise InputError(
            f"{args.model}: has categorical latents, between which lies nothing that it was "
            "trained to draw; give --hop, or a model of normal latents"
        )
    if args.hop:
        latents = hops(seeds, model.spec.latent)
    else:
        frames = FRAMES if args.frames is None else args.frames
        way = lerp if args.lerp else slerp
        latents = walk(seeds, frames, model.spec.latent, distribution, way)
    size = model.spec.size
    scale = args.scale or _scale(size if animated else size * len(latents))
    pictures.check_strip(len(latents), scale, size)
    images = golden_pictures(model, latents)
    if animated:
        milliseconds = HOP_MS if args.hop else WALK_MS
        pictures.save_gif(args.out, images, milliseconds=milliseconds, scale=scale)
    else:
        pictures.save_png(args.out, pictures.strip(images, scale=scale))
    print(f"{args.out}: {len(images)} pictures")


@verb(
    "invert",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--picture", required=True, metavar="FILE", help="PNG, JPEG, WebP, BMP or GIF"),
    argument("--out", required=True, metavar="FILE.npy", help="latent to write, as int8"),
    argument("--side-by-side", metavar="FILE.png", help="the picture beside the nearest one"),
    argument(
        "--seed", type=int, default=0, metavar="S", help="where the search begins (default 0)"
    ),
    JSON,
)
def invert(args):
    """Find the latent whose picture is nearest to a given one.

    Example: avatar invert --model models/compact-normal-w8.safetensors --picture p.png --out z.npy

    `avatar generate --latents z.npy` draws it. The distance is the root of the mean square of the
    differences, in grey levels. Of categorical latents every option of each choice is tried until
    none helps; others are found by gradient and then changed a step at a time. No search of the
    kind knows that there is nothing nearer elsewhere: another --seed may find it.
    """
    import pictures
    from golden import model_file
    from golden.inversion import Target, search_choices
    from golden.latents import check_distribution, distribution_of, save_latents
    from support.progress import bar
    from train.data.one_picture import read_picture

    check_seed(args.seed)
    check_destination(args.out)
    if args.side_by_side:
        pictures.check_png(args.side_by_side)
    model = model_file.load(args.model)
    distribution = distribution_of(model.training, args.model)
    check_distribution(distribution, model.spec.latent)
    picture, remarks = read_picture(args.picture, model.spec.size, model.spec.colours)
    for remark in remarks:
        notice(remark)
    with bar(desc="compare", unit="picture") as compared:
        target = Target(model, picture, compared.update)
        if distribution == "categorical":
            found = search_choices(target, args.seed)
        else:
            from train.evaluate.inversion import search_gradient

            found = search_gradient(target, args.seed, distribution)
    save_latents(args.out, found.latent[None])
    if args.side_by_side:
        scale = _scale(2 * model.spec.size)
        panels = {"given": picture, "nearest": found.picture}
        panels = {name: pictures.strip([each], scale=scale) for name, each in panels.items()}
        pictures.save_png(args.side_by_side, pictures.side_by_side(panels))
    facts = {
        "file": args.out,
        "id": model.digest,
        "latents": distribution,
        "seed": args.seed,
        "distance": found.distance,
        "is_local_optimum": found.is_local_optimum,
        "compared": found.drawn,
    }
    show(args, facts, _inverted)


def _inverted(facts):
    ending = "nothing next to it is nearer" if facts["is_local_optimum"] else "polishing stopped"
    return (
        f"{facts['file']}: {facts['distance']:.2f} grey levels (RMS) from the picture; "
        f"{facts['compared']:,} pictures compared, {ending}"
    )


def _check_scale(scale):
    if scale is not None and not 1 <= scale <= MAX_SCALE:
        raise InputError(f"--scale is {scale}; give 1 to {MAX_SCALE}")


def _scale(side):
    """Return how often a picture, `side` pixels wide, is enlarged so that a person sees it."""
    return max(1, min(LARGEST, SEEN // side))
