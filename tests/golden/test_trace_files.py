# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np

from golden.generator import trace
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from golden.trace_files import hex_lines, save_trace
from tests.models import random_model


def test_hex_is_twos_complement_at_the_width():
    assert hex_lines(np.array([[0, 1], [-1, -256]]), 9) == b"000\n001\n1ff\n100\n"
    assert hex_lines(np.array([255, 16], np.uint8), 8) == b"ff\n10\n"


def test_files_hold_the_trace_and_the_index_describes_them(tmp_path):
    model = random_model(GeneratorSpec.avatars(channels=(4, 3, 2), weight_bits=(8, 5, 4, 3)))
    latents = draw_latents(1, 2)
    save_trace(tmp_path, model, latents)
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["model"] == model.digest
    stems = []
    for n, values in enumerate(trace(model, latents), 1):
        for name in ("inputs", "accumulators", "activations"):
            stem = f"layer{n}_{name}"
            stems.append(stem)
            array = np.load(tmp_path / f"{stem}.npy")
            np.testing.assert_array_equal(array, getattr(values, name))
            facts = index["arrays"][stem]
            assert facts["shape"] == list(array.shape)
            lines = (tmp_path / f"{stem}.hex").read_text().split()
            read = np.array([int(line, 16) for line in lines])
            if facts["signed"]:
                read -= (read >> (facts["width"] - 1)) << facts["width"]
            np.testing.assert_array_equal(read.reshape(array.shape), array)
    assert sorted(index["arrays"]) == sorted(stems)
    assert len(list(tmp_path.iterdir())) == 2 * len(stems) + 1
