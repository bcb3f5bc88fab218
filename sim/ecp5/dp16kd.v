// SPDX-License-Identifier: Apache-2.0
// Our model of the ECP5's DP16KD, for the modes that hw/ecp5/ and Yosys use; any other mode stops
// the simulation. Written from Lattice FPGA-TN-02204 (the memory guide: true dual-port RAM, pseudo
// dual-port RAM, their ports and attributes):
// - 16 x 1024 bits and a ninth bit to each byte, which widths below 9 leave out. A port of 9 bits
//   finds its word at AD13 to AD3, narrower ones use AD2 to AD0 too; in a word of 18 bits AD0 and
//   AD1, in one of 36 AD0 to AD3 enable the bytes to be written.
// - 36 bits take the data pins of both ports, A's the lower half: port A writes, port B reads.
// - CE enables a port, OCE its output register (REGMODE "OUTREG").
// - A port that writes leaves its output as it is in WRITEMODE "NORMAL", reads the word before in
//   "READBEFOREWRITE", and after it in "WRITETHROUGH".
// What a port reads in the cycle in which the other one writes it, one byte or more, is not defined:
// garbage here.
// Two ports that write one word stop the simulation.
// An INITVAL holds 16 words of 18 bits, each in the lower bits of 20.
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
    localparam LOW_A = DATA_WIDTH_A == 36 ? 5 : DATA_WIDTH_A == 18 ? 4 : DATA_WIDTH_A == 9 ? 3
                       : DATA_WIDTH_A == 4 ? 2 : DATA_WIDTH_A == 2 ? 1 : 0;  // bits below the word
    localparam LOW_B = DATA_WIDTH_B == 36 ? 5 : DATA_WIDTH_B == 18 ? 4 : DATA_WIDTH_B == 9 ? 3
                       : DATA_WIDTH_B == 4 ? 2 : DATA_WIDTH_B == 2 ? 1 : 0;
    localparam LOW = LOW_A > LOW_B ? LOW_A : LOW_B;

    reg [17:0] words [0:1023];
    reg [35:0] latch_a, latch_b, register_a, register_b;

    wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7,
                        ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7,
                        ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                        DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                        DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};

    // The place of a port's word of up to 9 bits in a row of 18.
    function [4:0] place(input integer width, input [13:0] ad);
        case (width)
            9: place = 9 * ad[3];
            4: place = 9 * ad[3] + 4 * ad[2];
            2: place = 9 * ad[3] + 2 * ad[2:1];
            1: place = 9 * ad[3] + ad[2:0];
            default: place = 0;
        endcase
    endfunction

    function [17:0] mask(input integer width, input [13:0] ad);
        mask = width >= 18 ? {{9{ad[1]}}, {9{ad[0]}}}
               : (18'd1 << width) - 18'd1 << place(width, ad);
    endfunction

    function [35:0] read(input integer width, input [13:0] ad, input [35:0] rows);
        read = width == 36 ? rows
               : width == 18 ? rows[17:0]
               : rows[17:0] >> place(width, ad) & (36'd1 << width) - 36'd1;
    endfunction

    wire [9:0] row_a = DATA_WIDTH_A == 36 ? {ad_a[13:5], 1'b0} : ad_a[13:4];
    wire [9:0] row_b = DATA_WIDTH_B == 36 ? {ad_b[13:5], 1'b0} : ad_b[13:4];
    wire [35:0] old_a = {words[row_a | 10'd1], words[row_a]};
    wire [35:0] old_b = {words[row_b | 10'd1], words[row_b]};
    wire [17:0] mask_a = mask(DATA_WIDTH_A, ad_a);
    wire [17:0] mask_b = mask(DATA_WIDTH_B, ad_b);
    wire [17:0] new_a = old_a[17:0] & ~mask_a | in_a << place(DATA_WIDTH_A, ad_a) & mask_a;
    wire [17:0] new_b = old_b[17:0] & ~mask_b | in_b << place(DATA_WIDTH_B, ad_b) & mask_b;
    wire writes_a = CEA & WEA & (DATA_WIDTH_A < 18 | ad_a[0] | ad_a[1]
                                 | DATA_WIDTH_A == 36 & (ad_a[2] | ad_a[3]));
    wire writes_b = CEB & WEB & (DATA_WIDTH_B < 18 | ad_b[0] | ad_b[1]);
    wire same = ad_a >> LOW == ad_b >> LOW;

    always @(posedge CLKA) begin
        if (writes_a) begin
            words[row_a] <= new_a;
            if (DATA_WIDTH_A == 36)
                words[row_a | 10'd1] <= {ad_a[3] ? in_b[17:9] : old_a[35:27],
                                         ad_a[2] ? in_b[8:0] : old_a[26:18]};
        end
        if (CEA & (~WEA | WRITEMODE_A != "NORMAL"))
            latch_a <= read(DATA_WIDTH_A, ad_a, WEA & WRITEMODE_A == "WRITETHROUGH" ? new_a : old_a)
                       ^ {36{same & writes_b}};
        if (OCEA) register_a <= latch_a;
        if (RSTA | RSTB | CSA2 | CSA1 | CSA0 | CSB2 | CSB1 | CSB0) begin
            $display("DP16KD: a reset or chip select is in use, which this model lacks");
            $fatal;
        end
        if (same & writes_a & writes_b) begin
            $display("DP16KD: two ports write one word");
            $fatal;
        end
    end

    always @(posedge CLKB) begin
        if (writes_b) words[row_b] <= new_b;
        if (writes_b & DATA_WIDTH_B == 36) begin
            $display("DP16KD: port B writes 36 bits, which this model lacks");
            $fatal;
        end
        if (CEB & (~WEB | WRITEMODE_B != "NORMAL"))
            latch_b <= read(DATA_WIDTH_B, ad_b, WEB & WRITEMODE_B == "WRITETHROUGH" ? new_b : old_b)
                       ^ {36{same & writes_a}};
        if (OCEB) register_b <= latch_b;
        if (DATA_WIDTH_B == 36 & REGMODE_B == "OUTREG" & OCEA != OCEB) begin
            $display("DP16KD: one half of a 36-bit output is enabled, which this model lacks");
            $fatal;
        end
    end

    function known(input integer width);
        known = width == 36 || width == 18 || width == 9 || width == 4 || width == 2 || width == 1;
    endfunction

    integer n;
    initial begin
        for (n = 0; n < 1024; n = n + 1) words[n] = INITIAL[n / 16 * 320 + n % 16 * 20 +: 18];
        if (!known(DATA_WIDTH_A) || !known(DATA_WIDTH_B) || CLKAMUX != "CLKA" || CLKBMUX != "CLKB"
            || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
            || (REGMODE_A != "NOREG" && REGMODE_A != "OUTREG")
            || (REGMODE_B != "NOREG" && REGMODE_B != "OUTREG")
            || (DATA_WIDTH_B == 36 && REGMODE_A != REGMODE_B)
            || (WRITEMODE_A != "NORMAL" && WRITEMODE_A != "READBEFOREWRITE"
                && WRITEMODE_A != "WRITETHROUGH")
            || (WRITEMODE_B != "NORMAL" && WRITEMODE_B != "READBEFOREWRITE"
                && WRITEMODE_B != "WRITETHROUGH")) begin
            $display("DP16KD: an attribute has a value that this model lacks");
            $fatal;
        end
    end

    wire [35:0] out_a = REGMODE_A == "OUTREG" ? register_a : latch_a;
    wire [35:0] out_b = REGMODE_B == "OUTREG" ? register_b : latch_b;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} =
        DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} =
        DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
endmodule
