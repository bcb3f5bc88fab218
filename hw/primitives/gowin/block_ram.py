# SPDX-License-Identifier: Apache-2.0
"""The block RAM (BSRAM) of the GW2A, one port to write and one to read."""

from amaranth import Array, Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import memory

from hw.primitives.banks import LANE, Lanes, banks, block_count
from hw.primitives.delay import delay

# No 18: the packer leaves the byte enables of such a word as they are.
WIDTHS = (1, 2, 4, 9, 36)
LOGIC_DEPTH = 32  # words of a memory that LUTs hold
INIT_PARAMETERS = 64  # of a block, each an equal share of its contents


def blocks(width, depth, lanes=1):
    """Return how many block RAMs :func:`block_ram` takes."""
    if depth <= LOGIC_DEPTH:
        return 0
    return block_count(banks(Lanes(width, lanes).padded_width, depth, _widths(lanes)))


def block_ram(ram):
    """Return a module that makes `ram` of SDPX9B and SDPB, or of LUTs where it is shallow.

    Yosys infers the block, but adds a comparison of the addresses and a second word beside it: the
    word that is read and written in one cycle would be the old one, which nobody asks for. It
    leaves the block's output register out, too, and on this chip a flip-flop takes the place of a
    LUT. The tools trust that register in words of 36 bits only.

    Parameters
    ----------
    ram : hw.primitives.block_ram.BlockRam

    Returns
    -------
    Module
        Drives ``ram.data``.
    """
    m = Module()
    lag = int(ram.late)
    address = delay(m, ram.address, ram.read_lag)
    write_address = delay(m, ram.write_address, lag)
    write_data = delay(m, ram.write_data, lag)
    write_en = delay(m, Mux(ram.dropped, 0, ram.write_en), lag)
    make = _lut_ram if ram.depth <= LOGIC_DEPTH else _blocks
    word = make(m, ram, address, write_en, write_address, write_data)
    m.d.comb += ram.data.eq(word)
    return m


def _lut_ram(m, ram, address, write_en, write_address, write_data):
    """Add a memory that is read without a clock, and return its word.

    The first of the two registers is the address', which has fewer bits than a word. What a write
    of the same cycle changes is garbage anyway.
    """
    m.submodules.memory = words = memory.Memory(shape=ram.width, depth=ram.depth, init=ram.init)
    read = words.read_port(domain="comb")
    write = words.write_port(granularity=ram.width // ram.lanes)
    register = Signal(ram.width, reset_less=True)
    m.d.comb += [
        read.addr.eq(delay(m, address, ram.latency - 1)),
        write.en.eq(write_en),
        write.addr.eq(write_address),
        write.data.eq(write_data),
    ]
    m.d.sync += register.eq(read.data)
    return register


def _blocks(m, ram, address, write_en, write_address, write_data):
    """Add the blocks, and return the word that they put out."""
    lanes = Lanes(ram.width, ram.lanes)
    cut = banks(lanes.padded_width, ram.depth, _widths(ram.lanes))
    registered = len(cut) == 1 and cut[0].width == max(WIDTHS)  # in the blocks themselves
    init = [lanes.pad_contents(word) for word in ram.init]
    physical = max(bank.columns * bank.width for bank in cut)
    wide = Signal(physical)
    m.d.comb += wide.eq(lanes.pad(write_data))

    def lane_en(low):
        """Return the enable of the lane in which this bit lies."""
        lane = 0 if ram.lanes == 1 else low // lanes.pitch
        return write_en[lane] if lane < ram.lanes else Const(0)

    chosen, outputs = [], []
    for n, bank in enumerate(cut):
        # Banks are whole but the last, and none is shorter than one behind it.
        row_bits = (bank.words - 1).bit_length()
        place = bank.start >> row_bits
        chosen.append(address[row_bits:] == place)
        words = init[bank.start : bank.start + bank.words]
        outputs.append(Signal(physical, name=f"data_{n}"))
        for column in range(bank.columns):
            low = column * bank.width
            bits = slice(low, low + bank.width)
            m.submodules[f"block_{n}_{column}"] = _block(
                bank.width,
                [word >> low & (1 << bank.width) - 1 for word in words],
                registered=registered,
                row=address[:row_bits],
                data=outputs[n][bits],
                write_en=write_address[row_bits:] == place,
                lane_en=[lane_en(each) for each in range(low, bits.stop, LANE)],
                write_row=write_address[:row_bits],
                write_data=wide[bits],
            )

    word = outputs[0]
    if not registered:
        select = Signal(range(max(2, len(cut))), reset_less=True)
        for n, each in enumerate(chosen):
            with m.If(each):
                m.d.sync += select.eq(n)
        word = Signal(physical, name="word", reset_less=True)
        m.d.sync += word.eq(Array(outputs)[select])
    return lanes.join(word)


def _widths(lanes):
    """Return the widths of blocks in which each lane has an enable."""
    return WIDTHS if lanes == 1 else [each for each in WIDTHS if each >= LANE]


def _block(width, words, *, registered, row, data, write_en, lane_en, write_row, write_data):
    """Return a block whose words have `width` bits; port A writes, port B reads.

    Row addresses begin at the bit that counts words of the width. Of a word of 36 bits the four
    lowest bits of the address that writes enable the bytes.
    """
    kind, bits = ("SDPX9B", 36) if width >= LANE else ("SDPB", 32)
    first = {1: 0, 2: 1, 4: 2, 9: 3, 36: 5}[width]
    write_pins, read_pins = (
        Cat(Const(0, first), pins, Const(0, 14 - first - len(pins))) for pins in (write_row, row)
    )
    if width > LANE:
        write_pins = Cat(*lane_en, write_pins[len(lane_en) :])
    contents = sum(word << n * width for n, word in enumerate(words))
    share = 8 * bits
    settings = {
        f"p_INIT_RAM_{n:02X}": Const(contents >> n * share & (1 << share) - 1, share)
        for n in range(INIT_PARAMETERS)
    }
    return Instance(
        kind,
        p_READ_MODE=Const(registered, 1),
        p_BIT_WIDTH_0=width,
        p_BIT_WIDTH_1=width,
        p_BLK_SEL_0=Const(0, 3),
        p_BLK_SEL_1=Const(0, 3),
        p_RESET_MODE="SYNC",
        **settings,
        i_CLKA=ClockSignal(),
        i_CLKB=ClockSignal(),
        i_RESETA=Const(0),
        i_RESETB=Const(0),
        i_CEA=write_en & Cat(*lane_en).any(),
        i_CEB=Const(1),
        i_OCE=Const(1),
        i_BLKSELA=Const(0, 3),
        i_BLKSELB=Const(0, 3),
        i_ADA=write_pins,
        i_ADB=read_pins,
        i_DI=Cat(write_data, Const(0, bits - width)),
        o_DO=Cat(data, Signal(bits - width, name="idle")),
    )
