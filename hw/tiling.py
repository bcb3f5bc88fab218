# SPDX-License-Identifier: Apache-2.0
"""How a network is cut into tiles of the array: the one place that knows the order of work.

The order is: layer, column tile, phase, row tile, tap. A *tile* is one load of the array's weights;
a *job* is the run of tiles that completes one half of the accumulator banks.

=====  ==================  =====================  =================  ==========  ===============
layer  columns are         column tile            phase              tap         job (in a half)
=====  ==================  =====================  =================  ==========  ===============
1      output channels     group of channels      one                16 pixels   4 x 4
2, 3   output channels     group of channels      output parities    4 of phase  H x H x 3
4      taps, by phase      band of 4 input rows   group of columns   one         4 x 16 x 3
=====  ==================  =====================  =================  ==========  ===============

In one axis an output of parity 0 takes tap 1 of input u and tap 3 of input u - 1; of parity 1, tap
2 of input u and tap 0 of input u + 1. Tap number 0 of a phase is the one without offset: it reaches
every output of the phase, so it opens the accumulators.

Layer 1 is linear, W(z + v) = Wz + Wv: only z is streamed, and the sums of v1 and v2 are constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from golden.spec import INPUT_BITS, QUAD, RELU, GeneratorSpec
from support.failures import InputError

# The one shape of network that this machine makes, beside its channels and weight bits.
LATENT = 100
PLANES = 3
KERNEL_SIZE = 4
PICTURE_SIZE = 32
STRIDES = (1, 2, 2, 2)  # of the layers; the first has no padding, the others 1

LANES = QUAD  # requantizers: a quad of the array's columns is read at once
PHASES = 4  # output parities, y and x, of a layer of stride 2
TAPS = 4  # kernel positions that reach an output of a phase
BAND_ROWS = 4  # input rows of layer 4 that are accumulated together
JOB_ROWS = 8  # rows of the largest job's raster, layer 3's


@dataclass(frozen=True)
class ArraySpec:
    """Size of the systolic array.

    Parameters
    ----------
    rows, columns : int
        Input channels and output channels (in layer 4: taps) of a tile, 4 to 256.
    word_weights : int, optional
        Weights in a word of the weight stream; half a tile by default.
    hop : int
        Rows and columns that share a pipeline stage: data moves one group of `hop` a cycle.

    Raises
    ------
    InputError
        A size is out of range.
    """

    rows: int = 16
    columns: int = 16
    word_weights: int | None = None
    hop: int = 4

    def __post_init__(self):
        for name in ("rows", "columns"):
            if not LANES <= getattr(self, name) <= 256:
                raise InputError(
                    f"array: {name} is {getattr(self, name)}; give {LANES} to 256 "
                    f"({LANES} activations leave the requantizer at once)"
                )
        if self.word_weights is None:
            object.__setattr__(self, "word_weights", -(-self.rows * self.columns // 2))
        if not 1 <= self.word_weights <= self.rows * self.columns:
            raise InputError(
                f"array: {self.word_weights} weights a word; give 1 to {self.rows * self.columns}"
            )
        if not 1 <= self.hop <= 16:
            raise InputError(f"array: hop is {self.hop}; give 1 to 16")

    @property
    def macs_per_cycle(self):
        """Products a cycle, each of which feeds an accumulator."""
        return self.rows * self.columns

    @property
    def row_groups(self):
        """Pipeline stages that a partial sum goes down."""
        return -(-self.rows // self.hop)

    @property
    def column_groups(self):
        """Pipeline stages that an activation goes right."""
        return -(-self.columns // self.hop)

    @property
    def layer4_phases(self):
        """Output phases of layer 4 that fit the columns at once: 1, 2 or 4, four taps each."""
        return 4 if self.columns >= 16 else 2 if self.columns >= 8 else 1


@dataclass(frozen=True)
class LayerTiling:
    """Trip counts of one layer's loops, and the shape of its beats.

    Attributes
    ----------
    row_tiles, column_tiles, phases, taps : int
        Trip counts of the loops.
    in_size : int
        Height and width of the input map.
    last_rows : int
        Rows in use in the last row tile.
    """

    row_tiles: int
    column_tiles: int
    phases: int
    taps: int
    in_size: int
    last_rows: int

    @property
    def tiles(self):
        """Weight loads of the layer."""
        return self.column_tiles * self.phases * self.row_tiles * self.taps

    @property
    def jobs(self):
        """Halves of the accumulator banks that the layer fills."""
        return self.column_tiles * self.phases


@dataclass(frozen=True)
class Tile:
    """One load of the array: indices of the five loops, and what follows from them."""

    layer: int  # 0 to 3
    column_tile: int
    phase: int
    row_tile: int
    tap: int
    words: int  # of the weight stream
    beats: int


@dataclass(frozen=True)
class Tiling:
    """`spec` on `array`.

    Raises
    ------
    InputError
        As :func:`check_network`.
    """

    spec: GeneratorSpec
    array: ArraySpec

    def __post_init__(self):
        check_network(self.spec)

    @cached_property
    def layers(self):
        """The four :class:`LayerTiling`."""
        return tuple(self._layer(n, layer) for n, layer in enumerate(self.spec.shapes))

    def _layer(self, n, layer):
        rows, columns = self.array.rows, self.array.columns
        row_tiles = -(-layer.in_channels // rows)
        if n < 3:
            column_tiles, phases = -(-layer.out_channels // columns), 1 if n == 0 else PHASES
        else:
            column_tiles, phases = layer.in_size // BAND_ROWS, PHASES // self.array.layer4_phases
        return LayerTiling(
            row_tiles=row_tiles,
            column_tiles=column_tiles,
            phases=phases,
            taps=(KERNEL_SIZE**2, TAPS, TAPS, 1)[n],
            in_size=layer.in_size,
            last_rows=layer.in_channels - (row_tiles - 1) * rows,
        )

    def words(self, layer, row_tile):
        """Words of the weight stream in a tile of that row tile; unused rows are not sent."""
        facts = self.layers[layer]
        rows = facts.last_rows if row_tile == facts.row_tiles - 1 else self.array.rows
        return -(-rows * self.array.columns // self.array.word_weights)

    def beats(self, layer, phase, tap):
        """Activation words of a tile: valid pixels only, times three planes; in layer 1 one."""
        if layer == 0:
            return 1
        size = self.layers[layer].in_size
        if layer == 3:
            return BAND_ROWS * size * PLANES
        return (size - (tap >> 1)) * (size - (tap & 1)) * PLANES

    def first_waiting_row_tile(self, layer):
        """Return the first row tile of `layer` (0 to 3) whose input may not be written yet.

        When a layer begins, the two last jobs of the one before are still on their way to its map:
        of layer 1 these are two column tiles, of the others two phases of the last one. In layer 1,
        which reads the latent, no row tile waits.
        """
        facts = self.layers
        if layer == 0:
            return facts[0].row_tiles
        before = facts[layer - 1]
        column_tiles = before.column_tiles - (2 if before.phases == 1 else 1)
        return max(0, column_tiles * self.array.columns // self.array.rows)

    def rows_needed(self, layer, column_tile):
        """Return how many rows of the last job before `layer` (1 to 3) a tile of it needs.

        All of them; but a band of layer 4 takes `BAND_ROWS` rows of the map and one row of layer
        3's last job, odd in y and x, completes two.
        """
        return BAND_ROWS // 2 * (column_tile + 1) if layer == 3 else JOB_ROWS

    def tiles(self):
        """Yield every :class:`Tile` of an avatar, in order of use."""
        for n, facts in enumerate(self.layers):
            loops = (facts.column_tiles, facts.phases, facts.row_tiles, facts.taps)
            for column_tile, phase, row_tile, tap in product(*map(range, loops)):
                yield Tile(
                    n,
                    column_tile,
                    phase,
                    row_tile,
                    tap,
                    self.words(n, row_tile),
                    self.beats(n, phase, tap),
                )

    @property
    def weight_bits(self):
        """Bits of a weight in the stream: those of the widest layer."""
        return max(self.spec.weight_bits)

    @property
    def weight_words(self):
        """Words of the weight stream of one avatar."""
        return sum(
            facts.jobs * facts.taps * sum(self.words(n, tile) for tile in range(facts.row_tiles))
            for n, facts in enumerate(self.layers)
        )

    @property
    def channel_words(self):
        """Words of the channels' constants: one a layer, column tile and quad, one for layer 4."""
        return sum(facts.column_tiles for facts in self.layers[:3]) * self.quads + 1

    @property
    def plane_bias_words(self):
        """Words of layer 1's biases of G and B: one a channel word, pixel and plane."""
        facts = self.layers[0]
        return facts.column_tiles * self.quads * facts.taps * (PLANES - 1)

    @property
    def plane_bias_width(self):
        """Bits of a signed bias of layer 1 with the sum of v1 or v2: 1.5 times the largest sum."""
        return self.spec.shapes[0].acc_width + 1

    @property
    def psum_width(self):
        """Bits of a signed sum over one column of the array."""
        largest = self.array.rows * 2 ** (INPUT_BITS - 1) * (2 ** (self.weight_bits - 1) - 1)
        return largest.bit_length() + 1

    @property
    def acc_width(self):
        """Bits of an accumulator that holds every layer's sums."""
        return max(self.spec.acc_widths)

    @property
    def rows_to_read(self):
        """Rows of a job of layer 3 that must be read before another job may take its half.

        A step reads a quad, so a sum takes `quads` cycles; the job behind opens one a cycle, in the
        same order. Where 8 / quads rows are left it never overtakes.
        """
        return max(1, JOB_ROWS - JOB_ROWS // self.quads)

    @property
    def map_groups(self):
        """Groups of `rows` channels in the deepest map between two layers."""
        return max(facts.row_tiles for facts in self.layers[1:])

    @property
    def first_rows(self):
        """Rows of the array in which the first channel of a quad of layers 1 to 3 can be, sorted.

        Each channel of a map lives in the bank of the row that reads it in the layer behind.
        """
        tiles = max(facts.column_tiles for facts in self.layers[:3])
        return sorted(
            {
                (tile * self.array.columns + quad * LANES) % self.array.rows
                for tile in range(tiles)
                for quad in range(self.quads)
            }
        )

    @property
    def quads(self):
        """Beats in which the requantizer reads one accumulator address of all columns."""
        return -(-self.array.columns // LANES)


def tap_kernel(layer, phase, tap):
    """Return the kernel position (kh, kw) that tap number `tap` of `phase` uses.

    Parameters
    ----------
    layer : int
        0 to 3.
    phase : int
        Output parities ``2 * (y & 1) + (x & 1)``; 0 in layer 1.
    tap : int
        ``4 * kh + kw`` in layer 1; ``2 * ty + tx`` after it, where t = 0 has no input offset.
    """
    if layer == 0:
        return divmod(tap, KERNEL_SIZE)
    return tuple(
        ((1, 3), (2, 0))[parity][t]
        for parity, t in zip(divmod(phase, 2), divmod(tap, 2), strict=True)
    )


def check_network(spec):
    """Refuse a network that this machine cannot make.

    Raises
    ------
    InputError
        The message names the first layer that has another shape.
    """
    made = "this machine makes four layers of kernel 4, 32x32 in three planes, from 100 numbers"
    if spec.planes != PLANES:
        raise InputError(f"spec: planes is {spec.planes}, not {PLANES}; {made}")
    if spec.latent != LATENT:
        raise InputError(f"spec: latent is {spec.latent}, not {LATENT}; {made}")
    for shape, stride in zip(spec.shapes, STRIDES):
        wanted = {
            "kernel_size": KERNEL_SIZE,
            "stride": stride,
            "padding": stride - 1,
            "output_padding": 0,
        }
        if not shape.is_last:
            wanted["activation"] = RELU
        for name, value in wanted.items():
            found = getattr(shape, name)
            if found != value:
                raise InputError(
                    f"spec: layer {shape.number}: {name} is {found}, not {value}; {made}"
                )
    if len(spec.shapes) != len(STRIDES):
        raise InputError(f"spec: has {len(spec.shapes)} layers, not {len(STRIDES)}; {made}")
