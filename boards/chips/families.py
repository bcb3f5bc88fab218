# SPDX-License-Identifier: Apache-2.0
"""Families of FPGAs: how Yosys maps a design for each, what its cells take, who builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from hw.model.resources import BLOCK_BITS, SMALL_DEPTH
from hw.primitives.ecp5.platform import Ecp5Primitives

GOWIN_SMALL = 2048  # bits of a read-only memory that Yosys makes of Gowin's logic, at most
GOWIN_SLICE = 9  # bits of a word in a row of Gowin's block RAMs
GOWIN_ROWS = 2048  # words of so many bits in one
GOWIN_BLOCKS = ("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9")


@dataclass(frozen=True)
class Family:
    """A family of FPGAs.

    Attributes
    ----------
    name : str
    synthesis : str
        Yosys' command for the complete top, without pads.
    costs : dict of str to dict
        What a cell of the netlist takes, by resource (`luts`, `flip_flops`, `multipliers`,
        `blocks`) and type. A carry cell of the ECP5 is two LUTs, LUT RAM as many as its slice.
    toolchain : str
        What makes its bitstreams.
    blocks : callable
        Returns the block RAMs that a :class:`hw.model.resources.Memory` takes.
    primitives : type or None
        Platform that names multipliers and block RAMs of the family; None: Yosys infers them.
    swaps : bool
        Another model may go into a routed design.
    """

    name: str
    synthesis: str
    costs: dict = field(hash=False)
    toolchain: str = "yosys + nextpnr"
    blocks: Callable = attrgetter("blocks")
    primitives: type | None = None
    swaps: bool = False


def _gowin_blocks(memory):
    """Return the block RAMs of Gowin's that a :class:`hw.model.resources.Memory` takes.

    Its memories are filled before synthesis and none is replaced afterwards: Yosys makes the small
    ones of logic, and puts what the deep ones have beyond whole slices of nine bits into as few
    blocks as hold them. So measured of `tiny` at 3 to 6 bits and `small` at 3, 4 x 4.
    """
    if memory.written:
        return memory.blocks
    if memory.bits <= GOWIN_SMALL or (memory.replaced and memory.depth <= SMALL_DEPTH):
        return 0
    if memory.depth <= GOWIN_ROWS:
        return memory.blocks
    slices, rest = divmod(memory.width, GOWIN_SLICE)
    return slices * -(-memory.depth // GOWIN_ROWS) + -(-rest * memory.depth // BLOCK_BITS)


ECP5 = Family(
    name="ecp5",
    synthesis="synth_ecp5 -noiopad -top top",
    costs={
        "luts": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
        "flip_flops": {"TRELLIS_FF": 1},
        "multipliers": {"MULT18X18D": 1},
        "blocks": {"DP16KD": 1, "PDPW16KD": 1},
    },
    primitives=Ecp5Primitives,
    swaps=True,
)
GOWIN = Family(
    name="gowin",
    synthesis="synth_gowin -noiopads -top top",
    costs={
        "luts": {**{f"LUT{n}": 1 for n in range(1, 5)}, "ALU": 1, "RAM16SDP4": 8},
        "flip_flops": {f"DFF{kind}": 1 for kind in ("", *"ESRPC", "SE", "RE", "PE", "CE")},
        "multipliers": {"MULT9X9": 0.5, "MULT18X18": 1, "MULT36X36": 4},
        "blocks": dict.fromkeys(GOWIN_BLOCKS, 1),
    },
    blocks=_gowin_blocks,
)
XILINX = Family(
    name="xilinx",
    synthesis="synth_xilinx -family xc7 -noiopad -top top",
    costs={
        "luts": {
            **{f"LUT{n}": 1 for n in range(1, 7)},
            **{"RAM32X1D": 2, "RAM32M": 4, "RAM64M": 4, "SRL16E": 1, "SRLC32E": 1},
        },
        "flip_flops": {f"FD{kind}E": 1 for kind in "RSCP"},
        "multipliers": {"DSP48E1": 1},
        "blocks": {"RAMB18E1": 1, "RAMB36E1": 2},
    },
    toolchain="vivado",
)
