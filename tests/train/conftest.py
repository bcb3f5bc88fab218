# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest
import torch

from train.data.sprites import collection
from train.loop.recipes import RECIPES


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny networks are slower on many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny_recipes(monkeypatch):
    """All recipes with narrow discriminators and small batches: steps of milliseconds."""
    for name, recipe in RECIPES.items():
        narrow = dataclasses.replace(
            recipe,
            batch=4,
            d_colour=(4, 4, 4),
            d_grey=(2, 2, 2),
            hidden=min(recipe.hidden, 4),
            sprites=18,
        )
        monkeypatch.setitem(RECIPES, name, narrow)


@pytest.fixture(scope="module")
def sprites():
    """The training set of a tiny run."""
    return collection(18, 0)[0]
