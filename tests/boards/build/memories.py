# SPDX-License-Identifier: Apache-2.0
"""A small design with named block RAMs, and it routed."""

import random

from amaranth import Cat, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from boards.build.ecp5.flow import place_and_route, synthesize
from hw.primitives.block_ram import BlockRam
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.rtlil import to_rtlil
from support.progress import Progress

SHAPES = {"wide": (25, 1500), "narrow": (8, 200)}  # width and depth
PLATFORM = Ecp5Primitives()


class Memories(wiring.Component):
    """Two memories with contents drawn from `seed`, and a plain one with those of `plain_seed`."""

    step: In(1)
    o: Out(8)

    def __init__(self, seed, plain_seed=0):
        self.seed, self.plain_seed = seed, plain_seed
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        draw = random.Random(self.seed)
        address = Signal(11)
        m.d.sync += address.eq(address + self.step)
        parts = []
        for name, (width, depth) in SHAPES.items():
            words = [draw.getrandbits(width) for _ in range(depth)]
            m.submodules[name] = ram = BlockRam(width, depth, words)
            m.d.comb += ram.address.eq(address)
            parts += [ram.data[:8], ram.data[-8:]]
        draw = random.Random(self.plain_seed)
        words = [draw.getrandbits(8) for _ in range(512)]
        m.submodules.plain = plain = memory.Memory(shape=8, depth=512, init=words)
        read = plain.read_port()
        m.d.comb += read.addr.eq(address)
        parts.append(read.data)
        m.d.sync += self.o.eq(sum(parts) ^ Cat(part[0] for part in parts))
        return m


def routed(seed):
    """Return the folder of the routed design with contents drawn from `seed`."""
    progress = Progress(disable=True)
    netlist = synthesize(to_rtlil(Memories(seed), "top", platform=PLATFORM), progress)
    made = place_and_route(netlist, "lfe5u-25f", progress, package="CABGA381", frequency=50)
    return made.folder
