# SPDX-License-Identifier: Apache-2.0
"""What a page says when it wants a model in the board, and the file that it brings in pieces."""

from __future__ import annotations

import json

MOST_BYTES = 16 << 20  # of a model file; four times what the largest shipped one has
MOST_NAME = 200  # characters


class NoUpload(ValueError):
    """What a page brings cannot be; the message is one sentence for its reader."""


def wish(text):
    """Return the message `load` of `socket.md` as a dictionary; None where the text is another."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("type") == "load" else None


class Upload:
    """A model that a page wants in the board, and as much of its file as has come.

    Parameters
    ----------
    said : dict
        As :func:`wish` returns it.

    Attributes
    ----------
    name : str
        Of a shipped model, or of the file that the page brings, without its suffix.
    contents : bytearray or None
        Of that file.

    Raises
    ------
    NoUpload
    """

    def __init__(self, said):
        self.name, size = said.get("name"), said.get("bytes")
        named = isinstance(self.name, str) and 0 < len(self.name) <= MOST_NAME
        if not named or not self.name.isprintable():
            raise NoUpload(f"A model's name is a line of 1 to {MOST_NAME} characters.")
        if size is not None and (type(size) is not int or not 0 < size <= MOST_BYTES):
            raise NoUpload(
                f"{self.name} has {size} bytes; a model file for a board has 1 to {MOST_BYTES}."
            )
        self.contents = None if size is None else bytearray()
        self._size = size or 0

    @property
    def missing(self):
        """Bytes that have not come."""
        return self._size - len(self.contents or b"")

    def take(self, data):
        """Take the next piece of the file.

        Raises
        ------
        NoUpload
            It is too long.
        """
        if not data or len(data) > self.missing:
            raise NoUpload(
                f"A piece of {self.name} has {len(data)} bytes, but {self.missing} are missing; "
                "load the page again."
            )
        self.contents += data
