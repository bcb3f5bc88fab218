# SPDX-License-Identifier: Apache-2.0
"""A design of all the cells that Yosys infers, beside its own netlist."""

from sim.netlist import cell_models
from sim.verilog import through_yosys

WIDTHS = (1, 2, 4, 9, 18, 36)  # of block RAM; all of it each
BLOCK_BITS = 16384  # without the ninth bits

_MEMORY = """
module memory #(parameter WIDTH = 9, ADDRESS = 11, BYTES = 1, WORDS = "words_9.hex") (
    input clk, ren, wen, input [BYTES - 1:0] be, input [13:0] ra, wa,
    input [WIDTH - 1:0] d, output reg [WIDTH - 1:0] q
);
    (* ram_style = "block", no_rw_check *)
    reg [WIDTH - 1:0] words [0:(1 << ADDRESS) - 1];
    wire [ADDRESS - 1:0] read = ra, write = wa;
    integer n;
    initial begin
        q = 0;
`ifdef YOSYS
        $readmemh(WORDS, words);  // which takes a loop of 16,384 turns half a minute
`else
        for (n = 0; n < 1 << ADDRESS; n = n + 1) words[n] = n * 40503 >> 7 ^ n;
`endif
    end
    integer byte_of;
    always @(posedge clk) begin
        if (ren & ~(wen & read == write)) q <= words[read];
        for (byte_of = 0; byte_of < BYTES; byte_of = byte_of + 1)
            if (wen & be[byte_of])
                words[write][byte_of * (WIDTH / BYTES) +: WIDTH / BYTES]
                    <= d[byte_of * (WIDTH / BYTES) +: WIDTH / BYTES];
    end
endmodule
"""

_LOGIC = """
module {name}(
    input clk, rst, ren, wen, input [3:0] be, input [13:0] ra, wa, input [35:0] a, b,
    output [{memory_bits} - 1:0] memories, output [3:0] lut_ram, output reg [35:0] sum,
    output reg set, output less, picked
);
{memories}
    reg [3:0] words [0:15];
    integer n;
    initial for (n = 0; n < 16; n = n + 1) words[n] = n * 11;
    always @(posedge clk) if (wen) words[wa[3:0]] <= a[3:0];
    assign lut_ram = words[ra[3:0]];

    initial sum = 0;
    always @(posedge clk) if (rst) sum <= 0; else if (ren) sum <= sum + (wen ? a : -b);
    assign less = $signed(a) < $signed(b);
    assign picked = a >> b[4:0];

    initial set = 1;
    always @(posedge clk or posedge rst) if (rst) set <= 1; else if (ren) set <= a[0];
endmodule
"""

_PAIR = """
module pair(clk, rst, ren, wen, be, ra, wa, a, b, plain, netlist);
    input clk, rst, ren, wen;
    input [3:0] be;
    input [13:0] ra, wa;
    input [35:0] a, b;
    output [{bits} - 1:0] plain, netlist;
    plain one(clk, rst, ren, wen, be, ra, wa, a, b, plain[{top}:43], plain[42:39], plain[38:3],
              plain[2], plain[1], plain[0]);
    mapped other(clk, rst, ren, wen, be, ra, wa, a, b, netlist[{top}:43], netlist[42:39],
                 netlist[38:3], netlist[2], netlist[1], netlist[0]);
endmodule
"""


def design(name):
    """Return the design as plain Verilog, module `name` and what it needs."""
    memories, place = [], 0
    for width in WIDTHS:
        parts = max(1, width // 9)
        memories.append(
            f'    memory #({width}, {address_bits(width)}, {parts}, "words_{width}.hex") '
            f"memory_{width}(clk, ren, wen, be[{parts - 1}:0], ra, wa, a[{width - 1}:0], "
            f"memories[{place} +: {width}]);"
        )
        place += width
    return _LOGIC.format(name=name, memories="\n".join(memories), memory_bits=place)


def address_bits(width):
    """Return the bits of an address in a whole block of words of `width`."""
    return (BLOCK_BITS // (width // 9 * 8 or width)).bit_length() - 1


def words(width):
    """Return the words that the plain design's loop gives to a memory, for ``$readmemh``."""
    mask = (1 << width) - 1
    return "".join(f"{(n * 40503 >> 7 ^ n) & mask:x}\n" for n in range(1 << address_bits(width)))


def netlist():
    """Return what `synth_ecp5` makes of the design, module ``mapped``, Verilog."""
    script = (
        "read_verilog design.v; synth_ecp5 -top mapped; delete t:$scopeinfo; splitnets; "
        "write_verilog -noattr netlist.v"
    )
    files = {f"words_{width}.hex": words(width) for width in WIDTHS}
    files["design.v"] = _MEMORY + design("mapped")
    return through_yosys(files, script, "netlist.v")


def pair(mapped):
    """Return the design beside its netlist `mapped`, top module ``pair``, with the models."""
    bits = sum(WIDTHS) + 43
    both = _PAIR.format(bits=bits, top=bits - 1)
    return both + _MEMORY + design("plain") + mapped + cell_models()
