# SPDX-License-Identifier: Apache-2.0
"""Verbs of the NumPy reference; the same pictures from a board."""

from __future__ import annotations

import math
import sys
from functools import partial

from cli.arguments import argument, golden_pictures, latents_of, shipped, verb
from cli.line import board_pictures
from support.failures import InputError
from support.files import check_folder

MAX_SCALE = 64
SEEN = 512  # pixels: a grid so wide is looked at without a magnifying glass
LARGEST = 8  # times, that a picture is enlarged unless --scale says more


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
)
def generate(args):
    """Turn latents into avatars: with the bit-exact NumPy reference, or on a board.

    Example: avatar generate --model models/compact-w8.safetensors --seed 7 --count 6 --out a.png

    The same seed and model give the same bytes everywhere: here, in simulation, on a board.
    Without --out, --each and --trace the avatars are shown in the terminal.
    """
    import pictures
    from golden import model_file

    show = args.show or not (args.out or args.each or args.trace)
    if show and not args.show and not sys.stdout.isatty():
        raise InputError(
            "nothing to write; give --out FILE.png, --each DIR or --trace DIR, or --show"
        )
    if args.scale is not None and not args.out:
        raise InputError("--scale enlarges the grid of --out FILE.png; give that too")
    if args.scale is not None and not 1 <= args.scale <= MAX_SCALE:
        raise InputError(f"--scale is {args.scale}; give 1 to {MAX_SCALE}")
    if args.port == "":
        raise InputError("--port is empty; name a serial port or `sim`, or leave it out")
    if args.port is not None and args.trace:
        raise InputError("--trace is of the NumPy reference; leave --port out")
    if args.baud is not None and args.port is None:
        raise InputError("--baud is the rate of a serial line; give --port too")
    model = model_file.load(args.model)
    latents = latents_of(args, model)
    scale = args.scale or _scale(len(latents), model.spec.size)
    if args.out:
        pictures.check_png(args.out)
        pictures.check_grid(len(latents), scale, model.spec.size)
    for folder in (args.each, args.trace):
        if folder:
            check_folder(folder)

    if args.out or args.each or show:
        source = golden_pictures
        if args.port is not None:
            source = partial(board_pictures, args.port, args.baud)
        images = source(model, latents)
        if args.out:
            pictures.save_png(args.out, pictures.grid(images, scale=scale))
        if args.each:
            pictures.save_each(args.each, images)
        if show:
            from cli.terminal import as_characters

            print(as_characters(images))
    if args.trace:
        from golden.trace_files import save_trace

        save_trace(args.trace, model, latents)


def _scale(count, size):
    """Return how often a grid of `count` pictures is enlarged, so that a person sees something."""
    side = size * (math.isqrt(count - 1) + 1)
    return max(1, min(LARGEST, SEEN // side))
