# SPDX-License-Identifier: Apache-2.0
"""A component as RTLIL that Yosys can map."""

import re

from amaranth.back import rtlil

from support.collector import collector_at_rest

_NAME = re.compile(r"\\\S+")
_INDEX = re.compile(r"\[(\d+)\]")


@collector_at_rest()
def to_rtlil(component, name, *, platform=None):
    """Return `component` as RTLIL, top module `name`, a port a member.

    Amaranth calls the elements of an array ``sums[0]``, ``sums[1]``. Yosys 0.70's abc9, which
    `synth_ecp5` calls, mistakes such a name for a bit of ``sums`` and stops with "Assert
    GetSize(conn.first) == GetSize(conn.second) failed"; here they are ``sums.0``, ``sums.1``.

    Parameters
    ----------
    component : wiring.Component
    name : str
    platform : object, optional
        Asked for primitives, as :class:`hw.primitives.block_ram.BlockRam` does.
    """
    return without_indices(rtlil.convert(component, name=name, platform=platform, emit_src=False))


def without_indices(text):
    """Return RTLIL `text` with each ``[N]`` inside a name as ``.N``; bit ranges stay."""
    return _NAME.sub(lambda match: _INDEX.sub(r".\1", match[0]), text)
