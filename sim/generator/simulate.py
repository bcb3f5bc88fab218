# SPDX-License-Identifier: Apache-2.0
"""Run models on the simulated machine, and compare with the reference, layer by layer."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from golden import generator
from hw.build_plan import sources_hash
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine.external_generator import ExternalGenerator
from hw.engine.generator import Generator
from hw.engine.load_bus import memories
from hw.engine.weight_fetcher import waiting_words
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.chips.sdram import SOURCE as CHIP
from sim.generator.external import WithMemory
from sim.generator.trace import feature_maps
from sim.netlist import BUILD_ARGS, cached_netlist, cell_models
from sim.runner import BenchFailed, NotSimulated, Simulation
from sim.verilog import cached_verilog

PLANE_NAMES = "RGB"
PATIENCE = 100  # times as many cycles as without pauses, before a run has failed
REST = 64  # cycles in which the machine reads its program and the first tile's weights, and more


@dataclass(frozen=True)
class Difference:
    """The first place where the hardware left the reference.

    Attributes
    ----------
    avatar, plane, layer, channel, y, x : int
        Layer 1 for the first; in the last one the value is the pixel. Plane 0 where there is one.
    expected, actual : int
        The reference's value and the hardware's; -1000 where the hardware wrote nothing.
    planes : int
        Of the network.
    """

    avatar: int
    layer: int
    channel: int
    y: int
    x: int
    plane: int
    expected: int
    actual: int
    planes: int = 3

    def __str__(self):
        plane = f", plane {PLANE_NAMES[self.plane]}" if self.planes > 1 else ""
        return (
            f"avatar {self.avatar}: layer {self.layer}, channel {self.channel}, "
            f"pixel ({self.y}, {self.x}){plane}: {self.actual} instead of {self.expected}"
        )


@dataclass(frozen=True)
class Observation:
    """What the simulated machine did with N latents.

    Attributes
    ----------
    pictures : uint8 array, shape (N, size, size, colours)
    maps : list of int16 arrays, shape (N, planes, channels, size, size)
        Activations of the hidden layers, -1000 where none was written.
    first_in, last_out : int array, shape (N,)
        Cycle in which the first number of the latent was taken and the last pixel left.
    slots : int
        Pictures of a pass.
    damaged : bool
        The machine says that its weights in the memory outside are not those that it got.
    """

    pictures: np.ndarray
    maps: list
    first_in: np.ndarray
    last_out: np.ndarray
    slots: int = 1
    damaged: bool = False

    @property
    def cycles_latency(self):
        """Cycles from the first latent taken to the last pixel of its pass, both counted."""
        return int(self.last_out[self.slots - 1] - self.first_in[0]) + 1

    @property
    def cycles_interval(self):
        """Cycles between the last pixels of the last two passes; None for a single one."""
        if len(self.last_out) <= self.slots:
            return None
        return int(self.last_out[-1] - self.last_out[-1 - self.slots])

    def difference(self, model, latents):
        """Return the first :class:`Difference` in order of computation, or None."""
        traces = generator.trace(model, latents)
        planes = model.spec.planes
        pixels = self.pictures.transpose(0, 3, 1, 2)
        actual = [*self.maps, pixels[:, :, None] if planes > 1 else pixels[:, None]]
        for avatar in range(len(latents)):
            for layer, (trace, seen) in enumerate(zip(traces, actual, strict=True)):
                expected = trace.activations[avatar]
                wrong = np.argwhere(expected != seen[avatar])
                if len(wrong):
                    plane, channel, y, x = place = tuple(map(int, wrong[0]))
                    return Difference(
                        avatar=avatar,
                        layer=layer + 1,
                        channel=channel,
                        y=y,
                        x=x,
                        plane=plane,
                        expected=int(expected[place]),
                        actual=int(seen[avatar][place]),
                        planes=planes,
                    )
        return None


@dataclass(frozen=True)
class Task:
    """A model that the machine loads, and the latents that it makes pictures of.

    Attributes
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (N, latent)
        As many as whole passes take.
    slots : int
        Latents of a pass.
    flip : (int, int), optional
        Address and mask: bits of the memory outside that change behind the load.
    """

    model: object
    latents: np.ndarray
    slots: int = 1
    flip: tuple | None = None


class MachineSimulation:
    """The machine of a capacity, built for simulation; models come over its bus.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
        Where weights lie outside, the memory and its chip are simulated, too.
    netlist : bool
        Simulate what synthesis for the ECP5 makes of it, on our models of the cells.
    waves : bool
        Runs write ``dump.vcd``.
    """

    def __init__(self, capacity, *, netlist=False, waves=False):
        self.capacity = capacity
        name = "generator"
        bus = capacity.array.weight_bus
        key = sources_hash([name, asdict(capacity)])

        def component():
            contents = Contents.empty(capacity)
            if bus:
                return WithMemory(ExternalGenerator(capacity, contents), bus)
            return Generator(capacity, contents)

        if netlist:
            text = cached_netlist(name, key, component) + cell_models()
            self.simulation = Simulation(text, name, waves=waves, build_args=BUILD_ARGS)
        else:
            text = cached_verilog(name, key, component)
            chip = CHIP.read_text() if bus else ""
            self.simulation = Simulation(text + chip, name, waves=waves)

    def observe(self, model, latents, *, slots=1, **settings):
        """Run one :class:`Task`; return its :class:`Observation`. Settings as :meth:`run`."""
        (observation,) = self.run([Task(model, latents, slots)], **settings)
        return observation

    def run(self, tasks, *, stall=0.0, seed=1, run_dir=None):
        """Load models one after another, and run latents through each.

        Parameters
        ----------
        tasks : sequence of Task
        stall : float
            Probability that an end of a stream pauses for a cycle.
        seed : int
            Of the pauses.
        run_dir : path, optional
            Keeps log and waves.

        Returns
        -------
        list of Observation

        Raises
        ------
        InputError
            A model does not fit the machine.
        sim.runner.BenchFailed
            The hardware broke a rule of its streams, or gave too little in :data:`PATIENCE` times
            the cycles.
        sim.runner.NotSimulated
            There is no picture for another reason.
        """
        tilings = [scheduled(t.model.spec, self.capacity.array, t.slots) for t in tasks]
        runs = [self._run(task, tiling) for task, tiling in zip(tasks, tilings, strict=True)]
        limit = 0
        for task, tiling, run in zip(tasks, tilings, runs, strict=True):
            limit += PATIENCE * len(task.latents) * CycleModel(tiling).cycles_latency
            limit += sum(map(len, run["words"].values()))
        given = {
            "stall": stall,
            "external": bool(self.capacity.array.weight_bus),
            "memories": [each.name for each in memories(self.capacity)],
            "runs": runs,
        }
        with tempfile.TemporaryDirectory(prefix="avatar-sim-") as scratch:
            inputs, outputs = Path(scratch, "in.json"), Path(scratch, "out.json")
            inputs.write_text(json.dumps(given))
            env = {"IN": str(inputs), "OUT": str(outputs), "LIMIT": str(limit)}
            try:
                self.simulation.run(
                    "sim.generator.tb_generator", seed=seed, env=env, run_dir=run_dir
                )
            except BenchFailed as error:
                if not error.asserted:
                    raise NotSimulated(f"the bench broke: {error.reason}") from error
                made = "picture" if sum(len(t.latents) for t in tasks) == 1 else "pictures"
                raise BenchFailed(f"the hardware did not make its {made}\n{error}") from None
            seen = json.loads(outputs.read_text())
        return [
            self._observation(task, tiling, each)
            for task, tiling, each in zip(tasks, tilings, seen, strict=True)
        ]

    def _run(self, task, tiling):
        """Return what the bench must know of a task."""
        if len(task.latents) % task.slots:
            raise ValueError(f"{len(task.latents)} latents are no whole passes of {task.slots}")
        contents = Contents.of(task.model, tiling, self.capacity)
        words = {name: [f"{word:x}" for word in each] for name, each in contents.words.items()}
        bus = self.capacity.array.weight_bus
        return {
            "words": words,
            "latents": np.asarray(task.latents).tolist(),
            "pixels": tiling.spec.size**2,
            "flip": task.flip,
            # What was read ahead of the model before goes first where weights lie outside.
            "rest": REST
            + max(layer.words(0) for layer in tiling.layers)
            + (waiting_words(bus) if bus else 0),
        }

    def _observation(self, task, tiling, seen):
        spec = tiling.spec
        pixels = np.array(seen["pixels"], "<u4").reshape(len(task.latents), spec.size, spec.size, 1)
        pictures = pixels.view(np.uint8)[..., : spec.colours]
        maps = feature_maps(tiling, self.capacity, [int(word, 16) for word in seen["trace"]])
        return Observation(
            pictures=pictures,
            maps=[each.reshape(-1, spec.planes, *each.shape[2:]) for each in maps],
            first_in=np.array(seen["first_in"]),
            last_out=np.array(seen["last_out"]),
            slots=task.slots,
            damaged=seen["damaged"],
        )


def machine_for(model, array, *, slots=1, **settings):
    """Return the simulation of the smallest machine that holds a model."""
    return MachineSimulation(Capacity.of(scheduled(model.spec, array, slots)), **settings)


def report(model, array, observation, difference):
    """Return what ``avatar sim --json`` prints: equality, cycles and utilisation.

    The measure counts useful multiplications over macs_per_cycle times cycles; `beats` are the
    activation words of each layer.
    """
    slots = observation.slots
    useful, rate = slots * model.spec.useful_macs, array.macs_per_cycle
    beats = [0] * len(model.spec.layers)
    for layer, job in CycleModel(scheduled(model.spec, array, slots)).beats:
        beats[layer] += job
    facts = {
        "equal": difference is None,
        "model": model.digest,
        "rows": array.rows,
        "columns": array.columns,
        "weights_per_cycle": array.word_weights,
        "slots": slots,
        "useful_macs": useful,
        "macs_per_cycle": rate,
        "beats": beats,
        "cycles_latency": observation.cycles_latency,
        "cycles_without_beat": observation.cycles_latency - sum(beats),
        "utilisation_latency": round(useful / (rate * observation.cycles_latency), 4),
    }
    if difference is not None:
        facts["difference"] = asdict(difference)
    return facts


def as_text(facts):
    """Return the lines that ``avatar sim`` prints of what :func:`report` returned."""
    equal = "equal"
    if not facts["equal"]:
        equal = f"NOT EQUAL, first in {Difference(**facts['difference'])}"
    return "\n".join(
        [
            equal,
            f"{facts['cycles_latency']} cycles of {facts['macs_per_cycle']} multiplications, "
            f"{facts['useful_macs']} of them useful: {facts['utilisation_latency']:.1%}",
            f"beats of layers 1 to {len(facts['beats'])}: {', '.join(map(str, facts['beats']))}; "
            f"cycles without a beat: {facts['cycles_without_beat']}",
        ]
    )
