# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are pictures, and which of those are to be read.

A file counts as a picture where its first bytes or the end of its name say so. Other files, the
tables and arrays that lie beside pictures, are no concern of ours.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

HEAD = 32  # bytes of a file that tell its kind
READ = ("PNG", "JPEG", "WEBP", "BMP", "GIF")  # kinds by Pillow's names
_KINDS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "WEBP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",  # the last: length of its header
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF or HEIC": rb".{4}ftyp(avi|hei|hev|mif|msf)",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XL": rb"\0\0\0\x0cJXL ",
    "Photoshop": rb"8BPS\0",
}
_KINDS = {name: re.compile(pattern, re.DOTALL) for name, pattern in _KINDS.items()}
_SUFFIX = re.compile(
    r"\.(a?png|jpe?g|jpe|jfif|webp|bmp|dib|gif|tiff?|avif|hei[cf]|jp2|jxl|psd|ico|svg|tga|p[bgp]m|qoi)",
    re.IGNORECASE,
)


def kind_of(head):
    """Return what the first bytes of a file say that it is, None where they say nothing."""
    return next((name for name, pattern in _KINDS.items() if pattern.match(head)), None)


def looks_like_picture(path):
    """Whether the name or the first bytes of a file are those of a picture."""
    return _named_as_picture(path) or _holds_picture(path)


def _named_as_picture(path):
    return _SUFFIX.fullmatch(path.suffix) is not None


def _holds_picture(path):
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD)) is not None
    except OSError:
        return False


@dataclass
class Found:
    """Pictures of a folder.

    Attributes
    ----------
    names : list of str
        Those to be read, relative to the folder, sorted folder by folder.
    folders : int
        How many folders they lie in.
    below : int
        Pictures in folders below that are not to be read.
    class_folders : bool
        Whether the folders below are read because there is no picture beside them.
    left_out : dict of list of str
        By reason, the names of others that are not to be read.
    """

    names: list[str] = field(default_factory=list)
    folders: int = 0
    below: int = 0
    class_folders: bool = False
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, reason, name):
        """Note that a picture is not read."""
        self.left_out.setdefault(reason, []).append(name)


def find(folder, recursive=False):
    """Find the pictures of a folder.

    Folders below belong to it where `recursive` says so, or where no picture lies beside them, as
    in a folder of classes that torchvision's ImageFolder reads. Links are followed; what a dot
    hides is left out.

    Parameters
    ----------
    folder : Path
    recursive : bool

    Returns
    -------
    Found

    Raises
    ------
    OSError
        The folder itself cannot be read.
    """
    os.scandir(folder).close()  # os.walk says nothing of a folder that cannot be read
    found, paths = Found(), []
    for path in _files(folder, found):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts):
            if path.is_file() and _holds_picture(path):
                found.leave_out("hidden by a dot in the name", str(name))
        elif path.is_file():
            if looks_like_picture(path):
                paths.append(name)
        elif _named_as_picture(path):  # a pipe would make its reader wait
            found.leave_out("no ordinary file", str(name))
    top = [name for name in paths if len(name.parts) == 1]
    if not recursive and top:
        found.below, paths = len(paths) - len(top), top
    found.class_folders = not recursive and not top and bool(paths)
    found.names = [str(name) for name in sorted(paths, key=lambda name: name.parts)]
    found.folders = len({name.parent for name in paths})
    return found


def _files(folder, found):
    """Yield the paths of all that is no folder in a folder and below it, each folder once."""
    seen = set()

    def closed(error):
        found.leave_out("a folder that cannot be opened", os.path.relpath(error.filename, folder))

    for here, folders, files in os.walk(folder, followlinks=True, onerror=closed):
        place = os.stat(here)
        if (place.st_dev, place.st_ino) in seen:  # a link leads back to it
            folders.clear()
            continue
        seen.add((place.st_dev, place.st_ino))
        folders.sort()
        for name in files:
            yield Path(here, name)
