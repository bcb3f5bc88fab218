# SPDX-License-Identifier: Apache-2.0
"""Faults of the memories and of what writes and reads them."""

from tests.mutants.mutant import Mutant

ECP5 = (
    "tests/sim/benches/test_ecp5.py::test_primitives_equal_their_twins_and_models_what_yosys_infers"
)

MUTANTS = (
    Mutant(
        "maps-write-all-rows",
        "engine/feature_memory.py",
        "bank.write_en.eq(self.write_en[r])",
        "bank.write_en.eq(self.write_en.any())",
        "lopsided/feature_memory",
        "a channel overwrites its neighbours",
    ),
    Mutant(
        "maps-a-cycle-early",
        "engine/feature_memory.py",
        "self.data[r].eq(output)",
        "self.data[r].eq(bank.data)",
        "lopsided/feature_memory",
        "every tap reads the pixel of the next beat",
    ),
    Mutant(
        "weights-lose-the-last-word",
        "engine/weight_memory.py",
        "Mux(position == self.depth - 1, 0, position + 1)",
        "Mux(position == self.depth - 2, 0, position + 1)",
        "lopsided/weight_memory",
        "from the second avatar on all weights are a word off",
    ),
    Mutant(
        "weights-run-on",
        "engine/weight_memory.py",
        "with m.If(self.o.take):",
        "with m.If(1):",
        "lopsided/weight_memory",
        "a word is lost wherever the array waits",
    ),
    Mutant(
        "latents-overfill",
        "engine/latent_memory.py",
        "~complete & ~stored & (filled != 2)",
        "~complete & ~stored",
        "lopsided/latent_memory",
        "a third request overwrites the latent in use",
    ),
    Mutant(
        "latents-of-the-next",
        "engine/latent_memory.py",
        "read.addr.eq(Cat(self.group, slot_out))",
        "read.addr.eq(Cat(self.group, slot_in))",
        "lopsided/latent_memory",
        "a picture is drawn of a latent that is still coming in",
    ),
    Mutant(
        "scatter-wraps-late",
        "engine/lane_scatter.py",
        "wraps = r < lane",
        "wraps = r + 1 < lane",
        "lopsided/lane_scatter",
        "a channel behind the last row lands on an earlier one",
    ),
    Mutant(
        "scatter-writes-unused-lanes",
        "engine/lane_scatter.py",
        "self.valid & self.mask[lane]",
        "self.valid",
        "lopsided/lane_scatter",
        "what the last quad has too many overwrites the next group",
    ),
    Mutant(
        "scatter-takes-the-wrong-map",
        "engine/lane_scatter.py",
        "Mux(self.layer == 1, middle, small)",
        "Mux(self.layer == 1, small, middle)",
        "lopsided/lane_scatter",
        "pixels of layers 1 and 2 overwrite each other",
    ),
    Mutant(
        "pixels-overfill",
        "engine/pixel_buffer.py",
        "self.free.eq(pictures != 2)",
        "self.free.eq(pictures != 3)",
        "regular/pixel_buffer",
        "with a slow line a picture is overwritten while it is sent",
    ),
    Mutant(
        "pixels-leave-early",
        "engine/pixel_buffer.py",
        "completed = Mux(in_y.all(), 2, 1)",
        "completed = Mux(1, 2, 1)",
        "regular/pixel_buffer",
        "a row is sent before it is whole",
    ),
    Mutant(
        "pixels-miscount-rows",
        "engine/pixel_buffer.py",
        "less_one = delay(m, completed - 1, 1)",
        "less_one = delay(m, completed, 1)",
        "regular/pixel_buffer",
        "a row that goes while others come is counted twice",
    ),
    Mutant(
        "pixels-swap-parities",
        "engine/pixel_buffer.py",
        "latched.phase.eq(Cat(x[0], y[0]))",
        "latched.phase.eq(Cat(y[0], x[0]))",
        "regular/pixel_buffer",
        "every block of 2 x 2 pixels is mirrored",
    ),
    Mutant(
        "ecp5-multiplier-takes-b-always",
        "primitives/ecp5/multiplier.py",
        'p_REG_INPUTB_CE="CE1"',
        'p_REG_INPUTB_CE="CE0"',
        ECP5,
        "on the chip a tile computes with whatever weight is loading",
    ),
    Mutant(
        "ecp5-blocks-chosen-early",
        "primitives/ecp5/block_ram.py",
        "for _ in range(ram.latency):",
        "for _ in range(ram.latency - 1):",
        ECP5,
        "on the chip deep memories give words of another block",
    ),
    Mutant(
        "ecp5-blocks-write-whole-words",
        "primitives/ecp5/block_ram.py",
        "lane_en[n].eq(1 if ram.lanes == 1 else ram.write_en[lane])",
        "lane_en[n].eq(1)",
        ECP5,
        "on the chip a plane of a picture overwrites the two others",
    ),
)
