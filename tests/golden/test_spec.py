# SPDX-License-Identifier: Apache-2.0
import pytest

from golden.spec import GeneratorSpec
from support.failures import InputError

USEFUL_MACS = {
    "contest": 167_839_232,
    "medium": 42_533_632,
    "compact": 10_920_320,
    "small": 2_873_536,
}


@pytest.mark.parametrize(("preset", "macs"), USEFUL_MACS.items())
def test_useful_macs_of_the_presets(preset, macs):
    assert GeneratorSpec.preset(preset).useful_macs == macs


def test_weights_of_the_papers_network():
    assert GeneratorSpec.preset("contest").weights == 3_442_688


def test_contest_at_8_bits_needs_27_bit_accumulators():
    assert max(GeneratorSpec.preset("contest", 8).acc_widths) == 27


def test_accumulators_wider_than_a_models_biases_are_refused():
    assert max(GeneratorSpec(channels=(16_577, 1, 1), weight_bits=8).acc_widths) == 32
    with pytest.raises(InputError, match="need accumulators of 33 bits; give fewer, 32"):
        GeneratorSpec(channels=(16_578, 1, 1), weight_bits=8)


def test_useful_taps_counts_every_tap_inside_the_picture():
    for layer in GeneratorSpec.preset("tiny").layers:
        hits = [
            (i, j, kh, kw)
            for i in range(layer.in_size)
            for j in range(layer.in_size)
            for kh in range(4)
            for kw in range(4)
            if 0 <= layer.stride * i + kh - layer.padding < layer.out_size
            and 0 <= layer.stride * j + kw - layer.padding < layer.out_size
        ]
        assert layer.useful_taps == len(hits)


def test_one_number_of_weight_bits_means_all_four():
    assert GeneratorSpec(weight_bits=6).weight_bits == (6, 6, 6, 6)


def test_json_round_trip():
    spec = GeneratorSpec(channels=(7, 5, 3), weight_bits=(8, 5, 4, 3))
    assert GeneratorSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"channels": (0, 2, 3)}, "channels"),
        ({"channels": (4, -2, 3)}, "channels"),
        ({"channels": (4, 2)}, "channels"),
        ({"channels": (4, 2.0, 1)}, "channels"),
        ({"weight_bits": 9}, "weight bits"),
        ({"weight_bits": 1}, "weight bits"),
        ({"weight_bits": (5, 5, 5)}, "weight bits"),
        ({"weight_bits": (5, 5, 5, True)}, "weight bits"),
        ({"latent": 0}, "latent"),
    ],
)
def test_impossible_specs_are_refused(fields, word):
    with pytest.raises(InputError, match=word):
        GeneratorSpec(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        None,
        {},
        {"channels": [1, 2, 3], "latent": 100},
        {"channels": [1, 2, 3], "latent": 100, "weight_bits": 5},
        {"channels": "123", "latent": 100, "weight_bits": [5, 5, 5, 5]},
        {"channels": [1, 2, 3], "latent": 100, "weight_bits": [5, 5, 5, 5], "kernel": 4},
    ],
)
def test_foreign_json_is_refused(fields):
    with pytest.raises(InputError, match="spec"):
        GeneratorSpec.from_json(fields)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(InputError, match="contest, medium, compact"):
        GeneratorSpec.preset("huge")
