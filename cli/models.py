# SPDX-License-Identifier: Apache-2.0
"""Verbs of runs and model files."""

from __future__ import annotations

from functools import partial

from cli.arguments import FORCE, JSON, MODELS, MOVED_DATA, argument, verb
from cli.output import notice, show
from golden.options import LATENTS, weight_bits
from support.failures import InputError


@verb("models", JSON)
def models(args):
    """List the models that ship: network, bits, what they draw, the boards that hold them.

    Example: avatar models

    PSNR is to the float generator's pictures. `attribute` and `random` are the Frechet distances of
    `avatar evaluate`, to sprites or to the pictures named under `draws`; less is better. A board
    holds what fits on its array; a model that none holds is for software and the page. A model is
    named by its path wherever a verb takes a FILE. models/README.md says how each was trained.
    """
    from boards.catalogue.listing import holders
    from golden import shipped

    show(args, shipped.listing(MODELS, holders), shipped.as_text)


@verb(
    "info",
    argument("model", metavar="FILE", help="model file"),
    JSON,
)
def info(args):
    """Show everything in a model file: id, spec, arrays, widths, provenance, metrics.

    Example: avatar info models/compact-normal-w8.safetensors
    """
    from golden import model_file
    from golden.description import as_text, describe

    facts = describe(model_file.load(args.model))
    show(args, facts, as_text)


@verb(
    "import",
    argument("file", metavar="FILE", help="a state_dict (.pt, .safetensors) or a network (.onnx)"),
    argument("--out", required=True, metavar="RUN", help="folder of the run"),
    argument("--key", metavar="NAME", help="which of several state_dicts, netG say"),
    argument(
        "--layer",
        action="append",
        default=[],
        metavar="N:FIELD=VALUE,...",
        help="what a state_dict does not say of layer N: stride, padding, output_padding, "
        "activation (leaky_relu:0.2), kind, norm, order, eps, module",
    ),
    argument("--eps", type=float, metavar="E", help="of every BatchNorm (default 1e-5)"),
    argument("--output", metavar="NAME", help="of the last layer: tanh (default), sigmoid, none"),
    argument("--check", metavar="FILE.npz", help="z and pictures of your own framework to compare"),
    argument("--v", metavar="FILE.npz", help="v1 and v2 of a generator of one plane for colour"),
    argument("--v-seed", type=int, metavar="S", help="draw v1 and v2 from N(0, I) instead"),
    argument("--latent", choices=LATENTS, default="normal", help="those it was trained on"),
    FORCE,
)
def import_(args):
    """Make a run of a generator trained elsewhere, for `avatar quantize`.

    Example: avatar import generator.pt --check seen.npz --out runs/mine

    Prints what was read, rewritten and assumed, layer by layer. docs/importing.md tells which
    layers are taken. --check compares with pictures that you saved beside the generator; where they
    differ the exit status is 1 and no run is made.
    """
    from golden.model_file import quantize_command
    from train.importing.imported import as_text
    from train.run.importing import import_generator

    imported = import_generator(
        args.file,
        args.out,
        offsets=args.v,
        offsets_seed=args.v_seed,
        latents=args.latent,
        force=args.force,
        key=args.key,
        layers=args.layer,
        eps=args.eps,
        output=args.output,
        check=args.check,
    )
    print(as_text(imported))
    if imported.checked:
        print(imported.checked)
    else:
        notice("not compared; --check FILE.npz holds it against pictures of your own framework")
    print(f"{args.out}: imported; next: {quantize_command(args.out)}")


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
    MOVED_DATA,
)


def _check_data(args):
    """Refuse --data where nothing looks at pictures."""
    if args.data is not None and (args.gain is not None or not args.widen):
        raise InputError("--data is of --widen, which looks for a gain; give that, or leave it out")


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
    FORCE,
    JSON,
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
    from support.files import check_unused
    from train.quantize import learned_rounding, pipeline
    from train.quantize.widening import check_gain, check_known, widen_model

    check_unused(args.out, args.force)
    check_gain(args.gain)
    _check_data(args)
    if args.widen and args.gain is None:
        check_known(args.run, args.data)
    learned = None
    if args.learn is not None:
        learned = partial(learned_rounding.quantize, steps=args.learn)
    model = pipeline.quantize_run(args.run, weight_bits(args.weight_bits), learned)
    widens = args.widen or args.gain is not None
    if widens:
        model = widen_model(model, args.run, args.gain, args.data)
    model_file.save(model, args.out)
    facts = {"id": model.digest, "acc_widths": list(model.spec.acc_widths)} | model.metrics
    if widens:
        facts["widened"] = model.training["widened"]
    show(args, facts, pipeline.as_text)


@verb(
    "pack",
    argument("run", metavar="RUN", help="folder of `avatar train` or `avatar import`"),
    *GAIN_ARGUMENTS,
    argument("--out", required=True, metavar="FILE", help="file to write"),
    FORCE,
    JSON,
)
def pack(args):
    """Put a run's float generator into one small file, its weights rounded to float16.

    Example: avatar pack runs/compact --out models/float/compact.safetensors

    `avatar experiment` reads such files; those that docs/results cites are committed. --widen and
    --gain as for `avatar quantize`.
    """
    from support.files import check_unused
    from train.quantize.widening import check_gain, widen_float
    from train.run import packed
    from train.run.config import RunConfig
    from train.run.float_generator import FloatGenerator

    check_unused(args.out, args.force)
    check_gain(args.gain)
    _check_data(args)
    config = RunConfig.load(args.run)
    generator = FloatGenerator.load(args.run, config.spec)
    if args.widen or args.gain is not None:
        generator = widen_float(config, generator, args.run, args.gain, args.data)
    digest = packed.save(config, generator, args.out)
    show(args, {"digest": digest, **generator.progress}, lambda facts: facts["digest"])


@verb(
    "export",
    argument("--model", required=True, metavar="FILE", help="model file"),
    argument("--out", required=True, metavar="FILE.onnx", help="file to write"),
    JSON,
)
def export(args):
    """Write a model as ONNX, in integers: ONNX Runtime draws the same bytes as the reference.

    Example: avatar export --model models/compact-normal-w8.safetensors --out compact.onnx

    Its input `latents` is int8 (N, numbers), in steps of 1/32; its output `pictures` is uint8 (N,
    height, width, colours). N is any number.
    """
    from golden import model_file
    from train.run import exporting

    exporting.check_path(args.out)
    model = model_file.load(args.model)
    show(args, exporting.export(model, args.out), exporting.as_text)
