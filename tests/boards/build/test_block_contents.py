# SPDX-License-Identifier: Apache-2.0
"""boards.build.ecp5.block_contents: other contents in a routed design are those of building it
again.
"""

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest
from amaranth import signed
from amaranth.lib.data import ArrayLayout

from boards.build.ecp5.block_contents import (
    DesignContents,
    block_indices,
    config_contents,
    fill,
    replace_contents,
)
from boards.build.ecp5.flow import pack
from hw.engine.weight_queue import WeightQueue
from support.failures import InputError
from support.progress import Progress
from tests.boards.build.memories import PLATFORM, SHAPES, Memories, routed


def contents_of_bitstream(config, folder):
    """Return the contents of the block RAMs in the bitstream of a configuration."""
    folder.mkdir()
    (folder / "routed.config").write_text(config)
    pack(folder, Progress(disable=True))
    program = Path(sysconfig.get_path("scripts"), "yowasp-ecpunpack")
    command = [program, "--input", "top.bit", "--textcfg", "unpacked.config"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return config_contents((folder / "unpacked.config").read_text())


@pytest.mark.timeout(1200)
def test_replaced_contents_are_those_of_another_build(tmp_path):
    before, after = routed(1), routed(2)
    indices = json.loads((before / "blocks.json").read_text())
    config = (before / "routed.config").read_text()
    held = config_contents(config)
    old = DesignContents.of(Memories(1), PLATFORM)
    new = DesignContents.of(Memories(2), PLATFORM)
    assert {name.split(".")[0] for name in old.blocks} == set(SHAPES)
    assert set(indices) == {*old.blocks, *(name for name in indices if name.startswith("plain"))}
    assert {name: held[indices[name]] for name in old.blocks} == old.blocks

    replaced = replace_contents(config, {indices[name]: new.blocks[name] for name in new.blocks})
    assert replaced == (after / "routed.config").read_text()
    assert contents_of_bitstream(replaced, tmp_path / "a") == config_contents(replaced)


def test_a_memory_of_structs_without_contents_holds_zeros():
    queue = WeightQueue(ArrayLayout(signed(5), 16))
    assert DesignContents.of(queue, PLATFORM).other_paths == ("words",)


def test_other_memories_count_apart():
    one, other, plain = (
        DesignContents.of(Memories(*seeds), PLATFORM) for seeds in ((1,), (2,), (1, 1))
    )
    assert one.others == other.others != plain.others
    assert one.blocks == plain.blocks != other.blocks


def test_a_number_that_is_not_there():
    with pytest.raises(InputError, match="no block RAM 7; build it again"):
        replace_contents(".bram_init 3\n" + "000 " * 2047 + "000\n\n", {7: bytes(4096)})


def test_cells_are_read_by_name(tmp_path):
    path = tmp_path / "routed.json"
    path.write_text(
        '{\n        "a.b\\\\c": {\n          "type": "DP16KD",\n          "attributes": {\n'
        '            "WID": "00000101"\n          }\n        },\n'
        '        "d": {\n          "type": "TRELLIS_COMB",\n            "WID": "1"\n        }\n}\n'
    )
    assert block_indices(path) == {"a.b\\c": 5}


def test_a_submodule_that_was_numbered_has_its_contents():
    """Where a signal has a submodule's name, the netlist tells them apart by a number."""
    words = bytes(range(1, 3)) * 2048
    contents = DesignContents({"core.latents.words.block_0_0": words}, "", ("core.plain",))
    numbers = {"core.latents$446.words.block_0_0": 3, "core.plain$7.0.0": 4}
    empty = "".join(f".bram_init {n}\n" + "000 " * 2047 + "000\n\n" for n in (3, 4))
    held = config_contents(fill(empty, numbers, contents))
    assert held == {3: words, 4: bytes(4096)}
    with pytest.raises(InputError, match=r"core\.other is unknown"):
        fill(empty, {"core.other": 3}, contents)
