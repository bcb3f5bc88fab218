# SPDX-License-Identifier: Apache-2.0
"""What a platform of the ECP5 gives to components that ask for primitives."""

from amaranth import Module

from hw.ecp5.block_ram import Dp16kd
from hw.ecp5.multiplier import Mult18x18


class Ecp5Primitives:
    """A platform, or what one inherits, with the ECP5's block RAM and multiplier.

    ``rtlil.convert(top, platform=Ecp5Primitives())`` takes it as it is.
    """

    def get_block_ram(self, component):
        """Return what :class:`hw.block_ram.BlockRam` `component` elaborates to."""
        return _inside(component, Dp16kd(component.width, component.depth, component.init))

    def get_multiplier(self, component):
        """Return what :class:`hw.multiplier.Multiplier` `component` elaborates to."""
        return _inside(component, Mult18x18(len(component.a), len(component.b)))


def _inside(component, primitive):
    """Return a module that drives the ports of `component` with those of its twin."""
    m = Module()
    m.submodules.primitive = primitive
    for name, member in component.signature.members.items():
        ours, its = getattr(component, name), getattr(primitive, name)
        m.d.comb += its.eq(ours) if member.flow.name == "In" else ours.eq(its)
    return m
