# SPDX-License-Identifier: Apache-2.0
"""Digits drawn from fonts, 28 x 28 in grey: pictures to train a generator of one plane on.

The fonts are those that matplotlib brings: DejaVu Sans, Mono and Serif, and STIX. Each digit is
made wider or narrower, slanted, turned and moved at random. To draw those of the shipped model:

    python -m train.data.digits --count 10000 --seed 0 --out /tmp/digits
"""

from __future__ import annotations

import argparse
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import pictures
from support.failures import InputError
from support.progress import bar
from support.termination import run

SIZE = 28
FINE = 4  # pixels each way that one pixel is averaged from
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
)
HEIGHT = 20.0  # pixels of a digit that is drawn as it is
WIDEST = 17.0  # pixels of a digit that is made no wider
LIMITS = {  # of what is drawn uniformly for each digit
    "width": (0.75, 1.15),
    "height": (0.85, 1.1),
    "slant": (-0.15, 0.2),  # pixels to the right for each pixel up
    "turn": (-8.0, 8.0),  # degrees
    "right": (-1.0, 1.0),  # pixels
    "down": (-1.0, 1.0),
}
MOST = 1_000_000  # digits at once


@cache
def _glyph(font, digit):
    """Return a digit as a Pillow picture in mode L, white on black, cut out without a margin."""
    from matplotlib import get_data_path

    path = Path(get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    typeface = ImageFont.truetype(path, 160, layout_engine=ImageFont.Layout.BASIC)
    box = typeface.getbbox(digit)
    glyph = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(glyph).text((-box[0], -box[1]), digit, fill=255, font=typeface)
    return glyph.crop(glyph.getbbox())


def draw(font, digit, *, width, height, slant, turn, right, down):
    """Draw one digit, white on black.

    Parameters
    ----------
    font : str
        One of :data:`FONTS`.
    digit : str
        ``0`` to ``9``.
    width, height : float
        Share of its own width and height.
    slant : float
        Pixels to the right for each pixel up.
    turn : float
        Degrees, clockwise.
    right, down : float
        Pixels by which it is moved from the middle.

    Returns
    -------
    uint8 array, shape (28, 28, 1)
    """
    glyph = _glyph(font, digit)
    scale = min(HEIGHT / glyph.height, WIDEST / glyph.width) * FINE
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    forward = (
        np.array([[cos, -sin], [sin, cos]])
        @ np.array([[1, -slant], [0, 1]])
        @ np.diag([scale * width, scale * height])
    )
    back = np.linalg.inv(forward)  # Pillow asks where each pixel comes from
    middle = FINE * (SIZE / 2 + np.array([right, down]))
    move = np.array(glyph.size) / 2 - back @ middle
    fine = glyph.transform(
        (SIZE * FINE, SIZE * FINE),
        Image.Transform.AFFINE,
        (*back[0], move[0], *back[1], move[1]),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(fine.resize((SIZE, SIZE), Image.Resampling.BOX))[..., None]


def collection(count, seed):
    """Draw digits, each of a random font.

    Parameters
    ----------
    count, seed : int
        The same seed gives the same digits; a larger count begins with the same ones.

    Returns
    -------
    drawn : uint8 array, shape (count, 28, 28, 1)
    digits : uint8 array, shape (count,)
        What each shows, 0 to 9.
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty((count, SIZE, SIZE, 1), np.uint8)
    digits = np.empty(count, np.uint8)
    for n in bar(range(count), desc="draw", unit="digit"):
        digits[n] = rng.integers(10)
        font = FONTS[rng.integers(len(FONTS))]
        changes = {name: rng.uniform(*limits) for name, limits in LIMITS.items()}
        drawn[n] = draw(font, str(digits[n]), **changes)
    return drawn, digits


def main():
    """Draw the digits that the command line asks for as PNG files."""
    parser = argparse.ArgumentParser(
        prog="python -m train.data.digits", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="(default 10000)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="(default 0)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the PNG files")
    args = parser.parse_args()
    if not 1 <= args.count <= MOST:
        raise InputError(f"--count is {args.count}; give 1 to {MOST}")
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or a positive number")
    pictures.check_empty(args.out)
    drawn, _ = collection(args.count, args.seed)
    pictures.save_each(args.out, bar(drawn, desc="save", unit="PNG"))


if __name__ == "__main__":
    sys.exit(run("train.data.digits", main))
