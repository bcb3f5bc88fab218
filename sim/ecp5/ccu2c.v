// SPDX-License-Identifier: Apache-2.0
// Our model of the ECP5's CCU2C: a slice in ripple mode, two bits of a carry chain. Written from
// Lattice FPGA-DS-02012, section 2.2.2.2. A bit's LUT4 propagates the carry; where it does not, the
// carry out is what the table gives for A and B with C and D low. INJECT1 "YES" cuts the chain off: 0
// is added to the sum and generated as the carry, which only "NO" can pass on.
module CCU2C #(
    parameter [15:0] INIT0 = 0,
    parameter [15:0] INIT1 = 0,
    parameter INJECT1_0 = "YES",
    parameter INJECT1_1 = "YES"
) (
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);
    wire propagate_0 = INIT0[{D0, C0, B0, A0}];
    wire propagate_1 = INIT1[{D1, C1, B1, A1}];
    wire generate_0 = INJECT1_0 == "NO" && INIT0[{2'b00, B0, A0}];
    wire generate_1 = INJECT1_1 == "NO" && INIT1[{2'b00, B1, A1}];
    wire carry = propagate_0 ? CIN : generate_0;

    assign S0 = propagate_0 ^ (INJECT1_0 == "NO" && CIN);
    assign S1 = propagate_1 ^ (INJECT1_1 == "NO" && carry);
    assign COUT = propagate_1 ? carry : generate_1;

    initial
        if ((INJECT1_0 != "NO" && INJECT1_0 != "YES") || (INJECT1_1 != "NO" && INJECT1_1 != "YES"))
        begin
            $display("CCU2C: an attribute has a value that this model lacks");
            $fatal;
        end
endmodule
