# SPDX-License-Identifier: Apache-2.0
"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from golden.atomic import check_destination
from golden.spec import InputError


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
