// SPDX-License-Identifier: Apache-2.0
// Our model of Gowin's MULT18X18, for the modes that hw/primitives/gowin/multiplier.py and Yosys use;
// every other mode stops the simulation. Written from Gowin UG287, the guide of the DSP: a register
// for each operand, one behind the partial products and one at the output, each by-passed or not, all
// of one clock, one enable and one reset; ASIGN and BSIGN choose how an operand's highest bit counts.
module MULT18X18 #(
    parameter AREG = 1'b0,
    parameter BREG = 1'b0,
    parameter PIPE_REG = 1'b0,
    parameter OUT_REG = 1'b0,
    parameter ASIGN_REG = 1'b0,
    parameter BSIGN_REG = 1'b0,
    parameter SOA_REG = 1'b0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input CLK, CE, RESET, ASIGN, BSIGN, ASEL, BSEL,
    input [17:0] A, B, SIA, SIB,
    output [35:0] DOUT,
    output [17:0] SOA, SOB
);
    reg [17:0] a_reg = 0, b_reg = 0;
    reg [35:0] pipe_reg = 0, out_reg = 0;

    wire [17:0] a = AREG ? a_reg : A;
    wire [17:0] b = BREG ? b_reg : B;
    wire signed [18:0] a_value = {ASIGN & a[17], a};
    wire signed [18:0] b_value = {BSIGN & b[17], b};
    wire signed [37:0] whole = a_value * b_value;
    wire [35:0] piped = PIPE_REG ? pipe_reg : whole[35:0];

    always @(posedge CLK) begin
        if (CE) begin
            a_reg <= A;
            b_reg <= B;
            pipe_reg <= whole[35:0];
            out_reg <= piped;
        end
        if (RESET | ASEL | BSEL) begin
            $display("MULT18X18: a reset or the shift chain is in use, which this model lacks");
            $fatal;
        end
    end

    initial
        if (ASIGN_REG | BSIGN_REG | SOA_REG | MULT_RESET_MODE != "SYNC") begin
            $display("MULT18X18: a parameter has a value that this model lacks");
            $fatal;
        end

    assign DOUT = OUT_REG ? out_reg : piped;
    assign SOA = 0;
    assign SOB = 0;
endmodule
