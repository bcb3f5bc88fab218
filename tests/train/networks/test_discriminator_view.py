# SPDX-License-Identifier: Apache-2.0
"""Moving and cutting: against a copy pixel by pixel, and kept gradients. Noise: its size."""

import numpy as np
import pytest
import torch

from train.networks.discriminator_view import BLACK, add_noise, cut_out, translate


def pictures(n=64):
    return torch.from_numpy(np.random.default_rng(0).random((n, 3, 32, 32), np.float32))


def test_translate_moves_whole_pictures_over_black():
    before = pictures()
    after = translate(before, np.random.default_rng(1), 2)
    found = set()
    for old, new in zip(before.numpy(), after.numpy()):
        for down in range(-2, 3):
            for right in range(-2, 3):
                wanted = np.full_like(old, BLACK)
                rows, columns = np.mgrid[0:32, 0:32]
                inside = ((rows + down >= 0) & (rows + down < 32) & (columns + right >= 0)) & (
                    columns + right < 32
                )
                wanted[:, inside] = old[:, rows[inside] + down, columns[inside] + right]
                if np.array_equal(new, wanted):
                    found.add((down, right))
                    break
            else:
                continue
            break
        else:
            pytest.fail("a picture was not only moved")
    assert len(found) > 15  # of 25


def test_cut_out_blackens_one_square():
    before = pictures()
    after = cut_out(before, np.random.default_rng(1), 12)
    for old, new in zip(before, after):
        hole = (new == BLACK).all(0)
        assert torch.equal(new[:, ~hole], old[:, ~hole])
        rows, columns = hole.any(1).nonzero()[:, 0], hole.any(0).nonzero()[:, 0]
        assert 6 <= len(rows) <= 12
        assert 6 <= len(columns) <= 12
        assert hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert hole.sum() == len(rows) * len(columns)


@pytest.mark.parametrize(
    "change", [lambda x, rng: translate(x, rng, 4), lambda x, rng: cut_out(x, rng, 8)]
)
def test_gradients_reach_what_is_still_seen(change):
    seen = pictures(4).requires_grad_()
    output = change(seen, np.random.default_rng(2))
    output.sum().backward()
    assert set(seen.grad.unique().tolist()) == {0.0, 1.0}
    assert seen.grad.sum() == (output != BLACK).sum()


def test_noise_has_a_deviation_for_each_picture_and_no_mean():
    before = pictures(400)
    noise = (add_noise(before, np.random.default_rng(1), 40.0) - before) * 127.5
    deviations = noise.std((1, 2, 3))
    # uniform from 0 to 40
    assert deviations.min() < 1
    assert 39 < deviations.max() < 42
    for share in (0.25, 0.5, 0.75):
        assert deviations.quantile(share).item() == pytest.approx(40 * share, abs=3)
    assert abs(noise.mean().item()) < 0.5
    # each pixel has its own: neighbours, planes and pictures tell nothing of each other
    for shifted in (noise.roll(1, 3), noise.roll(1, 1), noise.roll(1, 0)):
        assert abs((noise * shifted).mean().item()) < 0.01 * 40**2


def test_the_same_seed_gives_the_same_pictures():
    first, second = (translate(pictures(), np.random.default_rng(3), 4) for _ in range(2))
    assert torch.equal(first, second)
