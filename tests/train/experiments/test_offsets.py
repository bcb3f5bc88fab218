# SPDX-License-Identifier: Apache-2.0
"""How often v1 and v2 are taken for noise."""

import numpy as np
import pytest

from train.experiments import offsets


def test_the_shell_and_the_tail():
    assert offsets.gaussian_tail(1.959964) == pytest.approx(0.025, abs=1e-8)
    x = np.linspace(1e-3, 30, 100_001)
    for degrees in (3, 100):
        density = offsets.chi_density(x, degrees)
        assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)
        assert np.trapezoid(density * x**2, x) == pytest.approx(degrees, rel=1e-6)


def test_confusion_follows_the_tail(monkeypatch):
    monkeypatch.setattr(offsets, "DRAWS", 20_000)
    shares, norms = offsets.confusion((0.5, 2.0), 100, np.random.default_rng(0))
    np.testing.assert_allclose(shares, [0.40129, 0.15866], atol=0.015)
    assert norms.mean() == pytest.approx(9.975, abs=0.03)


def test_reduced_offsets_have_so_many_levels():
    v = np.random.default_rng(0).uniform(-3, 3, 1000)
    for width in (2, 3, 4):
        rounded = offsets.reduced(v, width)
        assert len(np.unique(rounded)) == 2**width - 1
        assert np.abs(rounded - v).max() <= np.abs(v).max() / (2 ** (width - 1) - 1) / 2 + 1e-12
