# SPDX-License-Identifier: Apache-2.0
"""A board's bitstream in one folder: ``avatar build`` for boards with open tools."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from functools import cached_property

from boards.block_contents import DesignContents, fill
from boards.board import Board
from boards.board_top import BoardTop
from boards.devices import DEVICES
from boards.ecp5_flow import PACKAGES, pack, place_and_route, synthesize, target_mhz
from boards.fit import check_fit
from boards.floorplan import floorplan
from boards.new_folder import check_new_folder, new_folder
from boards.tools import ECPPACK, NEXTPNR_ECP5
from golden.failures import CheckFailed
from golden.full_range import full_range_model
from golden.spec import InputError
from golden.tools import YOSYS, ToolFailed
from hw.build_plan import BuildPlan
from hw.rtlil import without_indices
from hw.tiling import Tiling

MAX_ROUTINGS = 4  # clocks tried; each takes minutes


class TimingMissed(CheckFailed):
    """The routed design is slower than its clock; the message says by how much."""


@dataclass(frozen=True)
class Job:
    """A board, and what it shall hold.

    Attributes
    ----------
    board : Board
    plan : hw.build_plan.BuildPlan
        Its clock is the one wanted, or the highest to try.
    """

    board: Board
    plan: BuildPlan

    @cached_property
    def base_plan(self):
        """The plan with contents drawn from a seed in place of the model's.

        Only the spec, the array, the clock and the rate decide it, so that one routed design serves
        all models.
        """
        return BuildPlan(
            model=full_range_model(self.plan.model.spec),
            array=self.plan.array,
            clock_hz=self.plan.clock_hz,
            self_test=(0,) * len(self.plan.self_test),
            answer=(0,) * len(self.plan.answer),
            baud=self.plan.baud,
            platform=self.plan.platform,
        )

    @cached_property
    def routed_plan(self):
        """The plan to route: the base, or this one where more than block RAM holds the model."""
        same = self.contents(self.plan).others == self.contents(self.base_plan).others
        return self.base_plan if same else self.plan

    def top(self, plan):
        """Return the board's top that `plan` fills."""
        return BoardTop(plan.top(), self.board, plan.clock_hz)

    def files(self, plan):
        """Return what Amaranth makes of the top that `plan` fills, by file name: str or bytes."""
        platform = self.board.platform()
        return platform.prepare(self.top(plan), emit_src=False, debug_verilog=False).files

    def design(self, plan):
        """Return RTLIL and constraints of the top that `plan` fills."""
        files = self.files(plan)
        return without_indices(files["top.il"]), files["top.lpf"]

    def contents(self, plan):
        """Return the :class:`boards.block_contents.DesignContents` of the top that `plan` fills."""
        return DesignContents.of(self.top(plan), self.board.platform())

    @property
    def tiling(self):
        """The network on its array."""
        return Tiling(self.plan.model.spec, self.plan.array)

    def check(self, out):
        """Refuse what cannot become the folder `out`, before any tool runs.

        Raises
        ------
        boards.fit.DoesNotFit, InputError
        """
        check_new_folder(out)
        check_fit(self.tiling, self.board.device)

    @property
    def facts(self):
        """The part of ``report.json`` that every toolchain shares."""
        plan, board = self.plan, self.board
        return {
            "board": board.name,
            "device": board.device_name,
            "model": plan.model.digest,
            "build": plan.build_id.hex(),
            "spec": plan.model.spec.to_json(),
            "rows": plan.array.rows,
            "columns": plan.array.columns,
            "clock_hz": plan.clock_hz,
            "baud": plan.baud,
            "on_silicon": False,
        }


def build(job, out, progress, *, seed=1, clocks_mhz=()):
    """Make a folder with the bitstream of a job.

    Parameters
    ----------
    job : Job
    out : path
        A folder that is not there yet; it appears whole or not at all.
    progress : boards.progress.Progress
    seed : int
        Of placement.
    clocks_mhz : sequence of float
        Slower clocks to fall back to, from the highest. The first that the routed design meets is
        taken.

    Returns
    -------
    dict
        What ``report.json`` in the folder holds.

    Raises
    ------
    boards.fit.DoesNotFit, InputError, golden.tools.ToolFailed
        As :func:`boards.synth.measure`.
    TimingMissed
        No clock was met.
    """
    job.check(out)
    job, netlist, routed = _route(job, progress, seed, clocks_mhz)
    progress.stage("contents")
    own, base = job.contents(job.plan), job.contents(job.routed_plan)
    numbers = json.loads((routed.folder / "blocks.json").read_text())
    config = (routed.folder / "routed.config").read_text()
    if fill(config, numbers, base) != config:
        raise InputError("the routed design does not hold what was put in; report this")
    config = fill(config, numbers, own)
    with new_folder(out) as folder:
        (folder / "routed.config").write_text(config)
        pack(folder, progress)
        (folder / "ecppack.log").unlink()
        for name in ("blocks.json", "timing.json", "nextpnr.log"):
            shutil.copyfile(routed.folder / name, folder / name)
        facts = report(job, netlist, routed, seed)
        facts["other_memories"] = own.others
        facts["bitstream_sha256"] = hashlib.sha256((folder / "top.bit").read_bytes()).hexdigest()
        (folder / "report.json").write_text(json.dumps(facts, indent=1) + "\n")
        (folder / "report.md").write_text(as_markdown(facts))
    return facts


def _route(job, progress, seed, clocks_mhz):
    """Return the job with the clock that it met, its netlist and the routed design."""
    platform = job.board.platform
    for _ in range(MAX_ROUTINGS):
        clock = job.plan.clock_hz / 1e6
        progress.stage(f"elaboration for {clock:g} MHz")
        design, lpf = job.design(job.routed_plan)
        netlist = synthesize(design, progress)
        routed = place_and_route(
            netlist,
            job.board.device_name,
            progress,
            package=PACKAGES[platform.package],
            speed=platform.speed,
            lpf=lpf,
            places=floorplan(netlist, job.board.device_name, job.tiling),
            seed=seed,
        )
        slowest = routed.report.slowest
        target = target_mhz(clock)
        if abs(routed.report.constraints_mhz[slowest] / target - 1) > 1e-3:  # whole picoseconds
            raise ToolFailed(f"nextpnr lost the constraint of {slowest} (log: {routed.folder})")
        reached = routed.report.fmax_mhz[slowest]
        if reached >= clock:
            return job, netlist, routed
        slower = [each for each in clocks_mhz if each <= reached]
        if not slower:
            break
        job = replace(job, plan=replace(job.plan, clock_hz=round(max(slower) * 1e6)))
    raise TimingMissed(
        f"{reached:.2f} MHz is {clock - reached:.2f} MHz short of {clock:g} MHz; critical path "
        f"{routed.report.critical_paths[slowest]}; give a slower --clock or another --seed"
    )


def report(job, netlist, routed, seed):
    """Return the facts of a build."""
    path = routed.report.critical_paths[routed.report.slowest]
    return {
        **job.facts,
        "seed": seed,
        "fmax_mhz": round(min(routed.report.fmax_mhz.values()), 2),
        **routed.report.used,
        "critical_path": str(path),
        "critical_path_ns": {"logic": path.logic_ns, "routing": path.routing_ns},
        "seconds": {"synthesis": netlist.seconds, "place_and_route": routed.seconds},
        "tools": [tool.version for tool in (YOSYS, NEXTPNR_ECP5, ECPPACK)],
    }


def as_markdown(facts):
    """Return the text of ``report.md``."""
    device = DEVICES[facts["device"]]
    resources = {
        "LUTs": ("lut", device.luts),
        "flip-flops": ("ff", device.flip_flops),
        "block RAMs": ("ebr", device.blocks),
        "multipliers": ("mult", device.multipliers),
    }
    clock = facts["clock_hz"] / 1e6
    lines = [
        f"# {facts['board']}: {'-'.join(map(str, facts['spec']['channels']))}",
        "",
        "| | |",
        "|---|---|",
        f"| model | `{facts['model']}` |",
        f"| build | `{facts['build']}` |",
        f"| array | {facts['rows']} x {facts['columns']} |",
        f"| clock | {clock:g} MHz, met with {facts['fmax_mhz'] - clock:.2f} MHz to spare |",
        f"| serial line | {facts['baud']:,} baud after reset |",
        f"| seed | {facts['seed']} |",
        f"| bitstream | `top.bit`, SHA-256 `{facts['bitstream_sha256']}` |",
        f"| seconds | {facts['seconds']['synthesis']:g} synthesis, "
        f"{facts['seconds']['place_and_route']:g} place and route |",
        f"| tools | {', '.join(facts['tools'])} |",
        "| on silicon | never |",
        "",
        f"| {facts['device']} | used | of | |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {facts[key]:,} | {total:,} | {facts[key] / total:.1%} |"
            for name, (key, total) in resources.items()
        ),
        "",
        f"Critical path: {facts['critical_path']}; {facts['critical_path_ns']['logic']} ns in "
        f"cells, {facts['critical_path_ns']['routing']} ns between them.",
    ]
    return "\n".join(lines) + "\n"
