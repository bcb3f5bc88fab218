// SPDX-License-Identifier: Apache-2.0
// Our model of the ECP5's MULT18X18D, for the modes that hw/primitives/ecp5/multiplier.py and Yosys use; every
// other mode stops the simulation. Written from the description of the sysDSP slice in Lattice
// FPGA-TN-02205 (attributes REG_*_CLK, REG_*_CE of the multiplier): an operand register a side, a
// pipeline register and an output register, each by-passed ("NONE") or clocked, each with its
// enable; SIGNEDA and SIGNEDB choose how an operand's highest bit counts. The sign inputs have
// registers of their own; they must not change here, so none are modelled.
module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTA_CE = "CE0",
    parameter REG_INPUTA_RST = "RST0",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_INPUTB_CE = "CE0",
    parameter REG_INPUTB_RST = "RST0",
    parameter REG_INPUTC_CLK = "NONE",
    parameter REG_PIPELINE_CLK = "NONE",
    parameter REG_PIPELINE_CE = "CE0",
    parameter REG_PIPELINE_RST = "RST0",
    parameter REG_OUTPUT_CLK = "NONE",
    parameter REG_OUTPUT_CE = "CE0",
    parameter REG_OUTPUT_RST = "RST0",
    parameter GSR = "ENABLED",
    parameter RESETMODE = "SYNC"
) (
    input CLK0, CLK1, CLK2, CLK3, CE0, CE1, CE2, CE3, RST0, RST1, RST2, RST3,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    wire [17:0] a_in = {A17, A16, A15, A14, A13, A12, A11, A10, A9,
                        A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] b_in = {B17, B16, B15, B14, B13, B12, B11, B10, B9,
                        B8, B7, B6, B5, B4, B3, B2, B1, B0};
    reg [17:0] a_reg, b_reg;
    reg [35:0] pipeline_reg, output_reg;

    wire en_a = REG_INPUTA_CE == "CE1" ? CE1 : CE0;
    wire en_b = REG_INPUTB_CE == "CE1" ? CE1 : CE0;
    wire en_pipeline = REG_PIPELINE_CE == "CE1" ? CE1 : CE0;
    wire en_output = REG_OUTPUT_CE == "CE1" ? CE1 : CE0;

    wire [17:0] a = REG_INPUTA_CLK == "NONE" ? a_in : a_reg;
    wire [17:0] b = REG_INPUTB_CLK == "NONE" ? b_in : b_reg;
    wire signed [18:0] a_value = {SIGNEDA & a[17], a};
    wire signed [18:0] b_value = {SIGNEDB & b[17], b};
    wire signed [37:0] whole = a_value * b_value;
    wire [35:0] pipelined = REG_PIPELINE_CLK == "NONE" ? whole[35:0] : pipeline_reg;
    wire [35:0] p = REG_OUTPUT_CLK == "NONE" ? pipelined : output_reg;

    always @(posedge CLK0) begin
        if (en_a) a_reg <= a_in;
        if (en_b) b_reg <= b_in;
        if (en_pipeline) pipeline_reg <= whole[35:0];
        if (en_output) output_reg <= pipelined;
        if (RST0 | RST1 | RST2 | RST3 | SOURCEA | SOURCEB) begin
            $display("MULT18X18D: a reset or the shift chain is in use, which this model lacks");
            $fatal;
        end
    end

    initial
        if ((REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0")
            || (REG_INPUTB_CLK != "NONE" && REG_INPUTB_CLK != "CLK0")
            || (REG_PIPELINE_CLK != "NONE" && REG_PIPELINE_CLK != "CLK0")
            || (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0")
            || (REG_INPUTA_CE != "CE0" && REG_INPUTA_CE != "CE1")
            || (REG_INPUTB_CE != "CE0" && REG_INPUTB_CE != "CE1")
            || (REG_PIPELINE_CE != "CE0" && REG_PIPELINE_CE != "CE1")
            || (REG_OUTPUT_CE != "CE0" && REG_OUTPUT_CE != "CE1")
            || REG_INPUTC_CLK != "NONE") begin
            $display("MULT18X18D: an attribute has a value that this model lacks");
            $fatal;
        end

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p;
endmodule
