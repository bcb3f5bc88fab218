# SPDX-License-Identifier: Apache-2.0
"""The whole generator under Verilator, every layer against the reference."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden import generator, model_file
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.contents import Contents
from hw.engine.generator import Generator
from hw.model.cycle_model import CycleModel
from hw.tiling import ArraySpec, Tiling
from sim.generator.simulate import GeneratorSimulation, Observation, as_text, report
from sim.runner import BenchFailed, NotSimulated
from sim.verilog import to_verilog
from tests.models import random_model

pytestmark = pytest.mark.sim

CONFORMANCE = Path(__file__).parents[2] / "conformance"
COMPACT = Path(__file__).parents[3] / "models" / "compact-normal-w8.safetensors"


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("odd-7-5-3-mixed", ArraySpec(rows=5, columns=7, hop=2)),
        ("plain-8-8-8-w8", ArraySpec(rows=8, columns=8)),
        ("small-16-12-8-w5", ArraySpec(rows=16, columns=16)),
    ],
)
def test_conformance(name, array):
    model = model_file.load(CONFORMANCE / f"{name}.safetensors")
    latents = np.load(CONFORMANCE / f"{name}.latents.npy")
    observed = GeneratorSimulation(model, array).observe(latents, stall=0.2)
    assert observed.difference(model, latents) is None
    np.testing.assert_array_equal(observed.pictures, np.load(CONFORMANCE / f"{name}.pictures.npy"))


@pytest.fixture
def small():
    model = model_file.load(CONFORMANCE / "plain-8-8-8-w8.safetensors")
    return GeneratorSimulation(model, ArraySpec(rows=8, columns=8))


def test_a_bench_that_breaks_is_no_verdict(small):
    with pytest.raises(NotSimulated, match=r"^the bench broke: ValueError: cannot convert .* NaN"):
        small.observe(np.full((1, 100), np.nan))


def test_too_few_pixels_in_the_given_cycles_are_a_verdict(small, monkeypatch):
    monkeypatch.setattr("sim.generator.simulate.CycleModel", HalfTime)
    monkeypatch.setattr("sim.generator.simulate.PATIENCE", 1)
    with pytest.raises(BenchFailed, match=r"^the hardware did not make its picture\n") as failed:
        small.observe(draw_latents(1, 1))
    assert failed.value.status == 1


class HalfTime(CycleModel):
    """Promises a picture in half the cycles."""

    @property
    def cycles_latency(self):
        return super().cycles_latency // 2


def test_tiny_many_seeds():
    model = random_model(GeneratorSpec.preset("tiny"), seed=4)
    simulation = GeneratorSimulation(model, ArraySpec(rows=8, columns=8))
    for seed, stall in ((1, 0.0), (2, 0.5), (3, 0.9)):
        latents = draw_latents(seed, 6)
        observed = simulation.observe(latents, stall=stall, seed=seed)
        assert observed.difference(model, latents) is None


def test_weights_as_a_stalling_stream():
    spec = GeneratorSpec.avatars(channels=(48, 24, 12), weight_bits=(8, 5, 4, 3))
    model = random_model(spec, seed=5)
    simulation = GeneratorSimulation(model, ArraySpec(rows=9, columns=11), weight_stream=True)
    latents = draw_latents(5, 2)
    observed = simulation.observe(latents, stall=0.3)
    assert observed.difference(model, latents) is None


def test_second_map_is_the_larger():
    model = random_model(GeneratorSpec.avatars(channels=(4, 17, 4)), seed=8)
    array = ArraySpec(rows=4, columns=4, word_weights=16, hop=1)
    latents = draw_latents(8, 2)
    observed = GeneratorSimulation(model, array).observe(latents, stall=0.2)
    assert observed.difference(model, latents) is None


def test_compact_trained():
    model = model_file.load(COMPACT)
    simulation = GeneratorSimulation(model, ArraySpec())
    latents = draw_latents(7, 2)
    observed = simulation.observe(latents)
    assert observed.difference(model, latents) is None
    facts = report(model, ArraySpec(), observed, None)
    assert as_text(facts).startswith("equal\n")
    assert facts["useful_macs"] == 10_920_320
    assert sum(facts["beats"]) < observed.cycles_interval < observed.cycles_latency  # they overlap
    assert facts["cycles_latency"] * 256 * facts["utilisation_latency"] == pytest.approx(
        10_920_320, rel=1e-3
    )


def test_difference_names_the_first_place():
    model = random_model(GeneratorSpec.avatars(channels=(4, 4, 4)), seed=6)
    latents = draw_latents(6, 2)
    observed = golden_observation(model, latents)
    assert observed.difference(model, latents) is None

    maps = [array.copy() for array in observed.maps]
    maps[2][0, 1, 3, 15, 2] ^= 1
    maps[1][1, 0, 0, 0, 0] = -1
    found = replace(observed, maps=maps).difference(model, latents)
    assert (found.avatar, found.layer, found.channel, found.y, found.x) == (0, 3, 3, 15, 2)
    assert str(found).startswith("avatar 0: layer 3, channel 3, pixel (15, 2), plane G: ")
    text = as_text(report(model, ArraySpec(), observed, found))
    assert text.startswith(f"NOT EQUAL, first in {found}\n1000 cycles of 256 multiplications")

    pictures = observed.pictures.copy()
    pictures[1, 31, 0, 2] ^= 1
    found = replace(observed, pictures=pictures).difference(model, latents)
    assert (found.avatar, found.layer, found.channel, found.y, found.x) == (1, 4, 0, 31, 0)
    assert found.plane == 2


def golden_observation(model, latents):
    """Return an observation of hardware that does what the reference does."""

    traces = generator.trace(model, latents)
    return Observation(
        pictures=generator.generate(model, latents),
        maps=[trace.activations.astype(np.int16) for trace in traces[:3]],
        first_in=np.array([0, 100]),
        last_out=np.array([999, 2000]),
    )


@pytest.mark.parametrize(("bits", "products"), [(5, 2), ((5, 6, 5, 5), 1)])
def test_macs_per_cycle_are_the_products_of_the_netlist(bits, products):
    model = random_model(GeneratorSpec.avatars(channels=(4, 4, 4), weight_bits=bits))
    array = ArraySpec(rows=5, columns=6)
    text = to_verilog(Generator(Tiling(model.spec, array), Contents.of(model, array)), "generator")
    modules = re.findall(r"^module (\S+)\s*\(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
    bodies = re.findall(r"^module .*?^endmodule", text, re.MULTILINE | re.DOTALL)
    multipliers = {
        name: len(re.findall(r" \* ", body)) for name, body in zip(modules, bodies, strict=True)
    }
    in_array = sum(count for name, count in multipliers.items() if ".array." in name)
    requantizers = sum(count for name, count in multipliers.items() if "requantizer" in name)
    assert in_array * products == array.macs_per_cycle
    assert requantizers == 4 * 2  # a sum and its bias have more bits than an operand
    assert sum(multipliers.values()) == in_array + requantizers
