# SPDX-License-Identifier: Apache-2.0
from golden.spec import GeneratorSpec
from train.loop.recipes import RECIPES
from train.run.config import RunConfig


def test_paper_is_table_2():
    paper = RECIPES["paper"]
    assert (paper.lr_g, paper.lr_d, paper.betas, paper.batch) == (1e-4, 1e-6, (0.5, 0.999), 64)
    assert (paper.d_grey, paper.d_colour) == ((64, 128, 256),) * 2
    assert paper.batch_norm
    assert paper.grey_planes == 3
    assert paper.steps == 10_000 * (275 // 64)
    assert not any((paper.he_init, paper.decay, paper.ema, paper.r1_gamma, paper.hidden))


def test_runs_follow_the_text_unless_told_otherwise():
    config = RunConfig(spec=GeneratorSpec.avatars((4, 3, 2)), recipe="paper", steps=1, seed=0)
    assert (config.real_label, config.latents) == (1.0, "normal")
