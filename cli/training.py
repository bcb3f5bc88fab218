# SPDX-License-Identifier: Apache-2.0
"""Verbs of pictures and training."""

from __future__ import annotations

import shlex
from functools import partial

from cli.arguments import JSON, MOVED_DATA, argument, check_seed, shipped, verb
from cli.output import notice, show
from golden.options import numbers, weight_bits
from support.failures import InputError
from support.files import check_folder
from train import options


@verb(
    "data",
    argument("--count", type=int, default=275, metavar="N", help="number of sprites (default 275)"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of the drawing (default 0)"),
    argument("--out", required=True, metavar="DIR", help="folder for the PNG files and labels.csv"),
    argument("--sheet", metavar="FILE.png", help="all of them on one sheet"),
    argument(
        "--correlated",
        action="store_true",
        help="parts and colours go together, as in a set drawn by hand",
    ),
)
def data(args):
    """Draw sprites: 32x32 PNG files and a table of their attributes.

    Example: avatar data --count 275 --seed 0 --out sprites --sheet sheet.png

    Two heads tall, on black; hair, eyes, clothes and accessories vary. `avatar train` draws its own
    unless --data names a folder such as this one.
    """
    import pictures
    from support.progress import bar
    from train.data import sprites

    sprites.check("--count", args.count)
    check_seed(args.seed)
    if args.sheet:
        pictures.check_png(args.sheet)
    pictures.check_empty(args.out)
    images, attributes = sprites.collection(args.count, args.seed, correlated=args.correlated)
    pictures.save_each(args.out, bar(images, desc="save", unit="PNG"))
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
    options.train(args)


EARLIER = "folder of `avatar train`, or a file of `avatar pack`"


START_ARGUMENTS = (
    argument("--out", required=True, metavar="RUN2", help="folder of the new run"),
    argument("--steps", type=int, metavar="N", help="length in steps (default: by the recipe)"),
    argument("--seed", type=int, default=0, metavar="S", help="seed of everything random"),
    argument(
        "--rate",
        type=float,
        metavar="R",
        help="learning rates as a share of the recipe's (default 0.5, of distill 1, of grow 0.25)",
    ),
    argument(
        "--distillation",
        type=float,
        metavar="W",
        help="weight of the teacher in the loss (default 10, of finetune 20, of grow 0)",
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
        help="first steps, in which only the discriminators learn (default 0; 500, of finetune, "
        "prune and grow, where a FILE has none to begin with, at most a quarter of all)",
    ),
    options.PRECISION,
    argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one"),
    argument("--save-every", type=int, default=1000, metavar="N", help="steps (default 1000)"),
    MOVED_DATA,
    argument("--force", action="store_true", help="replace the run that RUN2 holds"),
)


def _begin_from(earlier, way, args, **sizes):
    """Train a run that begins from an earlier one."""
    from golden.model_file import quantize_command
    from train.loop import session

    names = ("steps", "seed", "rate", "distillation", "noise", "warm_up")
    names += ("precision", "device", "save_every", "data", "force")
    given = {name: getattr(args, name) for name in names}
    session.begin_from(earlier, args.out, way, **sizes, **given)
    print(f"{args.out}: trained; next: {quantize_command(args.out)}")


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
    _begin_from(args.run, "finetune", args, weight_bits=weight_bits(args.weight_bits))


CHANNELS_ARGUMENTS = (
    argument("--preset", help="size of the new generator: contest, medium, compact, small, tiny"),
    argument("--channels", metavar="C1,C2,C3", help="the same, a number a hidden layer"),
)


def _size_of(args):
    """Return the new generator's size as :func:`train.loop.session.begin_from` takes it."""
    if (args.preset is None) == (args.channels is None):
        raise InputError("give the new generator's size: --preset NAME or --channels C1,C2,C3")
    if args.preset is not None:
        return {"preset": args.preset}
    return {"channels": numbers("--channels", args.channels)}


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
    _begin_from(args.teacher, "distill", args, **_size_of(args))


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
    _begin_from(args.run, "prune", args, **_size_of(args))


@verb(
    "grow",
    argument("run", metavar="RUN|FILE", help=EARLIER),
    *CHANNELS_ARGUMENTS,
    argument(
        "--discriminators",
        metavar="RUN3",
        help="take those of this run, which learned from the same pictures with the same recipe "
        "(default: RUN's; a FILE has none, and they begin anew)",
    ),
    *START_ARGUMENTS,
)
def grow(args):
    """Copy channels of a run's generator until it is as wide as asked, and go on training it.

    Example: avatar grow runs/compact --preset contest --out runs/grown

    It draws the same pictures at first; --seed draws what makes copies learn different things.
    Recipe, pictures and discriminators are the run's. Ctrl-C saves; `avatar train --resume --out
    RUN2` goes on.
    """
    sizes = _size_of(args)
    _begin_from(args.run, "grow", args, **sizes, discriminators=args.discriminators)


@verb(
    "evaluate",
    argument("--model", metavar="FILE", help="measure a model file, or a packed generator"),
    argument("--run", metavar="RUN", help="measure a run's generator"),
    argument("--images", metavar="DIR", help="measure a folder of pictures"),
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
    *options.READING,
    argument(
        "--record",
        action="store_true",
        help="keep the Frechet distances in the file of --model, where `avatar models` finds them",
    ),
    JSON,
)
def evaluate(args):
    """Measure pictures: distances to real ones, novelty, diversity; known sets beside them.

    Example: avatar evaluate --model models/compact-normal-w8.safetensors --json

    Give one of --model, --run and --images. --recursive, --tile and --background say how all the
    folders given are read. Two figures, attribute_frechet and re_render, are of drawn sprites only.
    """
    from support.progress import bar
    from train.data.sizes import SHAPE
    from train.data.training_set import SPRITES
    from train.evaluate import evaluation, recording, samples

    reading = options.reading_of(args)
    folders = partial(samples.of_folder, reading=reading)
    kinds = {"model": samples.of_file, "run": samples.of_run, "images": folders}
    given = {name: getattr(args, name) for name in kinds if getattr(args, name) is not None}
    if len(given) != 1:
        raise InputError("give one of --model FILE, --run RUN and --images DIR")
    if args.training_count is not None and args.training != SPRITES:
        raise InputError("--training-count is the number of sprites; give --training sprites too")
    named = (args.images, args.reference, args.training)
    if reading.options and all(name in (None, SPRITES) for name in named):
        raise InputError(
            f"{reading.options[0]} says how a folder is read; name one, or leave it out"
        )
    evaluation.check(args.count, args.seed)
    ((kind, path),) = given.items()
    if args.record:
        if kind != "model":
            raise InputError(f"--record keeps figures in a model file; give --model, not --{kind}")
        if (args.count, args.seed) != (evaluation.COUNT, 0):
            raise InputError("--record keeps figures that compare; leave --count and --seed out")
        recording.check(path)
    with bar(total=evaluation.STEPS + 1, desc="evaluate", unit="step") as progress:
        source = kinds[kind](path)
        _notice_other_reference(path, source.training, args.reference)
        if source.shape != SHAPE:
            height, width, colours = source.shape
            kind = "colour" if colours == 3 else "grey"
            notice(
                f"{path}: {kind} pictures of {height}x{width} are measured as 32x32 in colour, "
                "beside real ones made and resampled alike"
            )
        training = None
        if args.training is not None:
            training = evaluation.training_of(
                args.training, args.training_count, reading, source.shape
            )
        reference = evaluation.reference_of(args.reference, args.count, reading, source.shape)
        progress.update()
        result = evaluation.evaluate(
            source,
            reference,
            count=args.count,
            seed=args.seed,
            training=training,
            done=progress.update,
        )
    if args.record:
        recording.record(path, result)
    show(args, result, evaluation.as_text)


def _notice_other_reference(path, training, reference):
    """Say so where something trained on pictures of one's own is compared with sprites."""
    from train.data.reading import Reading
    from train.data.training_set import SPRITES

    data = training.get("data", SPRITES)
    if reference == SPRITES != data and training.get("recipe") != "import":
        try:
            told = [data, *Reading.from_json(training.get("reading")).options]
        except InputError as error:
            raise InputError(f"{path}: {error}; train again") from None
        words = f"to compare with that, give --reference {shlex.join(map(str, told))}"
        notice(f"{path}: was trained on {data}; {words}")


@verb(
    "experiment",
    argument("name", metavar="NAME", help="one of `avatar experiment list`, or all"),
    argument(
        "--model",
        default=shipped("compact-normal-w8.safetensors"),
        metavar="FILE",
        help="model file or packed generator (default: the shipped compact-normal-w8)",
    ),
    argument("--out", default="docs/results", metavar="DIR", help="(default docs/results)"),
    argument("--seed", type=int, default=0, metavar="S", help="of all that is random (default 0)"),
    JSON,
)
def experiment(args):
    """Repeat one of the paper's experiments, or list them.

    Example: avatar experiment interpolation --model models/compact-normal-w8.safetensors

    Writes NAME.md, NAME.json and, where there is something to see, NAME.png; `all` does every
    experiment and puts the parts together as README.md. The same command gives the same bytes on
    one machine. Experiments that compare generators read models/float and models.
    """
    from train.experiments.registry import EXPERIMENTS, as_text, find

    if args.name == "list":
        facts = {each.name: each.summary for each in EXPERIMENTS.values()}
        show(args, facts, lambda facts: as_text())
        return
    chosen = None if args.name == "all" else find(args.name)
    check_seed(args.seed)
    check_folder(args.out)

    from train.experiments import report

    settings = report.Settings(model=args.model, seed=args.seed)
    if chosen is None:
        facts = report.save_all(args.out, EXPERIMENTS.values(), settings, notice=notice)
        written = list(facts)
    else:
        facts = report.save(args.out, chosen, settings, chosen.run(settings))
        written = [chosen.name]
    show(args, facts, lambda facts: "\n".join(f"{args.out}/{name}.md" for name in written))
