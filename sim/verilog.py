# SPDX-License-Identifier: Apache-2.0
"""Amaranth components to Verilog."""

import hashlib
import tempfile
from pathlib import Path

from amaranth.back import verilog

from support.cache import cache_dir
from support.collector import collector_at_rest
from support.files import replacing
from support.tools import YOSYS

YOSYS_TIMEOUT = 3600  # seconds; `compact` takes minutes of one core


@collector_at_rest()
def to_verilog(component, name):
    """Return `component` as Verilog, top module `name`, a port a member.

    Raises
    ------
    InputError
        Yosys is not installed, or the one that the environment names is too old.
    """
    with YOSYS.in_environment(verilog.YosysError):
        return verilog.convert(component, name=name, strip_internal_attrs=True)


def cached_verilog(name, key, make, *, convert=to_verilog):
    """Return the Verilog of the component that ``make()`` gives, kept by :mod:`support.cache`.

    Parameters
    ----------
    name : str
        Name of the top module.
    key : bytes
        Whatever decides the text beside Yosys: design sources, parameters, contents.
    make : callable
        Returns the component; called only where the text is not there yet.
    convert : callable
        Takes the component and its name, returns the Verilog.
    """
    key = hashlib.sha256(f"{YOSYS.version}\0".encode() + key).hexdigest()
    path = cache_dir() / "verilog" / f"{name}-{key[:16]}.v"
    if not path.exists():
        text = convert(make(), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(text)
    return path.read_text()


def through_yosys(files, script, result):
    """Return the text of the file `result` that Yosys writes; raises as :func:`run_yosys`.

    Parameters
    ----------
    files : dict of str to str
        What the script reads: the text of each file by its name.
    script : str
        Commands, with ``;`` between them.
    result : str
        A file that the script writes.
    """
    with tempfile.TemporaryDirectory(prefix="avatar-yosys-") as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text)
        run_yosys(script, folder)
        return Path(folder, result).read_text()


def run_yosys(script, folder):
    """Run the commands `script` in `folder`, where they find their files by relative names.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        A command failed, or took too long.
    """
    # the packaged Yosys prints nothing more once it has called ABC
    YOSYS.run(
        ["-q", "-l", "yosys.log", "-p", script], folder, log="yosys.log", timeout=YOSYS_TIMEOUT
    )
