// SPDX-License-Identifier: Apache-2.0
// The ECP5's gate of a global clock (FPGA-TN-02200, sysCLOCK guide): CLKO follows CLKI while CE is
// high. CE is taken while CLKI is low, so that no pulse is cut short.
module DCCA(input CLKI, CE, output CLKO);
    reg open = 0;

    always @(negedge CLKI) open <= CE;

    assign CLKO = CLKI & open;
endmodule
