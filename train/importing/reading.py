# SPDX-License-Identifier: Apache-2.0
"""Files from elsewhere, before anything in them is believed."""

from __future__ import annotations

from pathlib import Path

from support.failures import InputError

FILE_MAX = 2**30  # bytes; the DCGAN tutorial's generator has 14 MB, its whole checkpoint under 100


def check_file(path):
    """Refuse what is no file of a size that a generator has.

    Raises
    ------
    InputError
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give a generator's state_dict or ONNX")
    size = path.stat().st_size
    if size > FILE_MAX:
        raise InputError(
            f"{path}: has {size / 2**30:.1f} GiB; save the generator by itself (at most "
            f"{FILE_MAX / 2**30:.0f} GiB are read)"
        )
