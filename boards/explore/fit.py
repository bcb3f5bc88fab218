# SPDX-License-Identifier: Apache-2.0
"""Whether a machine holds a model, memory by memory, and how fast it is: ``avatar fit``."""

from __future__ import annotations

from boards.catalogue.capacities import changed
from boards.catalogue.listing import holders
from golden.spec import ACT_BITS
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.engine.load_bus import memories
from hw.engine.pixel_buffer import COLOURS, PHASES
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from hw.tiling import Tiling
from hw.uart.protocol import BYTE_BITS, CRC, HEAD

BITS = {  # of a size that is no number of words
    "weight_bits": "bits of a weight",
    "acc_width": "bits of a sum",
    "plane_bias_width": "bits of a plane's bias",
}
WORDS = {  # the memory that a size is of
    "weight_words": "weights",
    "map_words": "maps",
    "latent_words": "latents",
    "channel_words": "channels",
    "plane_bias_words": "plane_biases",
    "pixel_words": "pixels",
    "sweeps": "sweeps",
    "feed_words": "feed",
    "read_words": "read",
}


def link_per_second(baud, spec):
    """Return how many pictures of a network a second a serial line carries.

    An answer between two END bytes; stuffing is left out.
    """
    picture = spec.size**2 * spec.colours
    return baud / (BYTE_BITS * (HEAD.size + picture + CRC.size + 2))


def on_boards(model, boards, capacity, baud):
    """Return what ``avatar fit --json`` prints of boards' machines.

    Parameters
    ----------
    model : golden.model_file.Model
    boards : list of boards.catalogue.board.Board
    capacity : str or None
        As :meth:`boards.catalogue.board.Board.capacity` takes it; None: all of their machines.
    baud : int
        Of their lines.

    Raises
    ------
    InputError
        A board has no such machine.
    """
    machines = []
    for board in boards:
        some = {capacity: board.capacity(capacity)} if capacity else board.capacities
        for name, each in some.items():
            of_board = {"board": board.name, "machine": name}
            clock_hz = board.clock_mhz(name) * 1e6
            machines.append(of_board | fit(model.spec, each, clock_hz, baud))
    return {"model": model.digest, "holders": holders(model.spec), "machines": machines}


def on_sizes(model, text):
    """Return the same of one machine that is no board's: its sizes are as the model needs, but for
    those in `text`, as :func:`boards.catalogue.capacities.changed` takes them.

    Raises
    ------
    InputError
        A size is unknown or out of range.
    """
    spec = model.spec
    array = changed(Capacity.of(Tiling(spec, ArraySpec())), text).array
    machine = fit(spec, changed(Capacity.of(scheduled(spec, array)), text))
    return {"model": model.digest, "holders": holders(spec), "machines": [machine]}


def fit(spec, capacity, clock_hz=None, baud=None):
    """Return what is to be said of a network on a machine.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    capacity : hw.capacity.Capacity
    clock_hz, baud : int, optional
        Of a board.

    Returns
    -------
    dict
        `weight_bus`: 0, or bits of the memory outside in which the weights lie; `fits`; `memories`:
        of each its words needed and there, the bits of a word of all its banks, and the bits that
        are short; `widths`. Where it fits also `cycles_interval`,
        `cycles_latency`, `utilisation` and, of a board, `core_per_second` and `per_second`, which
        is what the line lets through.

    Raises
    ------
    InputError
        The array cannot make the network at all.
    """
    array = capacity.array
    tiling = scheduled(spec, array)
    if capacity.missing(tiling):
        tiling = Tiling(spec, array)  # fewer bands: a shorter program
    needs, bits = Capacity.needs(tiling), _word_bits(capacity)
    rows = [
        _row(name, needs[size], capacity.sizes[size], bits[name]) for size, name in WORDS.items()
    ]
    facts = {
        "rows": array.rows,
        "columns": array.columns,
        "weight_bus": array.weight_bus,
        "capacity": capacity.sizes,
        "fits": not capacity.missing(tiling),
        "memories": rows,
        "widths": [
            {"name": name, "needed": needs[size], "there": capacity.sizes[size]}
            for size, name in BITS.items()
        ],
    }
    if facts["fits"]:
        cycles = CycleModel(tiling)
        interval = cycles.cycles_interval
        facts |= {
            "cycles_interval": interval,
            "cycles_latency": cycles.cycles_latency,
            "utilisation": round(spec.useful_macs / (array.macs_per_cycle * interval), 4),
        }
        if clock_hz is not None:
            core, line = clock_hz / interval, link_per_second(baud, spec)
            facts |= {
                "clock_hz": clock_hz,
                "baud": baud,
                "core_per_second": round(core, 2),
                "per_second": round(min(core, line), 2),
            }
    return facts


def _row(name, needed, there, bits):
    short = max(0, needed - there) * bits
    return {"name": name, "needed": needed, "there": there, "bits": bits, "bits_short": short}


def _word_bits(capacity):
    """Return the bits of a word of all banks of each memory together, by name."""
    array = capacity.array
    return {each.name: each.width for each in memories(capacity)} | {
        "maps": ACT_BITS * array.rows,
        "latents": 2 * ACT_BITS * array.rows,  # of two passes, as the pixels
        "pixels": 2 * ACT_BITS * COLOURS * PHASES,
    }


def as_text(facts):
    """Return the lines that ``avatar fit`` prints of what :func:`on_boards` returned."""
    held = ", ".join(facts["holders"]) or "no board"
    machines = facts["machines"]
    one = len({each.get("board") for each in machines}) == 1
    lines = [_in_full(each) for each in machines] if one else [_table(machines)]
    return "\n\n".join(lines) + f"\n\nheld by       {held}"


def _in_full(facts):
    lines = []
    if "board" in facts:
        lines.append(f"{facts['board']}, machine {facts['machine']}")
    lines.append(f"{'memory':<22}{'needed':>10}{'there':>10}{'bits a word':>13}{'bits short':>12}")
    lines += [
        f"{each['name']:<22}{each['needed']:>10,}{each['there']:>10,}{each['bits']:>13,}"
        f"{each['bits_short']:>12,}"
        for each in facts["memories"]
    ]
    lines += [f"{n['name']:<22}{n['needed']:>10}{n['there']:>10}" for n in facts["widths"]]
    if not facts["fits"]:
        return "\n".join([*lines, f"does not fit: {_short(facts)}"])
    lines += [
        f"fits          {facts['rows']}x{facts['columns']}",
        f"cycles        {facts['cycles_interval']:,} a picture back to back, "
        f"{facts['cycles_latency']:,} for one alone",
        f"utilisation   {facts['utilisation']:.1%}",
    ]
    if facts["weight_bus"]:
        words = next(each["needed"] for each in facts["memories"] if each["name"] == "weights")
        lines.append(
            f"weights       outside the chip, {facts['weight_bus']} bits a clock, in "
            f"{words / facts['cycles_interval']:.1%} of all clocks"
        )
    if "clock_hz" in facts:
        lines.append(
            f"a second      {facts['core_per_second']:,.1f} pictures at "
            f"{facts['clock_hz'] / 1e6:g} MHz, {facts['per_second']:,.1f} over a line of "
            f"{facts['baud']:,} baud"
        )
    return "\n".join(lines)


def _table(machines):
    lines = [
        f"{'board':<16}{'machine':<9}{'cycles':>10}{'useful':>8}{'core/s':>10}{'line/s':>9}  short"
    ]
    for each in machines:
        numbers = f"{'-':>10}{'-':>8}{'-':>10}{'-':>9}"
        if each["fits"]:
            numbers = (
                f"{each['cycles_interval']:>10,}{each['utilisation']:>8.1%}"
                f"{each['core_per_second']:>10,.1f}{each['per_second']:>9,.1f}"
            )
        lines.append(f"{each['board']:<16}{each['machine']:<9}{numbers}  {_short(each)}".rstrip())
    return "\n".join(lines)


def _short(facts):
    """Return what a machine has too little of, or nothing."""
    short = [
        f"{each['name']} {each['bits_short']:,} bits"
        for each in facts["memories"]
        if each["bits_short"]
    ]
    short += [
        f"{each['name']} {each['needed']} of {each['there']}"
        for each in facts["widths"]
        if each["needed"] > each["there"]
    ]
    return ", ".join(short)
