# SPDX-License-Identifier: Apache-2.0
"""The forms of a transposed convolution agree, or are counted."""

import numpy as np

from tests.train.experiments.conftest import SPEC
from train.experiments import transposed_convolution


def test_forms_that_differ_are_counted(monkeypatch):
    rng = np.random.default_rng(0)
    cases = list(transposed_convolution.layer_inputs(SPEC, rng))
    assert all(transposed_convolution.differences(*case)[0] == 0 for case in cases)
    per_layer = [transposed_convolution.layer_macs(layer) for layer in SPEC.shapes]
    assert [macs["phases"] for macs in per_layer] == [layer.useful_macs for layer in SPEC.shapes]

    def wrong(maps, weight, **facts):
        out = transposed_convolution.conv_transpose2d_scatter(maps, weight, **facts)
        out[0, 0, 0, 0] += 1
        return out

    forms = transposed_convolution.FORMS | {"scatter": (wrong, None)}
    monkeypatch.setattr(transposed_convolution, "FORMS", forms)
    assert [transposed_convolution.differences(*case)[0] for case in cases] == [1, 1, 1, 1]
