# SPDX-License-Identifier: Apache-2.0
"""What the work of a layer consists of: sweeps, taps, jobs and the loops around them."""

from __future__ import annotations

from dataclasses import dataclass

from hw.array import ArraySpec

BOUND_CYCLES = 2  # until a sweep that is bound to other jobs may start, at least (hw.engine.feeder)
RECURRENCE = 5  # cycles after which a sum may be added to again (hw.engine.accumulator)
IN_FLIGHT = 3  # jobs begun and not written, at most: two halves and one on its way to a map


@dataclass(frozen=True)
class Axis:
    """One phase of a layer along one axis.

    Attributes
    ----------
    first_tap, taps : int
        Kernel positions ``first_tap + stride * t`` for t < taps.
    offset : int
        Output u meets tap t at input ``u + offset - t``.
    outputs : int
        Outputs of the phase.
    """

    first_tap: int
    taps: int
    offset: int
    outputs: int

    @classmethod
    def of(cls, shape, phase):
        """Return the phase of a :class:`golden.spec.LayerShape`."""
        stride, padding = shape.stride, shape.padding
        first = (phase + padding) % stride
        return cls(
            first_tap=first,
            taps=max(0, -(-(shape.kernel_size - first) // stride)),
            offset=(phase + padding - first) // stride,
            outputs=-(-(shape.out_size - phase) // stride),
        )


@dataclass(frozen=True)
class Sweep:
    """A rectangle of beats.

    Attributes
    ----------
    y, x, rows, columns : int
        Sums that it reaches, in the job's raster.
    in_y, in_x : int
        The input of its first beat.
    opens : bool
        In the first row tile its sums start at 0 in place of adding to what is there.
    settles : bool
        The next sweep adds to its sums so soon that it must wait :data:`RECURRENCE` cycles.
    """

    y: int
    x: int
    rows: int
    columns: int
    in_y: int
    in_x: int
    opens: bool = False
    settles: bool = False


@dataclass(frozen=True)
class Tap:
    """A load of the array's weights, for all row tiles alike.

    Attributes
    ----------
    place : (int, int) or None
        Kernel position; in the last layer the block's first t along y and x. None: all weights are
        0, for sums that no tap reaches.
    sweeps : tuple of Sweep
    """

    place: tuple | None
    sweeps: tuple


@dataclass(frozen=True)
class Job:
    """What fills a half of the accumulator banks, and how it is read.

    Attributes
    ----------
    phase : int
        ``stride * y phase + x phase``; in the last layer the first of those in the columns.
    first_row, rows, columns : int
        Of the raster of sums: outputs u of the phase, in the last layer inputs of the grid.
    taps : tuple of Tap
    again : bool
        Its weights are those of the job before.
    grid_row, grid_rows : int
        Last layer: the rows of the grid that are read; both 0 in others.
    needs : tuple of bool
        Whether it reads rows that the last job of the layer before writes, the one before that, ...
    free_after : int
        Sums after whose reading the half is free; all of them in the last layer.
    """

    phase: int
    first_row: int
    rows: int
    columns: int
    taps: tuple
    again: bool = False
    grid_row: int = 0
    grid_rows: int = 0
    needs: tuple = ()
    free_after: int = 0

    @property
    def places(self):
        """Where its weights are from."""
        return self.phase, tuple(tap.place for tap in self.taps)


@dataclass(frozen=True)
class LayerTiling:
    """A layer's loops.

    Attributes
    ----------
    shape : golden.spec.LayerShape
    array : ArraySpec
    slots : int
        Beats of a pixel.
    out_slots : int
        Slots of a pixel that is read; more than `slots` in layer 1 of three planes.
    jobs : tuple of Job
        Of each column tile.
    reached_from : tuple of int
        The first row tile that reads a channel of the last job of the layer before, of the one
        before that, ...
    block : (int, int)
        Last layer: taps of a phase in the columns, along y and x.
    """

    shape: object
    array: ArraySpec
    slots: int
    out_slots: int
    jobs: tuple
    reached_from: tuple = ()
    block: tuple = (1, 1)

    @property
    def row_tiles(self):
        """Groups of input channels."""
        return -(-self.shape.in_channels // self.array.rows)

    @property
    def last_rows(self):
        """Rows in use in the last row tile."""
        return self.shape.in_channels - (self.row_tiles - 1) * self.array.rows

    @property
    def column_tiles(self):
        """Groups of output channels."""
        if self.shape.is_last:
            return self.shape.out_channels
        return -(-self.shape.out_channels // self.array.columns)

    @property
    def out_groups(self):
        """Groups of `rows` channels in the layer's output map."""
        return -(-self.shape.out_channels // self.array.rows)

    def allow(self, job, row_tile):
        """Return how many of the jobs before may be unwritten when `job` reads `row_tile`."""
        for age, (needed, reached) in enumerate(zip(job.needs, self.reached_from)):
            if needed and row_tile >= reached:
                return age
        return IN_FLIGHT

    def used_columns(self, column_tile):
        """Columns that hold an output channel (not in the last layer)."""
        left = column_tile * self.array.columns
        return min(self.array.columns, self.shape.out_channels - left)

    def words(self, row_tile):
        """Words of the weight stream in a tile of that row tile; unused rows are not sent."""
        last = row_tile == self.row_tiles - 1
        return self.array.words(self.last_rows if last else self.array.rows)

    @property
    def spread(self):
        """Whether the last layer's columns hold several phases of 2 x 2 taps, a lane each."""
        return self.shape.is_last and self.shape.stride == 2 and self.shape.kernel_size <= 4

    @property
    def phases_at_once(self):
        """Phases of the last layer that a job makes."""
        return self.array.lanes if self.spread else 1

    @property
    def axes(self):
        """An :class:`Axis` for each phase along an axis."""
        return [Axis.of(self.shape, phase) for phase in range(self.shape.stride)]

    @property
    def grid_columns(self):
        """Columns of the last layer's grid."""
        return max(axis.offset + axis.outputs for axis in self.axes)

    def rows_ready(self, grid_row):
        """Rows of the picture that are complete once a row of the grid is read; may be negative."""
        stride = self.shape.stride
        behind = max(stride * axis.offset - phase for phase, axis in enumerate(self.axes))
        return stride * (grid_row + 1) - behind

    def completes_rows(self, job):
        """Whether `job` makes the last phases of the last layer's rows."""
        return job.phase == self.jobs[-1].phase
