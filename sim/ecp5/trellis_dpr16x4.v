// SPDX-License-Identifier: Apache-2.0
// Our model of the ECP5's distributed memory, by the name that Yosys gives it. Written from Lattice
// FPGA-DS-02012, section 2.2.2.3, RAM mode: 16 words of 4 bits, written at the positive edge, read
// at once.
module TRELLIS_DPR16X4 #(
    parameter [63:0] INITVAL = 0,
    parameter WCKMUX = "WCK",
    parameter WREMUX = "WRE"
) (
    input [3:0] DI, WAD, RAD,
    input WRE, WCK,
    output [3:0] DO
);
    reg [3:0] words [0:15];

    always @(posedge WCK) if (WRE) words[WAD] <= DI;

    assign DO = words[RAD];

    integer n;
    initial begin
        for (n = 0; n < 16; n = n + 1) words[n] = INITVAL[4 * n +: 4];
        if (WCKMUX != "WCK" || WREMUX != "WRE") begin
            $display("TRELLIS_DPR16X4: an attribute has a value that this model lacks");
            $fatal;
        end
    end
endmodule
