# SPDX-License-Identifier: Apache-2.0
"""How large and how fast the complete top is on a chip: ``avatar synth``."""

from __future__ import annotations

from dataclasses import asdict

from boards.build.ecp5.floorplan import floorplan
from boards.build.ecp5.flow import place_and_route, synthesize
from boards.chips.capacity import check_blocks, check_fit, memory_table, planned
from boards.chips.ecp5_pll import target_mhz
from boards.chips.families import ECP5
from hw.build_plan import BuildPlan
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.rtlil import to_rtlil
from support.failures import InputError

PACKAGE = "CABGA381"  # of ULX3S; every size of the ECP5 comes in it
CLOCK_HZ = 100_000_000  # told to the serial line; no constraint


def measure(capacity, device, progress, *, seeds=(1,), clock_mhz=None):
    """Synthesize, place and route the board-independent top, once a seed.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
        Of the empty machine.
    device : boards.chips.devices.Device
        Of the family ECP5.
    progress : support.progress.Progress
    seeds : sequence of int
        Of placement.
    clock_mhz : float, optional
        The design must reach it; the tools aim at :func:`boards.chips.ecp5_pll.target_mhz` of it.

    Returns
    -------
    dict
        What ``avatar synth --json`` prints. `lut`, `ff`, `ebr`, `mult` and `critical_path` are of
        the slowest seed; `planned` are the primitives that the design names, `missing` those that
        the tools lost; `meets_clock` is None without `clock_mhz`.

    Raises
    ------
    boards.chips.capacity.DoesNotFit
        Too few block RAMs or multipliers; no tool has run.
    InputError
        A tool is not installed, or the device has none here.
    support.tools.ToolFailed
        A tool failed.
    """
    if device.family is not ECP5:
        raise InputError(f"{device.name} has no open place and route here; give an lfe5u-*")
    check_fit(capacity, device)
    plan = BuildPlan(capacity, CLOCK_HZ)
    progress.stage("elaboration")
    design = to_rtlil(plan.top(), "top", platform=Ecp5Primitives())
    wanted = planned(design)
    check_blocks(wanted["ebr"], device, "see the table", memory_table(capacity, device.family))
    netlist = synthesize(design, progress)
    places = floorplan(netlist, device.name, capacity)
    routed = {
        seed: place_and_route(
            netlist,
            device.name,
            progress,
            package=PACKAGE,
            frequency=target_mhz(clock_mhz or 0),
            places=places,
            seed=seed,
        )
        for seed in seeds
    }
    fmax = {seed: min(each.report.fmax_mhz.values()) for seed, each in routed.items()}
    slowest = min(fmax, key=fmax.get)
    report = routed[slowest].report
    path = report.critical_paths[report.slowest]
    return {
        "device": device.name,
        "capacity": asdict(capacity),
        **report.used,
        "planned": wanted,
        "missing": {
            name: count - report.used[name]
            for name, count in wanted.items()
            if count > report.used[name]
        },
        "fmax_mhz": round(fmax[slowest], 2),
        "fmax_mhz_by_seed": {str(seed): round(each, 2) for seed, each in fmax.items()},
        "meets_clock": None if clock_mhz is None else fmax[slowest] >= clock_mhz,
        "critical_path": str(path),
        "critical_path_cells": [path.begins, path.ends],
        "critical_path_ns": {"logic": path.logic_ns, "routing": path.routing_ns},
        "seconds": {
            "synthesis": netlist.seconds,
            **{f"seed {seed}": each.seconds for seed, each in routed.items()},
        },
    }


def failures(facts, clock_mhz):
    """Return the lines that say what of :func:`measure` is not as it should be."""
    lines = [
        f"{name}: {facts['planned'][name]} planned, {facts[name]} came out, {count} missing"
        for name, count in facts["missing"].items()
    ]
    if facts["meets_clock"] is False:
        short = clock_mhz - facts["fmax_mhz"]
        lines.append(f"{facts['fmax_mhz']} MHz is {short:.2f} MHz short of {clock_mhz:g} MHz")
    return lines


def as_text(facts, device):
    """Return the lines that ``avatar synth`` prints of what :func:`measure` returned."""
    of = {"lut": device.luts, "ff": device.flip_flops}
    of |= {"ebr": device.blocks, "mult": device.multipliers}
    names = {"lut": "LUTs", "ff": "flip-flops", "ebr": "block RAMs", "mult": "multipliers"}
    lines = [
        f"{names[key]:<14}{facts[key]:>8,} of {total:>7,}  {facts[key] / total:>6.1%}"
        for key, total in of.items()
    ]
    for seed, mhz in facts["fmax_mhz_by_seed"].items():
        lines.append(f"{f'MHz, seed {seed}':<14}{mhz:>8.2f}")
    nanoseconds = facts["critical_path_ns"]
    lines.append(
        f"critical path {facts['critical_path']}; {nanoseconds['logic']} ns in cells, "
        f"{nanoseconds['routing']} ns between them"
    )
    return "\n".join(lines)
