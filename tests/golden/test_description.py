# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json

from golden.description import as_text, describe
from golden.spec import GeneratorSpec
from tests.models import random_model


def test_description_holds_the_facts_and_survives_json():
    model = random_model(GeneratorSpec.preset("tiny", 6))
    facts = describe(model)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["id"] == model.digest
    assert facts["preset"] == "tiny"
    assert facts["useful_macs"] == model.spec.useful_macs
    assert [layer["acc_width"] for layer in facts["layers"]] == list(model.spec.acc_widths)
    assert list(facts["arrays"]) == list(model.arrays)


def test_text_shows_id_arrays_and_provenance():
    model = random_model(GeneratorSpec.avatars(channels=(4, 3, 2)))
    model = dataclasses.replace(model, training={"recipe": "fast"}, metrics={"psnr": 30.5})
    text = as_text(describe(model))
    for word in (
        model.digest,
        "100-4-3-2-1 (no preset)",
        "100 x 4 x 4 x 4",
        "recipe  fast",
        "30.5",
    ):
        assert word in text
    for name in model.arrays:
        assert f"\n{name} " in text
