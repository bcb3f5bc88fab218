// SPDX-License-Identifier: Apache-2.0
// Our model of a serial NOR flash at its pins, for who reads it in SPI mode 0 by one lane. Commands
// are those that JEDEC chips of every maker share; each parameter is called as Winbond's datasheet
// (W25Q128JV) calls it, is in ps, and is as slow as in any of W25Q128JV, IS25LP128F, MX25L12833F
// and GD25Q64C. The model stops the simulation at whatever those forbid. With STOP 0 it goes on, and
// `violation` keeps the number of the first rule that was broken, until a clock with `forget`.
//
// Time is the number of clocks at `tick` times CLOCK. A bit that goes out is garbage for LATE clocks
// behind the falling edge that asks for it, as wires and buffers and the chip itself delay it.
//
// What the file of the plus argument `flash` holds lies at PLACE; all else is erased. It can be read
// (03, and 0B with eight clocks between), woken (AB) and asked for its id (9F).
module flash #(
    parameter ADDRESS_BITS = 24,
    parameter PLACE = 0,
    parameter ASLEEP = 1,            // until it is woken
    parameter STOP = 1,
    parameter CLOCK = 8000,
    parameter LATE = 1,              // clocks
    parameter fR = 30303,            // the shortest period at `clk` for READ, 33 MHz
    parameter fC = 9615,             // and for all else, 104 MHz
    parameter tSLCH = 10000,         // from the selection to the first rising edge
    parameter tCHSH = 5000,          // from the last one to the end of the selection
    parameter tSHSL = 100000,        // between two selections
    parameter tDVCH = 5000,          // for which data hold before a rising edge
    parameter tCHDX = 5000,          // and behind it
    parameter tRES1 = 30000000       // from the end of AB to the next command
) (
    input cs_n, clk, copi, tick, forget,
    output cipo,
    output reg [7:0] violation
);
    initial violation = 0;

    task broken(input [7:0] number, input string rule);
        if (violation == 0) begin
            violation = number;
            $display("FLASH: %s", rule);
            if (STOP) $fatal;
        end
    endtask

    reg [7:0] cells [0:(1 << ADDRESS_BITS)-1];
    string name;
    integer n, file;
    initial begin
        for (n = 0; n < 1 << ADDRESS_BITS; n = n + 1) cells[n] = 8'hff;
        if ($value$plusargs("flash=%s", name)) begin
            file = $fopen(name, "rb");
            if (file == 0) begin
                $display("FLASH: there is no file %s", name);
                $fatal;
            end
            n = $fread(cells, file, PLACE);
            $fclose(file);
        end
    end

    localparam longint NEVER = -64'd1000000000;
    longint now = 0;                 // clocks
    longint selected = NEVER, released = NEVER, rose = NEVER, changed = NEVER, asked = NEVER;
    longint woken = ASLEEP ? 64'd0 : NEVER;
    reg asleep = ASLEEP;
    always @(posedge tick) begin
        now = now + 1;
        if (forget) violation = 0;
    end

    function early(input longint mark, input longint time_ps);
        early = (now - mark) * CLOCK < time_ps;
    endfunction

    localparam READ = 8'h03, FAST_READ = 8'h0b, WAKE = 8'hab, ID = 8'h9f;
    localparam [23:0] IDENTITY = 24'hef4018;
    integer bits = 0;                // of the command, since the selection
    reg [7:0] command = 0;
    reg [ADDRESS_BITS-1:0] address = 0;
    reg bit_out = 1;

    always @(copi) begin
        changed = now;
        if (!cs_n && clk && early(rose, tCHDX)) broken(1, "tCHDX: data changed behind the edge");
    end

    always @(negedge cs_n) begin
        if (early(released, tSHSL)) broken(2, "tSHSL: selected again too early");
        selected = now;
        bits = 0;
    end

    always @(posedge cs_n) begin
        if (early(rose, tCHSH)) broken(3, "tCHSH: released too early");
        if (bits == 8 && command == WAKE) begin
            if (asleep) woken = now;
            asleep = 0;
        end
        released = now;
        bit_out = 1;
    end

    always @(posedge clk) begin
        if (!cs_n) begin
            if (bits == 0 && early(selected, tSLCH)) broken(4, "tSLCH: a clock too early");
            if (bits > 0 && early(rose, bits >= 8 && command == READ ? fR : fC))
                broken(5, "fR, fC: the clock is too fast");
            if (bits < 32 && early(changed, tDVCH))
                broken(6, "tDVCH: data changed before the edge");
            if (bits < 8) command = {command[6:0], copi};
            else if (bits < 32) address = {address[ADDRESS_BITS-2:0], copi};
            bits = bits + 1;
            if (bits == 8) begin
                if (asleep && command != WAKE) broken(7, "a command while it sleeps");
                if (early(woken, tRES1) && command != WAKE) broken(8, "tRES1: a command too early");
                if (command != READ && command != FAST_READ && command != WAKE && command != ID)
                    broken(9, "a command that has no model");
            end
        end
        rose = now;
    end

    // Which bit of the answer is due behind this edge.
    integer place;
    always @(negedge clk) begin
        if (!cs_n) begin
            place = bits - (command == ID ? 8 : command == FAST_READ ? 40 : 32);
            bit_out = 1;
            if (bits >= 8 && place >= 0) begin
                if (command == ID) bit_out = IDENTITY[23 - place % 24];
                if (command == READ || command == FAST_READ)
                    bit_out = cells[address + place / 8][7 - place % 8];
            end
            asked = now;
        end
    end

    assign cipo = early(asked, LATE * CLOCK) ? ~bit_out : bit_out;
endmodule
