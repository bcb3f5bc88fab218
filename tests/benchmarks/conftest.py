# SPDX-License-Identifier: Apache-2.0
import pytest

from train.evaluate import evaluation


@pytest.fixture(autouse=True)
def few_held_out(monkeypatch):
    """Measure against few sprites: no figure of a tiny generator is looked at."""
    monkeypatch.setattr(evaluation, "REFERENCE_COUNT", 200)
