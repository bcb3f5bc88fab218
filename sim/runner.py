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

from cocotb_tools import runner as cocotb_runner
from cocotb_tools.check_results import get_results

from sim.verilog import to_verilog
from support.cache import cache_dir, lock
from support.failures import CheckFailed, InputError

ROOT = Path(__file__).parents[1]
_PACKAGES = sysconfig.get_path("purelib")
_COCOTB = (_PACKAGES, importlib.metadata.version("cocotb"))  # which a program is linked to
BUILD_TIMEOUT = 3600  # seconds
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
# What runs in every cycle is compiled apart from what sets the design up, which is most of the text
# and would take most of the compiler's time: a third of what all of it with -O2 takes.
MAKE_ARGS = [
    "VM_PARALLEL_BUILDS=1",
    "OPT_FAST=-O2",
    "OPT_SLOW=-O0",
    "OPT_GLOBAL=-O2",
    "CFG_CXXFLAGS_PCH_I=-include",  # the packaged Verilator lost it
]


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

    @contextmanager
    def environment(self):
        """Set what the tools read from the environment, and put it back."""
        before = dict(os.environ)
        scripts = sysconfig.get_path("scripts")  # the wheel's wrapper calls `python`
        path = [scripts, os.environ.get("PATH", "")]
        if self.home:
            path.insert(0, str(Path(self.home, "bin")))
            os.environ["VERILATOR_ROOT"] = self.home
        os.environ["PATH"] = os.pathsep.join(path)
        os.environ["MAKEFLAGS"] = ""  # not those of a make that called us
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _version(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else (0, 0)


def failed_build(log):
    """Return the InputError of a build whose `log` says why it failed."""
    return InputError(
        f"Verilator or the C++ compiler failed; the end of {log} says why "
        "(g++, make and perl are needed, and room on the disk)"
    )


class _Runner(cocotb_runner.Verilator):
    """cocotb's runner, with :data:`MAKE_ARGS`, and only the top's ports public.

    Every signal public halves the speed.
    """

    limit = None  # seconds that a command may take; a bench ends by itself

    def _build_command(self):
        verilator, make = super()._build_command()
        return [[word for word in verilator if word != "--public-flat-rw"], [*make, *MAKE_ARGS]]

    def _execute_cmds(self, cmds, cwd, stdout=None):
        for command in cmds:
            subprocess.run(
                command,
                cwd=cwd,
                env=self.env,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                timeout=self.limit,
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
        Verilator's, beside :data:`BUILD_ARGS`.
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
        runtime = self._runtime_dir()
        for compiled in runtime.glob("*.o"):
            shutil.copyfile(compiled, self.build_dir / compiled.name)
        text = self.build_dir / f"{self.name}.v"
        text.write_text(source)
        control = self.build_dir / "ports.vlt"
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
        log = self.build_dir / "build.log"
        runner = _Runner()
        runner.limit = BUILD_TIMEOUT
        with self._verilator.environment():
            try:
                runner.build(
                    sources=[control, text],
                    hdl_toplevel=self.name,
                    build_dir=self.build_dir,
                    build_args=self._build_args,
                    waves=self.waves,
                    timescale=("1ns", "1ps"),
                    log_file=log,
                )
            except (SystemExit, RuntimeError, subprocess.SubprocessError) as error:
                raise failed_build(log) from error
        if not runtime.exists():
            staged = Path(tempfile.mkdtemp(dir=self.build_dir))
            for compiled in self.build_dir.glob("verilated*.o"):
                shutil.copyfile(compiled, staged / compiled.name)
            with suppress(OSError):  # another process was first
                staged.rename(runtime)
        (self.build_dir / "complete").touch()

    def _runtime_dir(self):
        """Return the folder of Verilator's own objects: the same for every design, half a build."""
        kind = repr((self._verilator, self.waves, self._build_args, MAKE_ARGS))
        return self.build_dir.parent / f"runtime-{hashlib.sha256(kind.encode()).hexdigest()[:16]}"

    def run(self, bench, *, seed=1, env=None, run_dir=None, testcase=None):
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

        Raises
        ------
        BenchFailed
            A test failed or the simulation ended early; the message holds the end of the log.
        """
        with tempfile.TemporaryDirectory(prefix="avatar-sim-") as scratch:
            where = Path(run_dir or scratch).absolute()
            where.mkdir(parents=True, exist_ok=True)
            log = where / "run.log"
            with self._verilator.environment():
                try:
                    results = _Runner().test(
                        test_module=bench,
                        hdl_toplevel=self.name,
                        hdl_toplevel_lang="verilog",
                        build_dir=self.build_dir,
                        test_dir=where,
                        results_xml=str(where / "results.xml"),
                        seed=seed,
                        extra_env={"COCOTB_LOG_LEVEL": "INFO", **(env or {})},
                        testcase=testcase,
                        waves=self.waves,
                        log_file=log,
                    )
                    tests, failures = get_results(results)
                except (SystemExit, RuntimeError, subprocess.SubprocessError):
                    tests, failures = 0, 1
            if failures or not tests:
                tail = log.read_text()[-6000:] if log.exists() else ""
                raise BenchFailed(f"{bench}: {failures} of {tests} tests failed\n{tail}")

    def command(self, bench, *, env):
        """Return the argument list and the environment of a process that runs `bench`.

        For a caller that starts it itself, in a folder for its results, and talks to it.
        """
        runner = _Runner()
        runner.env = {}
        runner.sim_hdl_toplevel = self.name
        runner.hdl_toplevel_lang = "verilog"
        runner.test_module = bench
        runner._set_env_test()
        path = os.pathsep.join([str(ROOT), runner.env["PYTHONPATH"]])
        return [str(self.build_dir / self.name)], {**runner.env, "PYTHONPATH": path, **env}


class BenchFailed(CheckFailed, AssertionError):
    """A cocotb test failed."""
