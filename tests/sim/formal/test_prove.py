# SPDX-License-Identifier: Apache-2.0
"""sim.formal.prove: proofs pass, and each finds the fault that was made for it."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from amaranth.back import rtlil

from sim.formal import prove
from sim.formal.prove import PROOFS, run
from support.cache import cache_dir

pytestmark = pytest.mark.sim


@pytest.fixture
def folder():
    """Give a folder that is not under /tmp, which the packaged tools replace by their own."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir()) as path:
        yield path


def by_name(name):
    return next(proof for proof in PROOFS if proof.name == name)


def test_a_proof_passes_and_finds_its_fault(folder):
    proof = by_name("stream-rule-encoder")
    assert run(proof, folder)
    assert run(proof, folder, faulty=True)


def processes():
    """{process: (parent, name)} of all that run, but for those that ended and wait to be read."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if state != "Z":
                found[int(entry.name)] = (int(parent), name)
    return found


def below(pid):
    """Processes that `pid` has started, and those that these have started: {process: name}."""
    everything, found, old = processes(), {pid: ""}, 0
    while len(found) > old:
        old = len(found)
        found |= {child: name for child, (parent, name) in everything.items() if parent in found}
    return found


def wait_until(condition, process=None, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, "it has ended before"
        time.sleep(0.02)


WITH_ANOTHER_SOLVER = """
import sys
from sim.formal import prove
from support import termination
prove.SCRIPT = prove.SCRIPT.replace("z3", "yices")
sys.exit(termination.run("formal", prove.main))
"""


def test_sigterm_leaves_no_solver_that_thinks(tmp_path):
    solver = tmp_path / "yices-smt2"  # z3 would be done too soon, and ends where its pipe closes
    solver.write_text("#!/bin/sh\nexec sleep 300\n")
    solver.chmod(0o755)
    environment = os.environ | {"PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]])}
    command = [sys.executable, "-c", WITH_ANOTHER_SOLVER, "slip-encoder"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        wait_until(lambda: "sleep" in below(process.pid).values(), process)
        started = below(process.pid)
        process.terminate()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said
    wait_until(lambda: not started.keys() & processes().keys(), seconds=5)


DEAF = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], process_group=0)
open("child", "w").write(str(child.pid))
child.wait()
"""


def test_a_time_out_ends_what_hears_no_sigterm(folder, monkeypatch):
    monkeypatch.setattr(prove, "TIMEOUT", 3)
    monkeypatch.setattr(prove, "GRACE", 0.2)
    assert prove._call([sys.executable, "-c", DEAF], folder, None) == (None, "")
    child = int(Path(folder, "child").read_text())
    wait_until(lambda: child not in processes(), seconds=5)


def test_names_are_unique():
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_every_fault_is_there_to_be_made(proof):
    """The piece of text that a fault replaces is in its module, once."""
    assert rtlil.convert(proof.harness(faulty=True), name="top")


@pytest.mark.slow
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_every_fault_is_found(proof, folder):
    assert run(proof, folder, faulty=True)
