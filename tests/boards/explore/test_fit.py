# SPDX-License-Identifier: Apache-2.0
"""`avatar fit`: what a machine has room for, and how fast it would be."""

import json

import pytest

import cli
from boards.catalogue.registry import BOARDS
from boards.explore.fit import fit, link_per_second
from golden.spec import GeneratorSpec, Layer
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled

MODEL = "models/compact-w5.safetensors"
COMPACT = GeneratorSpec.preset("compact", 5)


def machine(board="ulx3s-85f"):
    return BOARDS[board].capacity()


def test_a_network_that_fits():
    facts = fit(COMPACT, machine(), 125_000_000, 3_000_000)
    cycles = CycleModel(scheduled(COMPACT, machine().array))
    assert facts["fits"]
    assert facts["cycles_interval"] == cycles.cycles_interval
    assert facts["cycles_latency"] == cycles.cycles_latency
    assert facts["utilisation"] > 0.96
    assert facts["core_per_second"] == pytest.approx(125e6 / cycles.cycles_interval, abs=0.01)
    assert facts["per_second"] == pytest.approx(3e6 / 10 / (32 * 32 * 3 + 10), abs=0.01)
    assert not any(each["bits_short"] for each in facts["memories"])
    weights = next(each for each in facts["memories"] if each["name"] == "weights")
    assert (weights["needed"], weights["there"], weights["bits"]) == (2950, 3072, 640)


def test_every_size_of_a_capacity_is_told():
    facts = fit(COMPACT, machine())
    assert len(facts["memories"]) + len(facts["widths"]) == len(machine().sizes)
    assert "core_per_second" not in facts


def test_what_is_short_is_told_in_bits():
    facts = fit(COMPACT, machine("orangecrab-25f"))
    short = {each["name"]: each["bits_short"] for each in facts["memories"] if each["bits_short"]}
    needed = {each["name"]: each["needed"] for each in facts["memories"]}
    assert not facts["fits"]
    assert short == {
        "weights": (needed["weights"] - 4096) * 80,
        "maps": (needed["maps"] - 1536) * 64,
        "plane_biases": (1024 - 512) * 88,
    }
    assert "cycles_interval" not in facts


def test_weights_of_more_bits():
    facts = fit(GeneratorSpec.preset("tiny", 8), machine())
    assert not facts["fits"]
    wider = [each for each in facts["widths"] if each["needed"] > each["there"]]
    assert {"name": "bits of a weight", "needed": 8, "there": 5} in wider


def test_a_line_carries_grey_pictures_thrice_as_fast():
    def spec(channels):
        return GeneratorSpec(8, 1, (Layer(4, 4, 1, 0), Layer(channels, 4, activation="table")))

    assert link_per_second(10**6, spec(3)) == pytest.approx(1e5 / (8 * 8 * 3 + 10))
    assert link_per_second(10**6, spec(1)) == pytest.approx(1e5 / (8 * 8 + 10))


def answer(capsys, *arguments):
    status = cli.main(["fit", "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


def test_the_verb_tells_of_all_boards_or_one(capsys):
    status, facts = answer(capsys, "--model", MODEL)
    assert status == 0
    assert {each["board"] for each in facts["machines"]} == set(BOARDS)
    assert set(facts["holders"]) == {each["board"] for each in facts["machines"] if each["fits"]}
    assert answer(capsys, "--model", MODEL, "--board", "ulx3s-85f")[0] == 0
    status, facts = answer(capsys, "--model", MODEL, "--board", "ulx3s-85f", "--capacity", "w8")
    assert (status, len(facts["machines"])) == (1, 1)
    board = ("--board", "colorlight-i9")
    assert answer(capsys, "--model", MODEL, *board, "--capacity", "w5")[0] == 1
    status, facts = answer(capsys, "--model", MODEL, *board)
    assert status == 0
    at = facts["machines"][1]  # `sdram-w5`, which meets 112.5 MHz where others meet 125
    assert at["core_per_second"] == pytest.approx(112.5e6 / at["cycles_interval"], abs=0.01)


def test_sizes_that_are_not_given_are_as_the_model_needs(capsys):
    status, facts = answer(capsys, "--model", MODEL, "--capacity", "rows=8,columns=8")
    assert status == 0
    assert (facts["machines"][0]["rows"], facts["machines"][0]["columns"]) == (8, 8)
    status, facts = answer(capsys, "--model", MODEL, "--capacity", "map_words=2303")
    assert status == 1
    short = [each["name"] for each in facts["machines"][0]["memories"] if each["bits_short"]]
    assert short == ["maps"]


def test_the_text_says_it_all(capsys):
    assert cli.main(["fit", "--model", MODEL, "--board", "colorlight-i9"]) == 0
    text = capsys.readouterr().out
    assert "does not fit: weights" in text
    assert "weights       outside the chip, 32 bits a clock, in " in text
    assert "held by       ulx3s-85f" in text
    assert cli.main(["fit", "--model", MODEL]) == 0
    assert "tang-nano-20k" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--board", "none"], "board 'none' is unknown"),
        (["--capacity", "w8"], "--capacity: 'w8' is no size"),
        (["--board", "pynq-z2", "--capacity", "w9"], "pynq-z2 has no machine 'w9'"),
        (["--baud", "0"], "--baud is 0"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["fit", "--model", MODEL, *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
