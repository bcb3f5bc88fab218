// SPDX-License-Identifier: Apache-2.0
// Our models of Gowin's look-up tables, multiplexers and constants. Written from Gowin UG288, the
// guide of the configurable function unit: INIT holds the output of inputs {I3, I2, I1, I0}, and
// MUX2_LUT5 to MUX2_LUT8 join two tables of half as many words, S0 choosing I1.
module LUT1 #(parameter [1:0] INIT = 0) (input I0, output F);
    assign F = INIT[I0];
endmodule

module LUT2 #(parameter [3:0] INIT = 0) (input I0, I1, output F);
    assign F = INIT[{I1, I0}];
endmodule

module LUT3 #(parameter [7:0] INIT = 0) (input I0, I1, I2, output F);
    assign F = INIT[{I2, I1, I0}];
endmodule

module LUT4 #(parameter [15:0] INIT = 0) (input I0, I1, I2, I3, output F);
    assign F = INIT[{I3, I2, I1, I0}];
endmodule

module MUX2_LUT5 (input I0, I1, S0, output O);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT6 (input I0, I1, S0, output O);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT7 (input I0, I1, S0, output O);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT8 (input I0, I1, S0, output O);
    assign O = S0 ? I1 : I0;
endmodule

module VCC (output V);
    assign V = 1;
endmodule

module GND (output G);
    assign G = 0;
endmodule
