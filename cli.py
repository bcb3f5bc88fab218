# SPDX-License-Identifier: Apache-2.0
"""The console script ``avatar``: arguments only, the folder behind a verb is imported in the verb.

Exit status: 0 good, 1 a check failed, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from functools import partial

from golden.spec import GeneratorSpec
from support.failures import CheckFailed, InputError
from support.files import make_folder
from support.termination import end_on_sigterm
from train import options

MAX_SCALE = 64
BUILD_TIMEOUT = 1800  # seconds that a simulator may take to be built and run
EXTRA_OF = {
    "torch": "train",
    "tensorboard": "train",
    "matplotlib": "train",
    "amaranth": "sim",
    "cocotb": "sim",
    "cocotb_tools": "sim",
    "serial": "boards",
    "amaranth_boards": "boards",
    "joblib": "bench",
    "distributed": "bench",
}

DESCRIPTION = """\
From pictures to avatars out of an FPGA: train a GAN, quantise it to one model file, run that file
through a bit-exact NumPy reference and through the hardware, simulated or on a board.

  pictures -> avatar train -> avatar quantize -> model.safetensors -> avatar generate
                                                                   -> avatar sim, board-sim

`avatar VERB --help` explains a verb and gives an example."""

_VERBS = {}


def argument(*names, **options):
    """Describe one argument of a verb, as ``ArgumentParser.add_argument`` takes it."""
    return names, options


def verb(name, *arguments):
    """Register a function as the verb `name`: its docstring is the help, its result the status.

    The first line of the docstring appears in the list of verbs. The function takes the parsed
    arguments and returns an exit status, or None for 0.
    """

    def register(function):
        _VERBS[name] = (function, arguments)
        return function

    return register


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line."""

    def error(self, message):
        raise InputError(f"{message}; see `{self.prog} --help`")


def _parser():
    formatter = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="avatar", description=DESCRIPTION, formatter_class=formatter)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True, dest="verb")
    for name, (function, arguments) in _VERBS.items():
        text = inspect.getdoc(function)
        help_line = text.splitlines()[0].rstrip(".")
        sub = verbs.add_parser(
            name, help=help_line, description=text, formatter_class=formatter, allow_abbrev=False
        )
        sub.set_defaults(function=function)
        for names, settings in arguments:
            sub.add_argument(*names, **settings)
    return parser


def main(argv=None):
    """Run ``avatar`` with the arguments `argv` (those of the process by default).

    Returns
    -------
    int
        The exit status. Bad input is one line on standard error, below the notes of the exception
        if it has any, never a traceback. A failed check is its own message.
    """
    status = InputError.status
    end_on_sigterm()
    try:
        args = _parser().parse_args(argv)
        done = args.function(args) or 0
        sys.stdout.flush()
        return done
    except BrokenPipeError:  # the reader, `head` say, has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CheckFailed as error:
        _notice(error)
        return error.status
    except InputError as error:
        for note in getattr(error, "__notes__", ()):
            print(note, file=sys.stderr)
        line, status = str(error), error.status
    except OSError as error:
        line = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except ModuleNotFoundError as error:
        name = (error.name or "").split(".")[0]
        if name not in EXTRA_OF:
            raise
        line = f"{name} is not installed; this needs: pip install -e '.[{EXTRA_OF[name]}]'"
    except MemoryError:
        line = "not enough memory; ask for fewer or smaller pictures at a time"
    except KeyboardInterrupt:
        _notice("interrupted")
        return 130
    line = "".join(c if c.isprintable() else " " for c in line)  # one line, whatever was quoted
    _notice(f"error: {line}")
    return status


def _notice(text):
    """Say something beside a verb's result."""
    print(f"avatar: {text}", file=sys.stderr)


def _latents(args, model):
    """Return the latents that --latents, or --seed and --count, ask for."""
    from golden.latents import load_latents

    if args.latents is None:
        return _drawn(
            0 if args.seed is None else args.seed,
            1 if args.count is None else args.count,
            model,
            args.model,
        )
    if args.seed is not None or args.count is not None:
        raise InputError("--latents excludes --seed and --count; give one or the other")
    return load_latents(args.latents)


def _drawn(seed, count, model, path):
    """Return latents as the model of a file was trained on; where there is none, from N(0, I)."""
    from golden.latents import distribution_of, draw_latents

    training = {} if model is None else model.training
    return draw_latents(seed, count, distribution_of(training, path))


@verb(
    "generate",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seed", type=int, metavar="S", help="draw latents from this seed (default 0)"),
    argument("--count", type=int, metavar="N", help="number of avatars (default 1)"),
    argument("--latents", metavar="FILE.npy", help="latents (N, 100): float, or int8 in 1/32"),
    argument("--out", metavar="FILE.png", help="one PNG, the avatars in a grid"),
    argument("--scale", type=int, metavar="K", help="enlarge the grid K times"),
    argument("--each", metavar="DIR", help="single 32x32 files DIR/000.png, 001.png, ..."),
    argument("--trace", metavar="DIR", help="each layer's values as .npy and .hex (NumPy only)"),
    argument("--port", help="ask the board on this serial port; `sim`: a virtual board"),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
)
def generate(args):
    """Turn latents into avatars: with the bit-exact NumPy reference, or on a board.

    Example: avatar generate --model models/compact.safetensors --seed 7 --count 6 --out a.png

    The same seed and model give the same bytes everywhere: here, in simulation, on a board.
    """
    import pictures
    from golden import model_file

    if not (args.out or args.each or args.trace):
        raise InputError("nothing to write; give --out FILE.png, --each DIR or --trace DIR")
    if args.scale is not None and not args.out:
        raise InputError("--scale enlarges the grid of --out FILE.png; give that too")
    scale = 1 if args.scale is None else args.scale
    if not 1 <= scale <= MAX_SCALE:
        raise InputError(f"--scale is {scale}; give 1 to {MAX_SCALE}")
    if args.port == "":
        raise InputError("--port is empty; name a serial port or `sim`, or leave it out")
    if args.port is not None and args.trace:
        raise InputError("--trace is of the NumPy reference; leave --port out")
    if args.baud is not None and args.port is None:
        raise InputError("--baud is the rate of a serial line; give --port too")
    model = model_file.load(args.model)
    latents = _latents(args, model)
    if args.out:
        pictures.check_png(args.out)
        pictures.check_grid(len(latents), scale)
    for folder in (args.each, args.trace):
        if folder:
            make_folder(folder)

    if args.out or args.each:
        source = _golden_pictures
        if args.port is not None:
            source = partial(_board_pictures, args.port, args.baud)
        images = source(model, latents)
        if args.out:
            pictures.save_png(args.out, pictures.grid(images, scale=scale))
        if args.each:
            pictures.save_each(args.each, images)
    if args.trace:
        from golden.trace_files import save_trace

        save_trace(args.trace, model, latents)


def _golden_pictures(model, latents):
    from tqdm import tqdm

    from golden.generator import generate

    return generate(model, latents, progress=partial(tqdm, unit="batch", delay=2, leave=False))


def _board_pictures(port, baud, model, latents):
    with _open_board(port, model, baud) as board:
        return _ask_board(board, model, latents)


@contextmanager
def _open_board(port, model, baud=None):
    """Yield the board at a port, which is well and at its highest rate or at `baud`."""
    from boards.host.open_board import open_board

    with _line(port, model) as (path, clock), open_board(path, baud=baud, clock=clock) as board:
        yield board


@contextmanager
def _line(port, model):
    """Yield path and clock of a port; `sim` is a virtual board's that holds `model`."""
    if port != "sim":
        yield port, time.monotonic
    else:
        with _virtual_board(model) as simulated:
            yield simulated.path, simulated.clock


def _ask_board(board, model, latents):
    from tqdm import tqdm

    progress = partial(tqdm, desc=board.port, unit="avatar", delay=2, leave=False)
    return board.generate(model, latents, progress=progress)


ARRAY_ARGUMENTS = (
    argument("--rows", type=int, default=16, metavar="R", help="rows of the array (default 16)"),
    argument("--columns", type=int, default=16, metavar="C", help="columns (default 16)"),
)


def _virtual_board(model, link=None, array=None, netlist=None):
    """Start a virtual board that holds `model`; the reference is asked here, not in its process.

    `netlist` names the board whose design, synthesized, is simulated.
    """
    from hw.tiling import ArraySpec
    from sim.board import board_netlist, virtual_board

    if link is not None:
        link = virtual_board.free_link(link)  # refused before the build, not after
    clock_hz = virtual_board.CLOCK_HZ if netlist is None else board_netlist.CLOCK_HZ
    plan = _build_plan(model, array or ArraySpec(), clock_hz)
    if netlist is None:
        simulation = virtual_board.build(plan, notice=_notice)
    else:
        simulation = _board_netlist(netlist, plan)
    return virtual_board.VirtualBoard(simulation, link=link, clock_hz=clock_hz)


def _board_netlist(name, plan):
    """Return the simulation of a board's design as synthesis leaves it."""
    from boards.build.job import Job
    from boards.catalogue.registry import board
    from sim.board import board_netlist

    target = board(name)
    if target.device.family != "ecp5":
        raise InputError(f"{name}: only the ECP5's cells have models; choose a board with one")
    ports = target.ports  # refused before the design is written out
    design, _ = Job(target, plan).design(plan)
    return board_netlist.build(design, ports, notice=_notice)


def _build_plan(model, array, clock_hz):
    """Return the plan of a board that holds `model`, the reference's sums for its self-test."""
    from golden.layer_sums import self_test_of
    from hw.build_plan import BuildPlan

    latents, answer = self_test_of(model, array.columns)
    return BuildPlan(model=model, array=array, clock_hz=clock_hz, self_test=latents, answer=answer)


@verb(
    "board-sim",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--link", metavar="PATH", help="a name for the terminal, while the board runs"),
    argument("--netlist", metavar="BOARD", help="its netlist for this board of the ECP5"),
    *ARRAY_ARGUMENTS,
)
def board_sim(args):
    """Run a virtual board: the real hardware, simulated pin for pin, behind a pseudo-terminal.

    Example: avatar board-sim --model models/compact.safetensors --link /tmp/board

    Prints the terminal's path when the board is ready, and serves until Ctrl-C. In another shell:
    avatar generate --port /tmp/board --model models/compact.safetensors --out a.png

    With --netlist it is the board's whole design as synthesis left it, buffers and reset included,
    on our models of the chip's cells: for small networks and arrays.
    """
    from golden import model_file
    from hw.tiling import ArraySpec

    model = model_file.load(args.model)
    array = ArraySpec(rows=args.rows, columns=args.columns)
    with _virtual_board(model, args.link, array, args.netlist) as board:
        print(board.path, flush=True)
        board.process.wait()
    return 0 if board.process.returncode == 0 else 1


def _say_simulating():
    if sys.stderr.isatty():
        _notice("simulating; a first run builds the design, a minute or two")


@verb(
    "sim",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--seed", type=int, metavar="S", help="draw the latent from this seed (default 0)"),
    argument("--latents", metavar="FILE.npy", help="latents; the first one is used"),
    *ARRAY_ARGUMENTS,
    argument("--netlist", action="store_true", help="what synthesis for the ECP5 makes of it"),
    argument(
        "--waves",
        nargs="?",
        const="avatar.vcd",
        metavar="FILE.vcd",
        help="keep every signal's history (default avatar.vcd)",
    ),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def sim(args):
    """Run one avatar through the simulated hardware and compare every layer with the reference.

    Example: avatar sim --model models/compact.safetensors --seed 7

    Says equal, or the first layer, channel and pixel that differ (exit status 1), and how many
    cycles it took from the first latent taken to the last pixel out. With --netlist the hardware is
    what Yosys makes of it, on our models of the ECP5's cells: for small networks and arrays.
    """
    import shutil
    import tempfile
    from pathlib import Path

    from golden import model_file
    from hw.tiling import ArraySpec
    from sim.generator.simulate import GeneratorSimulation, as_text, report
    from support.files import check_destination, replacing

    args.count = None
    model = model_file.load(args.model)
    latents = _latents(args, model)[:1]
    array = ArraySpec(rows=args.rows, columns=args.columns)
    if args.waves:
        check_destination(args.waves)
    _say_simulating()
    simulation = GeneratorSimulation(model, array, netlist=args.netlist, waves=bool(args.waves))
    with tempfile.TemporaryDirectory(prefix="avatar-sim-") as run_dir:
        observation = simulation.observe(latents, run_dir=run_dir)
        if args.waves:
            with replacing(args.waves) as beside:
                shutil.move(Path(run_dir, "dump.vcd"), beside)
    facts = report(model, array, observation, observation.difference(model, latents))
    print(json.dumps(facts) if args.json else as_text(facts))
    return 0 if facts["equal"] else 1


@verb(
    "verilog",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--out", required=True, metavar="FILE.v", help="where the Verilog goes"),
    *ARRAY_ARGUMENTS,
    argument(
        "--clock", type=int, default=100_000_000, metavar="HZ", help="clock (default 100 MHz)"
    ),
)
def verilog(args):
    """Write the complete design as one Verilog file, the model in its memories.

    Example: avatar verilog --model models/compact.safetensors --out top.v

    The module `top` has clk, rst, the serial line rx and tx, and two lamps, active and
    error.
    """
    from golden import model_file
    from hw.tiling import ArraySpec
    from sim.verilog import to_verilog
    from support.files import check_destination, replacing

    check_destination(args.out)
    model = model_file.load(args.model)
    array = ArraySpec(rows=args.rows, columns=args.columns)
    text = to_verilog(_build_plan(model, array, args.clock).top(), "top")
    with replacing(args.out) as beside:
        beside.write_text(text)


@verb(
    "data",
    argument("--count", type=int, default=275, metavar="N", help="number of sprites (default 275)"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of the drawing (default 0)"),
    argument("--out", required=True, metavar="DIR", help="folder for the PNG files and labels.csv"),
    argument("--sheet", metavar="FILE.png", help="all of them on one sheet"),
)
def data(args):
    """Draw sprites: 32x32 PNG files and a table of their attributes.

    Example: avatar data --count 275 --seed 0 --out sprites --sheet sheet.png

    Two heads tall, on black; hair, eyes, clothes and accessories vary. `avatar train` draws its own
    unless --data names a folder such as this one.
    """
    from tqdm import tqdm

    import pictures
    from train.data import sprites

    sprites.check("--count", args.count)
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or a positive number")
    if args.sheet:
        pictures.check_png(args.sheet)
    pictures.make_empty(args.out)
    images, attributes = sprites.collection(args.count, args.seed)
    pictures.save_each(args.out, tqdm(images, desc="save", unit="PNG", delay=2, leave=False))
    sprites.save_labels(args.out, attributes)
    if args.sheet:
        pictures.save_png(args.sheet, pictures.grid(images, scale=2))


@verb("train", *options.ARGUMENTS)
def train(args):
    """Train a generator against the two discriminators.

    Example: avatar train --preset compact --recipe fast --data sprites --out runs/compact

    Ctrl-C saves; --resume goes on, to the same weights as a run never stopped. RUN holds
    config.json, checkpoint.pt and generator.safetensors, and for watching it metrics.jsonl,
    losses.png, samples/ and tensorboard/. Several processes: torchrun --nproc-per-node 2 -m train,
    with the same options.
    """
    return options.train(args)


def _weight_bits(text):
    """Return what --weight-bits asks for: one number, four, or None."""
    if text is None:
        return None
    bits = options.numbers("--weight-bits", text)
    return bits[0] if len(bits) == 1 else bits


@verb(
    "import",
    argument("file", metavar="FILE.pt", help="torch.save(generator.state_dict(), FILE.pt)"),
    argument("--out", required=True, metavar="RUN", help="folder of the run"),
    argument("--v", metavar="FILE.npz", help="its v1 and v2, each 100 numbers"),
    argument("--v-seed", type=int, metavar="S", help="draw v1 and v2 from N(0, I) instead"),
    argument("--latent", choices=options.LATENTS, default="normal", help="those it was trained on"),
)
def import_(args):
    """Make a run of a generator trained elsewhere, for `avatar quantize`.

    Example: avatar import generator.pt --v offsets.npz --out runs/mine

    Four ConvTranspose2d weights (in, out, 4, 4) under any names, in layer order, 100 inputs and one
    plane out; biases and BatchNorm are folded in.
    """
    from train.run.importing import import_generator

    import_generator(
        args.file, args.out, offsets=args.v, offsets_seed=args.v_seed, latents=args.latent
    )
    print(f"{args.out}: imported; next: avatar quantize {args.out} --out model.safetensors")


GAIN_ARGUMENTS = (
    argument(
        "--widen",
        action="store_true",
        help="give the pictures the variety of those it was trained on, for some cleanness",
    ),
    argument(
        "--gain",
        type=float,
        metavar="G",
        help="widen by this gain of the latents, 1 to 1.5, instead of looking for the best one",
    ),
)


@verb(
    "quantize",
    argument(
        "run",
        metavar="RUN|FILE",
        help="folder of `avatar train` or `avatar import`, or a file of `avatar pack`",
    ),
    argument(
        "--weight-bits",
        metavar="B",
        help="2 to 8: one number, or four with commas (default 8, or those it was trained in)",
    ),
    argument(
        "--learn",
        type=int,
        metavar="N",
        help="learn in N steps which way to round each weight; 6000 take some ten minutes",
    ),
    *GAIN_ARGUMENTS,
    argument("--out", required=True, metavar="FILE", help="model file to write"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def quantize(args):
    """Turn a run's float generator into a model file of integers.

    Example: avatar quantize runs/compact --weight-bits 8 --out compact.safetensors

    From 6 bits down --learn pays: the integers then learn, all together and from latents alone, to
    draw what the float generator draws.
    A generator's pictures lie nearer together than those it was trained on; --widen finds the gain
    of the latents that mends most of it and puts it into the model, which then tells of it.
    `avatar experiment latent-gain` shows what other gains would bring and cost.
    """
    from golden import model_file
    from support.files import check_destination
    from train.quantize import learned_rounding
    from train.quantize.pipeline import quantize_run
    from train.quantize.widening import check_gain, check_known, widen_model

    check_destination(args.out)
    check_gain(args.gain)
    if args.widen and args.gain is None:
        check_known(args.run)
    learned = None
    if args.learn is not None:
        learned = partial(learned_rounding.quantize, steps=args.learn)
    model = quantize_run(args.run, _weight_bits(args.weight_bits), learned)
    widens = args.widen or args.gain is not None
    if widens:
        model = widen_model(model, args.run, args.gain)
    model_file.save(model, args.out)
    if args.json:
        facts = {"id": model.digest, "acc_widths": list(model.spec.acc_widths)} | model.metrics
        if widens:
            facts["widened"] = model.training["widened"]
        print(json.dumps(facts))
    else:
        widths = ", ".join(str(width) for width in model.spec.acc_widths)
        print(f"model               {model.digest}")
        print(f"PSNR to the float   {model.metrics['psnr']} dB")
        print(f"accumulator widths  {widths} bits")
        if widens:
            print(f"gain of latents     {model.training['widened']}")


@verb(
    "pack",
    argument("run", metavar="RUN", help="folder of `avatar train` or `avatar import`"),
    *GAIN_ARGUMENTS,
    argument("--out", required=True, metavar="FILE", help="file to write"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def pack(args):
    """Put a run's float generator into one small file, its weights rounded to float16.

    Example: avatar pack runs/compact --out docs/results/generators/compact.safetensors

    `avatar experiment` reads such files; those that docs/results cites are committed. --widen and
    --gain as for `avatar quantize`.
    """
    from support.files import check_destination
    from train.quantize.widening import check_gain, widen_float
    from train.run import packed
    from train.run.config import RunConfig
    from train.run.float_generator import FloatGenerator

    check_destination(args.out)
    check_gain(args.gain)
    config = RunConfig.load(args.run)
    generator = FloatGenerator.load(args.run, config.spec)
    if args.widen or args.gain is not None:
        generator = widen_float(config, generator, args.run, args.gain)
    digest = packed.save(config, generator, args.out)
    print(json.dumps({"digest": digest, **generator.progress}) if args.json else digest)


@verb(
    "info",
    argument("model", metavar="FILE", help="model file"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def info(args):
    """Show everything in a model file: id, spec, arrays, widths, provenance, metrics.

    Example: avatar info models/compact.safetensors
    """
    from golden import model_file
    from golden.description import as_text, describe

    facts = describe(model_file.load(args.model))
    print(json.dumps(facts) if args.json else as_text(facts))


@verb(
    "demo",
    argument(
        "--model", default="models/categorical.safetensors", metavar="FILE", help="model file"
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
    from pathlib import Path

    import numpy as np

    import pictures
    from golden import model_file
    from sim.board.demo import AVATARS, as_text

    out = Path(args.out)
    pictures.check_png(out)
    beside = out.with_name(f"{out.stem}-side-by-side{out.suffix}")
    pictures.check_png(beside)
    model = model_file.load(args.model)
    latents = _drawn(args.seed, AVATARS, model, args.model)

    _notice("simulating generator and board; a first run builds both")
    with _in_parallel("sim", "--model", args.model, "--seed", str(args.seed)) as measured:
        expected = _golden_pictures(model, latents)
        with _open_board("sim", model) as board:
            received = _ask_board(board, model, latents)
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
        "bytes_sent": board.bytes_sent,
        "bytes_received": board.bytes_received,
        "files": (out, beside),
    }
    print(as_text(facts))
    return 0 if equal else 1


@contextmanager
def _in_parallel(*arguments):
    """Run a verb with --json beside this process; yield a function that waits for its answer."""
    import subprocess

    process = subprocess.Popen(
        [sys.executable, __file__, *arguments, "--json"],
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


@verb(
    "evaluate",
    argument("--model", metavar="FILE", help="measure a model file, or a packed generator"),
    argument("--run", metavar="RUN", help="measure a run's generator"),
    argument("--images", metavar="DIR", help="measure a folder of PNG files"),
    argument(
        "--reference",
        default="sprites",
        metavar="DIR|sprites",
        help="real pictures to compare with (default: 2000 held-out sprites)",
    ),
    argument("--count", type=int, default=1500, metavar="N", help="samples (default 1500)"),
    argument("--seed", type=int, default=0, metavar="S", help="of the samples (default 0)"),
    argument(
        "--training",
        metavar="DIR|sprites",
        help="its training pictures, for novelty (default: those that the run names)",
    ),
    argument("--training-count", type=int, metavar="N", help="sprites of --training (default 275)"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def evaluate(args):
    """Measure pictures: distances to real ones, novelty, diversity; known sets beside them.

    Example: avatar evaluate --model models/compact.safetensors --json

    Give one of --model, --run and --images. Two figures, attribute_frechet and re_render, are of
    drawn sprites only.
    """
    from tqdm import tqdm

    from train.data.training_set import SPRITES
    from train.evaluate import evaluation, samples

    kinds = {"model": samples.of_file, "run": samples.of_run, "images": samples.of_folder}
    given = {name: getattr(args, name) for name in kinds if getattr(args, name) is not None}
    if len(given) != 1:
        raise InputError("give one of --model FILE, --run RUN and --images DIR")
    if args.training_count is not None and args.training != SPRITES:
        raise InputError("--training-count is the number of sprites; give --training sprites too")
    evaluation.check(args.count, args.seed)
    ((kind, path),) = given.items()
    source = kinds[kind](path)
    _notice_other_reference(path, source.training, args.reference)
    training = None
    if args.training is not None:
        training = evaluation.training_of(args.training, args.training_count)
    result = evaluation.evaluate(
        source,
        evaluation.reference_of(args.reference, args.count),
        count=args.count,
        seed=args.seed,
        training=training,
        progress=partial(tqdm, desc="evaluate", unit="set", delay=2, leave=False),
    )
    print(json.dumps(result, allow_nan=False) if args.json else evaluation.as_text(result))


def _notice_other_reference(path, training, reference):
    """Say so where something trained on pictures of one's own is compared with sprites."""
    from train.data.training_set import SPRITES

    data = training.get("data", SPRITES)
    if reference == SPRITES != data and training.get("recipe") != "import":
        _notice(f"{path}: was trained on {data}; to compare with that, give --reference {data}")


NETWORK_ARGUMENTS = (
    argument("--model", metavar="FILE", help="model file"),
    argument("--preset", help="or a network: contest, medium, compact, small, tiny"),
    argument("--channels", metavar="C1,C2,C3", help="or its channels"),
    argument("--weight-bits", metavar="B", help="of this network: one or four numbers (default 5)"),
)


def _model_or_network(args, seed=None):
    """Return the model file's model, or one of the network with contents drawn from `seed`."""
    from golden import model_file
    from golden.full_range import full_range_model

    if args.model is not None:
        given = {name: getattr(args, name) for name in ("preset", "channels", "weight_bits")}
        for name, value in {**given, "seed": seed}.items():
            if value is not None:
                raise InputError(f"--model says it all; leave --{name.replace('_', '-')} out")
        return model_file.load(args.model)
    channels = options.channels_of(args.preset, args.channels)
    bits = options.numbers("--weight-bits", args.weight_bits or "5")
    spec = GeneratorSpec(channels=channels, weight_bits=bits * 4 if len(bits) == 1 else bits)
    seed = 0 if seed is None else seed
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")
    return full_range_model(spec, seed)


@verb(
    "perf",
    *NETWORK_ARGUMENTS,
    *ARRAY_ARGUMENTS,
    argument(
        "--weights-per-cycle",
        type=int,
        metavar="W",
        help="weights in a word of the weight memory (default: half the array's)",
    ),
    argument("--seed", type=int, metavar="S", help="of this network's contents (default 0)"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def perf(args):
    """Measure the hardware's cycles in simulation, and say where each lost one goes.

    Example: avatar perf --preset compact --json

    Two avatars back to back. The cycle model stands beside the simulated hardware; where they do
    not agree the exit status is 1. A network without a model file holds numbers drawn from a seed:
    cycles do not depend on them.
    """
    from hw.tiling import ArraySpec
    from sim.generator import perf

    array = ArraySpec(rows=args.rows, columns=args.columns, word_weights=args.weights_per_cycle)
    model = _model_or_network(args, args.seed)
    _say_simulating()
    facts = perf.measure(model, array)
    print(json.dumps(facts) if args.json else perf.as_text(facts))
    return 0 if facts["agrees"] else 1


EARLIER = "folder of `avatar train`, or a file of `avatar pack`"
START_ARGUMENTS = (
    argument("--out", required=True, metavar="RUN2", help="folder of the new run"),
    argument("--steps", type=int, metavar="N", help="length in steps (default: by the recipe)"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of everything random"),
    argument(
        "--rate",
        type=float,
        metavar="R",
        help="learning rates as a share of the recipe's (default 0.5, of distill 1)",
    ),
    argument(
        "--distillation",
        type=float,
        metavar="W",
        help="weight of the teacher in the loss (default 10, of finetune 20)",
    ),
    argument(
        "--noise",
        type=float,
        metavar="S",
        help="most standard deviation, in grey levels, of noise in what the discriminators see "
        "(default 0, of finetune 60)",
    ),
    argument(
        "--warm-up",
        type=int,
        metavar="N",
        help="first steps, in which only the discriminators learn (default 0; 500, of finetune and "
        "prune, where a FILE has none to begin with, at most a quarter of all)",
    ),
    options.PRECISION,
    argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one"),
    argument("--save-every", type=int, default=1000, metavar="N", help="steps (default 1000)"),
)


def _begin_from(earlier, way, args, **sizes):
    """Train a run that begins from an earlier one."""
    from train.loop import session

    names = ("steps", "seed", "rate", "distillation", "noise", "warm_up")
    names += ("precision", "device", "save_every")
    given = {name: getattr(args, name) for name in names}
    session.begin_from(earlier, args.out, way, **sizes, **given)
    print(f"{args.out}: trained; next: avatar quantize {args.out} --out model.safetensors")


@verb(
    "finetune",
    argument("run", metavar="RUN|FILE", help=EARLIER),
    argument(
        "--weight-bits",
        required=True,
        metavar="B",
        help="2 to 8: one number, or four with commas",
    ),
    *START_ARGUMENTS,
)
def finetune(args):
    """Go on with a run in integers: it learns to draw with few bits a weight.

    Example: avatar finetune runs/compact --weight-bits 4 --steps 1000 --out runs/compact-w4

    Begins with the run's generator, rounded as `avatar quantize` rounds it, and with its
    discriminators; computes exactly what the hardware does. A file of `avatar pack` has no
    discriminators: new ones learn alone first. Ctrl-C saves; `avatar train --resume --out RUN2`
    goes on. `avatar quantize RUN2` gives the trained integers.
    """
    _begin_from(args.run, "finetune", args, weight_bits=_weight_bits(args.weight_bits))


@verb(
    "experiment",
    argument("name", metavar="NAME", help="one of `avatar experiment list`, or all"),
    argument(
        "--model",
        default="models/compact.safetensors",
        metavar="FILE",
        help="model file or packed generator (default models/compact.safetensors)",
    ),
    argument("--out", default="docs/results", metavar="DIR", help="(default docs/results)"),
    argument("--seed", type=int, default=0, metavar="S", help="of all that is random (default 0)"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def experiment(args):
    """Repeat one of the paper's experiments, or list them.

    Example: avatar experiment interpolation --model models/compact.safetensors

    Writes NAME.md, NAME.json and, where there is something to see, NAME.png; `all` does every
    experiment and puts the parts together as README.md. The same command gives the same bytes on
    one machine. Experiments that compare generators read docs/results/generators and models.
    """
    from train.experiments.registry import EXPERIMENTS, as_text, find

    if args.name == "list":
        facts = {each.name: each.summary for each in EXPERIMENTS.values()}
        print(json.dumps(facts) if args.json else as_text())
        return
    chosen = None if args.name == "all" else find(args.name)
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or a positive number")
    make_folder(args.out)

    from train.experiments import report

    settings = report.Settings(model=args.model, seed=args.seed)
    if chosen is None:
        facts = report.save_all(args.out, EXPERIMENTS.values(), settings, notice=_notice)
        written = list(facts)
    else:
        facts = report.save(args.out, chosen, settings, chosen.run(settings))
        written = [chosen.name]
    if args.json:
        print(json.dumps(facts))
    else:
        for name in written:
            print(f"{args.out}/{name}.md")


CHANNELS_ARGUMENTS = (
    argument("--preset", help="size of the new generator: medium, compact, small, tiny"),
    argument("--channels", metavar="C1,C2,C3", help="the same, as three numbers"),
)


@verb(
    "distill",
    argument("--teacher", required=True, metavar="RUN|FILE", help=EARLIER),
    *CHANNELS_ARGUMENTS,
    *START_ARGUMENTS,
)
def distill(args):
    """Train a generator that also imitates an earlier run's, its teacher.

    Example: avatar distill --teacher runs/medium --preset compact --out runs/distilled

    Teacher and student see the same latents, v1 and v2; the teacher does not learn. Recipe and
    pictures are the teacher's. Ctrl-C saves; `avatar train --resume --out RUN2` goes on.
    """
    channels = options.channels_of(args.preset, args.channels)
    _begin_from(args.teacher, "distill", args, channels=channels)


@verb(
    "prune",
    argument("run", metavar="RUN|FILE", help=EARLIER),
    *CHANNELS_ARGUMENTS,
    *START_ARGUMENTS,
)
def prune(args):
    """Take channels out of a run's generator, and go on training it.

    Example: avatar prune runs/medium --preset compact --out runs/pruned

    Each time that channel goes whose loss the others make up for best. Recipe, pictures and
    discriminators are the run's. Ctrl-C saves; `avatar train --resume --out RUN2` goes on.
    """
    channels = options.channels_of(args.preset, args.channels)
    _begin_from(args.run, "prune", args, channels=channels)


SIM_MODEL = "models/compact.safetensors"
STREAM_ARGUMENTS = (
    argument("--port", required=True, help="serial port of the board; `sim`: a virtual board"),
    argument("--count", type=int, required=True, metavar="N", help="number of avatars"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of the latents (default 0)"),
    argument(
        "--model",
        metavar="FILE",
        help="what the board must hold, and tells how to draw latents (default: what it holds, "
        f"from N(0, I); for sim {SIM_MODEL})",
    ),
    argument("--baud", type=int, metavar="N", help="rate of the line (default: the highest)"),
    argument(
        "--sheet", metavar="FILE.png", help="the newest 64, kept up to date (default DIR.png)"
    ),
    argument("--check", action="store_true", help="compare each with the reference; needs --model"),
    argument("--json", action="store_true", help="the report as JSON, for programs"),
)


def _stream_plan(args, folder):
    """Return model, latents and contact sheet of a stream into `folder`, which is made."""
    import pictures
    from golden import model_file

    path = args.model or (SIM_MODEL if args.port == "sim" else None)
    if args.check and path is None:
        raise InputError("--check needs the reference; give --model FILE, what the board holds")
    model = None if path is None else model_file.load(path)
    latents = _drawn(args.seed, args.count, model, path)
    sheet = args.sheet or (folder and f"{os.path.abspath(folder)}.png")
    sheet = pictures.ContactSheet(sheet) if sheet else None
    if folder is not None:
        pictures.make_empty(folder)
    return model, latents, sheet


def _stream(args, board, model, latents, sheet, takers):
    """Hand a board's pictures of `latents` to `takers`, and report; return the exit status."""
    from tqdm import tqdm

    from boards.host.stream import as_text, deliver

    if sheet:
        takers = [*takers, lambda _, picture: sheet.add(picture)]
    progress = partial(
        tqdm, desc=board.port, total=len(latents), unit="avatar", delay=2, leave=False
    )
    try:
        facts = deliver(board, latents, takers, model=model, check=args.check, progress=progress)
    finally:
        if sheet:
            sheet.save()
    text = json.dumps(facts) if args.json else as_text(facts)
    print(text, file=sys.stderr if args.out == "-" else sys.stdout)
    if model is None:
        _notice(
            "latents came from N(0, I), of which a generator of categorical ones makes no faces; "
            "give --model FILE"
        )
    return 1 if facts.get("differ") else 0


def _picture_files(folder):
    """Return a taker that saves each picture in `folder`."""
    from pathlib import Path

    import pictures
    from boards.host.training_set import picture_name

    return lambda index, picture: pictures.save_png(Path(folder, picture_name(index)), picture)


@verb(
    "stream",
    *STREAM_ARGUMENTS,
    argument(
        "--out",
        metavar="DIR|-",
        help="folder for 00000.png, ...; -: 3072 raw bytes each to standard output; "
        "leave it out to measure the line",
    ),
)
def stream(args):
    """Let a board draw without a pause: the line is the limit.

    Example: avatar stream --port /dev/ttyUSB0 --count 1000 --out faces

    Several requests are under way at any time, each picture is checked against its own. Ctrl-C, or
    a port that goes away, leaves whole files. The report says which share of the line's time the
    answers filled; with sim the line's time is the simulated one.
    """
    folder = None if args.out == "-" else args.out
    model, latents, sheet = _stream_plan(args, folder)

    def raw(_, picture):
        sys.stdout.buffer.write(picture.tobytes())
        sys.stdout.buffer.flush()

    takers = [_picture_files(folder)] if folder else [raw] if args.out == "-" else []
    with _open_board(args.port, model, args.baud) as board:
        return _stream(args, board, model, latents, sheet, takers)


@verb(
    "augment",
    *STREAM_ARGUMENTS,
    argument("--out", required=True, metavar="DIR", help="folder for the training set"),
)
def augment(args):
    """Let a board draw a training set: pictures, and what made each of them.

    Example: avatar augment --port /dev/ttyUSB0 --count 2000 --out drawn

    DIR holds 00000.png, ... for `avatar train --data DIR`, latents.npy for `avatar generate
    --latents` (row n made picture n), and pictures.csv: file, row, seed, model, CRC-32.
    """
    from boards.host.training_set import TrainingSet, check_no_index

    check_no_index(args.out)
    model, latents, sheet = _stream_plan(args, args.out)
    with _open_board(args.port, model, args.baud) as board:
        facts, _ = board.info()
        index = TrainingSet(args.out, latents, args.seed, facts.model_id)
        try:
            takers = [_picture_files(args.out), index.take]
            return _stream(args, board, model, latents, sheet, takers)
        finally:
            index.save()


def _check_mhz(clock):
    if not 1 <= clock <= 1000:
        raise InputError(f"--clock is {clock:g} MHz; give 1 to 1000")


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
    argument("--out", metavar="DIR", help="explore.json and sweep.png; with --measure area.json"),
    argument("--json", action="store_true", help="as JSON, for programs"),
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
    channels = options.channels_of(args.preset, args.channels)
    _check_mhz(args.clock)
    if not 1 <= args.baud <= 100_000_000:
        raise InputError(f"--baud is {args.baud}; give 1 to 100000000")
    if not args.measure and (args.scheduler is not None or args.jobs != 1):
        raise InputError("--jobs and --scheduler spread --measure; give that too, or leave them")
    if args.jobs == 0:
        raise InputError("--jobs is 0; give a number of processes, or -1 for all cores")
    if args.out is not None:
        make_folder(args.out)
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
    print(json.dumps(facts) if args.json else report.as_text(facts))
    return 0 if facts["fastest"] else 1


@verb(
    "synth",
    *NETWORK_ARGUMENTS,
    *ARRAY_ARGUMENTS,
    argument("--device", required=True, help="lfe5u-85f, lfe5u-45f or lfe5u-25f"),
    argument("--seeds", default="1", metavar="S,S,...", help="of placement (default 1)"),
    argument("--clock", type=float, metavar="MHZ", help="that must be met (default: none)"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def synth(args):
    """Synthesize, place and route the complete top: how large, how fast, where the time goes.

    Example: avatar synth --preset compact --device lfe5u-85f --seeds 1,2,3 --clock 125 --json

    UART, command handler and generator, without pins. A network without a model file holds numbers
    drawn from a seed. Exit status 1: fewer multipliers or block RAMs came out than were planned, or
    a clock is missed. A run is kept and not repeated (~/.cache/avatar-gan-fpga).
    """
    from boards.build.ecp5 import synth
    from boards.chips import devices
    from hw.tiling import ArraySpec
    from support.progress import Progress

    array = ArraySpec(rows=args.rows, columns=args.columns)
    device = devices.device(args.device)
    seeds = options.numbers("--seeds", args.seeds)
    if min(seeds) < 0:
        raise InputError(f"--seeds is {args.seeds}; give 0 or positive numbers")
    if args.clock is not None:
        _check_mhz(args.clock)
    model = _model_or_network(args)
    with Progress() as progress:
        facts = synth.measure(model, array, device, progress, seeds=seeds, clock_mhz=args.clock)
    print(json.dumps(facts) if args.json else synth.as_text(facts, device))
    complaints = synth.failures(facts, args.clock)
    for line in complaints:
        _notice(line)
    return 1 if complaints else 0


BOARD_ARGUMENT = argument("--board", required=True, help="one of `avatar boards`")


@verb("boards", argument("--json", action="store_true", help="as JSON, for programs"))
def boards(args):
    """List the boards: chip, what fits, tools, what was ever built or seen to work.

    Example: avatar boards

    A preset stands with the most bits a weight that fit. `built`: this project has made a bitstream
    with its own tools; `silicon`: it has run on the board.
    """
    from boards.catalogue import registry

    facts = registry.facts()
    print(json.dumps(facts) if args.json else registry.as_text(facts))


@verb(
    "build",
    BOARD_ARGUMENT,
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--out", required=True, metavar="DIR", help="a new folder for all of it"),
    argument("--rows", type=int, metavar="R", help="rows of the array (default: the board's)"),
    argument("--columns", type=int, metavar="C", help="columns (default: the board's)"),
    argument("--clock", type=float, metavar="MHZ", help="(default: the highest that is met)"),
    argument("--seed", type=int, default=1, metavar="N", help="of placement (default 1)"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def build(args):
    """Make a board's bitstream, or for boards with Vivado a project, in one folder.

    Example: avatar build --board ulx3s-85f --model models/compact-w5.safetensors --out b

    Full-size placing and routing takes minutes of a core, and is kept: another model of the same
    network takes seconds. The same inputs give the same bitstream, byte for byte. Exit status 1:
    no clock was met.
    """
    from boards.build import make
    from boards.catalogue import registry
    from golden import model_file
    from golden.layer_sums import self_test_of
    from hw.tiling import ArraySpec
    from support.progress import Progress

    board = registry.board(args.board)
    size = {name: getattr(args, name) for name in ("rows", "columns")}
    size = {
        name: getattr(board.array, name) if given is None else given for name, given in size.items()
    }
    array = ArraySpec(**size)
    if args.clock is not None:
        _check_mhz(args.clock)
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or a positive number")
    model = model_file.load(args.model)
    with Progress() as progress:
        facts = make.make(
            board,
            model,
            array,
            self_test_of(model, array.columns),
            args.out,
            progress,
            clock_mhz=args.clock,
            seed=args.seed,
        )
    print(json.dumps(facts) if args.json else make.as_text(facts, args.out))


@verb(
    "program",
    BOARD_ARGUMENT,
    argument("--build", required=True, metavar="DIR", help="folder of `avatar build`"),
)
def program(args):
    """Load a bitstream into a board, with openFPGALoader.

    Example: avatar program --board ulx3s-85f --build b

    Into the chip's memory: it is gone when the power is. Where openFPGALoader is not installed, the
    command is printed.
    """
    from boards.build import program
    from boards.catalogue import registry

    return program.program(registry.board(args.board), args.build)


@verb(
    "swap",
    argument("--build", required=True, metavar="DIR", help="folder of `avatar build`"),
    argument("--model", required=True, metavar="FILE", help="model file of the same spec"),
    argument("--out", required=True, metavar="DIR2", help="a new folder for the result"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def swap(args):
    """Put another model of the same spec into a build, in seconds.

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
    swap.check_spec(args.build, facts, model)
    self_test = self_test_of(model, swap.array_of(facts).columns)
    with Progress() as progress:
        facts = swap.swap(args.build, model, self_test, args.out, progress)
    print(json.dumps(facts) if args.json else make.as_text(facts, args.out))


@verb(
    "check",
    argument("--port", required=True, help="serial port of the board; `sim`: a virtual board"),
    argument("--model", metavar="FILE", help=f"of the virtual board (default {SIM_MODEL})"),
    argument("--json", action="store_true", help="as JSON, for programs"),
)
def check(args):
    """Ask a board what it is, and let it test itself, layer by layer.

    Example: avatar check --port /dev/ttyUSB0

    The exit status is 1 where the board's own picture is wrong; the first layer that differs is
    where to look. Also finds the highest rate that the line can do.
    """
    from boards.host.link import Board
    from boards.host.self_test import as_text, checkup
    from golden import model_file

    if args.model is not None and args.port != "sim":
        raise InputError("--model is of the virtual board; a real one says what it holds")
    model = model_file.load(args.model or SIM_MODEL) if args.port == "sim" else None
    with _line(args.port, model) as (path, clock), Board(path, clock=clock) as board:
        facts = checkup(board)
    print(json.dumps(facts) if args.json else as_text(facts))
    return 0 if facts["wrong_layer"] is None else 1


if __name__ == "__main__":
    sys.exit(main())
