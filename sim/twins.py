# SPDX-License-Identifier: Apache-2.0
"""Each primitive of a family beside its plain twin and beside what Yosys infers."""

from dataclasses import dataclass, field

import numpy as np
from amaranth import ClockSignal, Fragment, Instance, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.primitives.gowin.platform import GowinPrimitives
from hw.primitives.multiplier import Multiplier
from hw.primitives.partial_product import DIGIT_BITS, PartialProduct
from sim.netlist import cell_models
from sim.verilog import through_yosys, to_verilog

LEFT_OUT = 20  # last words of a memory that its contents do not name
OPERANDS = {"wide": (18, 18), "narrow": (9, 13)}  # bits of a and b
DIGITS = {"lower": (9, False), "top": (9, True), "odd": (8, True)}  # bits of a; the highest digit?


@dataclass(frozen=True)
class Twins:
    """What is compared of a family.

    Attributes
    ----------
    primitives : type
        Platform that names them.
    memories : dict of str to (int, int, int, int)
        Width, depth, lanes and gap by name: a mode of the blocks each, and more than one of them.
    inferred : (int, int)
        Width and depth of the memory that Yosys infers.
    synthesis : str
        Yosys' command.
    """

    primitives: type
    memories: dict = field(hash=False)
    inferred: tuple[int, int]
    synthesis: str


TWINS = {
    "ecp5": Twins(
        primitives=Ecp5Primitives,
        memories={
            "nine": (8, 3000, 1, 0),
            "eighteen": (17, 2500, 1, 0),
            "pair": (20, 1500, 2, 0),
            "gaps": (17, 2500, 1, 1024),
        },
        inferred=(18, 1024),
        synthesis="synth_ecp5",
    ),
    "gowin": Twins(
        primitives=GowinPrimitives,
        memories={
            "nine": (9, 3000, 1, 0),
            "one": (1, 10000, 1, 0),
            "two": (4, 8000, 1, 0),
            "four": (4, 4000, 1, 0),
            "registered": (50, 500, 1, 0),
            "pair": (20, 1500, 2, 0),
            "bytes": (32, 2560, 4, 0),
            "gaps": (17, 2500, 1, 1024),
            "luts": (9, 30, 3, 0),
        },
        inferred=(36, 512),
        synthesis="synth_gowin -family gw2a -noiopads",
    ),
}
_INFERRED = """
module inferred(
    input clk, input [17:0] a, b, output signed [35:0] signed_product, output [35:0] product,
    input en, input [{address}:0] address, output reg [{top}:0] data,
    input write_en, input [{address}:0] write_address, input [{top}:0] write_data
);
    assign signed_product = $signed(a) * $signed(b);
    assign product = a * b;

    (* ram_style = "block", no_rw_check *)
    reg [{top}:0] words [0:{depth} - 1];
    integer n;
    initial for (n = 0; n < {depth}; n = n + 1) words[n] = n * 40503 >> 3;
    always @(posedge clk) begin
        if (en) data <= words[address];
        if (write_en) words[write_address] <= write_data;
    end
endmodule
"""


def inferred_contents(twins):
    """Return the first words of the inferred memory."""
    width, depth = twins.inferred
    return [(n * 40503 >> 3) % (1 << width) for n in range(depth)]


def contents(twins, name):
    """Return the first words of an instantiated memory; the last few are left to be 0."""
    rng = np.random.default_rng(1)
    width, depth, _, gap = twins.memories[name]
    words = [int(word) for word in rng.integers(0, 1 << width, depth - LEFT_OUT)]
    if gap:
        words[gap - 1 :: gap] = len(words[gap - 1 :: gap]) * [0]
    return words


class Pairs(wiring.Component):
    """The twins and their primitives on common inputs; members as `Multiplier`, `BlockRam`.

    ``{wide,narrow}_{plain,cell}`` are products, ``{lower,top,odd}_{plain,cell}`` those of the
    lowest bits of b, ``{nine,pair,...}_{plain,cell}`` the memories' outputs, ``inferred_*`` those
    of Yosys' netlist.

    Parameters
    ----------
    twins : Twins
    """

    def __init__(self, twins):
        self.twins = twins
        members = {"a": In(signed(18)), "b": In(signed(18)), "b_en": In(1), "en": In(1)}
        for name, widths in OPERANDS.items():
            members |= {f"{name}_{kind}": Out(signed(sum(widths))) for kind in ("plain", "cell")}
        for name, (width, _) in DIGITS.items():
            shape = signed(width + DIGIT_BITS)
            members |= {f"{name}_{kind}": Out(shape) for kind in ("plain", "cell")}
        for name, (width, depth, lanes, _) in self.twins.memories.items():
            members |= {f"{name}_{kind}": Out(width) for kind in ("plain", "cell")}
            members |= {f"{name}_{port}": In(range(depth)) for port in ("address", "write_address")}
            members |= {f"{name}_write_en": In(lanes), f"{name}_write_data": In(width)}
        members |= {f"inferred_{kind}": Out(36) for kind in ("signed_product", "product")}
        width, depth = twins.inferred
        members |= {"inferred_data": Out(width)}
        members |= {f"inferred_{port}": In(range(depth)) for port in ("address", "write_address")}
        members |= {"inferred_write_en": In(1), "inferred_write_data": In(width)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        for kind, offers in (("plain", None), ("cell", self.twins.primitives())):
            for name, widths in OPERANDS.items():
                part = Multiplier(*widths)
                m.submodules[f"multiplier_{name}_{kind}"] = Fragment.get(part, offers)
                m.d.comb += [
                    part.a.eq(self.a[: widths[0]]),
                    part.b.eq(self.b[: widths[1]]),
                    part.b_en.eq(self.b_en),
                    getattr(self, f"{name}_{kind}").eq(part.product),
                ]
            for name, (width, top) in DIGITS.items():
                part = PartialProduct(width, top=top)
                m.submodules[f"part_{name}_{kind}"] = Fragment.get(part, offers)
                m.d.comb += [
                    part.a.eq(self.a[:width]),
                    part.digit.eq(self.b[:DIGIT_BITS]),
                    getattr(self, f"{name}_{kind}").eq(part.product),
                ]
            for name, (width, depth, lanes, gap) in self.twins.memories.items():
                part = BlockRam(width, depth, contents(self.twins, name), lanes=lanes, gap=gap)
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


def inferred_netlist(twins):
    """Return what Yosys makes of plain Verilog, Verilog of the family's cells."""
    width, depth = twins.inferred
    text = _INFERRED.format(top=width - 1, depth=depth, address=(depth - 1).bit_length() - 1)
    script = (
        f"read_verilog inferred.v; {twins.synthesis} -top inferred; write_verilog -noattr netlist.v"
    )
    return through_yosys({"inferred.v": text}, script, "netlist.v")


def pairs_verilog(family, netlist):
    """Return :class:`Pairs` of a family, with `netlist` and the cells it needs; top ``pairs``."""
    return "\n".join([to_verilog(Pairs(TWINS[family]), "pairs"), netlist, cell_models(family)])
