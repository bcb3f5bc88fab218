# SPDX-License-Identifier: Apache-2.0
"""support.environment: other programs' variables do not reach our runs; the machine's own do."""

import os

import pytest

from support.environment import clean_environment, clean_process

FOREIGN = [
    "WAVES", "GUI", "COCOTB_TESTCASE", "COCOTB_TEST_FILTER", "COCOTB_RANDOM_SEED", "COVERAGE",
    "COCOTB_TEST_MODULES", "LIBPYTHON_LOC", "GPI_EXTRA", "PYGPI_USERS", "TOPLEVEL", "MODULE",
    "PYTEST_CURRENT_TEST", "PYTHONOPTIMIZE", "VERILATOR_ROOT", "MAKEFLAGS", "CXXFLAGS", "VM_TRACE",
    "AMARANTH_USE_YOSYS", "AVATAR_BOARD_LINK",
]  # fmt: skip
MACHINE = [
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH",
    "CPATH", "LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "OMP_NUM_THREADS", "YOSYS", "SIMILAR",
    "NEXTPNR_ECP5", "OPTIONS",
]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_another_programs_stays_out(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert name not in clean_environment()


@pytest.mark.parametrize("name", MACHINE)
def test_what_is_the_machines_is_kept(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert clean_environment()[name] == "x"


def test_a_process_gets_its_own_environment_back(monkeypatch):
    monkeypatch.setenv("WAVES", "1")
    monkeypatch.setenv("YOSYS", "mine")
    before = dict(os.environ)
    with pytest.raises(KeyError), clean_process(YOSYS="ours", NEW="1"):
        assert "WAVES" not in os.environ
        assert (os.environ["YOSYS"], os.environ["NEW"]) == ("ours", "1")
        raise KeyError
    assert dict(os.environ) == before
