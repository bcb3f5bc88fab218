# SPDX-License-Identifier: Apache-2.0
"""What ``avatar demo`` says of the simulated generator and of the simulated board's line."""

from hw.uart.protocol import BAUD, BYTE_BITS

AVATARS = 6


def as_text(facts):
    """Return the lines that ``avatar demo`` prints.

    Parameters
    ----------
    facts : dict
        `cycles_latency`, `macs_per_cycle` and `utilisation_latency` as of
        :func:`sim.generator.simulate.report`; `model`, the digest; `equal`, whether generator and
        board did what the reference does; `bytes_sent` and `bytes_received` on the board's line, of
        :data:`AVATARS` avatars; `files`, the pictures.
    """
    cycles = facts["cycles_latency"]
    sent, received = facts["bytes_sent"], facts["bytes_received"]
    line_time = (sent + received) / AVATARS * BYTE_BITS / BAUD
    rows = {
        "model": facts["model"],
        "equal": "yes, all six avatars byte for byte" if facts["equal"] else "NO",
        "cycles": f"{cycles:,} an avatar, from the first latent taken to the last pixel out",
        "utilisation": f"{facts['utilisation_latency']:.1%} of {facts['macs_per_cycle']} "
        "multiplications a cycle",
        "at 100 MHz": f"{cycles / 1e5:.2f} ms, {1e8 / cycles:,.0f} avatars a second",
        "on the wire": f"{sent:,} bytes there, {received:,} back; "
        f"{line_time:.2f} s an avatar at {BAUD:,} baud",
        "pictures": ", ".join(map(str, facts["files"])),
    }
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())
