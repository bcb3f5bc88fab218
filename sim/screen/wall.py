# SPDX-License-Identifier: Apache-2.0
"""A machine with a screen: the frames that its pins carry, held against the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.generator import generate
from hw.build_plan import sources_hash
from hw.capacity import Capacity
from hw.contents import Contents
from hw.display.block_store import BlockStore
from hw.display.layout import SMALLEST, Wall
from hw.display.line_store import LineStore
from hw.display.mode import CLOCK_HZ
from hw.engine.external_generator import ExternalGenerator
from hw.engine.generator import Generator
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.chips.sdram import SOURCE as CHIP
from sim.screen import dvi
from sim.screen.faces import BLACK, faces, through_565
from sim.screen.record import Act, record
from sim.screen.text import text_of
from sim.screen.tops import CLOCKS_OF_FRAME, LEAD_IN, TOP, ScreenTop
from sim.verilog import cached_verilog
from support.failures import CheckFailed, InputError

MOST_FRAMES = 600  # ten seconds of the screen, hours of simulation


@dataclass(frozen=True)
class Shown:
    """What a screen showed.

    Attributes
    ----------
    frames : uint8 array, shape (N, 480, 640, 3)
    numbers : int array, shape (N, places)
        Which picture was where; :data:`sim.screen.faces.BLACK` for none.
    clocks : int
    text : str
        Of the last frame; none where there is none.
    """

    frames: np.ndarray
    numbers: np.ndarray
    clocks: int
    text: str = ""

    @property
    def new_a_second(self):
        """Faces a second of the board's clock that are on the screen for the first time.

        Between the first frame and the last one; None for one frame. Where the writer is when the
        beam comes makes a difference of half a frame at either end.
        """
        newest = self.numbers.max(axis=1)
        if len(newest) < 2:
            return None
        return (newest[-1] - newest[0]) * CLOCK_HZ / ((len(newest) - 1) * CLOCKS_OF_FRAME)


def canvas_of(outside):
    """Return what a frame store holds: the one in a memory outside, or the one in block RAM."""
    return (LineStore if outside else BlockStore).canvas


def check(model, frames, *, outside=False, name=""):
    """Refuse what has no wall, before anything is built.

    Raises
    ------
    InputError
    """
    if not 1 <= frames <= MOST_FRAMES:
        raise InputError(f"--frames is {frames}; give 1 to {MOST_FRAMES}")
    size, canvas = model.spec.size, canvas_of(outside)
    if not Wall.of(size, canvas).fits:
        other = "give another model" if outside else "give --sdram, or another model"
        raise InputError(
            f"the model's pictures are {size} x {size}, and the wall holds {canvas.width} x "
            f"{canvas.height} pixels, faces of {SMALLEST} x {SMALLEST} or more; {other}"
        )
    if name and Wall.of(size, canvas, text=True).text is None:
        raise InputError(
            f"the model's pictures are {size} x {size}, and there is one row of them, which leaves "
            "no room for a text; leave out --text, or give --sdram"
        )


def latents_needed(model, array, frames):
    """Return how many latents a machine takes in so many frames, and some more."""
    interval = CycleModel(scheduled(model.spec, array)).cycles_interval
    return frames_clocks(frames) // interval + 4


def frames_clocks(frames):
    """Return the clocks from reset to the end of so many frames."""
    return frames * CLOCKS_OF_FRAME + LEAD_IN


def machine(model, array, *, outside=False, drawing=None, name=""):
    """Return the :class:`sim.screen.tops.ScreenTop` of the smallest machine that holds a model."""
    tiling = scheduled(model.spec, array)
    capacity = Capacity.of(tiling)
    contents = Contents.of(model, tiling, capacity)
    if array.weight_bus:
        weights = contents.words["weights"]
        generator = ExternalGenerator(capacity, contents)
        return ScreenTop(generator, outside=True, weights=weights, drawing=drawing, name=name)
    return ScreenTop(Generator(capacity, contents), outside=outside, drawing=drawing, name=name)


def run(
    model,
    array,
    latents,
    frames,
    *,
    outside=False,
    drawing=None,
    seed=0,
    name="",
    progress=lambda clocks: None,
):
    """Let a machine that holds a model draw latents onto its screen; return what it :class:`Shown`.

    Parameters
    ----------
    model : golden.model_file.Model
    array : hw.array.ArraySpec
    latents : int8 array, shape (N, latent)
        At least :func:`latents_needed`.
    frames : int
    outside : bool
        The frame lies in a memory outside, as it does wherever the weights do.
    drawing, seed : sim.screen.tops.Drawing, int
        The machine draws latents by itself, from this seed; `latents` are what they should be.
    name : str
        A text is shown, with this name; without one there is none.
    progress : callable
        Takes the clocks that have passed since it was called before.

    Raises
    ------
    InputError
    sim.screen.dvi.NoPicture
        The pins do not carry what a monitor needs.
    sim.screen.faces.WrongFace
        A face is not the reference's picture.
    sim.screen.text.WrongText
    """
    outside = outside or array.weight_bus > 0
    check(model, frames, outside=outside, name=name)
    parts = {"outside": outside, "drawing": drawing, "name": name}
    key = sources_hash(["screen", model.digest, repr(array), repr(parts)])
    text = cached_verilog(TOP, key, lambda: machine(model, array, **parts))
    if outside:
        text += CHIP.read_text()
    spec, clocks = model.spec, frames_clocks(frames)
    payloads = latents.astype(np.uint8).reshape(-1)[: None if drawing is None else 0]
    act = Act(clocks, spec.size, payloads, grey=int(spec.colours == 1), seed=seed)
    recording = record(text, [act], progress=progress)
    seen = dvi.frames(recording.pins)
    pictures = generate(model, latents)
    if outside:
        pictures = through_565(pictures)
    if recording.late:
        raise CheckFailed(f"{recording.late} lines came too late from the memory")
    layout = Wall.of(spec.size, canvas_of(outside), text=bool(name))
    numbers = faces(seen, layout, pictures)
    texts = [text_of(frame, layout, name) for frame in seen] if name else [""]
    return Shown(seen, numbers, clocks, texts[-1])


def facts(model, shown):
    """Return what ``avatar screen-sim --json`` prints."""
    rate = shown.new_a_second
    return {
        "equal": True,
        "model": model.digest,
        "frames": len(shown.frames),
        "clocks": shown.clocks,
        "places": shown.numbers.shape[1],
        "faces_in_the_last_frame": int((shown.numbers[-1] != BLACK).sum()),
        "new_faces_a_second": None if rate is None else round(rate),
        "text": shown.text or None,
    }


def as_text(facts):
    """Return the lines that ``avatar screen-sim`` prints of :func:`facts`."""
    lines = [
        "equal: every face on the screen is the reference's picture; syncs, tokens and balance are "
        "as a monitor needs them",
        f"{facts['frames']} frames, {facts['clocks']:,} clocks; in the last one "
        f"{facts['faces_in_the_last_frame']} of {facts['places']} places have a face",
    ]
    if facts["new_faces_a_second"] is not None:
        lines.append(f"{facts['new_faces_a_second']:,} new faces a second at 125 MHz")
    if facts["text"] is not None:
        lines.append(f"the text says: {facts['text']}")
    return "\n".join(lines)
