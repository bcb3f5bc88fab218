# SPDX-License-Identifier: Apache-2.0
"""Files from elsewhere, before anything in them is believed."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np

from support.failures import InputError

FILE_MAX = 2**30  # bytes; the DCGAN tutorial's generator has 14 MB, its whole checkpoint under 100


def check_file(
    path, *, give="give a generator's state_dict or ONNX", alone="save the generator by itself"
):
    """Refuse what is no file of a size that a generator has.

    Parameters
    ----------
    path : str or Path
    give, alone : str
        What to do where there is no file, and where it is one of gigabytes.

    Raises
    ------
    InputError
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; {give}")
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:  # .pt and .npz; their parts may be compressed
            size = max(size, sum(part.file_size for part in archive.infolist()))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        pass  # whoever reads the file finds out
    if size > FILE_MAX:
        raise InputError(
            f"{path}: has {size / 2**30:.1f} GiB; {alone} (at most {FILE_MAX / 2**30:.0f} GiB are "
            "read)"
        )


def read_arrays(path, names):
    """Return the arrays of two names in a .npz file.

    Raises
    ------
    InputError
        There is no such file, it unpacks to gigabytes, is damaged, or has no such arrays.
    """
    path, wanted = Path(path), " and ".join(names)
    save = f"save {wanted} with numpy.savez"
    check_file(path, give=save, alone=f"{save}, and nothing else")
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as opened,  # np.load leaves a damaged file open
            np.load(opened, allow_pickle=False) as file,
        ):
            return [file[name] for name in names]
    except Exception:  # a damaged file raises anything
        raise InputError(
            f"{path}: has no {wanted} that can be read; save them with numpy.savez"
        ) from None


def printable(name):
    """A name of the file as one line can show it."""
    return name if name.isprintable() else ascii(name)


def first_line(error):
    """What another library says of a file, in at most 80 characters."""
    lines = str(error).splitlines() or [type(error).__name__]
    return printable(lines[0][:80])
