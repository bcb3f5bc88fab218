// SPDX-License-Identifier: Apache-2.0
// The ECP5's PLL as a clock passed through, for simulations that count the clocks of its output: CLKI
// is that output's clock, and LOCK comes some clocks after configuration, as FPGA-TN-02200 (the PLL
// guide) has it: low until then. The dividers are proved by nextpnr's constraints, not here.
module EHXPLLL #(
    parameter CLKI_DIV = 1,
    parameter CLKFB_DIV = 1,
    parameter CLKOP_DIV = 8,
    parameter CLKOP_CPHASE = 0,
    parameter CLKOP_FPHASE = 0,
    parameter CLKOP_ENABLE = "ENABLED",
    parameter FEEDBK_PATH = "CLKOP",
    parameter OUTDIVIDER_MUXA = "DIVA",
    parameter PLLRST_ENA = "DISABLED",
    parameter INTFB_WAKE = "DISABLED",
    parameter STDBY_ENABLE = "DISABLED",
    parameter DPHASE_SOURCE = "DISABLED"
) (
    input CLKI, CLKFB, RST, STDBY, PLLWAKESYNC, ENCLKOP,
    input PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG,
    output CLKOP, LOCK
);
    reg [3:0] waited = 0;

    always @(posedge CLKI) if (!LOCK) waited <= waited + 1;

    assign CLKOP = CLKI;
    assign LOCK = &waited;

    always @(posedge CLKI)
        if (RST | STDBY | PLLWAKESYNC | ENCLKOP) begin
            $display("EHXPLLL: a control input is in use, which this model lacks");
            $fatal;
        end

    initial
        if (FEEDBK_PATH != "CLKOP" || CLKOP_ENABLE != "ENABLED" || DPHASE_SOURCE != "DISABLED") begin
            $display("EHXPLLL: an attribute has a value that this model lacks");
            $fatal;
        end
endmodule
