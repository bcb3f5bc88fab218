# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from golden.conv_transpose import conv_transpose2d_scatter
from golden.spec import GeneratorSpec, Layer
from support.failures import InputError

LAST = Layer(1, activation="table")
ODD = GeneratorSpec(
    7,
    1,
    (
        Layer(5, 3, 1, 0, 0, "leaky_relu"),
        Layer(4, 5, 2, 2, 1),
        Layer(6, 3, 1, 1),
        Layer(3, 6, 2, 2, 1, "table"),
    ),
)
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


TUTORIAL = GeneratorSpec(  # PyTorch's DCGAN tutorial: 64x64, three channels
    100,
    1,
    (Layer(512, 4, 1, 0), Layer(256), Layer(128), Layer(64), Layer(3, activation="table")),
)
MNIST = GeneratorSpec(  # pytorch/examples, cpp/dcgan: 28x28, grey
    100,
    1,
    (Layer(256, 4, 1, 0), Layer(128, 3, 2, 1), Layer(64), Layer(1, activation="table")),
)


@pytest.mark.parametrize(
    ("spec", "weights", "macs", "sizes"),
    [
        (TUTORIAL, 3_574_784, 90.5e6, (4, 8, 16, 32, 64)),
        (MNIST, 836_608, 9.4e6, (4, 7, 14, 28)),
    ],
)
def test_networks_that_people_have(spec, weights, macs, sizes):
    assert spec.weights == weights
    assert abs(spec.useful_macs / macs - 1) < 0.01
    assert tuple(shape.out_size for shape in spec.shapes) == sizes
    assert spec.picture_shape == (sizes[-1], sizes[-1], spec.shapes[-1].channels)


def test_the_widest_accumulator_has_32_bits():
    last = Layer(3, 8, 2, 3, 0, "table", 8)
    inner = Layer(1024, 8, 1, 3, 0, "relu", 8)
    widest = GeneratorSpec(1024, 1, (Layer(1024, 8, 1, 0), inner, last))
    assert max(widest.acc_widths) == 32
    assert max(shape.acc_max for shape in widest.shapes) == 1024 * 64 * 255 * 127 < 2**31


def test_useful_taps_counts_every_tap_inside_the_picture():
    for layer in [*GeneratorSpec.preset("tiny").shapes, *MNIST.shapes, *ODD.shapes]:
        hits = [
            (i, j, kh, kw)
            for i in range(layer.in_size)
            for j in range(layer.in_size)
            for kh in range(layer.kernel_size)
            for kw in range(layer.kernel_size)
            if 0 <= layer.stride * i + kh - layer.padding < layer.out_size
            and 0 <= layer.stride * j + kw - layer.padding < layer.out_size
        ]
        assert layer.useful_taps == len(hits)


@pytest.mark.parametrize("spec", [GeneratorSpec.preset("tiny"), TUTORIAL, MNIST, ODD])
def test_no_output_sums_more_products_than_said(spec):
    """Ones everywhere: an output's sum counts its products."""
    for shape in spec.shapes:
        x = np.ones((1, 1, shape.in_size, shape.in_size), np.uint8)
        weight = np.ones((1, 1, shape.kernel_size, shape.kernel_size), np.int8)
        most = conv_transpose2d_scatter(x, weight, **shape.geometry).max()
        assert most * shape.in_channels == shape.products


def test_one_number_of_weight_bits_means_all_layers():
    assert GeneratorSpec.avatars((4, 3, 2), weight_bits=6).weight_bits == (6, 6, 6, 6)
    assert TUTORIAL.with_weight_bits(3).weight_bits == (3, 3, 3, 3, 3)
    assert TUTORIAL.with_weight_bits((8, 7, 6, 5, 4)).weight_bits == (8, 7, 6, 5, 4)
    with pytest.raises(InputError, match="give one number or 5"):
        TUTORIAL.with_weight_bits((8, 8))


def test_a_preset_has_its_name_whatever_its_bits():
    assert GeneratorSpec.preset("small", 3).preset_name == "small"
    assert TUTORIAL.preset_name is None


@pytest.mark.parametrize("spec", [GeneratorSpec.avatars((7, 5, 3), (8, 5, 4, 3)), TUTORIAL, ODD])
def test_json_round_trip(spec):
    assert GeneratorSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_json_by_hand():
    assert GeneratorSpec(3, 1, (Layer(4, 2, 1, 0, 0, "leaky_relu", 2), LAST)).to_json() == {
        "latent": 3,
        "layers": [
            {
                "activation": "leaky_relu",
                "channels": 4,
                "kernel_size": 2,
                "output_padding": 0,
                "padding": 0,
                "stride": 1,
                "weight_bits": 2,
            },
            {
                "activation": "table",
                "channels": 1,
                "kernel_size": 4,
                "output_padding": 0,
                "padding": 1,
                "stride": 2,
                "weight_bits": 8,
            },
        ],
        "planes": 1,
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channels": 0}, "channels is 0; give 1 to 1024"),
        ({"channels": 1025}, "channels is 1025"),
        ({"channels": 4.0}, "channels is 4.0"),
        ({"kernel_size": 9}, "kernel_size is 9; give 1 to 8"),
        ({"kernel_size": 0}, "kernel_size is 0"),
        ({"stride": 3}, "stride is 3; give 1 to 2"),
        ({"padding": 4}, "padding is 4; give 0 to 3"),
        ({"padding": -1}, "padding is -1"),
        ({"output_padding": 2}, "output_padding is 2; give 0 to 1"),
        ({"stride": 1, "output_padding": 1}, "output_padding is 1; give 0 to 0"),
        ({"weight_bits": 9}, "weight_bits is 9; give 2 to 8"),
        ({"weight_bits": 1}, "weight_bits is 1"),
        ({"weight_bits": True}, "weight_bits is True"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"activation": ["relu"]}, "activation is ['relu']"),
    ],
)
def test_impossible_layers_are_refused(fields, words):
    with pytest.raises(InputError) as caught:
        Layer(**{"channels": 4, **fields})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 1, (Layer(4), LAST)), "spec: latent is 0; give 1 to 1024"),
        ((1025, 1, (Layer(4), LAST)), "latent is 1025"),
        ((9, 2, (Layer(4), LAST)), "planes is 2; give 1 or 3"),
        ((9, 1, (LAST,)), "the number of layers is 1; give 2 to 8"),
        ((9, 1, (Layer(4, 1, 1, 0),) * 8 + (LAST,)), "the number of layers is 9"),
        ((9, 1, (LAST, LAST)), "layer 1: activation is table; give relu or leaky_relu"),
        ((9, 1, (Layer(4), Layer(1))), "layer 2: activation is relu; give table"),
        ((9, 1, (Layer(4), Layer(2, activation="table"))), "layer 2: channels is 2"),
        ((9, 3, (Layer(4), Layer(3, activation="table"))), "with planes 3 the last layer has 1"),
        (
            (9, 1, (Layer(4, 1, 1, 0), Layer(1, 3, 1, 2, 0, "table"))),
            "layer 2: gives maps of -1x-1",
        ),
        ((9, 1, (Layer(4, 8, 1, 0), *[Layer(4)] * 4, LAST)), "layer 6: gives maps of 256x256"),
    ],
)
def test_impossible_specs_are_refused(arguments, words):
    with pytest.raises(InputError) as caught:
        GeneratorSpec(*arguments)
    assert words in str(caught.value)


def changed(**fields):
    return GeneratorSpec.preset("tiny").to_json() | fields


@pytest.mark.parametrize(
    "fields",
    [
        None,
        {},
        {"channels": [1, 2, 3], "latent": 100, "weight_bits": [5, 5, 5, 5]},
        {"latent": 100, "planes": 3},
        changed(kernel=4),
        changed(layers={}),
        changed(layers=[4, 3]),
        changed(layers=[{"channels": 4}] * 4),
        changed(latent="100"),
    ],
)
def test_foreign_json_is_refused(fields):
    with pytest.raises(InputError, match="spec"):
        GeneratorSpec.from_json(fields)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(InputError, match="contest, medium, compact"):
        GeneratorSpec.preset("huge")
