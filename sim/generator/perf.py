# SPDX-License-Identifier: Apache-2.0
"""Measure the simulated machine's cycles, and set the cycle model's beside them."""

from golden.latents import draw_latents
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.generator.simulate import MachineSimulation

ON_CHIP_BITS = 208 * 18 * 1024  # block RAM of an LFE5U-85F
PASSES = 3  # the last two are back to back


def measure(model, array, slots=1):
    """Return what ``avatar perf --json`` prints.

    Passes go through the hardware back to back. Cycles depend on the spec and the array alone.
    Weights that fit no supported chip come as a stream, a word in every cycle that asks for one:
    what the weight memory does, without simulating one of that size.

    Parameters
    ----------
    model : golden.model_file.Model
    array : hw.array.ArraySpec
    slots : int
        Latents of a pass.

    Returns
    -------
    dict
        `cycles_latency` and `cycles_interval` are of a pass of `slots` pictures. `lost` and
        `lost_interval` are cycles of the whole array, by the causes of
        :data:`hw.model.cycle_model.CAUSES`; with the useful multiplications' they sum to
        `cycles_latency` and `cycles_interval`. `cycle_model` holds the model's two figures;
        `agrees` says whether they are the measured ones.

    Raises
    ------
    sim.runner.BenchFailed
        The simulation did not end as it should.
    """
    tiling = scheduled(model.spec, array, slots)
    stream_bits = tiling.streamed_words * array.word_weights * max(model.spec.weight_bits)
    on_chip = stream_bits <= ON_CHIP_BITS
    simulation = MachineSimulation(Capacity.of(tiling), weight_stream=not on_chip)
    latents = draw_latents(0, PASSES * slots, latent=model.spec.latent)
    observed = simulation.observe(model, latents, slots=slots)
    measured = {
        "cycles_latency": observed.cycles_latency,
        "cycles_interval": observed.cycles_interval,
    }
    cycle_model = CycleModel(tiling)
    predicted = {name: getattr(cycle_model, name) for name in measured}
    useful, rate = slots * model.spec.useful_macs, array.macs_per_cycle

    def cycles(lost):
        return {cause: multiplications / rate for cause, multiplications in lost.items()}

    return {
        "channels": list(model.spec.channels),
        "weight_bits": list(model.spec.weight_bits),
        "rows": array.rows,
        "columns": array.columns,
        "slots": slots,
        "bands": list(tiling.bands),
        "macs_per_cycle": rate,
        "weights_per_cycle": array.word_weights,
        "weights_on_chip": on_chip,
        "weight_bits_per_cycle": round(stream_bits / measured["cycles_interval"], 2),
        "useful_macs": useful,
        **measured,
        **{
            f"utilisation_{name.removeprefix('cycles_')}": round(useful / (rate * count), 4)
            for name, count in measured.items()
        },
        "cycle_model": predicted,
        "agrees": predicted == measured,
        "lost": cycles(cycle_model.lost_in_latency()),
        "lost_interval": cycles(cycle_model.lost_in_interval()),
    }


def as_text(facts):
    """Return the lines that ``avatar perf`` prints of what :func:`measure` returned."""
    lines = [f"{'':14}{'latency':>12}{'interval':>12}"]
    names = ("latency", "interval")

    def row(name, values, form):
        lines.append(f"{name:14}" + "".join(f"{value:{form}}" for value in values))

    row("cycles", [facts[f"cycles_{name}"] for name in names], "12,")
    row("cycle model", [facts["cycle_model"][f"cycles_{name}"] for name in names], "12,")
    row("utilisation", [facts[f"utilisation_{name}"] for name in names], "12.2%")
    row("useful", [facts["useful_macs"] / facts["macs_per_cycle"]] * 2, "12,.1f")
    for cause, lost in facts["lost"].items():
        row(cause, [lost, facts["lost_interval"][cause]], "12,.1f")
    lines.append(
        f"{facts['macs_per_cycle']} multiplications a cycle; weights: {facts['weights_per_cycle']} "
        f"a cycle from {'on-chip' if facts['weights_on_chip'] else 'ideal'} memory, "
        f"{facts['weight_bits_per_cycle']} bits a cycle on average"
    )
    if not facts["agrees"]:
        lines.append("the cycle model and the hardware DISAGREE")
    return "\n".join(lines)
