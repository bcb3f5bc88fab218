# SPDX-License-Identifier: Apache-2.0
"""What a machine is elaborated for: sizes of its memories, never a network."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

from golden.spec import INPUT_BITS, LATENT_RANGE
from hw.array import ArraySpec, with_gaps
from hw.weight_stream import stream_length
from support.failures import InputError


class LoadedMemory(NamedTuple):
    """A memory that a model fills."""

    name: str
    width: int
    depth: int


@dataclass(frozen=True)
class Capacity:
    """The machine's sizes. A network that stays within them runs by contents alone.

    Parameters
    ----------
    array : ArraySpec
    weight_bits : int
        Of a weight in the stream; narrower ones are extended.
    acc_width, plane_bias_width : int
        Bits of a signed accumulator, and of a bias of layer 1 with the sum of v1 or v2.
    weight_words, map_words, channel_words, plane_bias_words, pixel_words : int
        Words of those memories: of weights, of a map bank, of channels' constants, of
        layer 1's biases of planes 1 and 2, of a pixel bank for one pass.
    latent_words : int
        Words of `rows` numbers that hold the latents of a pass.
    sweeps, feed_words, read_words : int
        Words of the program: sweeps, and what the sequencer and the readout walk.

    Raises
    ------
    InputError
        A number is no whole number of 1 or more.
    """

    array: ArraySpec
    weight_bits: int
    acc_width: int
    plane_bias_width: int
    weight_words: int
    map_words: int
    latent_words: int
    channel_words: int
    plane_bias_words: int
    pixel_words: int
    sweeps: int
    feed_words: int
    read_words: int

    def __post_init__(self):
        for name, value in self.sizes.items():
            if type(value) is not int or value < 1:
                raise InputError(f"capacity: {name} is {value!r}; give 1 or more")

    @classmethod
    def of(cls, *tilings):
        """Return the smallest capacity that holds each of some networks.

        Parameters
        ----------
        *tilings : hw.tiling.Tiling
            All for one array.
        """
        needs = [cls.needs(tiling) for tiling in tilings]
        sizes = {name: max(each[name] for each in needs) for name in needs[0]}
        return cls(array=tilings[0].array, **sizes)

    @staticmethod
    def needs(tiling):
        """Return what a network takes of each size, by name."""
        jobs = [job for layer in tiling.layers for job in layer.jobs]
        layers = len(tiling.layers)
        if tiling.array.weight_bus:
            weights = stream_length(tiling.streamed, tiling.array.weight_bus)
        else:
            weights = with_gaps(tiling.weight_words)
        return {
            "weight_bits": max(tiling.spec.weight_bits),
            "acc_width": max(tiling.spec.acc_widths),
            "plane_bias_width": tiling.plane_bias_width,
            "weight_words": weights,
            "map_words": tiling.map_words,
            "latent_words": tiling.layers[0].row_tiles * tiling.slots,
            "channel_words": tiling.channel_words,
            "plane_bias_words": max(1, tiling.plane_bias_words),
            "pixel_words": tiling.pixel_words,
            "sweeps": sum(len(tap.sweeps) for job in jobs for tap in job.taps),
            "feed_words": 1 + 3 * layers + len(jobs),
            "read_words": 1 + 2 * layers + len(jobs),
        }

    @property
    def sizes(self):
        """Every size but the array's, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "array"}

    def missing(self, tiling):
        """Return (name, needed, there is) of every size that a network exceeds.

        Raises
        ------
        InputError
            The network was cut for another array.
        """
        if tiling.array != self.array:
            raise InputError("the network was cut for another array than the machine has")
        needs = self.needs(tiling)
        return [(name, needs[name], has) for name, has in self.sizes.items() if needs[name] > has]

    def check(self, tiling):
        """Refuse a network that does not fit.

        Raises
        ------
        InputError
            The message names each size that is too small.
        """
        missing = self.missing(tiling)
        if missing:
            words = ", ".join(f"{name} {needed:,} of {has:,}" for name, needed, has in missing)
            raise InputError(f"the network does not fit the machine: {words}")

    @property
    def psum_width(self):
        """Bits of a signed sum over one column of the array."""
        largest = self.array.rows * 2 ** (INPUT_BITS - 1) * (2 ** (self.weight_bits - 1) - 1)
        return largest.bit_length() + 1

    @property
    def latent(self):
        """The most numbers of a latent."""
        return min(LATENT_RANGE[1], self.latent_words * self.array.rows)
