# SPDX-License-Identifier: Apache-2.0
"""The shelf: the model files that the server has, from its folder and from its pages."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from golden import model_file
from golden.shipped import find, shipped_files
from support.failures import InputError

SUFFIX = ".safetensors"


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A model, the name of its file, for people, and the bytes of the file."""

    model: model_file.Model
    name: str
    contents: bytes

    @classmethod
    def load(cls, path):
        """Read a file.

        Raises
        ------
        InputError
        """
        return cls(model_file.load(path), Path(path).name, Path(path).read_bytes())

    @classmethod
    def brought(cls, name, contents):
        """Return what a page brought.

        Raises
        ------
        InputError
            It is no model file; the message names it.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model" + SUFFIX)  # a page's name is no path
            path.write_bytes(contents)
            try:
                return cls(model_file.load(path), name, contents)
            except InputError as error:
                raise InputError(str(error).replace(str(path), name)) from None


class Shelf:
    """The models that may be put into a board, and those that it may hold.

    Parameters
    ----------
    folder : Path
        Of the shipped models.
    file : ModelFile, optional
        What the board holds from the beginning.
    """

    def __init__(self, folder, file=None):
        self.folder = folder
        self._first = self._newest = file

    def take(self, name, contents=None):
        """Return the :class:`ModelFile` of a name: what a page brought, or a shipped one.

        Raises
        ------
        InputError
        """
        if contents is not None:
            return ModelFile.brought(name + SUFFIX, contents)
        for path in shipped_files(self.folder):
            if path.stem == name:
                return ModelFile.load(path)
        raise InputError(f"{name}: the server has no such model; drop its file on the page")

    def keep(self, file):
        """Keep a file that the board holds now; the one before it goes."""
        self._newest = file

    def find(self, digest):
        """Return the :class:`ModelFile` of a digest, or None."""
        for file in (self._newest, self._first):
            if file is not None and file.model.digest == digest:
                return file
        found = find(self.folder, digest)
        return None if found is None else ModelFile.load(found[0])
