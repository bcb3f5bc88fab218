# SPDX-License-Identifier: Apache-2.0
"""A Vivado project for boards whose chips no open tool here makes a bitstream for."""

from __future__ import annotations

import json
from pathlib import Path

from amaranth.back.verilog import YosysError

from boards.build import zynq
from support.files import new_folder
from support.tools import YOSYS

RUN = "vivado -mode batch -source top.tcl"


def emit(job, out, progress, *, seed=1, clocks_mhz=()):
    """Make a folder with Verilog, script and perhaps constraints; ``RUN`` there makes ``top.bit``.

    Parameters
    ----------
    job : boards.build.job.Job
    out : path
        A folder that is not there yet; it appears whole or not at all.
    progress : support.progress.Progress
    seed, clocks_mhz
        Vivado has neither a seed nor, here, a second try.

    Returns
    -------
    dict
        What ``report.json`` in the folder holds.

    Raises
    ------
    boards.chips.capacity.DoesNotFit
        Too few block RAMs or multipliers.
    InputError
        Yosys, which writes the Verilog, is not installed or too old; or the folder cannot be made.
    """
    job.check(out)
    progress.stage("Verilog")
    with YOSYS.in_environment(YosysError):  # Amaranth looks for it there
        if job.plan.bus == "axi":
            files = zynq.files(job)
        else:
            made = job.files(job.plan)
            files = {name: made[name] for name in ("top.v", "top.xdc", "top.tcl")}
    facts = {**job.facts, "bus": job.plan.bus, "run": RUN}
    with new_folder(out) as folder:
        for name, text in files.items():
            Path(folder, name).write_bytes(text if isinstance(text, bytes) else text.encode())
        (folder / "report.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts
