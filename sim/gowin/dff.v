// SPDX-License-Identifier: Apache-2.0
// Our models of Gowin's flip-flops. Written from Gowin UG288: E has an enable, R and S a synchronous
// reset to 0 and to 1 that goes before it, C and P an asynchronous one. Each begins with the value
// that its reset gives, a plain one with 0.
module DFF (input D, CLK, output reg Q);
    initial Q = 0;
    always @(posedge CLK) Q <= D;
endmodule

module DFFE (input D, CLK, CE, output reg Q);
    initial Q = 0;
    always @(posedge CLK) if (CE) Q <= D;
endmodule

module DFFS (input D, CLK, SET, output reg Q);
    initial Q = 1;
    always @(posedge CLK) if (SET) Q <= 1; else Q <= D;
endmodule

module DFFSE (input D, CLK, CE, SET, output reg Q);
    initial Q = 1;
    always @(posedge CLK) if (SET) Q <= 1; else if (CE) Q <= D;
endmodule

module DFFR (input D, CLK, RESET, output reg Q);
    initial Q = 0;
    always @(posedge CLK) if (RESET) Q <= 0; else Q <= D;
endmodule

module DFFRE (input D, CLK, CE, RESET, output reg Q);
    initial Q = 0;
    always @(posedge CLK) if (RESET) Q <= 0; else if (CE) Q <= D;
endmodule

module DFFP (input D, CLK, PRESET, output reg Q);
    initial Q = 1;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= 1; else Q <= D;
endmodule

module DFFPE (input D, CLK, CE, PRESET, output reg Q);
    initial Q = 1;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= 1; else if (CE) Q <= D;
endmodule

module DFFC (input D, CLK, CLEAR, output reg Q);
    initial Q = 0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 0; else Q <= D;
endmodule

module DFFCE (input D, CLK, CE, CLEAR, output reg Q);
    initial Q = 0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 0; else if (CE) Q <= D;
endmodule
