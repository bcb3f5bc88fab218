# SPDX-License-Identifier: Apache-2.0
"""The verb that serves the page, and joins it to the reference or to a board."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial

from cli.arguments import MODELS, argument, shipped, verb
from cli.line import holds, image_for, line_of, load_model, loaded_text
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
        "holds, if any)",
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
    own; each is compared with the reference, and the first pixel that differs is named. A click
    puts the model of the page, shipped or dropped, into the board. Only this page, in one window at
    a time, can use the board. Ctrl-C ends it.
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
    with listener, _maker(args) as maker:

        def started():
            print(f"{server.address_of(listener)} (Ctrl-C ends it)", flush=True)

        asyncio.run(server.serve(listener, maker, files, started))


@contextmanager
def _maker(args):
    """Yield what makes the pictures."""
    from web.makers import Board, Reference
    from web.shelf import ModelFile, Shelf

    path = args.model
    if path is None and args.port in (None, "sim"):
        path = shipped("compact-w8.safetensors")
    file = None if path is None else ModelFile.load(path)
    if args.port is None:
        yield Reference(file)
        return

    from boards.host.open_board import open_board

    model = file and file.model
    with line_of(args.port, model) as (port, clock):
        open_link = partial(open_board, port, clock=clock, notice=notice)
        link = open_link()
        try:
            if args.load and not holds(link, model):
                notice(loaded_text(load_model(link, model)))
            _expect_known(link, path, model)
            virtual = args.port == "sim"
            shelf = Shelf(MODELS, file)
            board = Board(args.port, open_link, shelf, image_for, virtual=virtual, link=link)
            board.look()
        except BaseException:
            link.close()
            raise
        yield board


def _expect_known(link, path, model):
    """Check that a board holds what was given, or a shipped model, or none.

    Raises
    ------
    InputError
        The board holds another model.
    """
    from golden.shipped import find

    facts = link.info().model if model is None else link.held().model
    if facts is None:
        return  # the page puts one there
    held = facts.model_id.hex()
    if model is not None:
        if model.digest.startswith(held):
            return
        raise InputError(
            f"{link.port}: the board holds model {held}, not {path}, which is "
            f"{model.digest[: len(held)]}; give --model the board's model, or put this one "
            "there with `avatar load`"
        )
    if find(MODELS, held) is None:
        raise InputError(
            f"{link.port}: the board holds model {held}, which is none of the shipped; give its "
            "file with --model"
        )
