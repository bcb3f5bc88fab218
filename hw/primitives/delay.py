# SPDX-License-Identifier: Apache-2.0
"""Delay lines: the registers that keep data and control of a pipeline side by side."""

from amaranth import Signal


def delay(m, signal, cycles, *, reset_less=True):
    """Return `signal` as it was `cycles` cycles ago.

    Parameters
    ----------
    m : Module
        Gets the registers, in domain ``sync``.
    signal : Signal or View
        Any shape.
    cycles : int
        0 returns `signal` itself.
    reset_less : bool
        Data needs no reset; flags that start something do.
    """
    return delays(m, signal, cycles, reset_less=reset_less)[-1]


def delays(m, signal, cycles, *, reset_less=True):
    """Return `signal` delayed by 0, 1, ... `cycles` cycles: one line, tapped everywhere."""
    taps = [signal]
    for _ in range(cycles):
        stage = Signal(signal.shape(), reset_less=reset_less)
        m.d.sync += stage.eq(taps[-1])
        taps.append(stage)
    return taps
