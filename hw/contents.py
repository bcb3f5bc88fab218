# SPDX-License-Identifier: Apache-2.0
"""A model as memory contents: everything of it that the machine holds.

Two models that one machine makes differ in these lists and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from golden.spec import LEAKY_RELU
from hw.array import GAP, LANES
from hw.engine.dual_multiplier import stored_weights
from hw.engine.load_bus import memories
from hw.engine.requantizer import channel_layout
from hw.engine.tap_adder import lane_of, tap_places
from hw.program import Program
from hw.weight_stream import stream_words
from hw.work import Axis


def pack(values, bits):
    """Pack integers into one word, the first in the lowest bits, each two's complement."""
    mask = (1 << bits) - 1
    word = 0
    for position, value in enumerate(values):
        word |= (int(value) & mask) << position * bits
    return word


def weight_tile(model, layer, n, column_tile, job, row_tile, tap):
    """Return the weights of a tile, int8 (rows, columns), zero outside the layer.

    Parameters
    ----------
    model : golden.model_file.Model
    layer : hw.work.LayerTiling
        Layer `n`, 0 for the first.
    n, column_tile, row_tile : int
    job : hw.work.Job
    tap : hw.work.Tap
    """
    array, shape = layer.array, layer.shape
    out = np.zeros((array.rows, array.columns), np.int8)
    if tap.place is None:
        return out
    first = row_tile * array.rows
    rows = model.weight[n][first : first + array.rows]  # (in, out, kh, kw)
    if not shape.is_last:
        left = column_tile * array.columns
        block = rows[:, left : left + array.columns, *tap.place]
        out[: block.shape[0], : block.shape[1]] = block
        return out
    for column, (behind_y, behind_x) in enumerate(tap_places(array.lanes)):
        phase = job.phase
        if layer.spread:
            phase += lane_of((behind_y, behind_x))
            behind_y, behind_x = behind_y % 2, behind_x % 2
        if behind_y >= layer.block[0] or behind_x >= layer.block[1]:
            continue
        place = []
        starts = zip(divmod(phase, shape.stride), tap.place, (behind_y, behind_x))
        for along, start, behind in starts:
            axis, t = Axis.of(shape, along), start + behind
            place.append(axis.first_tap + shape.stride * t if t < axis.taps else None)
        if None not in place:
            out[: len(rows), column] = rows[:, column_tile, *place]
    return out


def layer_weights(model, tiling, n, bits, *, again):
    """Return the weights of layer `n` in order of use, int8 (words, weights of a word).

    A tile is sent row by row, as :func:`hw.engine.dual_multiplier.stored_weights` gives it for a
    machine of `bits`. Words that are sent again come twice only with `again`.
    """
    array, layer = tiling.array, tiling.layers[n]
    per_word, parts = array.word_weights, []
    jobs = [job for job in layer.jobs if again or not job.again]
    for column_tile, job in product(range(layer.column_tiles), jobs):
        for row_tile in range(layer.row_tiles):
            size = layer.words(row_tile) * per_word
            for tap in job.taps:
                tile = weight_tile(model, layer, n, column_tile, job, row_tile, tap)
                flat = stored_weights(tile, hop=array.hop, weight_bits=bits).reshape(-1)[:size]
                parts.append(np.pad(flat, (0, size - len(flat))))
    return np.concatenate(parts).reshape(-1, per_word)


def weight_words(model, tiling, bits):
    """Yield the words of on-chip memory of the weights, each of `bits` bits, the first lowest."""
    for n in range(len(tiling.layers)):
        for word in layer_weights(model, tiling, n, bits, again=False):
            yield pack(word, bits)


def bus_words(model, tiling, capacity):
    """Return the words of the memory outside, list of int (:mod:`hw.weight_stream`)."""
    layers = (
        (layer_weights(model, tiling, n, capacity.weight_bits, again=True), layer.weight_bits)
        for n, layer in enumerate(tiling.spec.layers)
    )
    return stream_words(layers, capacity.array.weight_bus).tolist()


def spaced(words):
    """Return the words of weights as they lie in memory: a 0 between every :data:`GAP` - 1."""
    out = []
    for word in words:
        if len(out) % GAP == GAP - 1:
            out.append(0)
        out.append(word)
    return out


def channel_words(model, tiling, acc_width):
    """Yield the words of `LANES` channels: bias, mul, neg and shift.

    One a layer, column tile and quad of columns; in the last layer one a channel, for all lanes.
    """
    layout = channel_layout(acc_width)
    for n, layer in enumerate(tiling.layers):
        leaky = tiling.spec.layers[n].activation == LEAKY_RELU
        bias, mul = model.bias[n], model.mul[n]
        neg = model.neg[n] if leaky else (mul if layer.shape.is_last else np.zeros_like(mul))
        columns = LANES if layer.shape.is_last else layer.array.columns
        for column_tile in range(layer.column_tiles):
            for first in range(0, columns, LANES):
                lanes = []
                for lane in range(LANES):
                    channel = column_tile * columns + first + lane
                    if layer.shape.is_last:
                        channel = column_tile
                    used = channel < len(bias)
                    numbers = [int(each[channel]) if used else 0 for each in (bias, mul, neg)]
                    lanes.append(dict(zip(("bias", "mul", "neg"), numbers)))
                shift = int(model.shift[n])
                yield layout.const({"lanes": lanes, "shift": shift}).as_value().value


def plane_bias_words(model, tiling, bits):
    """Yield the biases that layer 1 has in planes 1 and 2, a word of `LANES` channels.

    Layer 1 is linear: its sums of z + v are those of z and, here beside the bias, those of v. They
    belong to the model as its weights do, so they are contents: nothing has to run before the first
    avatar. In the order of the readout's steps: column tile, job, y, x, plane, quad.
    """
    if tiling.spec.planes == 1:
        return
    layer = tiling.layers[0]
    shape, weight = layer.shape, model.weight[0].astype(np.int64)
    v = np.array([model.v1, model.v2], np.int64)
    sums = np.zeros((2, shape.out_channels, shape.out_size, shape.out_size), np.int64)
    for y in range(shape.out_size):
        for x in range(shape.out_size):
            tap_y, tap_x = y + shape.padding, x + shape.padding
            if tap_y < shape.kernel_size and tap_x < shape.kernel_size:
                sums[:, :, y, x] = v @ weight[:, :, tap_y, tap_x]
    sums += model.bias[0][:, None, None]
    for column_tile in range(layer.column_tiles):
        left = column_tile * layer.array.columns
        used = layer.used_columns(column_tile)
        for job in layer.jobs:
            phase_y, phase_x = divmod(job.phase, shape.stride)
            for row in range(job.rows):
                y = shape.stride * (job.first_row + row) + phase_y
                for column in range(job.columns):
                    x = shape.stride * column + phase_x
                    for plane in range(2):
                        for quad in range(0, used, LANES):
                            first, end = left + quad, left + min(quad + LANES, used)
                            yield pack(sums[plane, first:end, y, x], bits)


@dataclass(frozen=True)
class Contents:
    """Initial contents of the machine's memories.

    Attributes
    ----------
    words : dict of str to list of int
        Unsigned words by name of the memory, as :func:`hw.engine.load_bus.memories` names them; the
        rest of a memory is 0.
    """

    words: dict

    @classmethod
    def of(cls, model, tiling, capacity):
        """Lay out a model.

        Parameters
        ----------
        model : golden.model_file.Model
        tiling : hw.tiling.Tiling
            Of the model's network.
        capacity : hw.capacity.Capacity

        Raises
        ------
        InputError
            It does not fit.
        """
        capacity.check(tiling)
        program = Program.of(tiling, capacity)
        if capacity.array.weight_bus:
            weights = bus_words(model, tiling, capacity)
        else:
            weights = spaced(weight_words(model, tiling, capacity.weight_bits))
        return cls(
            {
                "weights": weights,
                "channels": list(channel_words(model, tiling, capacity.acc_width)),
                "plane_biases": list(plane_bias_words(model, tiling, capacity.plane_bias_width)),
                "table": [int(pixel) for pixel in model.table],
                "sweeps": program.sweeps,
                "feed": program.feed,
                "read": program.read,
            }
        )

    @classmethod
    def empty(cls, capacity):
        """Return no model."""
        return cls({each.name: [] for each in memories(capacity)})
