# SPDX-License-Identifier: Apache-2.0
"""Build a design with Verilator once, and run cocotb benches on it."""

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import cocotb_tools.config
from cocotb_tools import runner as cocotb_runner

from sim.plain_paths import check_separators, is_plain, plain_folder, plain_names
from sim.runtime import MAKE_ARGS, Runtime
from sim.verilog import to_verilog
from support.cache import cache_dir, lock
from support.environment import clean_environment, clean_process
from support.failures import CheckFailed, InputError

ROOT = Path(__file__).parents[1]
_PACKAGES = sysconfig.get_path("purelib")
_SCRIPTS = sysconfig.get_path("scripts")
_LIBRARIES = str(cocotb_tools.config.libs_dir)
_COCOTB = (_PACKAGES, importlib.metadata.version("cocotb"))  # which a program is linked to
BUILD_TIMEOUT = 3600  # seconds
LOG = "build.log"  # in the folder of a build
MIN_VERILATOR = (5, 36)  # the oldest that compiles cocotb 2.1
BUILD_ARGS = [
    "-Wno-fatal",
    "-Wno-WIDTH",  # Amaranth's Verilog relies on implicit extension
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
]
# Whose assertions tell their values. cocotb has pytest rewrite those of every module that is
# imported, which takes two thirds of the time of a short bench.
TOLD = "tb_*.py sim/benches/*.py"
VERDICTS = {"AssertionError", "SimTimeoutError"}  # how a bench says that the design is wrong
STOPPED = re.compile(r"^(\[\d+\] )?%(Fatal|Error): \S+\.v:\d+: ", re.MULTILINE)  # by the Verilog


@dataclass(frozen=True)
class Verilator:
    """Which Verilator there is; part of what decides a build.

    Attributes
    ----------
    home : str or None
        Folder of the packaged programs; None: those on PATH.
    version : str
    """

    home: str | None
    version: str

    @classmethod
    def find(cls):
        """Return a new enough one on PATH, or the packaged one.

        Raises
        ------
        InputError
            There is none.
        """
        own = shutil.which("verilator")
        version = own and _version(own)
        if own and version >= MIN_VERILATOR:
            return cls(None, ".".join(map(str, version)))
        packaged = Path(_PACKAGES, "verilator")
        if not (packaged / "bin" / "verilator").exists():
            raise InputError("verilator is missing; install the project with its [sim] extra")
        return cls(str(packaged), importlib.metadata.version("verilator"))

    @property
    def program(self):
        """What to call: the packaged one itself, as its wrapper in perl takes no odd paths."""
        return f"{self.home}/bin/verilator_bin" if self.home else "verilator"

    @contextmanager
    def environment(self, *folders, **variables):
        """Give this process the environment of our runs and `variables`, and put its own back.

        Yields the function of :func:`sim.plain_paths.plain_names` for `folders` and for those of
        the installed packages: programs get what it makes of their arguments.

        Raises
        ------
        InputError
            A folder's name cannot be had.
        """
        check_separators([ROOT, _PACKAGES, _SCRIPTS])
        with plain_names(_PACKAGES, *folders) as plain:
            inherited = clean_environment()
            path = [_SCRIPTS, inherited.get("PATH", os.defpath)]  # Verilator calls `python`
            libraries = [_LIBRARIES, *filter(None, [inherited.get("LD_LIBRARY_PATH")])]
            own = {
                "COCOTB_REWRITE_ASSERTION_FILES": TOLD,
                **variables,
                "PATH": os.pathsep.join(path),
                "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            }
            if self.home:
                own["VERILATOR_ROOT"] = plain(self.home)
            with clean_process(**own):
                yield plain


def _version(program):
    text = subprocess.run(
        [program, "--version"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else (0, 0)


def failed_build(log):
    """Return the InputError of a build whose `log` says why it failed."""
    return InputError(
        f"Verilator or the C++ compiler failed; the end of {log} says why "
        "(g++, make and perl are needed, and room on the disk)"
    )


class _Runner(cocotb_runner.Verilator):
    """cocotb's runner, with :data:`sim.runtime.MAKE_ARGS`, and only the top's ports public.

    Every signal public halves the speed.

    Parameters
    ----------
    program : str
        Verilator.
    plain : callable
        Takes an argument of a program, returns it with plain names of folders.
    limit : float, optional
        Seconds that a command may take; a bench ends by itself.
    before_make : callable, optional
        Called between Verilator and the compiler.
    """

    def __init__(self, program="verilator", plain=str, limit=None, before_make=None):
        super().__init__()
        self._program, self._plain, self._limit = program, plain, limit
        self._before_make = before_make

    def _simulator_in_path_build_only(self):
        self.executable = self._program

    def _build_command(self):
        verilator, make = super()._build_command()
        words = [word for word in verilator if word != "--public-flat-rw"]
        if not is_plain(_LIBRARIES):  # the link to it ends with the build; LD_LIBRARY_PATH says it
            words = [word.replace(f"-Wl,-rpath,{_LIBRARIES} ", "") for word in words]
        return [list(map(self._plain, words)), [*map(self._plain, make), *MAKE_ARGS]]

    def _execute_cmds(self, cmds, cwd, stdout=None):
        for command in cmds:
            if command[0] == "make":
                self._before_make()
            subprocess.run(
                command,
                cwd=cwd,
                env=self.env,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                timeout=self._limit,
                check=True,
            )


class Simulation:
    """A component under Verilator.

    The build is kept by content (:mod:`support.cache`): an unchanged component starts at once.

    Parameters
    ----------
    component : wiring.Component or str
        The design, or its Verilog text.
    name : str
        Name of the top module.
    waves : bool
        Write ``dump.vcd`` into the folder of each run.
    build_args : sequence of str
        Verilator's, beside :data:`BUILD_ARGS`; none that reaches the compiler, whose work is shared
        (:mod:`sim.runtime`).
    """

    def __init__(self, component, name, *, waves=False, build_args=()):
        self.name, self.waves = name, waves
        self._build_args = [*BUILD_ARGS, *build_args]
        source = component if isinstance(component, str) else to_verilog(component, name)
        self._verilator = Verilator.find()
        key = hashlib.sha256(
            repr(
                (source, name, waves, self._build_args, MAKE_ARGS, self._verilator, _COCOTB)
            ).encode()
        ).hexdigest()
        self.build_dir = cache_dir() / "verilator" / f"{name}-{key[:16]}"
        with lock(self.build_dir.with_suffix(".lock")):
            if not (self.build_dir / "complete").exists():
                self._build(source)

    def _build(self, source):
        shutil.rmtree(self.build_dir, ignore_errors=True)
        self.build_dir.mkdir(parents=True)
        shared = Runtime(self._verilator, waves=self.waves)
        try:
            with plain_folder(self.build_dir) as folder:
                self._compile(source, folder, lambda: shared.lend(folder))
        except (SystemExit, RuntimeError, subprocess.SubprocessError) as error:
            raise failed_build(self.build_dir / LOG) from error
        shared.keep(self.build_dir)
        self._tidy()
        (self.build_dir / "complete").touch()

    def _tidy(self):
        """Keep the program, its source and its log: the rest is most of a build."""
        kept = {self.name, f"{self.name}.v", LOG}
        for path in self.build_dir.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _compile(self, source, folder, before_make):
        text = folder / f"{self.name}.v"
        text.write_text(source)
        control = folder / "ports.vlt"
        ports = re.findall(
            rf"^module \\?{re.escape(self.name)} ?\((.*?)\);", source, re.MULTILINE | re.DOTALL
        )[0]
        control.write_text(
            "`verilator_config\n"
            + "".join(
                f'public_flat_rw -module "{self.name}" -var "{port.strip()}"\n'
                for port in ports.split(",")
            )
        )
        with self._verilator.environment() as plain:
            _Runner(self._verilator.program, plain, BUILD_TIMEOUT, before_make).build(
                sources=[control, text],
                hdl_toplevel=self.name,
                build_dir=folder,
                build_args=self._build_args,
                waves=self.waves,
                timescale=("1ns", "1ps"),
                log_file=folder / LOG,
            )

    def run(self, bench, *, seed=1, env=None, run_dir=None, testcase=None, plusargs=()):
        """Run the cocotb tests of module `bench`.

        Parameters
        ----------
        bench : str
            Module name, as ``sim.benches.tb_requantizer``.
        seed : int
            cocotb's random seed.
        env : dict of str to str, optional
            Environment of the bench.
        run_dir : path, optional
            Where results and waves go; a temporary folder by default.
        testcase : str, optional
            The one test to run.
        plusargs : sequence of str
            Arguments that the design reads.

        Raises
        ------
        BenchFailed
            A test failed, or the design stopped the simulation; the message holds the end of the
            log.
        NotSimulated
            The simulation did not run the tests: they say nothing about the design.
        """
        with tempfile.TemporaryDirectory(prefix="avatar-sim-") as scratch:
            where = Path(run_dir or scratch).absolute()
            where.mkdir(parents=True, exist_ok=True)
            results, log = where / "results.xml", where / "run.log"
            problem = ""
            with self._verilator.environment(COCOTB_LOG_LEVEL="INFO", **(env or {})):
                try:
                    _Runner().test(
                        test_module=bench,
                        hdl_toplevel=self.name,
                        hdl_toplevel_lang="verilog",
                        build_dir=self.build_dir,
                        test_dir=where,
                        results_xml=str(results),
                        seed=seed,
                        testcase=testcase,
                        plusargs=list(plusargs),
                        waves=self.waves,
                        log_file=log,
                    )
                except SystemExit as error:
                    problem = f"the simulator ended with status {error.code}"
                except (RuntimeError, ValueError, subprocess.SubprocessError) as error:
                    problem = str(error)
            text = log.read_text(errors="replace") if log.exists() else ""
            _judge(bench, results, text, problem)

    def command(self, bench, *, env):
        """Return the argument list and the environment of a process that runs `bench`.

        For a caller that starts it itself, in a folder for its results, and talks to it.
        """
        runner = _Runner()
        runner.env = {}
        runner.sim_hdl_toplevel = self.name
        runner.hdl_toplevel_lang = "verilog"
        runner.test_module = bench
        with self._verilator.environment():
            runner._set_env_test()
        path = os.pathsep.join([str(ROOT), runner.env["PYTHONPATH"]])
        return [str(self.build_dir / self.name)], {**runner.env, "PYTHONPATH": path, **env}


def _judge(bench, results, log, problem):
    """Raise what a run's results say, where they are not good.

    Parameters
    ----------
    bench : str
        Module name.
    results : path
        What cocotb wrote, if it did.
    log : str
        What the simulation printed.
    problem : str
        What was wrong with the process; empty where nothing was.
    """
    if STOPPED.search(log):
        raise BenchFailed(f"{bench}: the design stopped the simulation\n{log[-6000:]}")
    cases = []
    with suppress(OSError, ElementTree.ParseError):  # missing, or half of it
        cases = list(ElementTree.parse(results).iter("testcase"))
    failures = [bad for case in cases for bad in (*case.iter("failure"), *case.iter("error"))]
    if failures:
        words = f"{bench}: {len(failures)} of {len(cases)} tests failed\n{log[-6000:]}"
        kind, message = failures[0].get("type", ""), failures[0].get("message", "")
        raise BenchFailed(words, asserted=kind in VERDICTS, reason=f"{kind}: {message}")
    if problem or not cases:
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        told = [line for line in lines if "rror" in line] or lines
        words = "; ".join([problem or "no test was run", *told[-1:]])
        raise NotSimulated(f"the simulation did not run {bench}: {words}")


class BenchFailed(CheckFailed, AssertionError):
    """A cocotb test failed.

    Attributes
    ----------
    asserted : bool
        A comparison failed or the simulated time was up; not so where the bench itself broke.
    reason : str
        What ended the first test that failed.
    """

    def __init__(self, words, *, asserted=True, reason=""):
        super().__init__(words)
        self.asserted, self.reason = asserted, reason


class NotSimulated(InputError):
    """A simulation did not run: nothing is known about the design."""
