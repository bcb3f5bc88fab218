# SPDX-License-Identifier: Apache-2.0
"""Families of FPGAs: how Yosys maps a design for each, what its cells take, who builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.primitives.gowin.block_ram import blocks as gowin_blocks
from hw.primitives.gowin.platform import GowinPrimitives

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
    logic_products : bool
        An array may have more products than the multipliers make.
    swaps : bool
        Another model may go into a routed design.
    """

    name: str
    synthesis: str
    costs: dict = field(hash=False)
    toolchain: str = "yosys + nextpnr"
    blocks: Callable = attrgetter("blocks")
    primitives: type | None = None
    logic_products: bool = False
    swaps: bool = False


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
    logic_products=True,
    swaps=True,
)


def _gowin_blocks(memory):
    """Return the block RAMs of a memory in the shapes that the design names."""
    if memory.logic:
        return memory.inferred_blocks
    return memory.count * gowin_blocks(memory.width, memory.depth, memory.lanes)


GOWIN = Family(
    name="gowin",
    synthesis="synth_gowin -family gw2a -nowidelut -noiopads -top top",
    costs={
        "luts": {**{f"LUT{n}": 1 for n in range(1, 5)}, "ALU": 1, "RAM16SDP4": 8},
        "flip_flops": {f"DFF{kind}": 1 for kind in ("", *"ESRPC", "SE", "RE", "PE", "CE")},
        "multipliers": {"MULT9X9": 0.5, "MULT18X18": 1, "MULT36X36": 4},
        "blocks": dict.fromkeys(GOWIN_BLOCKS, 1),
    },
    blocks=_gowin_blocks,
    primitives=GowinPrimitives,
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
