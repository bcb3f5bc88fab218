# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all: written beside their place, then renamed onto it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from support.failures import InputError


def check_destination(path):
    """Refuse a path that no file can be written to; call it before the work, not after.

    Raises
    ------
    InputError
        Its folder does not exist or is closed to us, or it names something other than a file.
    """
    path = Path(path)
    _check_folder_of(path)
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a regular file; name a file to write")


def _check_folder_of(path):
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder}; create it, or write elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {folder} is not writable; write elsewhere")


def check_folder(path):
    """Refuse a path that is no folder to write files to, and where none can be made.

    Raises
    ------
    InputError
        The folder that should hold it does not exist, or `path` is empty, a file, or not writable.
    """
    if not os.fspath(path):
        raise InputError("the name of a folder is empty; give one, . for this one")
    path = Path(path)
    if path.exists() and not path.is_dir():  # in this order: another process may make it meanwhile
        raise InputError(f"{path}: is a file; name a folder")
    if path.is_dir():
        check_destination(path / "file")
    else:
        _check_folder_of(path)


def make_folder(path):
    """Make a folder to write files to, if none is there; raises as :func:`check_folder`."""
    check_folder(path)
    Path(path).mkdir(exist_ok=True)


@contextmanager
def replacing(path):
    """Yield a path to write to, which becomes `path` when the block ends without an exception.

    The path yielded lies beside `path` and ends as it does, so that writers which go by a file's
    suffix agree. Until the end `path` keeps what it had; after an exception nothing is left over.

    Raises
    ------
    InputError
        As :func:`check_destination`, or the system refused to write (disk full, say).
    """
    check_destination(path)
    path = Path(os.path.realpath(path))  # through a link: replace the file, not the link
    beside = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        beside.unlink(missing_ok=True)


def check_new_folder(path):
    """Refuse a path that no new folder can have; call it before the work, not after.

    Raises
    ------
    InputError
        There is something already, or what should hold it is no folder of ours.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: is there already; remove it, or name another folder")
    check_destination(path)


@contextmanager
def new_folder(path):
    """Yield a folder to fill, which becomes `path` when the block ends without an exception.

    Raises
    ------
    InputError
        As :func:`check_new_folder`, or the system refused to write.
    """
    check_new_folder(path)
    path = Path(path).absolute()
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        beside.mkdir()
        yield beside
        beside.rename(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
