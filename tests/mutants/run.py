# SPDX-License-Identifier: Apache-2.0
"""Put each mutant into a copy of the tree, and see whether its bench fails."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import command

ROOT = Path(__file__).parents[2]
COPIED = ("support", "golden", "hw", "train", "sim", "boards", "tests", "cli", "pictures.py")
LINKED = ("models", "docs", "pyproject.toml")
TIMEOUT = 400  # seconds of a bench, its build included
FAILED = re.compile(r"^FAILED .+?(?: - (.*))?$", re.MULTILINE)
# Not what a check says, but Python or Amaranth of a text that is no design.
NO_DESIGN = re.compile(
    r"(Name|Type|Attribute|Import|ModuleNotFound|UnboundLocal|Syntax|Indentation)Error\b"
    r"|\S*Warning\b|amaranth\.|sim\.runner\.NotSimulated"
)


@dataclass(frozen=True)
class Result:
    """What a bench said to a tree.

    Attributes
    ----------
    verdict : str
        ``passed``; ``caught``: a check failed; ``broken``: it ended in another way, so it shows
        nothing; ``hung``: no end in `TIMEOUT` seconds.
    reason : str
    seconds : float
    """

    verdict: str
    reason: str
    seconds: float


class Judge:
    """Run benches, each in a copy of the tree, as many at a time as there are copies.

    A context manager: the copies go at its end, and so does what still runs.

    Parameters
    ----------
    jobs : int
        Copies of the tree.
    timeout : float
        Seconds of a bench.
    """

    def __init__(self, jobs, *, timeout=TIMEOUT):
        self.timeout = timeout
        self._folders = [tempfile.TemporaryDirectory(prefix="avatar-mutants-") for _ in range(jobs)]
        self._trees = queue.SimpleQueue()
        self._workers = ThreadPoolExecutor(jobs)
        self._running = set()

    def __enter__(self):
        for folder in self._folders:
            copy_tree(folder.name)
            self._trees.put(Path(folder.name))
        return self

    def __exit__(self, *_):
        self._workers.shutdown(wait=False, cancel_futures=True)
        for process in list(self._running):
            _kill(process)
        self._workers.shutdown()
        for folder in self._folders:
            folder.cleanup()

    def results(self, tasks):
        """Yield a task and its :class:`Result` as they come.

        Parameters
        ----------
        tasks : iterable of (Mutant or None, str)
            A fault, and the bench to run on the tree that has it.
        """
        futures = {self._workers.submit(self._run, *task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def _run(self, mutant, bench):
        tree = self._trees.get()
        try:
            with mutant.applied(tree) if mutant else nullcontext():
                return self._bench(bench, tree)
        finally:
            self._trees.put(tree)

    def _bench(self, bench, tree):
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "PYTHONDONTWRITEBYTECODE": "1",  # of a fault nothing may be left
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "300",  # pytest cuts its reasons to the terminal's width
        }
        begin = time.monotonic()
        with subprocess.Popen(
            command(bench),
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that the simulator ends with its bench
        ) as process:
            self._running.add(process)
            try:
                output, _ = process.communicate(timeout=self.timeout)
            except subprocess.TimeoutExpired:
                return Result("hung", f"no end in {self.timeout} s", self.timeout)
            finally:
                _kill(process)
                self._running.discard(process)
        return verdict(process.returncode, output, time.monotonic() - begin)


def verdict(status, output, seconds):
    """Return the :class:`Result` of a bench that ended with `status` and printed `output`."""
    if status == 0:
        return Result("passed", "", seconds)
    found = FAILED.search(output)
    reason = (found and found[1]) or (output.strip().splitlines() or ["no output"])[-1]
    caught = status == 1 and found and not NO_DESIGN.match(reason)
    return Result("caught" if caught else "broken", reason, seconds)


def copy_tree(folder):
    """Copy everything that a bench reads into an empty folder."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, Path(folder, name), ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    for name in LINKED:
        Path(folder, name).symlink_to(ROOT / name)


def _kill(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
