# SPDX-License-Identifier: Apache-2.0
"""Verbs of the NumPy reference; the same pictures from a board."""

from __future__ import annotations

from functools import partial

from cli.arguments import argument, golden_pictures, latents_of, verb
from cli.line import board_pictures
from support.failures import InputError
from support.files import make_folder

MAX_SCALE = 64


@verb(
    "generate",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seed", type=int, metavar="S", help="draw latents from this seed (default 0)"),
    argument("--count", type=int, metavar="N", help="number of avatars (default 1)"),
    argument("--latents", metavar="FILE.npy", help="latents (N, 100): float, or int8 in 1/32"),
    argument("--out", metavar="FILE.png", help="one PNG, the avatars in a grid"),
    argument("--scale", type=int, metavar="K", help="enlarge the grid K times"),
    argument("--each", metavar="DIR", help="single 32x32 files DIR/000.png, 001.png, ..."),
    argument("--trace", metavar="DIR", help="each layer's values as .npy and .hex (NumPy only)"),
    argument("--port", help="ask the board on this serial port; `sim`: a virtual board"),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
)
def generate(args):
    """Turn latents into avatars: with the bit-exact NumPy reference, or on a board.

    Example: avatar generate --model models/compact.safetensors --seed 7 --count 6 --out a.png

    The same seed and model give the same bytes everywhere: here, in simulation, on a board.
    """
    import pictures
    from golden import model_file

    if not (args.out or args.each or args.trace):
        raise InputError("nothing to write; give --out FILE.png, --each DIR or --trace DIR")
    if args.scale is not None and not args.out:
        raise InputError("--scale enlarges the grid of --out FILE.png; give that too")
    scale = 1 if args.scale is None else args.scale
    if not 1 <= scale <= MAX_SCALE:
        raise InputError(f"--scale is {scale}; give 1 to {MAX_SCALE}")
    if args.port == "":
        raise InputError("--port is empty; name a serial port or `sim`, or leave it out")
    if args.port is not None and args.trace:
        raise InputError("--trace is of the NumPy reference; leave --port out")
    if args.baud is not None and args.port is None:
        raise InputError("--baud is the rate of a serial line; give --port too")
    model = model_file.load(args.model)
    latents = latents_of(args, model)
    if args.out:
        pictures.check_png(args.out)
        pictures.check_grid(len(latents), scale)
    for folder in (args.each, args.trace):
        if folder:
            make_folder(folder)

    if args.out or args.each:
        source = golden_pictures
        if args.port is not None:
            source = partial(board_pictures, args.port, args.baud)
        images = source(model, latents)
        if args.out:
            pictures.save_png(args.out, pictures.grid(images, scale=scale))
        if args.each:
            pictures.save_each(args.each, images)
    if args.trace:
        from golden.trace_files import save_trace

        save_trace(args.trace, model, latents)
