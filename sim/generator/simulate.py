# SPDX-License-Identifier: Apache-2.0
"""Run the simulated generator and compare what it did with the reference, layer by layer."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from golden import generator
from hw.build_plan import sources_hash
from hw.contents import Contents
from hw.engine.generator import Generator, StreamedGenerator
from hw.model.cycle_model import CycleModel
from hw.tiling import Tiling
from sim.generator.trace import feature_maps
from sim.netlist import BUILD_ARGS, cached_netlist, cell_models
from sim.runner import BenchFailed, NotSimulated, Simulation
from sim.verilog import cached_verilog

PLANE_NAMES = "RGB"
PATIENCE = 100  # times as many cycles as without pauses, before a run has failed


@dataclass(frozen=True)
class Difference:
    """The first place where the hardware left the reference.

    Attributes
    ----------
    avatar, plane, layer, channel, y, x : int
        Layer 1 to 4; in layer 4 the value is the pixel.
    expected, actual : int
        The reference's value and the hardware's; -1 where the hardware wrote nothing.
    """

    avatar: int
    layer: int
    channel: int
    y: int
    x: int
    plane: int
    expected: int
    actual: int

    def __str__(self):
        return (
            f"avatar {self.avatar}: layer {self.layer}, channel {self.channel}, "
            f"pixel ({self.y}, {self.x}), plane {PLANE_NAMES[self.plane]}: "
            f"{self.actual} instead of {self.expected}"
        )


@dataclass(frozen=True)
class Observation:
    """What a simulated generator did with N latents.

    Attributes
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
    maps : list of three int16 arrays, shape (N, 3, channels, size, size)
        Activations of layers 1 to 3, -1 where none was written.
    first_in, last_out : int array, shape (N,)
        Cycle in which the first latent was taken and the last pixel left.
    """

    pictures: np.ndarray
    maps: list
    first_in: np.ndarray
    last_out: np.ndarray

    @property
    def cycles_latency(self):
        """Cycles from the first latent taken to the last pixel out, both counted, first avatar."""
        return int(self.last_out[0] - self.first_in[0]) + 1

    @property
    def cycles_interval(self):
        """Cycles between the last pixels of the last two avatars; None for a single one."""
        return int(self.last_out[-1] - self.last_out[-2]) if len(self.last_out) > 1 else None

    def difference(self, model, latents):
        """Return the first :class:`Difference` in order of computation, or None."""
        traces = generator.trace(model, latents)
        actual = [*self.maps, self.pictures.transpose(0, 3, 1, 2)[:, :, None]]
        for avatar in range(len(latents)):
            for layer in range(4):
                expected = traces[layer].activations[avatar]
                wrong = np.argwhere(expected != actual[layer][avatar])
                if len(wrong):
                    plane, channel, y, x = map(int, wrong[0])
                    return Difference(
                        avatar=avatar,
                        layer=layer + 1,
                        channel=channel,
                        y=y,
                        x=x,
                        plane=plane,
                        expected=int(expected[plane, channel, y, x]),
                        actual=int(actual[layer][avatar][plane, channel, y, x]),
                    )
        return None


class GeneratorSimulation:
    """The generator that holds `model`, built for simulation.

    Parameters
    ----------
    model : golden.model_file.Model
    array : hw.tiling.ArraySpec
    weight_stream : bool
        Feed the weights from the bench as a stream in place of the weight memory.
    netlist : bool
        Simulate what synthesis for the ECP5 makes of it, on our models of the cells.
    waves : bool
        Runs write ``dump.vcd``.
    """

    def __init__(self, model, array, *, weight_stream=False, netlist=False, waves=False):
        self.model, self.tiling = model, Tiling(model.spec, array)
        self.weight_stream = weight_stream
        name = "core" if weight_stream else "generator"
        key = sources_hash([name, model.digest, asdict(array)])

        def component():
            contents = Contents.of(model, array)
            return (StreamedGenerator if weight_stream else Generator)(self.tiling, contents)

        if netlist:
            text = cached_netlist(name, key, component) + cell_models()
            self.simulation = Simulation(text, name, waves=waves, build_args=BUILD_ARGS)
        else:
            self.simulation = Simulation(cached_verilog(name, key, component), name, waves=waves)

    def observe(self, latents, *, stall=0.0, seed=1, run_dir=None):
        """Run `latents` through the hardware.

        Parameters
        ----------
        latents : int8 array, shape (N, 100)
        stall : float
            Probability that an end of a stream pauses for a cycle.
        seed : int
            Of the pauses.
        run_dir : path, optional
            Keeps log and waves.

        Returns
        -------
        Observation

        Raises
        ------
        sim.runner.BenchFailed
            The hardware broke a rule of its streams, or gave too little in :data:`PATIENCE` times
            the cycles.
        sim.runner.NotSimulated
            There is no picture for another reason.
        """
        cycles = CycleModel(self.tiling)
        with tempfile.TemporaryDirectory(prefix="avatar-sim-") as scratch:
            given, seen = Path(scratch, "in.npz"), Path(scratch, "out.npz")
            # The first tile's weights are in before the first latent comes.
            arrays = {"latents": latents, "stall": stall, "rest": cycles.jobs[0].words + 8}
            if self.weight_stream:
                words = Contents.of(self.model, self.tiling.array).weights
                arrays["weights"] = np.array([f"{word:x}" for word in words])
            np.savez(given, **arrays)
            limit = PATIENCE * len(latents) * cycles.cycles_latency
            env = {"IN": str(given), "OUT": str(seen), "LIMIT": str(limit)}
            try:
                self.simulation.run(
                    "sim.generator.tb_generator", seed=seed, env=env, run_dir=run_dir
                )
            except BenchFailed as error:
                if not error.asserted:
                    raise NotSimulated(f"the bench broke: {error.reason}") from error
                made = "picture" if len(latents) == 1 else "pictures"
                raise BenchFailed(f"the hardware did not make its {made}\n{error}") from None
            with np.load(seen) as out:
                return Observation(
                    pictures=out["pictures"],
                    maps=feature_maps(self.tiling, [int(word, 16) for word in out["trace"]]),
                    first_in=out["first_in"],
                    last_out=out["last_out"],
                )


def report(model, array, observation, difference):
    """Return what ``avatar sim --json`` prints: equality, cycles and utilisation.

    The measure counts useful multiplications over macs_per_cycle times cycles; `beats` are the
    activation words of each layer.
    """
    useful, rate = model.spec.useful_macs, array.macs_per_cycle
    beats = [0] * 4
    for tile in Tiling(model.spec, array).tiles():
        beats[tile.layer] += tile.beats
    facts = {
        "equal": difference is None,
        "model": model.digest,
        "rows": array.rows,
        "columns": array.columns,
        "weights_per_cycle": array.word_weights,
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
            f"beats of layers 1 to 4: {', '.join(map(str, facts['beats']))}; "
            f"cycles without a beat: {facts['cycles_without_beat']}",
        ]
    )
