# SPDX-License-Identifier: Apache-2.0
"""The block RAM of the sysMEM blocks."""

from functools import reduce
from operator import or_

from amaranth import ClockSignal, Const, Instance, Module, Mux, Signal, Value

from hw.primitives.banks import BLOCK_BITS, LANE, Lanes, banks, block_count
from hw.primitives.delay import delay

WIDTHS = (9, 18, 36)  # of a block's words; narrower ones waste its ninth bits
PORT_BITS = 18  # of one port; a block 36 bits wide writes through one and reads through the other
INIT_WORDS, INIT_STRIDE, INIT_BITS = 16, 20, 320  # 18-bit words of an INITVAL parameter


def blocks(width, depth, lanes=1):
    """Return how many block RAMs :func:`dp16kd` takes."""
    return block_count(banks(Lanes(width, lanes).padded_width, depth, WIDTHS))


def dp16kd(ram):
    """Return a module that makes `ram` of DP16KD with their output registers on.

    Yosys infers the block but not its register: 5.6 ns from clock to output in place of 0.97 ns
    (speed grade 6). Port A writes, port B reads. Behind the blocks of a deep memory there is a
    multiplexer, or an OR where its words have a gap as wide as a block.

    Parameters
    ----------
    ram : hw.primitives.block_ram.BlockRam

    Returns
    -------
    Module
        Drives ``ram.data``.
    """
    m = Module()
    lanes = Lanes(ram.width, ram.lanes)
    cut = banks(lanes.padded_width, ram.depth, WIDTHS)
    lag = int(ram.late)
    init = [lanes.pad_contents(word) for word in ram.init]
    merged = ram.gap and all(bank.words % ram.gap == 0 for bank in cut)
    physical = max(bank.columns * bank.width for bank in cut)
    write_data, lane_en = Signal(physical), Signal(physical // LANE)
    m.d.comb += write_data.eq(lanes.pad(delay(m, ram.write_data, lag)))
    for n in range(len(lane_en)):
        lane = 0 if ram.lanes == 1 else n * LANE // lanes.pitch
        if lane < ram.lanes:
            own = delay(m, ram.write_en, lag)[lane]
            m.d.comb += lane_en[n].eq(1 if ram.lanes == 1 else own)

    chosen, data = [], []
    for n, bank in enumerate(cut):
        # Banks are whole but the last, and none is shorter than one behind it.
        row_bits = (bank.words - 1).bit_length()
        place = bank.start >> row_bits
        row, write_row = ram.address[:row_bits], delay(m, ram.write_address[:row_bits], lag)
        chosen.append(ram.address[row_bits:] == place)
        if merged:
            row = row | (~chosen[n]).replicate(row_bits)
        row = delay(m, row, ram.read_lag)
        written = Signal(name=f"write_en_{n}")
        m.d.comb += written.eq(
            ram.write_en.any() & (ram.write_address[row_bits:] == place) & ~Value.cast(ram.dropped)
        )
        write_en = delay(m, written, lag)
        words = init[bank.start : bank.start + bank.words]
        data.append(Signal(bank.columns * bank.width, name=f"data_{n}"))
        for column in range(bank.columns):
            low = column * bank.width
            bits = slice(low, low + bank.width)
            m.submodules[f"block_{n}_{column}"] = _block(
                bank.width,
                [word >> low & (1 << bank.width) - 1 for word in words],
                row=row,
                data=data[n][bits],
                write_en=write_en,
                lane_en=lane_en[low // LANE : (low + bank.width) // LANE],
                write_row=write_row,
                write_data=write_data[bits],
            )

    if merged:  # a bank that is not meant reads its last word, which is 0
        word = reduce(or_, data)
    else:
        select = Signal(range(max(2, len(cut))))
        for n, each in enumerate(chosen):
            with m.If(each):
                m.d.comb += select.eq(n)
        for _ in range(ram.read_lag + ram.latency):
            stage = Signal.like(select, reset_less=True)
            m.d.sync += stage.eq(select)
            select = stage
        word = _choose(data, select)
    m.d.comb += ram.data.eq(lanes.join(word))
    return m


def _choose(words, select):
    """Return the word that `select` names, by multiplexers of two.

    Of an Array, Yosys makes a sum of masked words and takes a mask for the reset of the register
    behind it: hundreds of reset pins all over the chip, which nextpnr hardly routes.
    """
    if len(words) == 1:
        return words[0]
    bits = (len(words) - 1).bit_length()
    half = 1 << bits - 1
    low, high = words[:half], words[half:]
    return Mux(select[bits - 1], _choose(high, select), _choose(low, select))


def _block(width, words, *, row, data, write_en, lane_en, write_row, write_data):
    """Return a DP16KD of words of `width` bits: 9, 18 or, both ports together, 36.

    Row addresses begin at the bit that counts words of the width; the lowest bits of the port that
    writes 18 or 36 bits enable its bytes. Of 36 bits the upper half goes in and comes out at B.
    """
    settings = {"p_CSDECODE_A": "0b000", "p_CSDECODE_B": "0b000", "p_GSR": "DISABLED"}
    settings |= {f"p_REGMODE_{port}": "OUTREG" for port in "AB"}
    settings |= {f"p_WRITEMODE_{port}": "NORMAL" for port in "AB"}
    contents = sum(word << n * width for n, word in enumerate(words))
    for n in range(BLOCK_BITS // PORT_BITS // INIT_WORDS):
        packed = 0
        for place in range(INIT_WORDS):
            word = contents >> (n * INIT_WORDS + place) * PORT_BITS & (1 << PORT_BITS) - 1
            packed |= word << place * INIT_STRIDE
        settings[f"p_INITVAL_{n:02X}"] = Const(packed, INIT_BITS)

    first = {9: 3, 18: 4, 36: 5}[width]
    ports = {"i_WEA": Const(1), "i_WEB": Const(0), "i_CEA": write_en, "i_CEB": Const(1)}
    for port, address in (("A", write_row), ("B", row)):
        ports |= {f"i_CLK{port}": ClockSignal(), f"i_OCE{port}": Const(1), f"i_RST{port}": Const(0)}
        ports |= {f"i_CS{port}{n}": Const(0) for n in range(3)}
        pins = [Const(0)] * first + list(address) + [Const(0)] * (14 - first - len(address))
        ports |= {f"i_AD{port}{n}": pin for n, pin in enumerate(pins)}
    if width > LANE:
        ports |= {f"i_ADA{n}": lane_en[n] for n in range(width // LANE)}
    else:
        ports |= {"i_WEA": lane_en[0]}
    data_in = list(write_data) + [Const(0)] * (2 * PORT_BITS - width)
    ports |= {f"i_DIA{n}": data_in[n] for n in range(PORT_BITS)}
    ports |= {f"i_DIB{n}": data_in[n + PORT_BITS] for n in range(PORT_BITS)}
    if width > PORT_BITS:
        ports |= {f"o_DOA{n}": data[n] for n in range(PORT_BITS)}
        ports |= {f"o_DOB{n}": data[n + PORT_BITS] for n in range(PORT_BITS)}
    else:
        ports |= {f"o_DOB{n}": data[n] for n in range(width)}
    return Instance(
        "DP16KD",
        p_DATA_WIDTH_A=width,
        p_DATA_WIDTH_B=width,
        p_RESETMODE="SYNC",
        p_ASYNC_RESET_RELEASE="SYNC",
        **settings,
        **ports,
    )
