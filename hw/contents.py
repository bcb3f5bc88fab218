# SPDX-License-Identifier: Apache-2.0
"""A model as memory contents: everything of it that the generator hardware holds.

Two models of one spec differ in these lists and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw.engine.dual_multiplier import stored_weights
from hw.engine.requantizer import channel_layout
from hw.tiling import KERNEL_SIZE, LANES, PLANES, TAPS, Tiling, tap_kernel


def pack(values, width):
    """Pack integers into one word, the first in the lowest bits, each two's complement."""
    mask = (1 << width) - 1
    word = 0
    for position, value in enumerate(values):
        word |= (int(value) & mask) << position * width
    return word


def weight_tile(model, tiling, tile):
    """Return the weights of `tile`, int8 (rows, columns), zero outside the layer.

    In layers 1 to 3 column c is output channel ``column_tile * columns + c``; in layer 4 it is tap
    ``c % TAPS`` of output phase ``phase * layer4_phases + c // TAPS``.
    """
    array = tiling.array
    weight = model.weight[tile.layer]  # (in, out, kh, kw)
    first = tile.row_tile * array.rows
    rows = weight[first : first + array.rows]
    out = np.zeros((array.rows, array.columns), np.int8)
    if tile.layer < 3:
        left = tile.column_tile * array.columns
        kh, kw = tap_kernel(tile.layer, tile.phase, tile.tap)
        block = rows[:, left : left + array.columns, kh, kw]
        out[: block.shape[0], : block.shape[1]] = block
    else:
        for column in range(TAPS * array.layer4_phases):
            phase, tap = divmod(column, TAPS)
            kernel = tap_kernel(3, tile.phase * array.layer4_phases + phase, tap)
            out[: len(rows), column] = rows[:, 0, *kernel]
    return out


def weight_words(model, tiling):
    """Yield the words of the weight stream in order of use.

    A word holds ``word_weights`` weights of ``tiling.weight_bits`` bits, the first in the lowest
    bits; a tile is sent row by row, as :func:`hw.engine.dual_multiplier.stored_weights` gives it.
    """
    per_word, bits = tiling.array.word_weights, tiling.weight_bits
    shifts = {}
    for tile in tiling.tiles():
        key = (tile.layer, tile.column_tile * (tile.layer < 3), tile.phase, tile.row_tile, tile.tap)
        if key not in shifts:  # layer 4 sends the same tiles once a band
            weights = weight_tile(model, tiling, tile)
            flat = stored_weights(weights, hop=tiling.array.hop, weight_bits=bits).reshape(-1)
            shifts[key] = [
                pack(flat[n * per_word : (n + 1) * per_word], bits) for n in range(tile.words)
            ]
        yield from shifts[key]


def channel_words(model, tiling):
    """Yield the requantizer's words: one a layer, column tile and quad of columns.

    A word has the fields of :func:`hw.engine.requantizer.channel_layout`: `LANES` times bias and
    mul, then the layer's shift. Lanes beyond the last channel hold 0; layer 4 has one word, the
    same in all lanes.
    """
    columns, quads = tiling.array.columns, tiling.quads
    for n, facts in enumerate(tiling.layers):
        bias, mul = model.bias[n], model.mul[n]
        if n == 3:
            yield _channel_word(tiling, [(bias[0], mul[0])] * LANES, model.shift[n])
            continue
        for column_tile in range(facts.column_tiles):
            for quad in range(quads):
                lanes = []
                for lane in range(LANES):
                    column = quad * LANES + lane
                    channel = column_tile * columns + column
                    used = column < columns and channel < len(bias)
                    lanes.append((bias[channel], mul[channel]) if used else (0, 0))
                yield _channel_word(tiling, lanes, model.shift[n])


def _channel_word(tiling, lanes, shift):
    layout = channel_layout(tiling.acc_width)
    fields = [{"bias": int(bias), "mul": int(mul)} for bias, mul in lanes]
    return layout.const({"lanes": fields, "shift": int(shift)}).as_value().value


def plane_bias_words(model, tiling):
    """Yield the biases that layer 1 has in planes G and B, a word of `LANES` channels.

    Layer 1 is linear: its sums of z + v are those of z and, here beside the bias, those of v. They
    belong to the model as its weights do, so they are contents: nothing has to run before the first
    avatar. In order of channel word (as :func:`channel_words`), y, x and plane; lanes beyond the
    last channel hold 0.
    """
    columns, quads = tiling.array.columns, tiling.quads
    facts = tiling.layers[0]
    sums = np.einsum(
        "pi,ioyx->poyx", np.array([model.v1, model.v2], np.int64), model.weight[0].astype(np.int64)
    )
    biases = np.zeros((PLANES - 1, facts.column_tiles * columns, KERNEL_SIZE, KERNEL_SIZE), int)
    biases[:, : len(model.bias[0])] = sums + model.bias[0][:, None, None]
    tiles = biases.reshape(PLANES - 1, facts.column_tiles, columns, KERNEL_SIZE, KERNEL_SIZE)
    whole = np.zeros((PLANES - 1, facts.column_tiles, quads * LANES, KERNEL_SIZE, KERNEL_SIZE), int)
    whole[:, :, :columns] = tiles
    lanes = whole.reshape(PLANES - 1, -1, LANES, KERNEL_SIZE, KERNEL_SIZE)
    for word in lanes.transpose(1, 3, 4, 0, 2).reshape(-1, LANES):
        yield pack(word, tiling.plane_bias_width)


@dataclass(frozen=True)
class Contents:
    """Initial contents of the generator's memories, each a list of unsigned words.

    Attributes
    ----------
    weights, channels, plane_biases, table : list of int
        Weight stream; bias, mul and shift; layer 1's biases with v1 and v2; the tanh table.
    """

    weights: list
    channels: list
    plane_biases: list
    table: list

    @classmethod
    def of(cls, model, array):
        """Lay out `model` (:class:`golden.model_file.Model`) for `array`."""
        tiling = Tiling(model.spec, array)
        return cls(
            weights=list(weight_words(model, tiling)),
            channels=list(channel_words(model, tiling)),
            plane_biases=list(plane_bias_words(model, tiling)),
            table=[int(pixel) for pixel in model.table],
        )
