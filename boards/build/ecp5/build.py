# SPDX-License-Identifier: Apache-2.0
"""A board's bitstream in one folder: ``avatar build`` for boards with open tools."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

from boards.build.ecp5.block_contents import fill
from boards.build.ecp5.floorplan import floorplan
from boards.build.ecp5.flow import PACKAGES, pack, place_and_route, synthesize
from boards.build.job import TimingMissed
from boards.chips.devices import DEVICES
from boards.chips.ecp5_pll import target_mhz
from support.failures import InputError
from support.files import new_folder
from support.tools import ECPPACK, NEXTPNR_ECP5, YOSYS, ToolFailed

CLOCK = "pll.free"  # of :class:`boards.build.board_top.BoardTop`: before the gate
STORES = {"sdram": "the SDRAM", "blocks": "block RAM"}
MAX_ROUTINGS = 4  # clocks tried; each takes minutes


def build(job, out, progress, *, seed=1, clocks_mhz=()):
    """Make a folder with the bitstream of a job.

    Parameters
    ----------
    job : Job
    out : path
        A folder that is not there yet; it appears whole or not at all.
    progress : support.progress.Progress
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
    boards.chips.capacity.DoesNotFit, InputError, support.tools.ToolFailed
        As :func:`boards.build.ecp5.synth.measure`.
    TimingMissed
        No clock was met.
    """
    job.check(out)
    job, netlist, routed = _route(job, progress, seed, clocks_mhz)
    progress.stage("contents")
    own, empty = job.contents(job.plan), job.contents(job.empty_plan)
    numbers = json.loads((routed.folder / "blocks.json").read_text())
    config = (routed.folder / "routed.config").read_text()
    if fill(config, numbers, empty) != config or own.others != empty.others:
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
        design, lpf = job.design(job.empty_plan)
        netlist = synthesize(design, progress)
        routed = place_and_route(
            netlist,
            job.board.device_name,
            progress,
            package=PACKAGES[platform.package],
            speed=platform.speed,
            lpf=netlist.with_clock(lpf, CLOCK),
            places=floorplan(netlist, job.board.device_name, job.plan.capacity),
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
    sizes = dict(facts["capacity"])
    sizes = sizes.pop("array") | sizes
    screen = []
    if "screen" in facts:
        screen.append(f"| screen | its frame lies in {STORES[facts['screen']]} |")
    lines = [
        f"# {facts['board']}: {sizes['rows']} x {sizes['columns']}, "
        f"{sizes['weight_bits']} bits a weight",
        "",
        "| | |",
        "|---|---|",
        f"| model | {facts['model'] or 'none'} |",
        f"| build | `{facts['build']}` |",
        *(f"| {name} | {size:,} |" for name, size in sizes.items()),
        f"| clock | {clock:g} MHz, met with {facts['fmax_mhz'] - clock:.2f} MHz to spare |",
        f"| serial line | {facts['baud']:,} baud after reset |",
        *screen,
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
