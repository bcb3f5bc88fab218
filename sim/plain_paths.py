# SPDX-License-Identifier: Apache-2.0
"""Names without blanks and the like, for programs that cannot be told to take others.

Verilator writes paths into a makefile, whose rules a shell reads: a blank, a quote, ``$``, ``#`` or
``:`` in the name of the cache's or the project's folder would end the build with words about
something else.
"""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from support.failures import InputError

PLAIN = re.compile(r"[A-Za-z0-9_./+@-]+")
SEPARATORS = ":;,"  # between the folders of a search path, and of cocotb's list of libraries


def is_plain(path):
    """Return whether make, the shell and the compilers take `path` as it is."""
    return PLAIN.fullmatch(str(path)) is not None


@contextlib.contextmanager
def plain_names(*folders):
    """Yield a function that puts plain names into a text in place of those of `folders`.

    The plain names are links in a temporary folder, and end with the block.

    Raises
    ------
    InputError
        The temporary folder has no plain name either.
    """
    names = {form for folder in folders for form in (str(folder), str(Path(folder).resolve()))}
    odd = sorted((name for name in names if not is_plain(name)), key=len, reverse=True)
    if not odd:
        yield lambda text: str(text)
        return
    with _plain_scratch(odd[0]) as links:
        plain = {name: Path(links, str(number)) for number, name in enumerate(odd)}
        for name, link in plain.items():
            link.symlink_to(name)

        def replaced(text):
            text = str(text)
            for name, link in plain.items():  # the longest first: one may lie in another
                text = text.replace(name, str(link))
            return text

        yield replaced


@contextlib.contextmanager
def plain_folder(folder):
    """Yield a folder with a plain name to build in: `folder`, or another whose files come there.

    make refuses to work where it sees a blank, and it sees through links.

    Raises
    ------
    InputError
        The temporary folder has no plain name either.
    """
    if is_plain(Path(folder).resolve()):
        yield Path(folder)
        return
    with _plain_scratch(folder) as elsewhere:
        try:
            yield Path(elsewhere)
        finally:
            shutil.copytree(elsewhere, folder, dirs_exist_ok=True)


def _plain_scratch(name):
    """Return a new temporary folder with a plain name, for work in the folder `name`."""
    for parent in (tempfile.gettempdir(), "/tmp"):
        if is_plain(parent) and is_plain(Path(parent).resolve()) and os.access(parent, os.W_OK):
            return tempfile.TemporaryDirectory(prefix="avatar-plain-", dir=parent)
    raise InputError(
        f"{name}: the C++ tools cannot work in a folder with such a name; "
        "set TMPDIR to a folder whose name has letters and digits only"
    )


def check_separators(folders):
    """Refuse folders that no list of folders can hold.

    Raises
    ------
    InputError
        Names the folder and the character.
    """
    for folder in folders:
        for character in SEPARATORS:
            if character in str(folder):
                raise InputError(
                    f"{folder}: a {character!r} in a folder's name divides lists of folders; "
                    "move the project and its .venv to a folder without it"
                )
