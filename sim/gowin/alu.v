// SPDX-License-Identifier: Apache-2.0
// Our model of Gowin's carry cell in the mode that Yosys uses, ADDSUB; every other mode stops the
// simulation. Written from Gowin UG288: I0 + I1 + CIN where I3 is 1, else I0 + ~I1 + CIN.
module ALU #(parameter ALU_MODE = 0) (input I0, I1, I3, CIN, output SUM, COUT);
    wire other = I1 ^ ~I3;
    assign SUM = I0 ^ other ^ CIN;
    assign COUT = I0 & other | CIN & (I0 ^ other);

    initial
        if (ALU_MODE != 2) begin
            $display("ALU: a parameter has a value that this model lacks");
            $fatal;
        end
endmodule
