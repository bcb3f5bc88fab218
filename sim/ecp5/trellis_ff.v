// SPDX-License-Identifier: Apache-2.0
// Our model of a register of the ECP5's slice, by the name that Yosys gives it. Written from Lattice
// FPGA-DS-02012, section 2.2.1: positive edge, clock enable, and a local set or reset, synchronous
// and before the enable (SRMODE "LSR_OVER_CE") or asynchronous ("ASYNC"). After configuration it
// holds what REGSET says. No global set/reset: GSR must be "DISABLED".
module TRELLIS_FF #(
    parameter GSR = "ENABLED",
    parameter CEMUX = "1",
    parameter CLKMUX = "CLK",
    parameter LSRMUX = "LSR",
    parameter LSRMODE = "LSR",
    parameter SRMODE = "LSR_OVER_CE",
    parameter REGSET = "RESET"
) (
    input CLK, LSR, CE, DI, M,
    output reg Q
);
    wire en = CEMUX == "1" || CE ^ CEMUX == "INV";
    wire reset = LSR ^ LSRMUX == "INV";

    generate
        if (SRMODE == "ASYNC") begin
            always @(posedge CLK or posedge reset)
                if (reset) Q <= REGSET == "SET";
                else if (en) Q <= DI;
        end else begin
            always @(posedge CLK)
                if (reset) Q <= REGSET == "SET";
                else if (en) Q <= DI;
        end
    endgenerate

    initial begin
        Q = REGSET == "SET";
        if (GSR != "DISABLED" || CLKMUX != "CLK" || LSRMODE != "LSR"
            || (SRMODE != "LSR_OVER_CE" && SRMODE != "ASYNC")
            || (CEMUX != "1" && CEMUX != "CE" && CEMUX != "INV")
            || (LSRMUX != "LSR" && LSRMUX != "INV")
            || (REGSET != "SET" && REGSET != "RESET")) begin
            $display("TRELLIS_FF: an attribute has a value that this model lacks");
            $fatal;
        end
    end
endmodule
