// SPDX-License-Identifier: Apache-2.0
// Our models of Gowin's pads, an input and an output that is always on; an output that is let go
// stops the simulation. Written from Gowin UG289, the guide of the programmable I/O.
module IBUF (input I, output O);
    assign O = I;
endmodule

module TBUF (input I, OEN, output O);
    assign O = I;
    always @(posedge OEN) begin
        $display("TBUF: an output is let go, which this model lacks");
        $fatal;
    end
endmodule
