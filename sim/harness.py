# SPDX-License-Identifier: Apache-2.0
"""A Verilated top and a harness in C++ as one program: some million clocks a second."""

import hashlib
import shutil
import subprocess

from sim.plain_paths import plain_folder
from sim.runner import BUILD_ARGS, BUILD_TIMEOUT, LOG, ROOT, Verilator, failed_build
from support.cache import cache_dir, lock

OPTIONS = [
    *BUILD_ARGS,
    *("-MAKEFLAGS", "OPT_FAST=-O2"),  # the code that fills memories runs once, and is most of it
    *("-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"),  # the wheel's makefile has it empty
]
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
    key = repr((text, harness.read_text(), OPTIONS, verilator)).encode()
    folder = cache_dir() / "pins" / hashlib.sha256(key).hexdigest()[:16]
    with lock(folder.with_suffix(".lock")):
        built = folder / "pins"
        if built.exists():
            return built
        folder.mkdir(exist_ok=True)
        try:
            with plain_folder(folder) as work, verilator.environment(ROOT) as plain:
                _compile(text, harness, work, verilator, plain)
        except subprocess.SubprocessError as error:
            raise failed_build(folder / LOG) from error
        (folder / UNFINISHED).rename(built)
        shutil.rmtree(folder / "obj")  # nearly all of what a build leaves
    return built


def _compile(text, harness, folder, verilator, plain):
    """Make the program :data:`UNFINISHED` in `folder`; `plain` names other folders plainly."""
    source = folder / "top.v"
    source.write_text(text)
    command = [verilator.program, "--cc", "--exe", "--build", "--top-module", "top", *OPTIONS]
    command += ["-o", folder / UNFINISHED, "--Mdir", folder / "obj", source, harness]
    with (folder / LOG).open("wb") as output:
        subprocess.run(
            list(map(plain, command)),
            stdout=output,
            stderr=output,
            timeout=BUILD_TIMEOUT,
            check=True,
        )
