# SPDX-License-Identifier: Apache-2.0
"""The far end of a serial line, for the verbs that ask one: a board, or a virtual board."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from functools import partial

from cli.output import notice
from support.failures import InputError


def board_pictures(port, baud, load, model, latents):
    with board_at(port, model, baud, load=load) as link:
        return ask(link, model, latents)


@contextmanager
def board_at(port, model, baud=None, *, load=False):
    """Yield the link to the board at a port, which is well and at its highest rate or at `baud`.

    With `load` it gets `model` where it holds another.
    """
    from boards.host.open_board import open_board

    with line_of(port, model) as (path, clock):
        with open_board(path, baud=baud, clock=clock, notice=notice) as link:
            if load and not holds(link, model):
                notice(loaded_text(load_model(link, model)))
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


def holds(link, model):
    """Return whether the board behind a link holds `model`."""
    held = link.info().model
    return held is not None and held.digest.hex() == model.digest


def load_model(link, model):
    """Compile a model for the board behind a link, and put it there.

    Returns
    -------
    dict
        `port`, `model`, `image` (its bytes), `taken_up` (those that were there already), `sent`
        (bytes on the line), `seconds` (on the line's clock), `share` (of the bytes sent that are
        image), `repeats` and `baud`.

    Raises
    ------
    InputError
        The model does not fit; nothing was sent. Or the line fails.
    boards.host.open_board.SelfTestFailed
    """
    from boards.host.open_board import expect_right
    from support.progress import bar

    image = image_for(model, link)
    exchange = link.exchange
    begin, sent, repeats = link.clock(), exchange.bytes_sent, exchange.repeats
    with bar(total=len(image), desc=link.port, unit="B") as progress:
        result, taken_up = link.load(image, model, progress=progress.update)
    sent = exchange.bytes_sent - sent
    expect_right(
        link, result, bytes.fromhex(model.digest)[:8], "it holds no model now; load it again"
    )
    return {
        "port": link.port,
        "model": model.digest,
        "image": len(image),
        "taken_up": taken_up,
        "sent": sent,
        "seconds": round(link.clock() - begin, 3),
        "share": round((len(image) - taken_up) / sent, 4),
        "repeats": exchange.repeats - repeats,
        "baud": link.baud,
    }


def loaded_text(facts):
    """Return the line that tells what :func:`load_model` returned."""
    before = f", {facts['taken_up']:,} of them were there" if facts["taken_up"] else ""
    return (
        f"{facts['port']}: holds model {facts['model'][:16]} now, self-test passed; "
        f"{facts['image']:,} bytes{before}, {facts['seconds']:.2f} s at {facts['baud']:,} baud, "
        f"{facts['share']:.1%} of the bytes sent were the image's"
    )


def image_for(model, link):
    """Return the image of a model for the board behind a link.

    Raises
    ------
    InputError
        The board's machine is not one that this version knows, or it is too small.
    """
    capacity = capacity_of(link.info().machine, link.port)
    try:
        return compiled(model, capacity)
    except InputError as error:
        raise InputError(f"{link.port}: {error}; `avatar boards` lists what holds it") from None


def compiled(model, capacity):
    """Return the image of a model for machines of a capacity.

    Raises
    ------
    InputError
        It does not fit.
    """
    from golden.layer_sums import self_test_of
    from hw.build_plan import image_of

    return image_of(model, capacity, *self_test_of(model, capacity.array.columns))


def in_flash(model, capacity):
    """Return what lies in the flash of a board of `capacity` that is to load `model` at its start.

    Raises
    ------
    InputError
        It does not fit, or such a board loads nothing from a flash.
    """
    from hw.flash.stored import stored
    from hw.uart.protocol import ID_SIZE

    if not capacity.array.weight_bus:
        raise InputError("this machine loads nothing from a flash; give --capacity sdram-w5, say")
    return stored(compiled(model, capacity), bytes.fromhex(model.digest)[:ID_SIZE])


def capacity_of(machine, port):
    """Return the :class:`hw.capacity.Capacity` that a board tells.

    Raises
    ------
    InputError
        It was built by another version.
    """
    from hw.array import ArraySpec
    from hw.capacity import Capacity
    from hw.engine.load_bus import memories
    from hw.image import capacity_id
    from hw.uart.facts import CAPACITY_FIELDS

    sizes = dict(zip(CAPACITY_FIELDS, machine.capacity, strict=True))
    of_array = ("rows", "columns", "word_weights", "hop", "weight_bus")
    try:
        array = ArraySpec(**{name: sizes.pop(name) for name in of_array})
        capacity = Capacity(array, **sizes)
        same = capacity_id(capacity, memories(capacity)) == machine.capacity_id
    except InputError as error:
        raise InputError(f"{port}: the board says of itself: {error}") from None
    if not same:
        raise InputError(
            f"{port}: the board's machine is of another version; build it anew with `avatar "
            "build`, or install the avatar-gan-fpga that built it"
        )
    return capacity


def virtual_board_of(
    model, link=None, array=None, netlist=None, capacity=None, *, wall=None, stored=b""
):
    """Start a virtual board: one just large enough for `model`, which it holds, or an empty one
    with room for any, or of `capacity`. The reference is asked here, not in its process.

    `netlist` names the board whose design, synthesized, is simulated; `wall` a folder for what a
    board with a screen shows; `stored` lies in the flash.
    """
    from dataclasses import replace

    from hw.array import ArraySpec
    from hw.build_plan import BuildPlan
    from sim.board import board_netlist, virtual_board
    from sim.board.roomy import roomy

    if link is not None:
        link = virtual_board.free_link(link)  # refused before the build, not after
    clock_hz = virtual_board.CLOCK_HZ if netlist is None else board_netlist.CLOCK_HZ
    array = array or ArraySpec()
    if model is not None:
        plan = build_plan(model, array, clock_hz)
    elif netlist is None:
        plan = BuildPlan(capacity or roomy(array), clock_hz)
    else:
        raise InputError("--netlist is of a machine for one network; give --model FILE, too")
    plan = replace(plan, wall=wall is not None)
    if netlist is None:
        simulation = virtual_board.build(plan, notice=notice)
    else:
        simulation = netlist_of(netlist, plan)
    return virtual_board.VirtualBoard(
        simulation, link=link, clock_hz=clock_hz, wall=wall, stored=stored
    )


def netlist_of(name, plan):
    """Return the simulation of a board's design as synthesis leaves it."""
    from boards.build.gowin import build as gowin
    from boards.build.job import Job
    from boards.catalogue.registry import board
    from boards.chips.families import ECP5, GOWIN
    from sim.board import board_netlist
    from sim.gowin.netlist import netlist_verilog
    from support.progress import Progress

    target = board(name)
    ports, job = target.ports, Job(target, plan)  # refused before the design is written out
    if target.device.family is ECP5:
        design, _ = job.design(plan)
        netlist, cells = board_netlist.for_ecp5(design, notice), "ecp5"
    elif target.device.family is GOWIN:
        with Progress() as progress:
            file, _ = gowin.netlist(job, progress)
        netlist = netlist_verilog(json.loads(file.read_text()), board_netlist.DESIGN)
        cells = "gowin"
    else:
        raise InputError(
            f"{name}: only cells of the ECP5 and of Gowin have models; choose a board with these"
        )
    return board_netlist.build(netlist, ports, active_low=target.busy_is_low, family=cells)


def build_plan(model, array, clock_hz):
    """Return the plan of a board just large enough for `model`, which it holds from the start."""
    from golden.layer_sums import self_test_of
    from hw.build_plan import BuildPlan
    from hw.capacity import Capacity
    from hw.model.schedule import scheduled

    capacity = Capacity.of(scheduled(model.spec, array))
    return BuildPlan(capacity, clock_hz, model, *self_test_of(model, array.columns))
