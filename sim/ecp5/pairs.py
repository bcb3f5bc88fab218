# SPDX-License-Identifier: Apache-2.0
"""Each ECP5 primitive beside its plain twin and beside what Yosys infers."""

import tempfile
from pathlib import Path

import numpy as np
from amaranth import ClockSignal, Fragment, Instance, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.primitives.multiplier import Multiplier
from sim.netlist import cell_models
from sim.verilog import run_yosys, to_verilog

OPERANDS = {"wide": (18, 18), "narrow": (9, 13)}  # bits of a and b
MEMORIES = {  # width, depth, lanes, gap: a mode of the blocks each, and more than one of them
    "nine": (8, 3000, 1, 0),
    "eighteen": (17, 2500, 1, 0),
    "pair": (20, 1500, 2, 0),
    "gaps": (17, 2500, 1, 1024),
}
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


def contents(name):
    """Return the first words of an instantiated memory; the last few are left to be 0."""
    rng = np.random.default_rng(1)
    width, depth, _, gap = MEMORIES[name]
    words = [int(word) for word in rng.integers(0, 1 << width, depth - 20)]
    if gap:
        words[gap - 1 :: gap] = len(words[gap - 1 :: gap]) * [0]
    return words


class Pairs(wiring.Component):
    """The twins and their primitives on common inputs; members as `Multiplier`, `BlockRam`.

    ``{wide,narrow}_{plain,cell}`` are products, ``{nine,eighteen,pair,gaps}_{plain,cell}`` the
    memories' outputs, ``inferred_*`` those of Yosys' netlist.
    """

    def __init__(self):
        members = {"a": In(signed(18)), "b": In(signed(18)), "b_en": In(1), "en": In(1)}
        for name, widths in OPERANDS.items():
            members |= {f"{name}_{kind}": Out(signed(sum(widths))) for kind in ("plain", "cell")}
        for name, (width, depth, lanes, _) in MEMORIES.items():
            members |= {f"{name}_{kind}": Out(width) for kind in ("plain", "cell")}
            members |= {f"{name}_{port}": In(range(depth)) for port in ("address", "write_address")}
            members |= {f"{name}_write_en": In(lanes), f"{name}_write_data": In(width)}
        members |= {f"inferred_{kind}": Out(36) for kind in ("signed_product", "product")}
        members |= {"inferred_data": Out(INFERRED_WIDTH)}
        members |= {f"inferred_{port}": In(10) for port in ("address", "write_address")}
        members |= {"inferred_write_en": In(1), "inferred_write_data": In(INFERRED_WIDTH)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        for kind, offers in (("plain", None), ("cell", Ecp5Primitives())):
            for name, widths in OPERANDS.items():
                part = Multiplier(*widths)
                m.submodules[f"multiplier_{name}_{kind}"] = Fragment.get(part, offers)
                m.d.comb += [
                    part.a.eq(self.a[: widths[0]]),
                    part.b.eq(self.b[: widths[1]]),
                    part.b_en.eq(self.b_en),
                    getattr(self, f"{name}_{kind}").eq(part.product),
                ]
            for name, (width, depth, lanes, gap) in MEMORIES.items():
                part = BlockRam(width, depth, contents(name), lanes=lanes, gap=gap)
                m.submodules[f"memory_{name}_{kind}"] = Fragment.get(part, offers)
                m.d.comb += getattr(self, f"{name}_{kind}").eq(part.data)
                m.d.comb += [
                    getattr(part, port).eq(getattr(self, f"{name}_{port}"))
                    for port in ("address", "write_address", "write_en", "write_data")
                ]
        m.submodules.inferred = Instance(
            "inferred",
            i_clk=ClockSignal(),
            i_a=self.a,
            i_b=self.b,
            i_en=self.en,
            i_address=self.inferred_address,
            i_write_en=self.inferred_write_en,
            i_write_address=self.inferred_write_address,
            i_write_data=self.inferred_write_data,
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
