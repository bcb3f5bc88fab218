// SPDX-License-Identifier: Apache-2.0
// Our model of Gowin's SDPB and SDPX9B, for the modes that hw/primitives/gowin/block_ram.py and Yosys
// use; every other mode stops the simulation. Written from Gowin UG285, the guide of the BSRAM (semi
// dual port): 2,048 bytes, of nine bits in SDPX9B; port A writes, port B reads. The words of both have
// one width here. A word of 36 bits begins at address bit 5, and the bits below enable its bytes; one
// of 9 begins at bit 3, narrower ones below. READ_MODE 1 is the output register, whose enable is OCE.
// What port B reads in the cycle in which port A writes that word is not defined: garbage here.
module gowin_sdp #(
    parameter BYTE = 9,
    parameter [2048 * BYTE - 1:0] INITIAL = 0,
    parameter READ_MODE = 0,
    parameter WIDTH = 9,
    parameter KNOWN = 1
) (
    input clk_a, clk_b, ce_a, ce_b, oce, other,
    input [13:0] ad_a, ad_b,
    input [4 * BYTE - 1:0] di,
    output [4 * BYTE - 1:0] q
);
    localparam WIDE = WIDTH == 4 * BYTE;
    localparam LOW = WIDE ? 5 : WIDTH == BYTE ? 3 : WIDTH == 4 ? 2 : WIDTH == 2 ? 1 : 0;

    reg [BYTE - 1:0] bytes [0:2047];
    reg [4 * BYTE - 1:0] latch = 0, register = 0;

    wire [10:0] row_a = WIDE ? {ad_a[13:5], 2'b0} : ad_a[13:3];
    wire [10:0] row_b = WIDE ? {ad_b[13:5], 2'b0} : ad_b[13:3];
    wire [2:0] bit_a = LOW >= 3 ? 0 : ad_a[2:0] >> LOW << LOW;
    wire [2:0] bit_b = LOW >= 3 ? 0 : ad_b[2:0] >> LOW << LOW;
    wire [BYTE - 1:0] mask = (1 << (WIDE ? BYTE : WIDTH)) - 1;
    wire writes = ce_a & (!WIDE | ad_a[3:0] != 0);

    integer lane;
    always @(posedge clk_a) begin
        if (ce_a & !WIDE)
            bytes[row_a] <= bytes[row_a] & ~(mask << bit_a) | (di[BYTE - 1:0] & mask) << bit_a;
        if (ce_a & WIDE)
            for (lane = 0; lane < 4; lane = lane + 1)
                if (ad_a[lane]) bytes[row_a + lane] <= di[lane * BYTE +: BYTE];
        if (other) begin
            $display("SDPB, SDPX9B: a reset or block select is in use, which this model lacks");
            $fatal;
        end
    end

    wire [4 * BYTE - 1:0] word =
        WIDE ? {bytes[row_b + 3], bytes[row_b + 2], bytes[row_b + 1], bytes[row_b]}
        : bytes[row_b] >> bit_b & mask;
    wire [4 * BYTE - 1:0] garbage = {4 * BYTE{writes & ad_a >> LOW == ad_b >> LOW}};

    always @(posedge clk_b) begin
        if (ce_b) latch <= word ^ garbage;
        if (oce) register <= latch;
    end
    assign q = READ_MODE ? register : latch;

    integer n;
    initial begin
        for (n = 0; n < 2048; n = n + 1) bytes[n] = INITIAL[n * BYTE +: BYTE];
        if (!KNOWN || (WIDTH != 4 * BYTE && WIDTH != BYTE && WIDTH != 4 && WIDTH != 2 && WIDTH != 1)) begin
            $display("SDPB, SDPX9B: a parameter has a value that this model lacks");
            $fatal;
        end
    end
endmodule

// The contents of a cell: 64 parameters, of an equal share each, the lowest first.
`define INIT_PARAMETERS(BITS) \
    parameter [BITS - 1:0] \
    INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, \
    INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0, INIT_RAM_08 = 0, INIT_RAM_09 = 0, \
    INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, \
    INIT_RAM_0F = 0, INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, \
    INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0, INIT_RAM_18 = 0, \
    INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, \
    INIT_RAM_1E = 0, INIT_RAM_1F = 0, INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, \
    INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, \
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, \
    INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0, INIT_RAM_30 = 0, INIT_RAM_31 = 0, \
    INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, \
    INIT_RAM_37 = 0, INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, \
    INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0,
`define INIT_WORDS { \
    INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38, \
    INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30, \
    INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, \
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20, \
    INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, \
    INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, \
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08, \
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00 \
    }

module SDPB #(
    `INIT_PARAMETERS(256)
    parameter READ_MODE = 1'b0,
    parameter BIT_WIDTH_0 = 32,
    parameter BIT_WIDTH_1 = 32,
    parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000,
    parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, RESETA, CLKB, CEB, RESETB, OCE,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [31:0] DI,
    output [31:0] DO
);
    localparam [64 * 256 - 1:0] INITIAL = `INIT_WORDS;
    gowin_sdp #(
        .BYTE(8), .INITIAL(INITIAL), .READ_MODE(READ_MODE), .WIDTH(BIT_WIDTH_0),
        .KNOWN(BIT_WIDTH_0 == BIT_WIDTH_1 && BLK_SEL_0 == 0 && BLK_SEL_1 == 0)
    ) memory (
        .clk_a(CLKA), .clk_b(CLKB), .ce_a(CEA), .ce_b(CEB), .oce(OCE), .ad_a(ADA), .ad_b(ADB),
        .di(DI), .q(DO), .other(RESETA | RESETB | BLKSELA != 0 | BLKSELB != 0)
    );
endmodule

module SDPX9B #(
    `INIT_PARAMETERS(288)
    parameter READ_MODE = 1'b0,
    parameter BIT_WIDTH_0 = 36,
    parameter BIT_WIDTH_1 = 36,
    parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000,
    parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, RESETA, CLKB, CEB, RESETB, OCE,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [35:0] DI,
    output [35:0] DO
);
    localparam [64 * 288 - 1:0] INITIAL = `INIT_WORDS;
    gowin_sdp #(
        .BYTE(9), .INITIAL(INITIAL), .READ_MODE(READ_MODE), .WIDTH(BIT_WIDTH_0),
        .KNOWN(BIT_WIDTH_0 == BIT_WIDTH_1 && BLK_SEL_0 == 0 && BLK_SEL_1 == 0)
    ) memory (
        .clk_a(CLKA), .clk_b(CLKB), .ce_a(CEA), .ce_b(CEB), .oce(OCE), .ad_a(ADA), .ad_b(ADB),
        .di(DI), .q(DO), .other(RESETA | RESETB | BLKSELA != 0 | BLKSELB != 0)
    );
endmodule
