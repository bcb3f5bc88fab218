# SPDX-License-Identifier: Apache-2.0
"""Each ECP5 primitive beside its plain twin and beside what Yosys infers."""

import tempfile
from pathlib import Path

import numpy as np
from amaranth import ClockSignal, Instance, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.block_ram import BlockRam
from hw.ecp5.block_ram import Dp16kd
from hw.ecp5.multiplier import Mult18x18
from hw.multiplier import Multiplier
from sim.netlist import cell_models
from sim.verilog import run_yosys, to_verilog

OPERANDS = {"wide": (18, 18), "narrow": (9, 13)}  # bits of a and b
WIDTH, DEPTH = 25, 1500  # neither fills its blocks
INFERRED_WIDTH, INFERRED_DEPTH = 18, 1024
INFERRED = f"""
module inferred(
    input clk, input [17:0] a, b, output signed [35:0] signed_product, output [35:0] product,
    input en, input [9:0] address, output reg [{INFERRED_WIDTH - 1}:0] data,
    input write_en, input [9:0] write_address, input [{INFERRED_WIDTH - 1}:0] write_data
);
    assign signed_product = $signed(a) * $signed(b);
    assign product = a * b;

    (* ram_style = "block", no_rw_check *)
    reg [{INFERRED_WIDTH - 1}:0] words [0:{INFERRED_DEPTH - 1}];
    integer n;
    initial for (n = 0; n < {INFERRED_DEPTH}; n = n + 1) words[n] = n * 40503 >> 3;
    always @(posedge clk) begin
        if (en) data <= words[address];
        if (write_en) words[write_address] <= write_data;
    end
endmodule
"""


def inferred_contents():
    """Return the first words of the inferred memory."""
    return [(n * 40503 >> 3) % (1 << INFERRED_WIDTH) for n in range(INFERRED_DEPTH)]


def contents():
    """Return the first words of the instantiated memory; the last few are left to be 0."""
    rng = np.random.default_rng(1)
    return [int(word) for word in rng.integers(0, 1 << WIDTH, DEPTH - 20)]


class Pairs(wiring.Component):
    """The twins and their primitives on common inputs; members as `Multiplier`, `BlockRam`.

    ``{wide,narrow}_{plain,cell}`` are products, ``data_{plain,cell}`` memories' outputs,
    ``inferred_*`` those of Yosys' netlist, which sees the lowest bits of addresses and words.
    """

    def __init__(self):
        bits = range(DEPTH)
        members = {"a": In(signed(18)), "b": In(signed(18)), "b_en": In(1), "en": In(1)}
        members |= {"address": In(bits), "write_address": In(bits), "write_en": In(1)}
        members |= {"write_data": In(WIDTH)}
        for name, widths in OPERANDS.items():
            members |= {f"{name}_{kind}": Out(signed(sum(widths))) for kind in ("plain", "cell")}
        members |= {f"data_{kind}": Out(WIDTH) for kind in ("plain", "cell")}
        members |= {f"inferred_{kind}": Out(36) for kind in ("signed_product", "product")}
        members |= {"inferred_data": Out(INFERRED_WIDTH)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        for name, (a_width, b_width) in OPERANDS.items():
            for kind, make in (("plain", Multiplier), ("cell", Mult18x18)):
                m.submodules[f"multiplier_{name}_{kind}"] = part = make(a_width, b_width)
                m.d.comb += [
                    part.a.eq(self.a[:a_width]),
                    part.b.eq(self.b[:b_width]),
                    part.b_en.eq(self.b_en),
                    getattr(self, f"{name}_{kind}").eq(part.product),
                ]
        shared = ("en", "address", "write_en", "write_address", "write_data")
        for kind, make in (("plain", BlockRam), ("cell", Dp16kd)):
            m.submodules[f"memory_{kind}"] = part = make(WIDTH, DEPTH, contents())
            m.d.comb += [getattr(part, name).eq(getattr(self, name)) for name in shared]
            m.d.comb += getattr(self, f"data_{kind}").eq(part.data)
        m.submodules.inferred = Instance(
            "inferred",
            i_clk=ClockSignal(),
            i_a=self.a,
            i_b=self.b,
            i_en=self.en,
            i_address=self.address[:10],
            i_write_en=self.write_en,
            i_write_address=self.write_address[:10],
            i_write_data=self.write_data[:INFERRED_WIDTH],
            o_signed_product=self.inferred_signed_product,
            o_product=self.inferred_product,
            o_data=self.inferred_data,
        )
        return m


def inferred_netlist():
    """Return what `synth_ecp5` makes of :data:`INFERRED`, Verilog of the ECP5's cells."""
    with tempfile.TemporaryDirectory(prefix="avatar-yosys-") as folder:
        source, netlist = Path(folder, "inferred.v"), Path(folder, "netlist.v")
        source.write_text(INFERRED)
        run_yosys(
            "read_verilog inferred.v; synth_ecp5 -top inferred; write_verilog -noattr netlist.v",
            folder,
        )
        return netlist.read_text()


def pairs_verilog(netlist):
    """Return :class:`Pairs`, top module ``pairs``, with `netlist` and the cells it needs."""
    return "\n".join([to_verilog(Pairs(), "pairs"), netlist, cell_models()])
