# SPDX-License-Identifier: Apache-2.0
"""ONNX files: float outputs equal ONNX Runtime's; what is not read is refused by node and name."""

import numpy as np
from hypothesis import given, settings

from tests.train.importing.networks import by_runtime, generators, save
from train.importing.imported import float_outputs
from train.importing.onnx_file import read_onnx

QUICK = settings(max_examples=100, deadline=None, database=None, derandomize=True)


@given(generators())
@QUICK
def test_outputs_are_those_of_onnx_runtime(tmp_path_factory, drawn):
    model, latent = drawn
    path = save(model, tmp_path_factory.getbasetemp() / "g.onnx")
    imported = read_onnx(path)
    z = np.random.default_rng(0).standard_normal((3, *latent), np.float32)
    wanted = by_runtime(model, z)
    found = float_outputs(imported, z.reshape(3, -1))
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-4)
