# SPDX-License-Identifier: Apache-2.0
"""The cycle model against the simulated hardware, on networks and arrays drawn at random."""

import numpy as np
import pytest

import cli
from golden.full_range import full_range_model
from golden.spec import GeneratorSpec
from hw.model.cycle_model import CycleModel
from hw.tiling import ArraySpec, Tiling
from sim.generator import perf
from sim.generator.simulate import Observation

pytestmark = pytest.mark.sim

QUICK, MANY = 6, 50


def draw(seed):
    """Return a small network and a small array that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    channels = tuple(int(n) for n in rng.integers(1, [40, 30, 24]))
    rows, columns = (int(n) for n in rng.integers(4, [11, 20]))
    words = int(rng.choice([1, 2, 3, rng.integers(4, rows * columns)]))
    array = ArraySpec(
        rows=rows,
        columns=columns,
        word_weights=-(-rows * columns // words),
        hop=int(rng.integers(1, 6)),
    )
    bits = tuple(int(n) for n in rng.integers(2, 9, 4))
    return GeneratorSpec.avatars(channels=channels, weight_bits=bits), array


@pytest.mark.parametrize(
    "seed",
    [*range(QUICK), *(pytest.param(n, marks=pytest.mark.slow) for n in range(QUICK, QUICK + MANY))],
)
def test_the_model_agrees_with_the_hardware(seed):
    spec, array = draw(seed)
    facts = perf.measure(full_range_model(spec, seed), array)
    assert facts["cycle_model"] == {name: facts[name] for name in facts["cycle_model"]}
    assert facts["agrees"]


def test_jobs_that_begin_in_a_half_that_is_still_read():
    """Layer 3 waits for the requantizer: no network above makes it, and every large one does."""
    spec, array = GeneratorSpec.avatars(channels=(3, 8, 12)), ArraySpec(rows=8, columns=12)
    facts = perf.measure(full_range_model(spec), array)
    assert facts["cycle_model"] == {name: facts[name] for name in facts["cycle_model"]}
    assert facts["agrees"]


def test_a_stream_of_weights_takes_as_long_as_a_memory(monkeypatch):
    spec, array = draw(0)
    monkeypatch.setattr(perf, "ON_CHIP_BITS", 0)
    facts = perf.measure(full_range_model(spec), array)
    assert facts["agrees"]
    assert not facts["weights_on_chip"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--preset", "huge"], "preset 'huge' is unknown"),
        (["--preset", "tiny", "--channels", "1,2,3"], "say how large; give one of them"),
        (["--preset", "tiny", "--weight-bits", "9"], "weight_bits is 9; give 2 to 8"),
        (["--preset", "tiny", "--rows", "3"], "array: rows is 3; give 4 to 256"),
        (["--preset", "tiny", "--weights-per-cycle", "257"], "257 weights a word; give 1 to 256"),
        (["--preset", "tiny", "--seed", "-1"], "--seed is -1"),
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
    spec, array = draw(0)
    arguments = ["perf", "--channels", ",".join(map(str, spec.channels))]
    for name in ("rows", "columns"):
        arguments += [f"--{name}", str(getattr(array, name))]
    cycles = CycleModel(Tiling(spec, array))
    seen = Observation(None, None, np.array([0, 50]), np.array([cycles.cycles_latency, 10**6]))
    monkeypatch.setattr(perf, "GeneratorSimulation", lambda *_, **__: seen)
    monkeypatch.setattr(Observation, "observe", lambda self, latents: self, raising=False)
    assert cli.main(arguments) == 1
    assert "DISAGREE" in capsys.readouterr().out
