# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from pictures import save_png
from support.failures import InputError
from train.data.reading import Reading
from train.data.training_set import (
    SPRITES_SEED,
    Batches,
    TrainingSet,
    load,
    load_again,
    refuse_alike,
)


def test_an_epoch_sees_each_picture_once_and_drops_the_short_batch():
    batches = Batches(275, 64, [1])
    assert batches.epoch_steps == 4
    epochs = [
        np.concatenate([batches.indices(4 * epoch + step) for step in range(4)])
        for epoch in range(2)
    ]
    for epoch in epochs:
        assert len(set(epoch.tolist())) == 256
    assert not np.array_equal(*epochs)


def test_the_order_depends_on_seed_and_step_alone():
    forth = [Batches(20, 6, [3]).indices(step).tolist() for step in range(9)]
    one = Batches(20, 6, [3])
    back = [one.indices(step).tolist() for step in reversed(range(9))]
    assert forth == back[::-1]
    assert forth != [Batches(20, 6, [4]).indices(step).tolist() for step in range(9)]


def test_few_pictures_make_a_smaller_batch():
    batches = Batches(5, 64, [0])
    assert (batches.batch, batches.epoch_steps) == (5, 1)
    assert sorted(batches.indices(7).tolist()) == [0, 1, 2, 3, 4]


def test_sprites_and_their_digest():
    first, again, other = load("sprites", 12, 0), load("sprites", 12, 0), load("sprites", 12, 1)
    assert first.pictures.shape == (12, 32, 32, 3)
    assert first.digest == again.digest != other.digest
    assert TrainingSet("x", first.pictures).digest == first.digest
    with pytest.raises(InputError, match="--count is 0"):
        load("sprites", 0, 0)


@pytest.mark.parametrize(
    "told", [{}, {"data": 7}, {"data": ["a"]}, {"pictures": "many"}, {"pictures": 0}]
)
def test_pictures_that_are_not_told(told):
    training = {"data": "sprites", "pictures": 3, "data_digest": "0"} | told if told else {}
    with pytest.raises(InputError, match=r"^it: does not say what it was trained on; look again$"):
        load_again(training, "it", "look again")


def test_pictures_are_read_again_as_told(tmp_path):
    sheet = load("sprites", 2, SPRITES_SEED).pictures.reshape(64, 32, 3)
    save_png(tmp_path / "a.png", sheet)
    known = load(str(tmp_path), None, 0, Reading(tile=32))
    assert known.digest == load("sprites", 2, SPRITES_SEED).digest
    training = {"data": str(tmp_path), "pictures": 2, "data_digest": known.digest}
    told = training | {"reading": {"tile": 32, "background": [0, 0, 0]}}
    assert np.array_equal(load_again(told, "it", "").pictures, known.pictures)
    with pytest.raises(InputError, match="not the pictures"):
        load_again(training, "it", "")
    for wrong in ({"tile": "32"}, {"colour": 1}, [1]):
        with pytest.raises(InputError, match=r"^it: reading is .*; look again$"):
            load_again(training | {"reading": wrong}, "it", "look again")


def test_a_folder_of_plain_png_keeps_its_digest(tmp_path):
    """Runs go on by it."""
    pictures = load("sprites", 3, 1).pictures
    for n, picture in enumerate(pictures):
        save_png(tmp_path / f"{n}.png", picture)
    (tmp_path / "labels.csv").write_text("file\n")
    assert load(str(tmp_path), None, 0).digest == "494537a71a9b598a"


def test_pictures_that_are_others():
    known = load("sprites", 3, SPRITES_SEED)
    training = {"data": "sprites", "pictures": 3, "data_digest": known.digest}
    assert np.array_equal(load_again(training, "it", "").pictures, known.pictures)
    with pytest.raises(InputError, match="not the pictures that it was trained on; look again"):
        load_again(training | {"pictures": 4}, "it", "look again")


def test_pictures_too_much_alike():
    known = load("sprites", 3, SPRITES_SEED).pictures
    again = known[[0, 1, 0, 2, 1]]
    refuse_alike("it", again, "this", 3)
    with pytest.raises(InputError, match=r"^it: has 3 different pictures among 5; this needs at"):
        refuse_alike("it", again, "this", 4)
    with pytest.raises(InputError, match=r"has 0 different pictures among 0; this needs"):
        refuse_alike("it", again[:0], "this")
