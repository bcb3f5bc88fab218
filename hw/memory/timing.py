# SPDX-License-Identifier: Apache-2.0
"""How large an SDRAM is, how long it takes for what, and how many clocks that makes."""

from dataclasses import dataclass
from math import ceil

PRECHARGE_ALL = 10  # the address pin that means all banks
LONGEST_HOLD = 48  # clocks that a refresh which is due may have to wait for its turn


@dataclass(frozen=True)
class Geometry:
    """The addresses of a chip. A linear address is, from the highest bit on, row, bank, column.

    So a linear stream goes from bank to bank, and the next row is opened meanwhile.

    Attributes
    ----------
    width : int
        Bits of a word: 16 or 32.
    row_bits, column_bits, bank_bits : int
        A chip that has more rows or banks works, too; what is beyond stays unused.
    """

    width: int = 16
    row_bits: int = 13
    column_bits: int = 9
    bank_bits: int = 2

    def __post_init__(self):
        if self.width not in (16, 32):
            raise ValueError(f"width is {self.width}; give 16 or 32")
        if not 4 <= self.column_bits <= PRECHARGE_ALL:
            raise ValueError(f"column_bits is {self.column_bits}; give 4 to {PRECHARGE_ALL}")

    @property
    def address_bits(self):
        """Of a linear address."""
        return self.row_bits + self.bank_bits + self.column_bits

    @property
    def address_pins(self):
        return max(self.row_bits, PRECHARGE_ALL + 1)

    @property
    def words(self):
        return 1 << self.address_bits


@dataclass(frozen=True)
class Timing:
    """Times of a chip in ns, by the names of the datasheets; the defaults suit every chip at hand.

    Attributes
    ----------
    t_rcd, t_rp, t_ras, t_rc, t_rrd, t_rfc, t_wr, t_mrd : float
        The shortest times between two commands.
    t_refi : float
        A refresh in so many.
    pause : float
        From power-up to the first command.
    startup_refreshes : int
    cas_latency : int
        2 or 3 clocks.
    """

    t_rcd: float = 21
    t_rp: float = 21
    t_ras: float = 45
    t_rc: float = 66
    t_rrd: float = 15
    t_rfc: float = 66
    t_wr: float = 15
    t_mrd: float = 15
    t_refi: float = 7812.5
    pause: float = 200_000
    startup_refreshes: int = 8
    cas_latency: int = 3

    def cycles(self, clock_hz):
        """Return the :class:`Cycles` of a clock.

        Raises
        ------
        ValueError
            The clock is too slow to refresh in time.
        """

        def up(time):
            return max(1, ceil(time * clock_hz / 1e9 - 1e-6))

        interval = int(self.t_refi * clock_hz / 1e9) - LONGEST_HOLD
        if interval < LONGEST_HOLD:
            raise ValueError(f"clock_hz is {clock_hz}; refreshes every {self.t_refi} ns need more")
        return Cycles(
            rcd=up(self.t_rcd),
            rp=up(self.t_rp),
            ras=up(self.t_ras),
            rc=up(self.t_rc),
            rrd=up(self.t_rrd),
            rfc=up(self.t_rfc),
            wr=up(self.t_wr),
            mrd=max(2, up(self.t_mrd)),
            refresh=interval,
            pause=up(self.pause),
            startup_refreshes=self.startup_refreshes,
            cas_latency=self.cas_latency,
        )


@dataclass(frozen=True)
class Cycles:
    """:class:`Timing` in clocks; `refresh` has the time in which a refresh may have to wait off."""

    rcd: int
    rp: int
    ras: int
    rc: int
    rrd: int
    rfc: int
    wr: int
    mrd: int
    refresh: int
    pause: int
    startup_refreshes: int
    cas_latency: int
