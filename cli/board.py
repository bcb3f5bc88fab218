# SPDX-License-Identifier: Apache-2.0
"""Verbs that talk to a board on a serial line."""

from __future__ import annotations

import os
import sys
from functools import partial

from cli.arguments import JSON, argument, drawn_latents, shipped, verb
from cli.line import board_at, line_of
from cli.output import notice, show
from support.failures import InputError

SIM_MODEL = shipped("compact-normal-w8.safetensors")


@verb(
    "check",
    argument(
        "--port",
        required=True,
        help="board's serial port, socket:// or rfc2217://HOST:PORT, mmio:ADDRESS; `sim`: virtual",
    ),
    argument("--model", metavar="FILE", help="of the virtual board (default: compact-normal-w8)"),
    JSON,
)
def check(args):
    """Ask a board what it is, and let it test itself, layer by layer.

    Example: avatar check --port /dev/ttyUSB0

    The exit status is 1 where the board's own picture is wrong; the first layer that differs is
    where to look. Also finds the highest rate that the line can do.
    """
    from boards.host.link import Link
    from boards.host.self_test import as_text, self_test_report
    from golden import model_file

    if args.model is not None and args.port != "sim":
        raise InputError("--model is of the virtual board; a real one says what it holds")
    model = model_file.load(args.model or SIM_MODEL) if args.port == "sim" else None
    with line_of(args.port, model) as (path, clock), Link(path, clock=clock) as link:
        facts = self_test_report(link)
    show(args, facts, as_text)
    return 0 if facts["wrong_layer"] is None else 1


@verb(
    "load",
    argument("--port", help="board's serial port, socket:// or rfc2217://HOST:PORT, mmio:ADDRESS"),
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
    argument(
        "--image",
        metavar="OUT",
        help="write what would be sent to this file, and send nothing; needs --board",
    ),
    argument("--board", help="of the image: one of `avatar boards`"),
    argument("--capacity", metavar="C", help="of the image: the board's machine, as of `build`"),
    JSON,
)
def load(args):
    """Put a model into a board over its line: no build, a matter of seconds.

    Example: avatar load --port /dev/ttyUSB0 --model models/compact-w8.safetensors

    The model is compiled for the board's machine; one that does not fit is refused before anything
    is sent. The board holds it once it has drawn a picture of its own and found it right, until it
    loses power or gets another. A load that was broken off is taken up where it stopped. The exit
    status is 1 where the board's own picture is wrong; then it holds no model. An image is what the
    page puts into a board by itself, from a browser with Web Serial.
    """
    from cli.line import load_model, loaded_text
    from golden import model_file

    if args.image is not None:
        return _write_image(args)
    if args.port is None or args.board is not None or args.capacity is not None:
        raise InputError("give --port PORT, or --image OUT with --board BOARD")
    if args.port == "sim":
        raise InputError("--port sim ends with the verb; load into one of `avatar board-sim`")
    model = model_file.load(args.model)
    with board_at(args.port, None, args.baud) as link:
        facts = load_model(link, model)
    show(args, facts, loaded_text)


def _write_image(args):
    """Write a model's image for a board's machine to a file."""
    from boards.catalogue import registry
    from cli.line import compiled
    from golden import model_file
    from hw.image import as_file
    from support.files import check_destination, replacing

    if args.board is None or args.port is not None or args.baud is not None:
        raise InputError("--image is made for a --board of `avatar boards`, without --port, --baud")
    check_destination(args.image)
    model = model_file.load(args.model)
    capacity = registry.board(args.board).capacity(args.capacity)
    try:
        image = compiled(model, capacity)
    except InputError as error:
        raise InputError(f"{args.board}: {error}; `avatar boards` lists what holds it") from None
    with replacing(args.image) as beside:
        beside.write_bytes(as_file(image))
    facts = {"file": args.image, "model": model.digest, "board": args.board, "bytes": len(image)}
    show(args, facts, "{file}: model {model:.16} for {board}, {bytes:,} bytes".format_map)


STREAM_ARGUMENTS = (
    argument(
        "--port",
        required=True,
        help="board's serial port, socket:// or rfc2217://HOST:PORT, mmio:ADDRESS; `sim`: virtual",
    ),
    argument("--count", type=int, required=True, metavar="N", help="number of avatars"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of the latents (default 0)"),
    argument(
        "--model",
        metavar="FILE",
        help="what the board must hold, and tells how to draw latents (default: what it holds, "
        "from N(0, I); for sim compact-normal-w8)",
    ),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
    argument(
        "--sheet", metavar="FILE.png", help="the newest 64, kept up to date (default DIR.png)"
    ),
    argument("--check", action="store_true", help="compare each with the reference; needs --model"),
    JSON,
)


def _stream_plan(args, folder):
    """Return model, latents and contact sheet of a stream into `folder`, which is not made yet."""
    import pictures
    from golden import model_file

    path = args.model or (SIM_MODEL if args.port == "sim" else None)
    if args.check and path is None:
        raise InputError("--check needs the reference; give --model FILE, what the board holds")
    model = None if path is None else model_file.load(path)
    latents = drawn_latents(args.seed, args.count, model, path)
    sheet = args.sheet or (folder and f"{os.path.abspath(folder)}.png")
    sheet = pictures.ContactSheet(sheet) if sheet else None
    if folder is not None:
        pictures.check_empty(folder)
    return model, latents, sheet


def _latents_for(args, model, facts, latents):
    """Return `latents`, or others of the length that a board's own model has."""
    if model is not None or latents.shape[1] == facts.latent:
        return latents
    from golden.latents import draw_latents

    return draw_latents(args.seed, args.count, latent=facts.latent)


def _stream(args, link, model, latents, sheet, takers):
    """Hand a board's pictures of `latents` to `takers`, and report; return the exit status."""
    from boards.host.stream import as_text, deliver
    from support.progress import bar

    if sheet:
        takers = [*takers, lambda _, picture: sheet.add(picture)]
    progress = partial(bar, desc=link.port, total=len(latents), unit="avatar")
    try:
        facts = deliver(link, latents, takers, model=model, check=args.check, progress=progress)
    finally:
        if sheet:
            sheet.save()
    show(args, facts, as_text, file=sys.stderr if args.out == "-" else sys.stdout)
    if model is None:
        notice(
            "latents came from N(0, I), of which a generator of categorical ones makes no faces; "
            "give --model FILE"
        )
    return 1 if facts.get("differ") else 0


def _picture_files(folder):
    """Return a taker that saves each picture in `folder`."""
    from pathlib import Path

    import pictures
    from boards.host.training_set import picture_name

    return lambda index, picture: pictures.save_png(Path(folder, picture_name(index)), picture)


@verb(
    "stream",
    *STREAM_ARGUMENTS,
    argument(
        "--out",
        metavar="DIR|-",
        help="folder for 00000.png, ...; -: raw bytes to standard output; "
        "leave it out to measure the line",
    ),
)
def stream(args):
    """Let a board draw without a pause: the line is the limit.

    Example: avatar stream --port /dev/ttyUSB0 --count 1000 --out faces

    Several requests are under way at any time, each picture is checked against its own. Ctrl-C, or
    a port that goes away, leaves whole files. The report says which share of the line's time the
    answers filled; with sim the line's time is the simulated one.
    """
    folder = None if args.out == "-" else args.out
    model, latents, sheet = _stream_plan(args, folder)

    def raw(_, picture):
        sys.stdout.buffer.write(picture.tobytes())
        sys.stdout.buffer.flush()

    takers = [_picture_files(folder)] if folder else [raw] if args.out == "-" else []
    with board_at(args.port, model, args.baud) as link:
        latents = _latents_for(args, model, link.held().model, latents)
        return _stream(args, link, model, latents, sheet, takers)


@verb(
    "collect",
    *STREAM_ARGUMENTS,
    argument("--out", required=True, metavar="DIR", help="folder for the training set"),
)
def collect(args):
    """Let a board draw a training set: pictures, and what made each of them.

    Example: avatar collect --port /dev/ttyUSB0 --count 2000 --out drawn

    DIR holds 00000.png, ... for `avatar train --data DIR`, latents.npy for `avatar generate
    --latents` (row n made picture n), and pictures.csv: file, row, seed, model, CRC-32.
    """
    from boards.host.training_set import TrainingSet, check_no_index

    check_no_index(args.out)
    model, latents, sheet = _stream_plan(args, args.out)
    with board_at(args.port, model, args.baud) as link:
        facts = link.held().model
        latents = _latents_for(args, model, facts, latents)
        index = TrainingSet(args.out, latents, args.seed, facts.model_id)
        try:
            takers = [_picture_files(args.out), index.take]
            return _stream(args, link, model, latents, sheet, takers)
        finally:
            index.save()
