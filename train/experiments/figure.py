# SPDX-License-Identifier: Apache-2.0
"""The look that all figures share: white ground, enlarged pixels, labels in the figure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SCALE = 3  # sides of a pixel of an avatar
GAP = 6
TEXT_SIZE = 12
INK = (30, 30, 30)
COLOURS = ("#3465a4", "#cc5500", "#4e9a06", "#75507b", "#888888")


@dataclass(frozen=True)
class Row:
    """Pictures side by side, with a label at the left and a caption under each.

    Attributes
    ----------
    label : str
        Its lines are kept.
    pictures : uint8 array, shape (N, size, size, 3 or 1)
        All rows of a sheet have one size.
    captions : sequence of N str, or empty
    """

    label: str
    pictures: np.ndarray
    captions: tuple[str, ...] = field(default=())


def sheet(rows, *, scale=SCALE):
    """Lay rows of pictures out under each other.

    Parameters
    ----------
    rows : sequence of Row
    scale : int
        Every pixel becomes a square of `scale` x `scale`.

    Returns
    -------
    uint8 array, shape (height, width, 3)
    """
    font = ImageFont.load_default(TEXT_SIZE)
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    margin = max(draw.multiline_textbbox((0, 0), row.label, font)[2] for row in rows)
    left = int(margin) + 2 * GAP
    side = len(rows[0].pictures[0]) * scale
    line = TEXT_SIZE + GAP
    heights = [side + GAP + (line if row.captions else 0) for row in rows]
    width = left + max(len(row.pictures) for row in rows) * (side + GAP)
    canvas = Image.new("RGB", (width, sum(heights) + GAP), "white")
    draw = ImageDraw.Draw(canvas)
    top = GAP
    for row, height in zip(rows, heights):
        draw.multiline_text((GAP, top + side / 2), row.label, INK, font, anchor="lm")
        for n, picture in enumerate(row.pictures):
            x = left + n * (side + GAP)
            picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
            enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
            canvas.paste(Image.fromarray(enlarged), (x, top))
            if row.captions:
                place = x + side / 2, top + side + 2
                draw.text(place, row.captions[n], INK, font, anchor="ma")
        top += height
    return np.asarray(canvas)


def charts(count, *, width=4.2, height=2.8):
    """Return a matplotlib figure without a window and its `count` axes, side by side.

    Parameters
    ----------
    count : int
    width, height : float
        Inches of each, at 100 pixels an inch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(count * width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, count, squeeze=False)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.set_prop_cycle(color=COLOURS)
    return figure, axes


def as_picture(figure):
    """Return a matplotlib figure as a uint8 array (height, width, 3)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def stack(pictures):
    """Put pictures of any widths under each other on white."""
    width = max(picture.shape[1] for picture in pictures)
    padded = [
        np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in pictures
    ]
    return np.concatenate(padded)
