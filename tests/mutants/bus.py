# SPDX-License-Identifier: Apache-2.0
"""Faults of the slave on a bus."""

from tests.mutants.mutant import Mutant

SLAVE = "tests/sim/benches/test_axi_uart_lite.py::test_slave"

MUTANTS = (
    Mutant(
        "slave-writes-without-data",
        "axi/uart_lite.py",
        "self.s_axi_awvalid & self.s_axi_wvalid & ~take",
        "self.s_axi_awvalid & ~take",
        SLAVE,
        "a byte that the processor has not given yet is sent",
    ),
    Mutant(
        "slave-ignores-strobes",
        "axi/uart_lite.py",
        "with m.If(self.s_axi_wstrb[0]):",
        "with m.If(1):",
        SLAVE,
        "a write to another byte of the word sends one, too",
    ),
    Mutant(
        "slave-loses-in-silence",
        "axi/uart_lite.py",
        "with m.If(~tx.w_rdy):",
        "with m.If(0):",
        SLAVE,
        "a byte for a full FIFO is lost, and nobody knows",
    ),
    Mutant(
        "slave-drops-its-answer",
        "axi/uart_lite.py",
        "with m.If(self.s_axi_rready):",
        "with m.If(1):",
        SLAVE,
        "a processor that is not ready waits for ever",
    ),
    Mutant(
        "slave-interrupts-unasked",
        "axi/uart_lite.py",
        "byte.eq(enabled & rx.r_rdy)",
        "byte.eq(rx.r_rdy)",
        SLAVE,
        "a byte that waits as interrupts are enabled is never told",
    ),
    Mutant(
        "bus-too-fast",
        "axi/line.py",
        "wait.eq(GAP - 1)",
        "wait.eq(GAP - 2)",
        "tests/hw/axi/test_line.py::test_bytes_come_with_room_between_them",
        "the frame receiver gets bytes faster than it takes them",
    ),
)
