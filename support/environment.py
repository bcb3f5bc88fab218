# SPDX-License-Identifier: Apache-2.0
"""The environment of the programs that we run: without what people set for their own runs of them.

cocotb, Verilator, make and Amaranth read dozens of variables. One that is left over from another
project would choose other tests, another seed or another build here.
"""

import contextlib
import os
import re

FOREIGN = re.compile(
    "|".join(
        [
            # cocotb: its runner, the simulator's side, the names before its version 2; pytest's
            r"(COCOTB|GPI|PYGPI|PYTEST)_\w+|LIBPYTHON_LOC|WAVES|GUI|SIM|SIM_CMD_(PREFIX|SUFFIX)",
            r"COVERAGE(_\w+)?|RANDOM_SEED|TESTCASE|MODULE|TOPLEVEL(_\w+)?",
            # Python inside the simulator: one of these would take the benches' assertions away
            r"PYTHON(OPTIMIZE|WARNINGS|INSPECT|SAFEPATH|DEVMODE|PROFILEIMPORTTIME)",
            # Verilator, and what its makefile takes from the environment
            r"(VERILATOR|SYSTEMC|VM|VK|CFG|OPT)_\w+|SYSTEMC|OBJCACHE|OPT|VPATH|DEPS|RM|PERL5OPT",
            r"MAKE\w*|MFLAGS|GNUMAKEFLAGS|(USER_)?(CPPFLAGS|CFLAGS|CXXFLAGS|LDFLAGS|LDLIBS)",
            r"AMARANTH_\w+",
            # our own, from one of our processes to another
            r"AVATAR_\w+",
        ]
    )
)


def clean_environment():
    """Return the process's environment without the :data:`FOREIGN` variables."""
    return {name: value for name, value in os.environ.items() if not FOREIGN.fullmatch(name)}


@contextlib.contextmanager
def clean_process(**own):
    """Give this process the clean environment and the variables `own`; put back what there was.

    For libraries that read the environment of the process that calls them.
    """
    before = dict(os.environ)
    inside = {**clean_environment(), **own}
    os.environ.clear()
    os.environ.update(inside)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
