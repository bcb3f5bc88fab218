// SPDX-License-Identifier: Apache-2.0
// Our models of the ECP5's pin buffers, one a direction: sim/netlist.py names them so. A buffer of
// both directions has no model, nor has an output that is switched off.
module TRELLIS_IO_INPUT #(parameter DIR = "INPUT") (input B, output O);
    assign O = B;
endmodule

module TRELLIS_IO_OUTPUT #(parameter DIR = "OUTPUT") (input I, T, output B);
    assign B = I;

    always @*
        if (T) begin
            $display("TRELLIS_IO: an output is switched off, which this model lacks");
            $fatal;
        end
endmodule
