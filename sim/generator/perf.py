# SPDX-License-Identifier: Apache-2.0
"""Measure the simulated machine's cycles, and set the cycle model's beside them."""

from golden.latents import draw_latents
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.generator.simulate import MachineSimulation

ON_CHIP_BITS = 208 * 18 * 1024  # block RAM of an LFE5U-85F
PASSES = 3  # the last two are back to back
CLOSE = 0.005  # of the cycles with weights outside, which wait for refreshes that no model knows
REFRESH = 16  # cycles; one more or less falls into a pass


def measure(model, array, slots=1, clock_mhz=None):
    """Return what ``avatar perf --json`` prints.

    Passes go through the hardware back to back. Cycles depend on the spec and the array alone. With
    a `weight_bus`, the memory outside, its controller and its chip are simulated, too.

    Parameters
    ----------
    model : golden.model_file.Model
    array : hw.array.ArraySpec
    slots : int
        Latents of a pass.
    clock_mhz : float, optional
        Of a board, for `pictures_per_second`; else that is None, too.

    Returns
    -------
    dict
        `cycles_latency` and `cycles_interval` are of a pass of `slots` pictures. `lost` and
        `lost_interval` are cycles of the whole array, by the causes of
        :data:`hw.model.cycle_model.CAUSES`; with the useful multiplications' they sum to
        `cycles_latency` and `cycles_interval`. `cycle_model` holds the model's two figures;
        `agrees` says whether they are the measured ones; with weights outside whether they are
        :data:`CLOSE` but for a :data:`REFRESH`, and `lost` sums to theirs. `bus_share` is the part
        of all clocks, back to back, that brought a word from there.

    Raises
    ------
    sim.runner.BenchFailed
        The simulation did not end as it should.
    """
    tiling = scheduled(model.spec, array, slots)
    capacity, bus = Capacity.of(tiling), array.weight_bus
    stream_bits = tiling.streamed_words * array.word_weights * max(model.spec.weight_bits)
    if bus:
        stream_bits = capacity.weight_words * bus
    simulation = MachineSimulation(capacity)
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
        "weight_bus": bus,
        "weights_on_chip": not bus and stream_bits <= ON_CHIP_BITS,
        "weight_bits_per_cycle": round(stream_bits / measured["cycles_interval"], 2),
        "bus_share": round(capacity.weight_words / measured["cycles_interval"], 4) if bus else None,
        "useful_macs": useful,
        **measured,
        **{
            f"utilisation_{name.removeprefix('cycles_')}": round(useful / (rate * count), 4)
            for name, count in measured.items()
        },
        "clock_mhz": clock_mhz,
        "pictures_per_second": clock_mhz
        and round(clock_mhz * 1e6 * slots / measured["cycles_interval"], 1),
        "cycle_model": predicted,
        "agrees": all(
            abs(predicted[name] - count) <= (CLOSE * count + REFRESH if bus else 0)
            for name, count in measured.items()
        ),
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
    if facts["weight_bus"]:
        weights = (
            f"{facts['weight_bus']} bits a clock from a memory outside, of which "
            f"{facts['bus_share']:.1%} were used"
        )
    else:
        weights = (
            f"{facts['weights_per_cycle']} a cycle from "
            f"{'on-chip' if facts['weights_on_chip'] else 'ideal'} memory, "
            f"{facts['weight_bits_per_cycle']} bits a cycle on average"
        )
    lines.append(f"{facts['macs_per_cycle']} multiplications a cycle; weights: {weights}")
    if facts["clock_mhz"] is not None:
        lines.append(
            f"{facts['pictures_per_second']:,} pictures a second at {facts['clock_mhz']:g} MHz, "
            "back to back"
        )
    if not facts["agrees"]:
        lines.append("the cycle model and the hardware DISAGREE")
    return "\n".join(lines)
