# SPDX-License-Identifier: Apache-2.0
"""A bitstream for Gowin's GW2A: Yosys, nextpnr-himbaechel, gowin_pack."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

from boards.build.ecp5.flow import ROUTING_TIMEOUT, SYNTHESIS_TIMEOUT
from boards.build.ecp5.routed_report import clock_name
from boards.build.gowin.delay_lines import with_delay_lines
from boards.build.job import TimingMissed
from hw.rtlil import without_indices
from support.cache import digest, kept
from support.files import new_folder
from support.tools import GOWIN_PACK, NEXTPNR_GOWIN, YOSYS

PACKING_TIMEOUT = 600  # seconds
# Without the multiplexers that join LUTs: they take more LUTs, and the placer finds places harder.
SCRIPT = "read_rtlil design.il; synth_gowin -family gw2a -nowidelut -top top -json netlist.json"
RESOURCES = {  # several cells may count as one of our names
    "lut": re.compile(r"^(LUT4|ALU)$"),
    "ff": re.compile(r"^DFF$"),
    "ebr": re.compile(r"^BSRAM$"),
    "mult": re.compile(r"MULT18X18|MULTALU"),
}


def build(job, out, progress, *, seed=1, clocks_mhz=()):
    """Make a folder with the bitstream of a job, as :func:`boards.build.ecp5.build.build` does.

    Gowin's memories are filled before synthesis: another model is another build. `clocks_mhz` holds
    the one clock there is, the oscillator's.
    """
    job.check(out)
    progress.stage("elaboration")
    routed = _route(job, seed, progress)
    timing = json.loads((routed / "timing.json").read_text())
    fmax = min(each["achieved"] for each in timing["fmax"].values())
    clock = job.plan.clock_hz / 1e6
    if fmax < clock:
        raise TimingMissed(f"{fmax:.2f} MHz is {clock - fmax:.2f} MHz short of {clock:g} MHz")
    facts = {
        **job.facts,
        "seed": seed,
        "fmax_mhz": round(fmax, 2),
        **{
            name: sum(
                each["used"] for cell, each in timing["utilization"].items() if cells.search(cell)
            )
            for name, cells in RESOURCES.items()
        },
        "clocks": sorted(map(clock_name, timing["fmax"])),
        "tools": [tool.version for tool in (YOSYS, NEXTPNR_GOWIN, GOWIN_PACK)],
    }
    with new_folder(out) as folder:
        for name in ("top.fs", "timing.json", "nextpnr.log"):
            shutil.copyfile(routed / name, folder / name)
        facts["bitstream_sha256"] = hashlib.sha256((folder / "top.fs").read_bytes()).hexdigest()
        (folder / "report.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def netlist(job, progress):
    """Return the file of a job's netlist, as Yosys writes it, and the constraints, text.

    Raises as :func:`synthesize`.
    """
    files = job.files(job.plan)
    design = without_indices(files["top.il"])
    return synthesize(design, progress) / "netlist.json", files["top.cst"]


def synthesize(design, progress):
    """Return the folder with ``netlist.json`` of a design, RTLIL, made once.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        It failed.
    """

    def work(folder):
        Path(folder, "design.il").write_text(design)
        arguments = ["-q", "-l", "yosys.log", "-p", SCRIPT]
        YOSYS.run(
            arguments, folder, log="yosys.log", timeout=SYNTHESIS_TIMEOUT, watch=progress.line
        )
        cells = Path(folder, "netlist.json")
        cells.write_text(json.dumps(with_delay_lines(json.loads(cells.read_text()))))

    progress.stage("synthesis")
    return kept("synthesis", digest(YOSYS.version, SCRIPT, "delay lines", design), work)


def _route(job, seed, progress):
    """Return the folder of the routed and packed design, made once."""
    platform = job.board.platform
    synthesized, constraints = netlist(job, progress)
    database = platform._chipdb_device
    arguments = [
        *("--quiet", "--log", "nextpnr.log", "--device", platform.part, "--seed", str(seed)),
        *("--vopt", f"family={database}", "--vopt", "cst=top.cst", "--timing-allow-fail"),
        *("--freq", f"{job.plan.clock_hz / 1e6:g}", "--report", "timing.json"),
        *("--json", "netlist.json", "--write", "routed.json"),
    ]

    def routing(folder):
        Path(folder, "netlist.json").hardlink_to(synthesized)
        Path(folder, "top.cst").write_text(constraints)
        NEXTPNR_GOWIN.run(
            arguments, folder, log="nextpnr.log", timeout=ROUTING_TIMEOUT, watch=progress.line
        )
        progress.stage("bitstream")
        GOWIN_PACK.run(
            ["-d", database, "-o", "top.fs", "routed.json"],
            folder,
            log="gowin_pack.log",
            timeout=PACKING_TIMEOUT,
        )
        Path(folder, "netlist.json").unlink()
        Path(folder, "routed.json").unlink()

    progress.stage(f"place and route, seed {seed}")
    tools = [NEXTPNR_GOWIN.version, GOWIN_PACK.version]
    return kept("routing", digest(*tools, synthesized.parent.name, arguments, constraints), routing)
