// SPDX-License-Identifier: Apache-2.0
// Our model of Gowin's distributed memory RAM16SDP4. Written from Gowin UG285, the guide of its
// memories: 16 words of 4 bits, written at the positive edge, read at once. INIT_n holds bit n of
// all words.
module RAM16SDP4 #(
    parameter [15:0] INIT_0 = 0,
    parameter [15:0] INIT_1 = 0,
    parameter [15:0] INIT_2 = 0,
    parameter [15:0] INIT_3 = 0
) (
    input [3:0] DI, WAD, RAD,
    input WRE, CLK,
    output [3:0] DO
);
    reg [3:0] words [0:15];

    always @(posedge CLK) if (WRE) words[WAD] <= DI;

    assign DO = words[RAD];

    integer n;
    initial for (n = 0; n < 16; n = n + 1) words[n] = {INIT_3[n], INIT_2[n], INIT_1[n], INIT_0[n]};
endmodule
