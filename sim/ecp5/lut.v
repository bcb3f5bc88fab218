// SPDX-License-Identifier: Apache-2.0
// Our models of the ECP5's look-up tables. Written from Lattice FPGA-DS-02012, section 2.2.2.1, logic
// mode: any function of four inputs; two LUT4 and a multiplexer make five inputs, two of those and
// one more six. INIT holds the output of inputs {D, C, B, A}; C0 chooses ALUT, SD chooses D1.
module LUT4 #(parameter [15:0] INIT = 0) (input A, B, C, D, output Z);
    assign Z = INIT[{D, C, B, A}];
endmodule

module PFUMX (input ALUT, BLUT, C0, output Z);
    assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21 (input D0, D1, SD, output Z);
    assign Z = SD ? D1 : D0;
endmodule
