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
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine.generator import Generator
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.generator.simulate import (
    MachineSimulation,
    Observation,
    Task,
    as_text,
    machine_for,
    report,
)
from sim.runner import BenchFailed, NotSimulated
from sim.verilog import to_verilog
from support.failures import InputError
from tests.machines import SQUARE
from tests.models import random_model

pytestmark = pytest.mark.sim

CONFORMANCE = Path(__file__).parents[2] / "conformance"
COMPACT = Path(__file__).parents[3] / "models" / "compact-normal-w8.safetensors"


NAMES = sorted(path.name.split(".")[0] for path in CONFORMANCE.glob("*.safetensors"))


def test_conformance_models_through_one_machine():
    """Eleven networks by upload: any kernel, stride, planes, colours; no build between them."""
    work = [
        Task(
            model_file.load(CONFORMANCE / f"{name}.safetensors"),
            np.load(CONFORMANCE / f"{name}.latents.npy")[:2],
        )
        for name in NAMES
    ]
    for name, task, seen in zip(NAMES, work, MachineSimulation(SQUARE).run(work), strict=True):
        assert seen.difference(task.model, task.latents) is None, name
        expected = np.load(CONFORMANCE / f"{name}.pictures.npy")[:2]
        np.testing.assert_array_equal(seen.pictures, expected)


@pytest.fixture
def small():
    return MachineSimulation(SQUARE), model_file.load(CONFORMANCE / "plain-8-8-8-w8.safetensors")


def test_a_bench_that_breaks_is_no_verdict(small, monkeypatch):
    machine, model = small
    monkeypatch.setattr(MachineSimulation, "_run", lambda *_: {"words": {}})
    with pytest.raises(NotSimulated, match=r"^the bench broke: KeyError"):
        machine.observe(model, draw_latents(1, 1))


def test_too_few_pixels_in_the_given_cycles_are_a_verdict(small, monkeypatch):
    machine, model = small
    monkeypatch.setattr("sim.generator.simulate.CycleModel", HalfTime)
    monkeypatch.setattr("sim.generator.simulate.PATIENCE", 1)
    with pytest.raises(BenchFailed, match=r"^the hardware did not make its picture\n") as failed:
        machine.observe(model, draw_latents(1, 1))
    assert failed.value.status == 1


class HalfTime(CycleModel):
    """Promises a picture in half the cycles."""

    @property
    def cycles_latency(self):
        return super().cycles_latency // 2


def test_what_does_not_fit_is_refused_before_it_is_loaded(small):
    machine, _ = small
    model = random_model(GeneratorSpec.preset("compact"))
    with pytest.raises(InputError, match=r"does not fit the machine: weight_words 11,\d+ of 6,000"):
        machine.observe(model, draw_latents(0, 1))


def test_compact_trained():
    model = model_file.load(COMPACT)
    machine = machine_for(model, ArraySpec())
    latents = draw_latents(7, 2)
    observed = machine.observe(model, latents)
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
    maps[1][1, 0, 0, 0, 0] = -1000
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
    array = ArraySpec(rows=4, columns=8)
    capacity = Capacity.of(scheduled(model.spec, array))
    text = to_verilog(Generator(capacity, Contents.empty(capacity)), "generator")
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
