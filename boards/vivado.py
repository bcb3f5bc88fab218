# SPDX-License-Identifier: Apache-2.0
"""A Vivado project for boards whose chips no open tool here makes a bitstream for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from boards.fit import check_fit
from boards.new_folder import check_new_folder, new_folder
from boards.tools import YOSYS
from hw.tiling import Tiling

RUN = "vivado -mode batch -source top.tcl"


def emit(job, out, progress, *, seed=1, clocks_mhz=()):
    """Make a folder with Verilog, constraints and script; ``RUN`` there makes ``top.bit``.

    Parameters
    ----------
    job : boards.build.Job
    out : path
        A folder that is not there yet; it appears whole or not at all.
    progress : boards.progress.Progress
    seed, clocks_mhz
        Vivado has neither a seed nor, here, a second try.

    Returns
    -------
    dict
        What ``report.json`` in the folder holds.

    Raises
    ------
    boards.fit.DoesNotFit
        Too few block RAMs or multipliers.
    InputError
        Yosys, which writes the Verilog, is not installed; or the folder cannot be made.
    """
    plan, board = job.plan, job.board
    check_new_folder(out)
    check_fit(Tiling(plan.model.spec, plan.array), board.device)
    progress.stage("Verilog")
    os.environ.setdefault(YOSYS.variable, YOSYS.path)  # where Amaranth looks for it
    platform = board.platform()
    files = platform.prepare(job.top(plan), emit_src=False, debug_verilog=False).files
    facts = {
        "board": board.name,
        "device": board.device_name,
        "model": plan.model.digest,
        "build": plan.build_id.hex(),
        "spec": plan.model.spec.to_json(),
        "rows": plan.array.rows,
        "columns": plan.array.columns,
        "clock_hz": plan.clock_hz,
        "baud": plan.baud,
        "run": RUN,
        "on_silicon": False,
    }
    with new_folder(out) as folder:
        for name in ("top.v", "top.xdc", "top.tcl"):
            text = files[name]
            Path(folder, name).write_bytes(text if isinstance(text, bytes) else text.encode())
        (folder / "report.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts
