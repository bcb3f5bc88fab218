// SPDX-License-Identifier: Apache-2.0
// Our model of a single data rate SDRAM at its pins, written from the datasheets that
// sim/chips/sdram.py names. A parameter is called as the datasheets call it and is in ps, but for
// those that count clocks. The model stops the simulation at whatever a datasheet forbids. With
// STOP 0 it goes on, and `violation` keeps the number of the first rule that was broken, until a
// clock edge with `forget`.
//
// A data pin is three signals here: `dq_in` and `dq_drive` come from the master, and
// `dq_out` and `dq_driven` go to it. Time is the number of clocks at `clk` times tCK.
//
// With WINDOW 1 `tick` has ten edges a clock, none of them together with one of `clk`. Data are
// then valid from tAC after the clock edge to tOH after the next one, rounded to the worse tenth,
// and garbage outside. `late` moves that window by tenths, as wires and buffers do, and `narrow`
// cuts tenths off its beginning. Setup and hold of the inputs (tIS, tIH) are watched, too. With
// WINDOW 0 data are valid for the whole clock, and `tick`, `late` and `narrow` do nothing.
//
// Bursts have one word; a mode that says otherwise stops the simulation, and so do power-down, self
// refresh and precharge by a read or a write.
module sdram #(
    parameter WIDTH = 16,
    parameter BANK_BITS = 2,
    parameter ROW_BITS = 13,
    parameter COLUMN_BITS = 9,
    parameter ADDRESS_BITS = 13,     // pins
    parameter STOP = 1,
    parameter WINDOW = 0,
    parameter CLOCK = 8000,          // the period at `clk`
    parameter tCK3 = 7000,           // the shortest period at CAS latency 3, and at 2
    parameter tCK2 = 10000,
    parameter tAC = 5400,
    parameter tOH = 2500,
    parameter tHZ = 5400,
    parameter tIS = 1500,
    parameter tIH = 800,
    parameter tRCD = 15000,
    parameter tRP = 15000,
    parameter tRAS = 42000,
    parameter tRAS_MAX = 100000000,
    parameter tRC = 60000,
    parameter tRFC = 60000,
    parameter tRRD = 14000,
    parameter tWR = 14000,
    parameter tMRD = 2,              // clocks
    parameter PAUSE = 200000000,     // from power-up to the first command
    parameter STARTUP_REFRESHES = 8, // before the mode is set
    parameter [63:0] tREF = 64000000000, // in which each row is refreshed once
    parameter REFRESHES = 8192       // that go round all rows
) (
    input clk, cke, cs_n, ras_n, cas_n, we_n,
    input [BANK_BITS-1:0] ba,
    input [ADDRESS_BITS-1:0] a,
    input [WIDTH/8-1:0] dqm,
    input [WIDTH-1:0] dq_in,
    input dq_drive,
    output reg [WIDTH-1:0] dq_out,
    output reg dq_driven,
    input tick, forget,
    input [4:0] late,
    input [3:0] narrow,
    // A bench flips the bits `flip_mask` of a stored word at a clock edge with `flip`.
    input flip,
    input [BANK_BITS+ROW_BITS+COLUMN_BITS-1:0] flip_address,
    input [WIDTH-1:0] flip_mask,
    output reg [7:0] violation
);
    localparam BANKS = 1 << BANK_BITS;

    initial violation = 0;

    task broken(input [7:0] number, input string rule);
        if (violation == 0) begin
            violation = number;
            $display("SDRAM: %s", rule);
            if (STOP) $fatal;
        end
    endtask

    reg [WIDTH-1:0] words [0:(1 << BANK_BITS + ROW_BITS + COLUMN_BITS)-1];
    longint now = 0;                 // clocks

    // What each bank does, and since when. NEVER is long ago.
    localparam longint NEVER = -64'd1000000;
    reg [BANKS-1:0] open = 0;
    reg [ROW_BITS-1:0] row [0:BANKS-1];
    longint activated [0:BANKS-1], precharged [0:BANKS-1], written [0:BANKS-1];
    longint any_activated = NEVER, refreshed = NEVER, mode_set = NEVER;
    integer n;
    initial
        for (n = 0; n < BANKS; n = n + 1) begin
            activated[n] = NEVER;
            precharged[n] = NEVER;
            written[n] = NEVER;
        end

    // The start-up.
    reg all_precharged = 0, ready = 0;
    integer refreshes = 0;
    reg [1:0] latency = 0;           // CAS latency

    // The row that waits longest is the next to be refreshed.
    longint row_refreshed [0:REFRESHES-1];
    longint since = 0;
    integer next_row = 0;
    initial for (n = 0; n < REFRESHES; n = n + 1) row_refreshed[n] = NEVER;

    function early(input longint mark, input longint time_ps);
        early = (now - mark) * CLOCK < time_ps;
    endfunction

    // Reads on their way: a word is launched a clock before it is due, which is as many clocks
    // behind the command as the CAS latency says.
    reg [WIDTH-1:0] coming [0:1];
    reg [1:0] comes = 0;
    reg [WIDTH-1:0] current, previous;
    reg drives = 0, drove = 0;
    reg [WIDTH/8-1:0] masked = 0;    // DQM of the clock before: its latency is 2 for reads
    reg launches = 0;

    wire [BANK_BITS+ROW_BITS+COLUMN_BITS-1:0] place = {row[ba], ba, a[COLUMN_BITS-1:0]};
    wire [2:0] command = {ras_n, cas_n, we_n};
    localparam MODE = 3'b000, REFRESH = 3'b001, PRECHARGE = 3'b010, ACTIVATE = 3'b011;
    localparam WRITE = 3'b100, READ = 3'b101, STOP_BURST = 3'b110, NOTHING = 3'b111;
    wire selected = cke & ~cs_n & command != NOTHING;
    wire reads = selected & command == READ;

    task precharge(input integer bank);
        begin
            if (early(activated[bank], tRAS)) broken(1, "tRAS: precharged too early");
            if (early(written[bank], tWR)) broken(2, "tWR: precharged too early after a write");
            if (open[bank]) precharged[bank] = now;
            open[bank] = 0;
        end
    endtask

    task check_column;
        begin
            if (!ready) broken(3, "start-up: data before the mode is set");
            if (!open[ba]) broken(4, "a read or write of a closed row");
            if (early(activated[ba], tRCD)) broken(5, "tRCD: a read or write too early");
            if (a[10]) broken(6, "precharge by a read or write: no model");
        end
    endtask

    integer k;
    always @(posedge clk) begin
        now = now + 1;
        if (forget) violation = 0;
        if (flip) words[flip_address] = words[flip_address] ^ flip_mask;

        if (ready & ~cke) broken(7, "CKE: power-down and self refresh have no model");
        if (selected & now * CLOCK < PAUSE) broken(8, "start-up: a command before the pause ends");
        if (selected & early(mode_set, tMRD * CLOCK)) broken(9, "tMRD: a command too early");
        if (selected & early(refreshed, tRFC)) broken(10, "tRFC: a command too early");
        if (ready & (now - (row_refreshed[next_row] > since ? row_refreshed[next_row] : since))
                    * CLOCK > tREF)
            broken(11, "tREF: a row has not been refreshed in time");
        for (k = 0; k < BANKS; k = k + 1)
            if (open[k] && !early(activated[k], tRAS_MAX + 1))
                broken(12, "tRAS: a row is open for too long");

        previous <= current;
        drove <= drives;
        current <= coming[latency == 3];
        drives <= comes[latency == 3];
        coming[0] <= words[place];
        coming[1] <= coming[0];
        comes <= {comes[0], reads};
        masked <= dqm;
        launches <= ~launches;

        if (selected)
            case (command)
                MODE: begin
                    if (open != 0) broken(13, "mode: a row is open");
                    for (k = 0; k < BANKS; k = k + 1)
                        if (early(precharged[k], tRP)) broken(14, "tRP: mode too early");
                    if (!all_precharged) broken(15, "start-up: mode before a precharge");
                    if (refreshes < STARTUP_REFRESHES) broken(16, "start-up: too few refreshes");
                    if (a[3:0] != 0 || a[ADDRESS_BITS-1:7] != 0)
                        broken(17, "mode: bursts and others than one word have no model");
                    if (a[6:4] != 2 && a[6:4] != 3) broken(18, "mode: a CAS latency of 2 or 3");
                    if (CLOCK < (a[6:4] == 3 ? tCK3 : tCK2)) broken(19, "tCK: the clock is too fast");
                    latency <= a[5:4];
                    mode_set = now;
                    if (!ready) since = now;
                    ready = 1;
                end
                REFRESH: begin
                    if (open != 0) broken(20, "refresh: a row is open");
                    if (!all_precharged) broken(21, "start-up: refresh before a precharge");
                    for (k = 0; k < BANKS; k = k + 1)
                        if (early(precharged[k], tRP)) broken(22, "tRP: refresh too early");
                    refreshed = now;
                    refreshes = refreshes + 1;
                    row_refreshed[next_row] = now;
                    next_row = next_row == REFRESHES - 1 ? 0 : next_row + 1;
                end
                PRECHARGE:
                    if (a[10]) begin
                        for (k = 0; k < BANKS; k = k + 1) precharge(k);
                        all_precharged = 1;
                    end else precharge(ba);
                ACTIVATE: begin
                    if (!ready) broken(23, "start-up: a row before the mode is set");
                    if (open[ba]) broken(24, "a row is opened while one is open");
                    if (early(precharged[ba], tRP)) broken(25, "tRP: a row is opened too early");
                    if (early(activated[ba], tRC)) broken(26, "tRC: a row is opened too early");
                    if (early(any_activated, tRRD)) broken(27, "tRRD: a row is opened too early");
                    open[ba] = 1;
                    row[ba] = a[ROW_BITS-1:0];
                    activated[ba] = now;
                    any_activated = now;
                end
                READ: check_column;
                WRITE: begin
                    check_column;
                    if (!dq_drive) broken(28, "a write without data at the pins");
                    written[ba] = now;
                    for (k = 0; k < WIDTH / 8; k = k + 1)
                        if (!dqm[k]) words[place][8*k +: 8] = dq_in[8*k +: 8];
                end
                default: broken(29, "burst stop has no model");
            endcase

        // The chip drives the pins until tHZ after the edge at which its word is due.
        if (dq_drive & (drives | drove)) broken(30, "both sides drive the data pins");
    end

    // The pins. A byte that DQM masks is not driven: garbage to who looks.
    function [WIDTH-1:0] spread(input [WIDTH/8-1:0] bytes);
        for (k = 0; k < WIDTH / 8; k = k + 1) spread[8*k +: 8] = {8{bytes[k]}};
    endfunction

    reg [31:0] noise = 32'h2545f491;
    wire [WIDTH-1:0] garbage = noise[WIDTH-1:0];
    reg [WIDTH-1:0] hidden, was_hidden;
    always @(posedge clk) begin
        hidden <= spread(masked);
        was_hidden <= hidden;
    end
    generate
        if (WINDOW) begin : window
            // Tenths of a clock, each rounded so that the window is the narrower one.
            localparam AC = (tAC * 10 + CLOCK - 1) / CLOCK, OH = tOH * 10 / CLOCK;
            localparam HZ = (tHZ * 10 + CLOCK - 1) / CLOCK;
            localparam IS = (tIS * 10 + CLOCK - 1) / CLOCK, IH = (tIH * 10 + CLOCK - 1) / CLOCK;
            reg seen = 0;
            reg [4:0] age = 31;      // tenths since the last clock edge
            reg [WIDTH-1:0] line [0:31];
            reg [31:0] driven_line = 0;
            wire [4:0] reached = launches != seen ? 0 : age == 31 ? 31 : age + 1;
            wire [4:0] from = AC + narrow; // beyond 10 the rest of the window begins later, too
            wire [WIDTH-1:0] at_pins =
                reached >= from & drives ? current & ~hidden | garbage & hidden
                : reached < OH & reached + 10 >= from & drove ? previous & ~was_hidden | garbage & was_hidden
                : garbage;
            always @(posedge tick) begin
                seen <= launches;
                age <= reached;
                noise <= {noise[30:0], noise[31] ^ noise[21] ^ noise[1] ^ noise[0]};
                line[0] <= at_pins;
                driven_line <= {driven_line[30:0], drives | drove};
                for (n = 1; n < 32; n = n + 1) line[n] <= line[n-1];
                if (dq_drive & (drives | reached < HZ & drove))
                    broken(30, "both sides drive the data pins");
            end
            always @* begin
                dq_out = line[late];
                dq_driven = driven_line[late];
            end

            wire [ADDRESS_BITS+BANK_BITS+WIDTH/8+4:0] inputs = {cke, cs_n, command, ba, a, dqm};
            reg [ADDRESS_BITS+BANK_BITS+WIDTH/8+4:0] inputs_before;
            reg [WIDTH-1:0] data_before;
            reg [4:0] steady = 0, data_steady = 0; // tenths without a change
            reg writes = 0;          // at the last clock edge
            always @(posedge clk) begin
                if (steady < IS) broken(31, "tIS: an input changed before the clock edge");
                if (selected & command == WRITE & data_steady < IS)
                    broken(33, "tIS: data changed before the clock edge");
                writes <= selected & command == WRITE;
            end
            always @(posedge tick) begin
                inputs_before <= inputs;
                data_before <= dq_in;
                steady <= inputs != inputs_before ? 0 : steady == 31 ? 31 : steady + 1;
                data_steady <= dq_in != data_before ? 0 : data_steady == 31 ? 31 : data_steady + 1;
                if (reached <= IH & inputs != inputs_before & now > 1)
                    broken(32, "tIH: an input changed after the clock edge");
                if (reached <= IH & writes & dq_in != data_before)
                    broken(34, "tIH: data changed after the clock edge");
            end
        end else begin : whole
            always @* begin
                dq_driven = drives;
                dq_out = drives ? current & ~hidden | garbage & hidden : garbage;
            end
            always @(posedge clk)
                noise <= {noise[30:0], noise[31] ^ noise[21] ^ noise[1] ^ noise[0]};
        end
    endgenerate
endmodule
