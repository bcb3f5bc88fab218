# SPDX-License-Identifier: Apache-2.0
"""How a network is cut into the work of the array: the one place that knows the order of work.

A *pass* carries up to four slots through the network: the three planes of one avatar, or as many
latents of a network of one plane. The loops of a layer are, from the outside:

===========  =======================================================================
column tile  a group of output channels; in the last layer one output channel
job          an output phase, and a band of its rows: what fills a half of the sums
row tile     a group of input channels
tap          a load of the array's weights: a *tile*
sweep        a rectangle of inputs that meets the tap, a beat a pixel and slot
===========  =======================================================================

Along an axis output ``s u + a`` belongs to phase a of the stride s. It meets tap ``k0 + s t`` at
input ``u + offset - t``, for t = 0, 1, ... (:class:`hw.work.Axis`). Only inputs that exist are
streamed.

In the last layer, which has few channels, columns hold taps. Column (jy, jx) of a phase sums tap
``t = b B + j`` of each block b at ``input + b B``; the output is the sum of all columns, each read
j pixels back. Bands of the last layer are bands of that *grid* ``v = u + offset``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from golden.spec import GeneratorSpec
from hw.array import LANES, ArraySpec
from hw.cutting import hidden_layer, last_layer, with_free_after, with_waits
from hw.work import LayerTiling
from support.failures import InputError

MAX_SLOTS = 4


@dataclass(frozen=True)
class Tiling:
    """`spec` on `array`, `slots` latents of a network of one plane in a pass.

    Parameters
    ----------
    spec : GeneratorSpec
    array : ArraySpec
    slots : int
        1 to 4; 1 where the network has three planes, which are the slots themselves.
    bands : tuple of int, optional
        Bands of each layer's phases; by default as few as fit.

    Raises
    ------
    InputError
        Too many slots, or a row of sums does not fit a half bank.
    """

    spec: GeneratorSpec
    array: ArraySpec
    slots: int = 1
    bands: tuple | None = None

    def __post_init__(self):
        limit = MAX_SLOTS if self.spec.planes == 1 else 1
        if not 1 <= self.slots <= limit:
            raise InputError(f"slots is {self.slots}; this network takes 1 to {limit} in a pass")

    @property
    def pass_slots(self):
        """Slots of a pass behind layer 1."""
        return self.spec.planes * self.slots

    @cached_property
    def layers(self):
        """A :class:`LayerTiling` for each layer."""
        layers = []
        for n, shape in enumerate(self.spec.shapes):
            bands = self.bands[n] if self.bands else None
            slots = self.slots if shape.is_first else self.pass_slots
            layer = LayerTiling(shape, self.array, slots, self.pass_slots, ())
            layer = (last_layer if shape.is_last else hidden_layer)(layer, bands)
            if layers:
                layer = with_waits(layer, layers[-1])
            layers.append(layer)
        return with_free_after(layers)

    def walk(self):
        """Yield (layer, column tile, job) of a pass in order: indices and the Job."""
        for n, layer in enumerate(self.layers):
            for column_tile in range(layer.column_tiles):
                for job in layer.jobs:
                    yield n, column_tile, job

    @property
    def weight_words(self):
        """Words of weights of a pass, those that are sent again counted once."""
        return sum(self._words(again=False))

    @property
    def streamed_words(self):
        """Words of the weight stream of a pass."""
        return sum(words for words, _ in self.streamed)

    @property
    def streamed(self):
        """(words, bits of a weight) of each layer's part of the weight stream of a pass."""
        bits = (layer.weight_bits for layer in self.spec.layers)
        return tuple(zip(self._words(again=True), bits, strict=True))

    def _words(self, *, again):
        """Return the words of each layer, those that are sent again counted only with `again`."""
        totals = []
        for layer in self.layers:
            words = sum(layer.words(tile) for tile in range(layer.row_tiles))
            taps = sum(len(job.taps) for job in layer.jobs if again or not job.again)
            totals.append(layer.column_tiles * words * taps)
        return totals

    @property
    def map_sizes(self):
        """Words of each layer's output map; the last layer has none."""
        return tuple(
            layer.out_groups * layer.shape.out_size**2 * self.pass_slots
            for layer in self.layers[:-1]
        )

    @property
    def map_words(self):
        """Words of a bank that hold every two neighbouring maps."""
        sizes = (0, *self.map_sizes, 0)
        return max(map(sum, pairwise(sizes)))

    def map_base(self, layer, depth):
        """Return where the output map of `layer` begins: at the bottom or the top of a bank.

        A map is written while the one before is read; older ones are dead.
        """
        return depth - self.map_sizes[layer] if layer % 2 else 0

    @property
    def channel_words(self):
        """Words of the channels' constants: one a quad of columns, in the last layer a channel."""
        *hidden, last = self.layers
        return sum(layer.column_tiles for layer in hidden) * self.array.quads + last.column_tiles

    @property
    def plane_bias_words(self):
        """Words of layer 1's biases in planes 1 and 2: one a quad in use, pixel and plane."""
        if self.spec.planes == 1:
            return 0
        first = self.layers[0]
        quads = sum(-(-first.used_columns(tile) // LANES) for tile in range(first.column_tiles))
        return quads * first.shape.out_size**2 * 2

    @property
    def plane_bias_width(self):
        """Bits of a signed bias of layer 1 with the sum of v1 or v2: twice the largest sum."""
        return self.spec.shapes[0].acc_width + 1

    @property
    def block_row(self):
        """Blocks of 2 x 2 pixels in a row of a picture."""
        return -(-self.spec.size // 2)

    @property
    def pixel_words(self):
        """Words of a pixel bank that hold a pass's pictures."""
        return self.slots * self.block_row**2
