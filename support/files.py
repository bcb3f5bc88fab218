# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all: written beside their place, then renamed onto it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from support.failures import InputError


def check_destination(path):
    """Refuse a path that no file can be written to; call it before the work, not after.

    Folders on the way that do not exist are no reason: whoever writes makes them.

    Raises
    ------
    InputError
        The nearest folder that exists is closed to us or no folder, or the path names something
        other than a file.
    """
    path = Path(path)
    _check_folder_of(path)
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a regular file; name a file to write")


def _check_folder_of(path):
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{path}: {folder} is a file; write elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {folder} is not writable; write elsewhere")


def check_unused(path, force):
    """Refuse to replace a file that took work, unless `force`; else as :func:`check_destination`.

    Raises
    ------
    InputError
        The file is there already and `force` is false, or it cannot be written.
    """
    check_destination(path)
    if not force and Path(path).exists():
        raise InputError(f"{path}: is there already; --force replaces it, or name another file")


def check_folder(path):
    """Refuse a path that is no folder to write files to, and where none can be made.

    Raises
    ------
    InputError
        As :func:`check_destination`, or `path` is empty, a file, or not writable.
    """
    if not os.fspath(path):
        raise InputError("the name of a folder is empty; give one, . for this one")
    path = Path(path)
    if path.exists() and not path.is_dir():  # in this order: another process may make it meanwhile
        raise InputError(f"{path}: is a file; name a folder")
    if not path.is_dir():
        _check_folder_of(path)
    elif not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"{path}: is a folder that is not writable; write elsewhere")


def make_folder(path):
    """Make a folder to write files to, and those on the way; raises as :func:`check_folder`."""
    check_folder(path)
    with _told(path):
        Path(path).mkdir(parents=True, exist_ok=True)


@contextmanager
def _told(path):
    """Let what the system refuses be one line that names `path`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error


@contextmanager
def _folders_to(path):
    """Make the folders on the way to `path`; after an exception they are gone again, if empty."""
    missing = [folder for folder in path.parents if not folder.exists()]  # the deepest first
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # another process has put something there
            for folder in missing:
                folder.rmdir()
        raise


@contextmanager
def replacing(path):
    """Yield a path to write to, which becomes `path` when the block ends without an exception.

    The path yielded lies beside `path` and ends as it does, so that writers which go by a file's
    suffix agree. Until the end `path` keeps what it had; after an exception nothing is left over,
    of the folders that were made on the way neither.

    Raises
    ------
    InputError
        As :func:`check_destination`, or the system refused to write (disk full, say).
    """
    check_destination(path)
    place = Path(os.path.realpath(path))  # through a link: replace the file, not the link
    beside = place.with_name(f".{place.stem}-{os.getpid()}{place.suffix}")
    with _told(path), _folders_to(place):
        try:
            yield beside
            os.replace(beside, place)
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
        raise InputError(f"{path}: is there already; --force replaces it, or name another folder")
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
    place = Path(path).absolute()
    beside = place.with_name(f".{place.name}-{os.getpid()}")
    with _told(path), _folders_to(place):
        try:
            beside.mkdir()
            yield beside
            beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def check_replaceable(path, mark):
    """Refuse a path that is there and is no folder of ours, before it is replaced.

    Parameters
    ----------
    path : str or Path
    mark : str
        Name of a file by which our folder is known.

    Raises
    ------
    InputError
    """
    path = Path(path)
    if path.exists() and not (path / mark).is_file():
        raise InputError(f"{path}: --force does not replace it, it has no {mark}; name another")


def remove_folder(path, mark):
    """Remove a folder of ours, whole or not at all; raises as :func:`check_replaceable`."""
    check_replaceable(path, mark)
    place = Path(os.path.realpath(path))
    aside = place.with_name(f".{place.name}-old-{os.getpid()}")
    with _told(path):
        if place.exists():
            place.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def replacing_folder(path, mark):
    """Yield a path beside `path`; the folder that the block makes there takes the place of `path`.

    After an exception `path` is what it was. Arguments and exceptions as :func:`check_replaceable`.
    """
    check_replaceable(path, mark)
    place = Path(os.path.realpath(path))
    beside = place.with_name(f".{place.name}-new-{os.getpid()}")
    try:
        yield beside
        remove_folder(place, mark)
        with _told(path):
            beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
