# SPDX-License-Identifier: Apache-2.0
"""Another model that fits into a routed design: ``avatar swap``."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from boards.build.ecp5.block_contents import fill
from boards.build.ecp5.build import as_markdown
from boards.build.ecp5.flow import pack
from boards.build.job import Job, check_model, model_facts
from boards.catalogue.registry import board
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from support.failures import InputError
from support.files import check_new_folder, new_folder

KEPT = ("blocks.json", "timing.json", "nextpnr.log")  # as they are in the build
NEEDED = ("routed.config", *KEPT)


def read_report(folder):
    """Return the facts of a folder that ``avatar build`` or ``avatar swap`` made.

    Raises
    ------
    InputError
        It is none, or of a board whose tools give nothing to swap in.
    """
    folder = Path(folder)
    path = folder / "report.json"
    try:
        facts = json.loads(path.read_text())
        device = board(facts["board"]).device
        if device.family.swaps:
            _check(facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder}: is no folder of `avatar build` ({path.name})") from error
    if not device.family.swaps:
        raise InputError(f"{folder}: {facts['board']} takes a new model by `avatar build` alone")
    for name in NEEDED:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: {name} is missing; build it again")
    return facts


def _check(facts):
    """Look at all that a swap reads in a report; a damaged one raises anything."""
    capacity_of(facts)
    as_markdown(facts)
    if type(facts["clock_hz"]) is not int or "other_memories" not in facts:
        raise ValueError("clock_hz or other_memories")


def capacity_of(facts):
    """Return the :class:`hw.capacity.Capacity` of a build, by the facts of its report."""
    sizes = dict(facts["capacity"])
    return Capacity(ArraySpec(**sizes.pop("array")), **sizes)


def swap(folder, model, self_test, out, progress):
    """Make the folder `out`: the build in `folder` with another model in its memories.

    The model id and the self-test that the board reports are memory contents too. The result is,
    byte for byte, the bitstream that ``avatar build`` makes of that model.

    Parameters
    ----------
    folder : path
        Of ``avatar build``, or of an earlier swap.
    model : golden.model_file.Model
    self_test : (sequence of int, sequence of int)
        Latents, and what the reference makes of them (:func:`golden.layer_sums.self_test_of`).
    out : path
        A folder that is not there yet.
    progress : support.progress.Progress

    Returns
    -------
    dict
        What ``report.json`` in `out` holds.

    Raises
    ------
    InputError
        There is no such build, the model does not fit it, or the design has changed since.
    support.tools.ToolFailed
        ecppack failed.
    """
    check_new_folder(out)
    facts = read_report(folder)
    capacity = capacity_of(facts)
    check_model(folder, model, capacity)
    latents, answer = self_test
    plan = BuildPlan(
        capacity=capacity,
        clock_hz=facts["clock_hz"],
        model=model,
        self_test=latents,
        answer=answer,
        baud=facts["baud"],
        platform=board(facts["board"]).platform(),
        wall="screen" in facts,
    )
    if plan.build_id.hex() != facts["build"]:
        raise InputError(f"{folder}: was built by another version of the hardware; build it again")
    progress.stage("contents")
    contents = Job(board(facts["board"]), plan, facts.get("screen")).contents(plan)
    if contents.others != facts["other_memories"]:
        raise InputError("a memory that is no block RAM holds a part of the model; report this")
    numbers = json.loads(Path(folder, "blocks.json").read_text())
    config = fill(Path(folder, "routed.config").read_text(), numbers, contents)
    with new_folder(out) as made:
        (made / "routed.config").write_text(config)
        pack(made, progress)
        (made / "ecppack.log").unlink()
        for name in KEPT:
            shutil.copyfile(Path(folder, name), made / name)
        bitstream = hashlib.sha256((made / "top.bit").read_bytes()).hexdigest()
        facts |= model_facts(model) | {"bitstream_sha256": bitstream}
        (made / "report.json").write_text(json.dumps(facts, indent=1) + "\n")
        (made / "report.md").write_text(as_markdown(facts))
    return facts
