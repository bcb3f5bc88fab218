# SPDX-License-Identifier: Apache-2.0
"""How a run trains.

`paper` is the published recipe as docs/paper-recipe.md reads it, `fast` gives the best pictures in
the first minutes, `best` the best after hours, `few` is `best` for a few hundred pictures in one
pose, which it would learn by heart, were they not recombined.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """Every constant of a training run but its data, length and seed.

    Parameters
    ----------
    sprites, steps : int
        Sprites drawn for training and steps trained unless the user says otherwise.
    batch : int
        Pictures a step; the last short batch of an epoch is dropped.
    lr_g, lr_d : float
        Adam's learning rates.
    decay : bool
        Learning rates fall to zero along half a cosine; else they stay.
    betas : (float, float)
        Adam's.
    d_colour, d_grey : (int, int, int)
        Channels of the discriminators' convolutions.
    hidden : int
        Neurons between each discriminator's last map and its logit; 0 for none.
    batch_norm : bool
        BatchNorm in the discriminators.
    grey_planes : int
        Planes of each picture that D_grey sees: 3, or 1 drawn at random for each picture.
    he_init : bool
        First weights from He's normal distribution; else from N(0, 0.02).
    r1_gamma, r1_every : float, int
        Weight of the gradient penalty and the steps between two of them (each then counts
        `r1_every` times); gamma 0 is none.
    relativistic : bool
        Each discriminator judges pairs, by how much more real than the made picture the drawn one
        is; else each picture by itself.
    latents : str
        One of :data:`golden.latents.DISTRIBUTIONS`, unless the user says otherwise.
    recombine : int
        Pictures to make of parts and colours of the training pictures, at most, unless the user
        says otherwise (:mod:`train.data.recombination`).
    translate, cut_out : int
        Pixels by which the discriminators' pictures are moved, and side of the square cut out of
        them (:mod:`train.networks.discriminator_view`); 0 leaves them alone.
    noise : float
        Most standard deviation, in grey levels, of noise added to the discriminators' pictures;
        each picture's is drawn from 0 to this.
    grey, colour : float
        Weights of D_grey and D_colour in the generator's loss; a discriminator of weight 0 is not
        trained.
    ema : float
        Decay of the moving average of G that is kept as the result; 0 keeps G itself.
    bf16 : bool
        bfloat16 autocast and channels_last where the device multiplies in bfloat16.
    """

    sprites: int
    steps: int
    batch: int
    lr_g: float
    lr_d: float
    decay: bool
    betas: tuple[float, float]
    d_colour: tuple[int, int, int]
    d_grey: tuple[int, int, int]
    hidden: int
    batch_norm: bool
    grey_planes: int
    he_init: bool
    r1_gamma: float
    r1_every: int
    relativistic: bool
    latents: str
    recombine: int
    translate: int
    cut_out: int
    noise: float
    grey: float
    colour: float
    ema: float
    bf16: bool


PAPER = Recipe(
    sprites=275,
    steps=40_000,  # 10,000 epochs of 4 batches
    batch=64,
    lr_g=1e-4,
    lr_d=1e-6,
    decay=False,
    betas=(0.5, 0.999),
    d_colour=(64, 128, 256),
    d_grey=(64, 128, 256),
    hidden=0,
    batch_norm=True,
    grey_planes=3,
    he_init=False,
    r1_gamma=0.0,
    r1_every=1,
    relativistic=False,
    latents="normal",
    recombine=0,
    translate=0,
    cut_out=0,
    noise=0.0,
    grey=1.0,
    colour=1.0,
    ema=0.0,
    bf16=False,
)
FAST = Recipe(
    sprites=8192,  # far more than G can memorise
    steps=20_000,
    batch=32,
    lr_g=1e-3,
    lr_d=1e-3,
    decay=True,
    betas=(0.0, 0.99),
    d_colour=(32, 64, 128),
    d_grey=(16, 32, 64),
    hidden=0,  # a quarter more time a step, for nothing in a short run: docs/results/recipes.md
    batch_norm=False,
    grey_planes=1,
    he_init=True,
    r1_gamma=1.0,
    r1_every=8,
    relativistic=False,
    latents="categorical",  # nothing lies between two of them, so nothing half
    recombine=0,
    translate=0,
    cut_out=0,
    noise=0.0,
    grey=1.0,
    colour=1.0,
    ema=0.999,
    bf16=True,
)
BEST = replace(
    FAST,
    sprites=20_000,
    steps=24_000,
    d_colour=(48, 96, 192),
    d_grey=(24, 48, 96),
    hidden=256,  # sees both sides of a head together: fewer single braids
    r1_gamma=0.1,
    relativistic=True,  # gamma 0.1 alone drops modes, see docs/results/recipes.md
)
FEW = replace(BEST, sprites=275, steps=28_000, recombine=20_000)
RECIPES = {"paper": PAPER, "fast": FAST, "best": BEST, "few": FEW}


def recipe_of(config):
    """Return the constants of a :class:`train.run.config.RunConfig`.

    A run that began from an earlier one has that one's recipe, with its own share of the learning
    rates, which fall to zero, and its own noise.
    """
    recipe, start = RECIPES[config.recipe], config.start
    if start is None:
        return recipe
    rates = {"lr_g": recipe.lr_g * start.rate, "lr_d": recipe.lr_d * start.rate}
    return replace(recipe, **rates, decay=True, noise=start.noise)
