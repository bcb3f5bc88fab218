# SPDX-License-Identifier: Apache-2.0
"""Accumulator banks: one a column of the array, in two halves."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import SUMS
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay, delays


class AccumulatorBanks(wiring.Component):
    """Add the array's sums to memories, while a finished half is read.

    Sums that open need no reading: they may go to a half that is still being read, behind the
    reader.

    Control runs :attr:`control_lead` cycles ahead of the sums: the sum of column c that belongs to
    the control of cycle t is on ``psums[c]`` at t + control_lead + c // hop. A sum a cycle and
    column; the same address may come again after :attr:`recurrence` cycles. ``data`` follows
    ``read_half`` and ``read_address`` by :attr:`read_latency` cycles and ``read_mask`` by one,
    ``job_done`` the control of a `job_last` by :func:`finish_latency`.

    Parameters
    ----------
    columns : int
        Banks: columns of the array.
    hop : int
        Columns whose sums come in the same cycle.
    psum_width, acc_width : int
        Bits of the array's signed sums, and of the accumulators.

    Members
    -------
    psums : In(ArrayLayout(signed(psum_width), columns))
    valid, half, address, opens, job_last : In
        Add (or, with `opens`, store) at `address` of `half`; last sum of its job.
    job_done : Out(1)
        All sums up to a `job_last` are stored: its half may be read.
    read_half, read_address : In(1), In(ArrayLayout(range(SUMS), columns))
        A half that is not being added to, or only with `opens`; a column's own address in it.
    read_mask : In(columns)
        Columns that are not in it read 0.
    data : Out(ArrayLayout(signed(acc_width), columns))
    """

    # Block RAM lies all over the chip: a cycle for its address, a cycle from it to the adder.
    control_lead = 1 + BlockRam.latency + 1
    read_latency = control_lead + 1  # behind the choice of the half
    write_lag = control_lead + 1  # from control to store: the sum
    recurrence = write_lag

    def __init__(self, columns, *, hop, psum_width, acc_width):
        self.columns, self.hop, self.acc_width = columns, hop, acc_width
        super().__init__(
            {
                "psums": In(data.ArrayLayout(signed(psum_width), columns)),
                "valid": In(1),
                "half": In(1),
                "address": In(range(SUMS)),
                "opens": In(1),
                "job_last": In(1),
                "job_done": Out(1),
                "read_half": In(1),
                "read_address": In(data.ArrayLayout(range(SUMS), columns)),
                "read_mask": In(columns),
                "data": Out(data.ArrayLayout(signed(acc_width), columns)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        hop, write_lag = self.hop, self.write_lag
        groups = -(-self.columns // hop)

        control = Signal(
            data.StructLayout({"half": 1, "address": range(SUMS), "opens": 1}), reset_less=True
        )
        m.d.comb += [
            control.half.eq(self.half),
            control.address.eq(self.address),
            control.opens.eq(self.opens),
        ]
        valids = delays(m, self.valid, groups - 1 + write_lag, reset_less=False)
        controls = delays(m, control, groups - 1 + write_lag)
        finish = delay(m, self.valid & self.job_last, finish_latency(groups), reset_less=False)
        read_half = delay(m, self.read_half, self.read_latency - 1)
        m.d.comb += self.job_done.eq(finish)

        for c in range(self.columns):
            g = c // hop
            outputs = []
            total = Signal(signed(self.acc_width), reset_less=True)
            for half in range(2):
                m.submodules[f"bank_{c}_{half}"] = bank = BlockRam(len(total), SUMS)
                output = Signal(total.shape(), reset_less=True)
                address = Signal.like(bank.address, reset_less=True)
                outputs.append(output)
                adding = valids[g] & ~controls[g].opens & (controls[g].half == half)
                stored = controls[g + write_lag]
                m.d.sync += [
                    address.eq(Mux(adding, controls[g].address, self.read_address[c])),
                    output.eq(bank.data),
                ]
                m.d.comb += [
                    bank.address.eq(address),
                    bank.write_address.eq(stored.address),
                    bank.write_data.eq(total),
                    bank.write_en.eq(valids[g + write_lag] & (stored.half == half)),
                ]
            before = controls[g + self.control_lead]
            m.d.sync += total.eq(
                Mux(before.opens, 0, Mux(before.half, outputs[1], outputs[0])) + self.psums[c]
            )
            chosen = Signal(total.shape(), reset_less=True)
            # One LUT a bit for both, as a mask: Yosys would make a reset of a multiplexer with 0.
            both = Mux(read_half, outputs[1], outputs[0])
            m.d.sync += chosen.eq(both & self.read_mask[c].replicate(len(both)))
            m.d.comb += self.data[c].eq(chosen)
        return m


def finish_latency(column_groups):
    """Return the cycles from the control of a job's last sums to ``job_done``: all are stored.

    Parameters
    ----------
    column_groups : int
        Groups of columns whose sums come in the same cycle.
    """
    return column_groups + AccumulatorBanks.write_lag
