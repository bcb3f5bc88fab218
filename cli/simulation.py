# SPDX-License-Identifier: Apache-2.0
"""Verbs of simulated hardware."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from cli.arguments import (
    ARRAY,
    JSON,
    NETWORK,
    argument,
    drawn_latents,
    golden_pictures,
    latents_of,
    model_or_network,
    shipped,
    verb,
)
from cli.line import ask, board_at, build_plan, in_flash, virtual_board_of
from cli.output import notice, show
from support.failures import CheckFailed, InputError

ROOT = Path(__file__).parents[1]
BUILD_TIMEOUT = 1800  # seconds that a simulator may take to be built and run


@verb(
    "demo",
    argument(
        "--model", default=shipped("compact-w8.safetensors"), metavar="FILE", help="model file"
    ),
    argument("--seed", type=int, default=7, metavar="S", help="draw latents from this seed"),
    argument("--out", default="avatars.png", metavar="FILE.png", help="(default avatars.png)"),
)
def demo(args):
    """Show the whole path: six avatars by the reference, the same by the simulated board's UART.

    Example: avatar demo --seed 1

    Writes avatars.png, as it came over the serial line, and avatars-side-by-side.png. The exit
    status is 1 where a byte differs.
    """

    import numpy as np

    import pictures
    from golden import model_file
    from sim.board.demo import AVATARS, as_text

    out = Path(args.out)
    pictures.check_png(out)
    beside = out.with_name(f"{out.stem}-side-by-side{out.suffix}")
    pictures.check_png(beside)
    model = model_file.load(args.model)
    latents = drawn_latents(args.seed, AVATARS, model, args.model)

    notice("simulating generator and board; a first run builds both")
    with _in_parallel("sim", "--model", args.model, "--seed", str(args.seed)) as measured:
        expected = golden_pictures(model, latents)
        with board_at("sim", model) as link:
            received = ask(link, model, latents)
        simulated = measured()

    pictures.save_png(out, pictures.grid(received, scale=4))
    panels = {"NumPy reference": expected, "over the simulated board's UART": received}
    sheets = {title: pictures.grid(images, scale=4) for title, images in panels.items()}
    pictures.save_png(beside, pictures.side_by_side(sheets))

    equal = simulated["equal"] and np.array_equal(received, expected)
    facts = {
        **simulated,
        "model": model.digest,
        "equal": equal,
        "bytes_sent": link.exchange.bytes_sent,
        "bytes_received": link.exchange.bytes_received,
        "files": (out, beside),
    }
    print(as_text(facts))
    return 0 if equal else 1


def _search_path():
    """Return PYTHONPATH with the checkout before all else, for a process in any folder."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


@contextmanager
def _in_parallel(*arguments):
    """Run a verb with --json beside this process; yield a function that waits for its answer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments, "--json"],
        env={**os.environ, "PYTHONPATH": _search_path()},
        stdout=subprocess.PIPE,
        start_new_session=True,  # with all that it starts it is a group, ended as one
    )

    def answer():
        try:
            output, _ = process.communicate(timeout=BUILD_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"`avatar {arguments[0]}` took too long; run it alone") from None
        if not output:
            words = f"`avatar {arguments[0]}` gave no answer; run it alone to see why"
            raise (CheckFailed if process.returncode == CheckFailed.status else InputError)(words)
        return json.loads(output)

    try:
        yield answer
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _say_simulating():
    if sys.stderr.isatty():
        notice("simulating; a first run builds the design, a minute or two")


@verb(
    "sim",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seed", type=int, metavar="S", help="draw the latent from this seed (default 0)"),
    argument("--latents", metavar="FILE.npy", help="latents; the first one is used"),
    *ARRAY,
    argument("--netlist", action="store_true", help="what synthesis for the ECP5 makes of it"),
    argument(
        "--waves",
        nargs="?",
        const="avatar.vcd",
        metavar="FILE.vcd",
        help="keep every signal's history (default avatar.vcd)",
    ),
    JSON,
)
def sim(args):
    """Run one avatar through the simulated hardware and compare every layer with the reference.

    Example: avatar sim --model models/compact-normal-w8.safetensors --seed 7

    Says equal, or the first layer, channel and pixel that differ (exit status 1), and how many
    cycles it took from the first latent taken to the last pixel out. With --netlist the hardware is
    what Yosys makes of it, on our models of the ECP5's cells: for small networks and arrays.
    """
    import shutil
    import tempfile

    from golden import model_file
    from hw.array import ArraySpec
    from sim.generator.simulate import as_text, machine_for, report
    from support.files import check_destination, replacing

    args.count = None
    model = model_file.load(args.model)
    latents = latents_of(args, model)[:1]
    array = ArraySpec(rows=args.rows, columns=args.columns)
    if args.waves:
        check_destination(args.waves)
    _say_simulating()
    simulation = machine_for(model, array, netlist=args.netlist, waves=bool(args.waves))
    with tempfile.TemporaryDirectory(prefix="avatar-sim-") as run_dir:
        observation = simulation.observe(model, latents, run_dir=run_dir)
        if args.waves:
            with replacing(args.waves) as beside:
                shutil.move(Path(run_dir, "dump.vcd"), beside)
    facts = report(model, array, observation, observation.difference(model, latents))
    show(args, facts, as_text)
    return 0 if facts["equal"] else 1


@verb(
    "perf",
    *NETWORK,
    *ARRAY,
    argument(
        "--weights-per-cycle",
        type=int,
        metavar="W",
        help="weights in a word of the weight memory (default: half the array's)",
    ),
    argument(
        "--weight-bus",
        type=int,
        default=0,
        metavar="BITS",
        help="weights come from an SDRAM with so many bits, 16 or 32 (default: on the chip)",
    ),
    argument(
        "--board", help="the array of its first machine that holds the network, in their place"
    ),
    argument("--capacity", metavar="C", help="or of this machine of the board, w8 say"),
    argument("--slots", type=int, default=1, metavar="N", help="latents of a pass (default 1)"),
    argument("--seed", type=int, metavar="S", help="of this network's contents (default 0)"),
    JSON,
)
def perf(args):
    """Measure the hardware's cycles in simulation, and say where each lost one goes.

    Example: avatar perf --preset compact --json

    Passes back to back; of a network of one plane, up to four latents share a pass. The cycle model
    stands beside the simulated hardware; where they do not agree the exit status is 1. With
    weights outside it knows no single refresh of the memory, and half a percent counts as agreed. A
    network without a model file holds numbers drawn from a seed: cycles do not depend on them.
    """
    from hw.array import ArraySpec
    from sim.generator import perf

    model = model_or_network(args, args.seed)
    if args.board is not None:
        from boards.catalogue import listing, registry

        board = registry.board(args.board)
        machine = listing.holding(board, model.spec, args.capacity)
        array = board.capacity(machine).array
        clock_mhz = board.clock_mhz(machine)
    elif args.capacity is not None:
        raise InputError("--capacity is of a board's machine; give --board, too")
    else:
        array = ArraySpec(
            rows=args.rows,
            columns=args.columns,
            word_weights=args.weights_per_cycle,
            weight_bus=args.weight_bus,
        )
        clock_mhz = None
    _say_simulating()
    facts = perf.measure(model, array, args.slots, clock_mhz)
    show(args, facts, perf.as_text)
    return 0 if facts["agrees"] else 1


@verb(
    "verilog",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--out", required=True, metavar="FILE.v", help="where the Verilog goes"),
    *ARRAY,
    argument(
        "--clock", type=int, default=100_000_000, metavar="HZ", help="clock (default 100 MHz)"
    ),
    argument(
        "--bus",
        choices=("serial", "axi"),
        default="serial",
        help="how bytes come and go: serial (default), or axi, registers on an AXI4-Lite bus",
    ),
)
def verilog(args):
    """Write the complete design as one Verilog file, the model in its memories.

    Example: avatar verilog --model models/compact-normal-w8.safetensors --out top.v

    The module `top` has clk, rst, the serial line rx and tx, and two lamps, active and
    error. With --bus axi it is a slave of an AXI4-Lite bus instead, s_axi_..., with the registers
    and the interrupt of Xilinx' AXI UART Lite, and has no clk, rst, rx and tx.
    """
    from dataclasses import replace

    from golden import model_file
    from hw.array import ArraySpec
    from sim.verilog import to_verilog
    from support.files import check_destination, replacing

    check_destination(args.out)
    model = model_file.load(args.model)
    array = ArraySpec(rows=args.rows, columns=args.columns)
    plan = replace(build_plan(model, array, args.clock), bus=args.bus)
    text = to_verilog(plan.top(), "top")
    with replacing(args.out) as beside:
        beside.write_text(text)


@verb(
    "board-sim",
    argument("--model", metavar="FILE", help="it holds from the start (default: none)"),
    argument("--link", metavar="PATH", help="a name for the terminal, while the board runs"),
    argument("--netlist", metavar="BOARD", help="its netlist for this board (an ECP5 or Gowin)"),
    argument("--board", help="the machine of this board, empty: one of `avatar boards`"),
    argument("--capacity", metavar="C", help="of --board: the machine, as of `build`"),
    argument(
        "--flash-model",
        metavar="FILE",
        help="of --board, for a machine with weights outside: model file that lies in its flash",
    ),
    argument("--wall", metavar="DIR", help="it has a screen; the pictures of its wall go there"),
    *ARRAY,
)
def board_sim(args):
    """Run a virtual board: the real hardware, simulated pin for pin, behind a pseudo-terminal.

    Example: avatar board-sim --link /tmp/board

    Prints the terminal's path when the board is ready, and serves until Ctrl-C. In another shell:
    avatar generate --port /tmp/board --model models/compact-w8.safetensors --load --out a.png

    Without --model the board is empty and has room for every model that `avatar load` brings; with
    it, it is just large enough for that model. With --board it is the machine of a board, and where
    its weights lie in a memory outside, the chip of that memory is simulated at its pins. So is the
    flash, from which --flash-model is loaded as the board starts.

    With --wall it has a screen: `avatar screen --port ... --wall` lets it fill DIR with one file
    a picture, 001-000000.ppm, .... A simulated board takes seconds for each.

    With --netlist it is the board's whole design as synthesis left it, buffers and reset included,
    on our models of the chip's cells: for small networks and arrays.
    """
    from golden import model_file
    from hw.array import ArraySpec
    from support.files import check_folder

    model = None if args.model is None else model_file.load(args.model)
    array = ArraySpec(rows=args.rows, columns=args.columns)
    capacity, stored = None, b""
    if args.board is not None:
        if args.model is not None or args.netlist is not None:
            raise InputError("--board is an empty machine; leave --model and --netlist out")
        from boards.catalogue import registry

        capacity = registry.board(args.board).capacity(args.capacity)
        if args.flash_model is not None:
            stored = in_flash(model_file.load(args.flash_model), capacity)
    elif args.capacity is not None or args.flash_model is not None:
        raise InputError("--capacity and --flash-model are of a board's machine; give --board, too")
    if args.wall is not None:
        if args.netlist is not None:
            raise InputError("--wall has no pins in a netlist; leave --netlist out")
        check_folder(args.wall)
        if any(Path(args.wall).glob("*.ppm")):
            raise InputError(f"{args.wall}: holds pictures already; empty it, or name another")
        Path(args.wall).mkdir(parents=True, exist_ok=True)
    more = {"wall": args.wall, "stored": stored}
    with virtual_board_of(model, args.link, array, args.netlist, capacity, **more) as board:
        print(board.path, flush=True)
        board.process.wait()
    return 0 if board.process.returncode == 0 else 1
