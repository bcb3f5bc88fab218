# SPDX-License-Identifier: Apache-2.0
"""A Verilated top and a harness in C++ as one program: some million clocks a second."""

import hashlib
import shutil
import subprocess

from sim.plain_paths import plain_folder
from sim.runner import (
    BUILD_ARGS,
    BUILD_TIMEOUT,
    LOG,
    ROOT,
    Verilator,
    failed_build,
)
from sim.runtime import MAKE_ARGS, Runtime
from support.cache import cache_dir, lock

UNFINISHED = "unfinished"  # the program while it is linked


def program(text, harness):
    """Return the path of the program; one built before is there at once.

    Parameters
    ----------
    text : str
        Verilog of a module `top`.
    harness : Path
        Of the C++ source.

    Raises
    ------
    InputError
        It cannot be built.
    """
    verilator = Verilator.find()
    key = repr((text, harness.read_text(), BUILD_ARGS, MAKE_ARGS, verilator)).encode()
    folder = cache_dir() / "pins" / hashlib.sha256(key).hexdigest()[:16]
    with lock(folder.with_suffix(".lock")):
        built = folder / "pins"
        if built.exists():
            return built
        folder.mkdir(exist_ok=True)
        shared = Runtime(verilator)
        try:
            with plain_folder(folder) as work, verilator.environment(ROOT) as plain:
                _compile(text, harness, work, verilator, plain, shared)
        except subprocess.SubprocessError as error:
            raise failed_build(folder / LOG) from error
        shared.keep(folder / "obj")
        (folder / UNFINISHED).rename(built)
        shutil.rmtree(folder / "obj")  # nearly all of what a build leaves
    return built


def _compile(text, harness, folder, verilator, plain, shared):
    """Make the program :data:`UNFINISHED` in `folder`; `plain` names other folders plainly."""
    source = folder / "top.v"
    source.write_text(text)
    obj = folder / "obj"
    verilate = [verilator.program, "--cc", "--exe", "--top-module", "top", *BUILD_ARGS]
    verilate += ["-o", folder / UNFINISHED, "--Mdir", obj, source, harness]
    with (folder / LOG).open("wb") as output:

        def run(command):
            subprocess.run(
                list(map(plain, command)),
                stdout=output,
                stderr=output,
                timeout=BUILD_TIMEOUT,
                check=True,
            )

        run(verilate)
        shared.lend(obj)
        run(["make", "-C", obj, "-f", "Vtop.mk", *MAKE_ARGS])
