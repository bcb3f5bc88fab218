# SPDX-License-Identifier: Apache-2.0
"""The far end of a serial line, for the verbs that ask one: a board, or a virtual board."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial

from cli.output import notice
from support.failures import InputError


def board_pictures(port, baud, model, latents):
    with board_at(port, model, baud) as link:
        return ask(link, model, latents)


@contextmanager
def board_at(port, model, baud=None):
    """Yield the link to the board at a port, which is well and at its highest rate or at `baud`."""
    from boards.host.open_board import open_board

    with line_of(port, model) as (path, clock):
        with open_board(path, baud=baud, clock=clock, notice=notice) as link:
            yield link


@contextmanager
def line_of(port, model):
    """Yield path and clock of a port; `sim` is a virtual board's that holds `model`."""
    if port != "sim":
        yield port, time.monotonic
    else:
        with virtual_board_of(model) as simulated:
            yield simulated.path, simulated.clock


def ask(link, model, latents):
    from support.progress import bar

    progress = partial(bar, desc=link.port, unit="avatar")
    return link.generate(model, latents, progress=progress)


def virtual_board_of(model, link=None, array=None, netlist=None):
    """Start a virtual board that holds `model`; the reference is asked here, not in its process.

    `netlist` names the board whose design, synthesized, is simulated.
    """
    from hw.tiling import ArraySpec
    from sim.board import board_netlist, virtual_board

    if link is not None:
        link = virtual_board.free_link(link)  # refused before the build, not after
    clock_hz = virtual_board.CLOCK_HZ if netlist is None else board_netlist.CLOCK_HZ
    plan = build_plan(model, array or ArraySpec(), clock_hz)
    if netlist is None:
        simulation = virtual_board.build(plan, notice=notice)
    else:
        simulation = netlist_of(netlist, plan)
    return virtual_board.VirtualBoard(simulation, link=link, clock_hz=clock_hz)


def netlist_of(name, plan):
    """Return the simulation of a board's design as synthesis leaves it."""
    from boards.build.job import Job
    from boards.catalogue.registry import board
    from boards.chips.families import ECP5
    from sim.board import board_netlist

    target = board(name)
    if target.device.family is not ECP5:
        raise InputError(f"{name}: only the ECP5's cells have models; choose a board with one")
    ports = target.ports  # refused before the design is written out
    design, _ = Job(target, plan).design(plan)
    return board_netlist.build(design, ports, notice=notice)


def build_plan(model, array, clock_hz):
    """Return the plan of a board that holds `model`, the reference's sums for its self-test."""
    from golden.layer_sums import self_test_of
    from hw.build_plan import BuildPlan

    latents, answer = self_test_of(model, array.columns)
    return BuildPlan(model=model, array=array, clock_hz=clock_hz, self_test=latents, answer=answer)
