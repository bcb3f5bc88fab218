// SPDX-License-Identifier: Apache-2.0
// Our model of the ECP5's DP16KD, for the modes that hw/ecp5/block_ram.py and Yosys use; any other
// mode stops the simulation. Written from Lattice FPGA-TN-02204, "True Dual-Port RAM" and "Pseudo
// Dual-Port RAM" (ports, attributes, and which address bits a width uses): 2048 words of 9 bits, row
// addresses on AD3 to AD13; 1024 of 18, on AD4 to AD13, byte enables of a port that writes on AD0
// and AD1; 512 of 36, on AD5 to AD13, where port A writes DIB:DIA, byte enables on ADA0 to ADA3, and
// port B reads DOB:DOA. CE enables a port, OCE its output register (REGMODE "OUTREG"); in WRITEMODE
// "NORMAL" a port that writes leaves its output as it is, in "READBEFOREWRITE" it reads the word
// before. What a port reads in the cycle in which the other one writes it is not defined: garbage
// here. An INITVAL holds 16 words of 18 bits, each in the lower 18 of 20 bits.
module DP16KD #(
    parameter [319:0] INITVAL_00 = 0,
    parameter [319:0] INITVAL_01 = 0,
    parameter [319:0] INITVAL_02 = 0,
    parameter [319:0] INITVAL_03 = 0,
    parameter [319:0] INITVAL_04 = 0,
    parameter [319:0] INITVAL_05 = 0,
    parameter [319:0] INITVAL_06 = 0,
    parameter [319:0] INITVAL_07 = 0,
    parameter [319:0] INITVAL_08 = 0,
    parameter [319:0] INITVAL_09 = 0,
    parameter [319:0] INITVAL_0A = 0,
    parameter [319:0] INITVAL_0B = 0,
    parameter [319:0] INITVAL_0C = 0,
    parameter [319:0] INITVAL_0D = 0,
    parameter [319:0] INITVAL_0E = 0,
    parameter [319:0] INITVAL_0F = 0,
    parameter [319:0] INITVAL_10 = 0,
    parameter [319:0] INITVAL_11 = 0,
    parameter [319:0] INITVAL_12 = 0,
    parameter [319:0] INITVAL_13 = 0,
    parameter [319:0] INITVAL_14 = 0,
    parameter [319:0] INITVAL_15 = 0,
    parameter [319:0] INITVAL_16 = 0,
    parameter [319:0] INITVAL_17 = 0,
    parameter [319:0] INITVAL_18 = 0,
    parameter [319:0] INITVAL_19 = 0,
    parameter [319:0] INITVAL_1A = 0,
    parameter [319:0] INITVAL_1B = 0,
    parameter [319:0] INITVAL_1C = 0,
    parameter [319:0] INITVAL_1D = 0,
    parameter [319:0] INITVAL_1E = 0,
    parameter [319:0] INITVAL_1F = 0,
    parameter [319:0] INITVAL_20 = 0,
    parameter [319:0] INITVAL_21 = 0,
    parameter [319:0] INITVAL_22 = 0,
    parameter [319:0] INITVAL_23 = 0,
    parameter [319:0] INITVAL_24 = 0,
    parameter [319:0] INITVAL_25 = 0,
    parameter [319:0] INITVAL_26 = 0,
    parameter [319:0] INITVAL_27 = 0,
    parameter [319:0] INITVAL_28 = 0,
    parameter [319:0] INITVAL_29 = 0,
    parameter [319:0] INITVAL_2A = 0,
    parameter [319:0] INITVAL_2B = 0,
    parameter [319:0] INITVAL_2C = 0,
    parameter [319:0] INITVAL_2D = 0,
    parameter [319:0] INITVAL_2E = 0,
    parameter [319:0] INITVAL_2F = 0,
    parameter [319:0] INITVAL_30 = 0,
    parameter [319:0] INITVAL_31 = 0,
    parameter [319:0] INITVAL_32 = 0,
    parameter [319:0] INITVAL_33 = 0,
    parameter [319:0] INITVAL_34 = 0,
    parameter [319:0] INITVAL_35 = 0,
    parameter [319:0] INITVAL_36 = 0,
    parameter [319:0] INITVAL_37 = 0,
    parameter [319:0] INITVAL_38 = 0,
    parameter [319:0] INITVAL_39 = 0,
    parameter [319:0] INITVAL_3A = 0,
    parameter [319:0] INITVAL_3B = 0,
    parameter [319:0] INITVAL_3C = 0,
    parameter [319:0] INITVAL_3D = 0,
    parameter [319:0] INITVAL_3E = 0,
    parameter [319:0] INITVAL_3F = 0,
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter GSR = "ENABLED"
) (
    input CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
    input CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    localparam [64 * 320 - 1:0] INITIAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C,
        INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
        INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C,
        INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14,
        INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
        INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
        INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    reg [17:0] words [0:1023];
    reg [17:0] latch_a, latch_b, register_a, register_b;

    // Everything in words of 18 bits: the row, which of its halves, and for 36 bits the row behind.
    wire [9:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4};
    wire [9:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4};
    wire [9:0] row_a = DATA_WIDTH_A == 36 ? address_a & ~10'd1 : address_a;
    wire [9:0] row_b = DATA_WIDTH_B == 36 ? address_b & ~10'd1 : address_b;
    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                        DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                        DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [8:0] nine_a = words[row_a] >> (ADA3 ? 9 : 0);
    wire [8:0] nine_b = words[row_b] >> (ADB3 ? 9 : 0);
    wire [17:0] out_a = DATA_WIDTH_A == 9 ? {9'd0, nine_a} : words[row_a];
    wire [17:0] out_b = DATA_WIDTH_B == 9 ? {9'd0, nine_b} : words[row_b];
    wire clash = CEA & CEB & (WEA | WEB) & row_a == row_b
        & (DATA_WIDTH_A != 9 | DATA_WIDTH_B != 9 | ADA3 == ADB3);

    always @(posedge CLKA) begin
        if (CEA & WEA) begin
            if (DATA_WIDTH_A == 9) begin
                if (ADA3) words[row_a][17:9] <= in_a[8:0];
                else words[row_a][8:0] <= in_a[8:0];
            end else begin
                if (ADA0) words[row_a][8:0] <= in_a[8:0];
                if (ADA1) words[row_a][17:9] <= in_a[17:9];
                if (DATA_WIDTH_A == 36 & ADA2) words[row_a + 10'd1][8:0] <= in_b[8:0];
                if (DATA_WIDTH_A == 36 & ADA3) words[row_a + 10'd1][17:9] <= in_b[17:9];
            end
        end
        if (DATA_WIDTH_A != 36 & CEA & (~WEA | WRITEMODE_A == "READBEFOREWRITE"))
            latch_a <= clash ? ~out_a : out_a;
        if (DATA_WIDTH_B == 36 & CEB) latch_a <= clash ? ~words[row_b] : words[row_b];
        if (OCEA) register_a <= latch_a;
    end

    always @(posedge CLKB) begin
        if (CEB & WEB) begin
            if (DATA_WIDTH_B == 9) begin
                if (ADB3) words[row_b][17:9] <= in_b[8:0];
                else words[row_b][8:0] <= in_b[8:0];
            end else begin
                if (ADB0) words[row_b][8:0] <= in_b[8:0];
                if (ADB1) words[row_b][17:9] <= in_b[17:9];
            end
        end
        if (DATA_WIDTH_B != 36 & CEB & (~WEB | WRITEMODE_B == "READBEFOREWRITE"))
            latch_b <= clash ? ~out_b : out_b;
        if (DATA_WIDTH_B == 36 & CEB)
            latch_b <= clash ? ~words[row_b + 10'd1] : words[row_b + 10'd1];
        if (OCEB) register_b <= latch_b;
    end

    always @(posedge CLKA)
        if (RSTA | RSTB | CSA2 | CSA1 | CSA0 | CSB2 | CSB1 | CSB0) begin
            $display("DP16KD: a reset or chip select is in use, which this model lacks");
            $fatal;
        end

    integer n;
    initial begin
        for (n = 0; n < 1024; n = n + 1) words[n] = INITIAL[n / 16 * 320 + n % 16 * 20 +: 18];
        if ((DATA_WIDTH_A != 9 && DATA_WIDTH_A != 18 && DATA_WIDTH_A != 36)
            || (DATA_WIDTH_B != 9 && DATA_WIDTH_B != 18 && DATA_WIDTH_B != 36)
            || (DATA_WIDTH_B == 36 && DATA_WIDTH_A != 36) || CLKAMUX != "CLKA" || CLKBMUX != "CLKB"
            || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
            || (WRITEMODE_A != "NORMAL" && WRITEMODE_A != "READBEFOREWRITE")
            || (WRITEMODE_B != "NORMAL" && WRITEMODE_B != "READBEFOREWRITE")) begin
            $display("DP16KD: an attribute has a value that this model lacks");
            $fatal;
        end
    end

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} =
        REGMODE_A == "OUTREG" ? register_a : latch_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} =
        REGMODE_B == "OUTREG" ? register_b : latch_b;
endmodule
