# SPDX-License-Identifier: Apache-2.0
"""What the block RAMs of a design hold: as elaborated, and as nextpnr writes it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from amaranth.hdl import Fragment, Instance

from support.failures import InputError

BLOCKS = ("DP16KD", "PDPW16KD")
WORDS, WORD_BITS = 2048, 9  # of a block as the bitstream has it
_INITVALS, _PACKED, _STRIDE = 64, 16, 20  # parameters; words of 18 bits in each, 20 bits apart
_LINE_WORDS = 8
_INIT = re.compile(r"^\.bram_init (\d+)\n((?:[0-9a-f ]+\n)+)", re.MULTILINE)
_NUMBERED = re.compile(r"\$\d+(?=\.|$)")  # keeps a submodule apart from a signal of its name
_CELL = re.compile(r'^ {8}"(.*)": \{$')


@dataclass(frozen=True)
class DesignContents:
    """The memories of an elaborated design.

    Attributes
    ----------
    blocks : dict of str to bytes
        For each block RAM that the design names, by the path of its submodules joined with dots:
        :data:`WORDS` words of 9 bits, each in two bytes, little-endian.
    others : str
        Digest of the contents of all other memories, which the tools place where they like.
    other_paths : tuple of str
        Where those are.
    """

    blocks: dict
    others: str
    other_paths: tuple

    @classmethod
    def of(cls, top, platform):
        """Elaborate the component `top` for `platform` and read its memories."""
        blocks, others, other_paths = {}, hashlib.sha256(), []
        waiting = [((), Fragment.get(top, platform))]
        while waiting:
            path, fragment = waiting.pop()
            if isinstance(fragment, Instance) and fragment.type in BLOCKS:
                blocks[".".join(path)] = _instance_words(fragment.parameters)
            elif (memory := getattr(fragment, "_data", None)) is not None:  # a MemoryInstance
                # Of a layout's words those that nobody gave are None.
                words = [0 if word is None else int(word) for word in memory.init]
                others.update(json.dumps([path, words]).encode())
                other_paths.append(".".join(path))
            for part, name, _ in fragment.subfragments:
                waiting.append(((*path, str(name)), part))
        return cls(blocks, others.hexdigest(), tuple(other_paths))


def _instance_words(parameters):
    words = bytearray()
    for n in range(_INITVALS):
        packed = parameters.get(f"INITVAL_{n:02X}", 0)
        packed = getattr(packed, "value", packed)
        for place in range(_PACKED):
            word = packed >> place * _STRIDE
            for half in (word, word >> WORD_BITS):
                words += (half & (1 << WORD_BITS) - 1).to_bytes(2, "little")
    return bytes(words)


def block_indices(routed):
    """Return the number of each block RAM's contents in the routed design, by the cell's name.

    Parameters
    ----------
    routed : path
        What ``nextpnr-ecp5 --write`` wrote: read line by line, as it may be hundreds of megabytes.

    Returns
    -------
    dict of str to int
    """
    indices = {}
    name, is_block = None, False
    with open(routed) as file:
        for line in file:
            if found := _CELL.match(line):
                name, is_block = json.loads(f'"{found[1]}"'), False
            elif '"type": "DP16KD"' in line:  # also of what was a PDPW16KD
                is_block = True
            elif is_block and line.lstrip().startswith('"WID":'):
                indices[name] = int(line.split('"')[3], 2)
    return indices


def config_contents(config):
    """Return the contents of all block RAMs in the text of a ``.config`` file, by number."""
    return {int(index): _parse(text) for index, text in _INIT.findall(config)}


def _parse(text):
    return b"".join(int(word, 16).to_bytes(2, "little") for word in text.split())


def replace_contents(config, contents):
    """Return `config` with other contents.

    Parameters
    ----------
    config : str
        Text of a ``.config`` file.
    contents : dict of int to bytes
        New contents by number, as :func:`config_contents` gives them; others stay.

    Raises
    ------
    InputError
        A number is not in `config`.
    """
    missing = set(contents)

    def block(found):
        index = int(found[1])
        if index not in contents:
            return found[0]
        missing.discard(index)
        return f".bram_init {index}\n{_format(contents[index])}"

    text = _INIT.sub(block, config)
    if missing:
        raise InputError(f"the routed design has no block RAM {min(missing)}; build it again")
    return text


def fill(config, numbers, contents):
    """Return `config` with the contents of a design's block RAMs.

    Synthesis may have dropped a block that nothing reads; every block that the routed design has
    must be one of the design's, or made of one of its other memories.

    Parameters
    ----------
    config : str
        Text of the routed design's ``.config``.
    numbers : dict of str to int
        As :func:`block_indices` gave them for this design.
    contents : DesignContents

    Raises
    ------
    InputError
        The routed design has a block RAM that is not the design's.
    """
    others = tuple(f"{path}." for path in contents.other_paths)
    words = {}
    for name, number in numbers.items():
        own = _NUMBERED.sub("", name)
        if own in contents.blocks:
            words[number] = contents.blocks[own]
        elif not own.startswith(others):
            raise InputError(f"the routed design's block RAM {name} is unknown; build it again")
    return replace_contents(config, words)


def _format(contents):
    words = [f"{int.from_bytes(contents[n : n + 2], 'little'):03x}" for n in range(0, 2 * WORDS, 2)]
    lines = (words[n : n + _LINE_WORDS] for n in range(0, WORDS, _LINE_WORDS))
    return "".join(" ".join(line) + "\n" for line in lines)
