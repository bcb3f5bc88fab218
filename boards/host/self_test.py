# SPDX-License-Identifier: Apache-2.0
"""What a board says about itself, its self-test layer by layer, and how fast its line is."""

from boards.host.open_board import raise_baud
from boards.host.port import has_own_rate


def self_test_report(link):
    """Ask a board everything that it can tell.

    Parameters
    ----------
    link : boards.host.link.Link
        At its start-up rate; afterwards at the highest that works.

    Returns
    -------
    dict
        For JSON: ids in hex, `channels`, `weight_bits`, `clock_hz`, `macs_per_cycle`, `cycles` of
        the self-test's picture, CRC-32 of layers 1 to 4 in hex (`stored`, `computed`),
        `wrong_layer` (1 to 4, or None) and `baud`.
    """
    result = link.self_test()
    facts, status = link.info()
    raise_baud(link)
    return {
        "port": link.port,
        "model": facts.model_id.hex(),
        "build": facts.build_id.hex(),
        "channels": list(facts.channels),
        "weight_bits": list(facts.weight_bits),
        "clock_hz": facts.clock_hz,
        "macs_per_cycle": facts.macs_per_cycle,
        "cycles": status.core_cycles,
        "stored": [f"{crc:08x}" for crc in result.stored],
        "computed": [f"{crc:08x}" for crc in result.computed],
        "wrong_layer": result.wrong_layer,
        "baud": link.baud,
    }


def as_text(facts):
    """Return the facts of :func:`self_test_report` as a table."""
    wrong = facts["wrong_layer"]
    milliseconds = facts["cycles"] / facts["clock_hz"] * 1e3
    whose = ", which the far end sets" if has_own_rate(facts["port"]) else ""
    rows = {
        "port": f"{facts['port']}, {facts['baud']:,} baud{whose}",
        "model": facts["model"],
        "build": facts["build"],
        "network": f"{'-'.join(map(str, facts['channels']))}, weights of "
        f"{', '.join(map(str, facts['weight_bits']))} bits",
        "clock": f"{facts['clock_hz'] / 1e6:g} MHz, {facts['macs_per_cycle']} multiplications",
        "picture": f"{facts['cycles']:,} cycles, {milliseconds:.2f} ms",
        "self-test": "passed" if wrong is None else f"FAILED, first in layer {wrong}",
    }
    lines = [f"{name:<10} {value}" for name, value in rows.items()]
    lines += ["", "layer  stored    computed"]
    for layer, (stored, computed) in enumerate(zip(facts["stored"], facts["computed"]), 1):
        lines.append(f"{layer:<6} {stored}  {computed}{'' if stored == computed else '  differs'}")
    return "\n".join(lines)
