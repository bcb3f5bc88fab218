# SPDX-License-Identifier: Apache-2.0
"""Whether a machine holds a model, memory by memory, and how fast it is: ``avatar fit``."""

from __future__ import annotations

from boards.catalogue.listing import holders
from golden.spec import ACT_BITS
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


def fit(model, capacity, *, clock_hz=None, baud=None, board=None):
    """Return what ``avatar fit --json`` prints.

    Parameters
    ----------
    model : golden.model_file.Model
    capacity : hw.capacity.Capacity
    clock_hz, baud : int, optional
        Of the board's clock and of its line.
    board : str, optional
        Its name.

    Returns
    -------
    dict
        `fits`; `memories`: of each its words needed and there, the bits of all its words together,
        and the bits that are short; `widths`; `holders`, the boards that hold the model. Where it
        fits also `cycles_interval`, `cycles_latency`, `utilisation` and, with a clock,
        `core_per_second` and `per_second`, which is what the line lets through.

    Raises
    ------
    InputError
        The machine's array cannot make the network at all.
    """
    spec, array = model.spec, capacity.array
    tiling = scheduled(spec, array)
    if capacity.missing(tiling):
        tiling = Tiling(spec, array)  # fewer bands: a shorter program
    needs, bits = Capacity.needs(tiling), _word_bits(capacity)
    rows = [
        _row(name, needs[size], capacity.sizes[size], bits[name]) for size, name in WORDS.items()
    ]
    facts = {
        "model": model.digest,
        "board": board,
        "rows": array.rows,
        "columns": array.columns,
        "capacity": capacity.sizes,
        "fits": not capacity.missing(tiling),
        "memories": rows,
        "widths": [
            {"name": name, "needed": needs[size], "there": capacity.sizes[size]}
            for size, name in BITS.items()
        ],
        "holders": holders(spec),
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
    """Return the lines that ``avatar fit`` prints of what :func:`fit` returned."""
    lines = [f"{'memory':<24}{'needed':>8}{'there':>8}{'bits a word':>13}{'bits short':>12}"]
    lines += [
        f"{each['name']:<24}{each['needed']:>8,}{each['there']:>8,}{each['bits']:>13,}"
        f"{each['bits_short'] or '-':>12{',' if each['bits_short'] else ''}}"
        for each in facts["memories"]
    ]
    lines += [f"{n['name']:<24}{n['needed']:>8}{n['there']:>8}" for n in facts["widths"]]
    held = ", ".join(facts["holders"]) or "no board"
    if not facts["fits"]:
        return "\n".join([*lines, f"does not fit; {held} would hold it"])
    lines += [
        f"fits; held by {held}",
        f"cycles        {facts['cycles_interval']:,} a picture back to back, "
        f"{facts['cycles_latency']:,} for one alone",
        f"utilisation   {facts['utilisation']:.1%}",
    ]
    if "clock_hz" in facts:
        lines.append(
            f"a second      {facts['core_per_second']:,.1f} pictures at "
            f"{facts['clock_hz'] / 1e6:g} MHz, {facts['per_second']:,.1f} over a line of "
            f"{facts['baud']:,} baud"
        )
    return "\n".join(lines)
