# SPDX-License-Identifier: Apache-2.0
"""From a board and a capacity to a folder, whatever the board's tools are: ``avatar build``."""

from __future__ import annotations

from boards.build import vivado
from boards.build.ecp5 import build as ecp5
from boards.build.ecp5.build import STORES
from boards.build.gowin import build as gowin
from boards.build.job import Job
from boards.chips.devices import DEVICES
from boards.chips.families import ECP5, GOWIN, XILINX
from hw.build_plan import BuildPlan
from hw.display.mode import CLOCK_HZ
from support.failures import InputError

MAKERS = {ECP5: ecp5.build, GOWIN: gowin.build, XILINX: vivado.emit}


def make(
    board,
    capacity,
    out,
    progress,
    *,
    model=None,
    self_test=((), ()),
    clock_mhz=None,
    seed=1,
    bus="serial",
    screen=None,
):
    """Make the folder `out`; return the facts of its ``report.json``.

    Parameters
    ----------
    board : boards.catalogue.board.Board
    capacity : hw.capacity.Capacity
    out : path
        A folder that is not there yet.
    progress : support.progress.Progress
    model : golden.model_file.Model, optional
        That it holds from power-up on; by default none.
    self_test : (sequence of int, sequence of int)
        Latents, and what the reference makes of them (:func:`golden.layer_sums.self_test_of`).
    clock_mhz : float, optional
        The one clock; by default the highest of the board's that the routed design meets.
    seed : int
        Of placement.
    bus : str
        As of :class:`hw.build_plan.BuildPlan`.
    screen : str, optional
        As :meth:`boards.catalogue.board.Board.screen_store` takes it.

    Raises
    ------
    As :func:`boards.build.ecp5.build.build`.
    """
    latents, answer = self_test
    screen = board.screen_store(screen)
    if screen is not None:
        if clock_mhz not in (None, CLOCK_HZ / 1e6):
            raise InputError(
                f"--clock is {clock_mhz:g} MHz; a screen has {CLOCK_HZ / 1e6:g}, five clocks a "
                "pixel: leave --clock out"
            )
        clock_mhz = CLOCK_HZ / 1e6
    clocks = board.clocks_mhz if clock_mhz is None else (clock_mhz,)
    plan = BuildPlan(
        capacity=capacity,
        clock_hz=round(max(clocks) * 1e6),
        model=model,
        self_test=latents,
        answer=answer,
        platform=board.platform(),
        bus=bus,
        wall=screen is not None,
    )
    board.check_clock(plan.clock_hz, bus)
    maker = MAKERS[board.device.family]
    return maker(Job(board, plan, screen), out, progress, seed=seed, clocks_mhz=clocks)


def as_text(facts, out):
    """Return the lines that ``avatar build`` prints."""
    device = DEVICES[facts["device"]]
    model = facts["model"] or "none; `avatar load` or `avatar swap` puts one there"
    lines = [f"model         {model}", f"build         {facts['build']}"]
    if "fmax_mhz" in facts:
        clock = facts["clock_hz"] / 1e6
        lines += [
            f"clock         {clock:g} MHz, met: {facts['fmax_mhz']} MHz after routing",
            f"LUTs          {facts['lut']:,} of {device.luts:,}",
            f"block RAMs    {facts['ebr']} of {device.blocks}",
            f"multipliers   {facts['mult']} of {device.multipliers}",
        ]
    else:
        lines.append(
            f"clock         {facts['clock_hz'] / 1e6:g} MHz; Vivado says whether it is met"
        )
    if "screen" in facts:
        lines.append(f"screen        its frame lies in {STORES[facts['screen']]}")
    return "\n".join([*lines, f"folder        {out}"])
