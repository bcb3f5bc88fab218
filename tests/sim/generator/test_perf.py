# SPDX-License-Identifier: Apache-2.0
"""What `avatar perf` measures and says; test_networks.py has the cycle model on many networks."""

import json

import numpy as np
import pytest

import cli
from golden.full_range import full_range_model
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.generator import perf
from sim.generator.simulate import Observation

pytestmark = pytest.mark.sim

SPEC, ARRAY = GeneratorSpec.avatars((5, 4, 3)), ArraySpec(4, 8)


def test_the_cycle_model_agrees(monkeypatch):
    model = full_range_model(SPEC)
    facts = perf.measure(model, ARRAY)
    assert facts["cycle_model"] == {name: facts[name] for name in facts["cycle_model"]}
    assert facts["agrees"]
    assert facts["weights_on_chip"]
    assert "on-chip memory" in perf.as_text(facts)
    monkeypatch.setattr(perf, "ON_CHIP_BITS", 0)
    other = perf.measure(model, ARRAY)
    assert other == facts | {"weights_on_chip": False}
    assert "ideal memory" in perf.as_text(other)


def test_a_board_gives_its_array_and_its_clock(capsys):
    arguments = ["perf", "--preset", "tiny", "--board", "orangecrab-25f", "--json"]
    assert cli.main(arguments) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rows"], facts["columns"], facts["clock_mhz"]) == (8, 4, 120)
    assert facts["pictures_per_second"] == round(120e6 / facts["cycles_interval"], 1)


def test_weights_from_outside_take_their_time():
    facts = perf.measure(full_range_model(SPEC), ArraySpec(4, 8, weight_bus=16))
    assert facts["agrees"]
    waits = facts["lost_interval"]["layer 1"] + facts["lost_interval"]["weights"]
    assert waits > 0.3 * facts["cycles_interval"]
    text = perf.as_text(facts)
    assert "16 bits a clock from a memory outside" in text
    assert "DISAGREE" not in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--preset", "huge"], "preset 'huge' is unknown"),
        (["--preset", "tiny", "--channels", "1,2,3"], "say how large; give one of them"),
        (["--preset", "tiny", "--weight-bits", "9"], "weight_bits is 9; give 2 to 8"),
        (["--preset", "tiny", "--rows", "3"], "array: rows is 3; give a multiple of 4, 4 to 256"),
        (["--preset", "tiny", "--weights-per-cycle", "257"], "257 weights a word; give 1 to 256"),
        (["--preset", "tiny", "--weight-bus", "8"], "weight_bus is 8; give 0 (on the chip), 16"),
        (
            ["--preset", "tiny", "--weight-bus", "16", "--weights-per-cycle", "8"],
            "8 weights a word; from outside it has as many as the bus has bits, 16",
        ),
        (["--preset", "tiny", "--slots", "2"], "slots is 2; this network takes 1 to 1 in a pass"),
        (["--preset", "tiny", "--seed", "-1"], "--seed is -1"),
        (["--preset", "tiny", "--board", "none"], "none"),
        (
            ["--preset", "contest", "--board", "tang-nano-20k"],
            "no machine holds the network; `avatar",
        ),
        (
            ["--preset", "contest", "--board", "ulx3s-85f", "--capacity", "w5"],
            "machine w5 does not hold the network",
        ),
        (["--preset", "tiny", "--capacity", "w5"], "give --board, too"),
        (["--model", "x", "--preset", "tiny"], "leave --preset out"),
        (["--model", "x", "--seed", "0"], "leave --seed out"),
        (["--model", "missing.safetensors"], "missing.safetensors"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["perf", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_a_model_that_disagrees_is_a_failed_check(monkeypatch, capsys):
    arguments = ["perf", "--channels", "5,4,3", "--rows", "4", "--columns", "8"]
    cycles = CycleModel(scheduled(SPEC, ARRAY))
    latency = cycles.cycles_latency
    seen = Observation(None, None, np.array([0, 50]), np.array([latency - 1, 10**6]))
    monkeypatch.setattr(perf, "MachineSimulation", lambda *_, **__: seen)
    monkeypatch.setattr(Observation, "observe", lambda self, *_, **__: self, raising=False)
    assert cli.main(arguments) == 1
    assert "DISAGREE" in capsys.readouterr().out
