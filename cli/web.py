# SPDX-License-Identifier: Apache-2.0
"""The verb that serves the page, and joins it to the reference or to a board."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cli.arguments import MODELS, argument, shipped, verb
from cli.line import holds, line_of, load_model, loaded_text
from cli.output import notice
from support.failures import InputError

HTTP_PORT = 8765


@verb(
    "web",
    argument(
        "--port", help="let the board on this port draw, as of `avatar check`; `sim`: a virtual one"
    ),
    argument(
        "--model",
        metavar="FILE",
        help="what draws (default: the shipped compact-w8; of a board: the shipped one that it "
        "holds)",
    ),
    argument("--load", action="store_true", help="put the model into the board, if it lacks it"),
    argument(
        "--http-port",
        type=int,
        default=HTTP_PORT,
        metavar="N",
        help=f"where the page is, on this machine only (default {HTTP_PORT}; 0: any free port)",
    ),
)
def web(args):
    """Serve the page of avatars on this machine, beside the reference or a board.

    Example: avatar web --port sim

    Open the address that this prints in a browser. The page shows the board's pictures beside its
    own; each is compared with the reference, and the first pixel that differs is named. Only this
    page, in one window at a time, can use the board. Ctrl-C ends it.
    """
    from web import build, server

    if args.port == "":
        raise InputError("--port is empty; name a serial port or `sim`, or leave it out")
    if args.load and (args.port is None or args.model is None):
        raise InputError("--load puts a model into a board; give --port and --model, too")
    try:
        listener = server.bind(args.http_port)
    except InputError as error:
        raise InputError(str(error).replace("http_port", "--http-port", 1)) from None
    files = build.files()
    with listener, _maker(args) as (maker, path):
        files["model.safetensors"] = Path(path).read_bytes()

        def started():
            print(f"{server.address_of(listener)} (Ctrl-C ends it)", flush=True)

        asyncio.run(server.serve(listener, maker, files, started))


@contextmanager
def _maker(args):
    """Yield what makes the pictures, and the path of its model file."""
    from golden import model_file
    from web.makers import Board, Reference

    path = args.model
    if path is None and args.port in (None, "sim"):
        path = shipped("compact-w8.safetensors")
    model = None if path is None else model_file.load(path)
    if args.port is None:
        yield Reference(model, Path(path).name), path
        return

    from boards.host.open_board import open_board

    with line_of(args.port, model) as (port, clock):
        open_link = partial(open_board, port, clock=clock, notice=notice)
        link = open_link()
        try:
            if args.load and not holds(link, model):
                notice(loaded_text(load_model(link, model)))
            path, model = _model_of(link, path, model)
        except BaseException:
            link.close()
            raise
        virtual = args.port == "sim"
        yield (
            Board(args.port, open_link, model, Path(path).name, virtual=virtual, link=link),
            path,
        )


def _model_of(link, path, model):
    """Return path and model of what a board holds: those given, or a shipped one.

    Raises
    ------
    InputError
        The board holds another model.
    """
    from golden.shipped import find

    held = link.held().model.model_id.hex()
    if model is not None:
        if model.digest.startswith(held):
            return path, model
        raise InputError(
            f"{link.port}: the board holds model {held}, not {path}, which is "
            f"{model.digest[: len(held)]}; give --model the board's model, or put this one "
            "there with `avatar load`"
        )
    found = find(MODELS, held)
    if found is not None:
        return found
    raise InputError(
        f"{link.port}: the board holds model {held}, which is none of the shipped; give its file "
        "with --model"
    )
