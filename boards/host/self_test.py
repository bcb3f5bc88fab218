# SPDX-License-Identifier: Apache-2.0
"""What a board says about itself, its self-test layer by layer, and how fast its line is."""

from boards.host.link import spec_of
from boards.host.open_board import await_flash, raise_baud
from boards.host.port import has_no_rate, has_own_rate
from golden.spec import GeneratorSpec
from hw.uart.facts import CAPACITY_FIELDS, Flash, Memory, State

STATES = {
    State.NO_MODEL: "no model",
    State.POWER_UP: "there from power-up on",
    State.UPLOADED: "uploaded",
    State.LOADING: "a load is under way",
}
MEMORIES = {
    Memory.STARTING: "starts",
    Memory.READY: "ready",
    Memory.FAILED: "FAILED its start-up test",
    Memory.DAMAGED: "gave other weights than it had got: load the model again",
}
FLASHES = {
    Flash.READING: "is being read",
    Flash.EMPTY: "holds no image",
    Flash.FOREIGN: "holds an image for ANOTHER machine or version: `avatar program --flash`",
    Flash.DAMAGED: "holds a DAMAGED image: write it again with `avatar program --flash`",
    Flash.LOADED: "holds the model",
    Flash.LEFT: "was left alone",
}
FROM_FLASH = "loaded from the flash"
PHASES = 8  # half clocks in which a word is looked for


def self_test_report(link):
    """Ask a board everything that it can tell.

    Parameters
    ----------
    link : boards.host.link.Link
        At its start-up rate; afterwards at the highest that works.

    Returns
    -------
    dict
        For JSON: `port`, ids in hex (`build`, `capacity`, `model`), `clock_hz`, `macs_per_cycle`,
        `state`, `baud`; of a board that holds a model also its `spec`, `cycles` of the self-test's
        picture, CRC-32 of all layers in hex (`stored`, `computed`) and `wrong_layer` (its number,
        or None); of one whose weights lie in a memory outside `memory`: its `bits`, its `state`,
        and `window`, a character a half clock in which words are looked for: # where they were
        right, @ the one that was chosen; `flash` says what became of the image there, None of a
        machine that reads none.
    """
    held = await_flash(link).model is not None
    result = link.self_test() if held else None
    info = link.info()
    raise_baud(link)
    report = {
        "port": link.port,
        "build": info.machine.build_id.hex(),
        "capacity": info.machine.capacity_id.hex(),
        "clock_hz": info.machine.clock_hz,
        "macs_per_cycle": info.machine.macs_per_cycle,
        "state": FROM_FLASH if held and loaded_itself(info) else STATES[info.status.state],
        "baud": link.baud,
        "model": info.model.digest.hex() if held else None,
        "wrong_layer": result.wrong_layer if held else None,
        "memory": _memory(info),
        "flash": FLASHES.get(info.status.flash),
    }
    if held:
        report |= {
            "spec": spec_of(info.model).to_json(),
            "cycles": info.status.core_cycles,
            "stored": [f"{crc:08x}" for crc in result.stored],
            "computed": [f"{crc:08x}" for crc in result.computed],
        }
    return report


def loaded_itself(info):
    """Return whether a board that holds a model has it from its flash."""
    return info.status.flash == Flash.LOADED and info.status.state == State.UPLOADED


def as_text(facts):
    """Return the facts of :func:`self_test_report` as a table."""
    port = facts["port"]
    whose = ", which the far end sets" if has_own_rate(port) else ""
    rate = "a bus" if has_no_rate(port) else f"{facts['baud']:,} baud{whose}"
    rows = {
        "port": f"{port}, {rate}",
        "build": facts["build"],
        "clock": f"{facts['clock_hz'] / 1e6:g} MHz, {facts['macs_per_cycle']} multiplications",
        **_memory_row(facts["memory"]),
        **({"flash": facts["flash"]} if facts["flash"] else {}),
        "model": facts["model"] and facts["model"][:16],
    }
    if facts["model"] is None:
        rows["model"] = f"none ({facts['state']}); put one there with `avatar load`"
        return "\n".join(f"{name:<10} {value}" for name, value in rows.items())
    spec = GeneratorSpec.from_json(facts["spec"])
    size, wrong = spec.size, facts["wrong_layer"]
    milliseconds = facts["cycles"] / facts["clock_hz"] * 1e3
    rows["model"] += f", {facts['state']}"
    rows |= {
        "network": f"{'-'.join(map(str, spec.channels))}, weights of "
        f"{', '.join(map(str, spec.weight_bits))} bits, {size}x{size} pixels",
        "picture": f"{facts['cycles']:,} cycles, {milliseconds:.2f} ms",
        "self-test": "passed" if wrong is None else f"FAILED, first in layer {wrong}",
    }
    lines = [f"{name:<10} {value}" for name, value in rows.items()]
    lines += ["", "layer  stored    computed"]
    for layer, (stored, computed) in enumerate(zip(facts["stored"], facts["computed"]), 1):
        lines.append(f"{layer:<6} {stored}  {computed}{'' if stored == computed else '  differs'}")
    return "\n".join(lines)


def _memory(info):
    """Return what there is to say of a memory outside, or None."""
    status = info.status
    if status.memory == Memory.NONE:
        return None
    window = ["#" if status.window >> n & 1 else "." for n in range(PHASES)]
    if status.memory != Memory.FAILED:
        window[status.phase] = "@"
    sizes = dict(zip(CAPACITY_FIELDS, info.machine.capacity, strict=True))
    return {
        "bits": sizes["weight_bus"],
        "state": MEMORIES[status.memory],
        "window": "".join(window),
    }


def _memory_row(facts):
    if facts is None:
        return {}
    return {"memory": f"{facts['bits']} bits, {facts['state']}; read at {facts['window']}"}
