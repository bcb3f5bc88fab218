# SPDX-License-Identifier: Apache-2.0
"""Layer 4's taps to pixels, against :func:`golden.conv_transpose.conv_transpose2d_scatter`."""

import os

import cocotb
import numpy as np

from golden.conv_transpose import conv_transpose2d_scatter
from hw.contents import pack
from hw.engine.tap_combiner import TapCombiner
from hw.tiling import LANES, PHASES, PICTURE_SIZE, PLANES, TAPS, tap_kernel
from sim.benches import expected
from sim.benches.bench import extremes, generator, play, reset, start, unpack
from sim.benches.components import TILINGS

TILING = TILINGS[os.environ["TILING"]]
AT_ONCE = TILING.array.layer4_phases  # output phases
LAYER = TILING.spec.shapes[3]
PORTS = ("valid", "group", "plane", "y", "x", "taps")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(gap=[0.0, 0.3])
async def equals_golden(dut, gap):
    rng = generator()
    size = LAYER.in_size
    limit = LAYER.weight_max
    w = extremes(rng, -limit, limit, LAYER.weight_shape)
    x = extremes(rng, 0, 255, (PLANES, LAYER.in_channels, size, size))
    largest = np.full_like(x, 255), np.full_like(w, limit)
    stimulus, places = [], []
    expected = []
    for maps, weight in ((x, w), largest, (x, -w)):
        expected.append(conv_transpose2d_scatter(maps, weight, stride=2, padding=1)[:, 0])
        add_picture(rng, gap, tap_sums(maps, weight), stimulus, places)
    flush = [idle(rng)] * (1 + TapCombiner.latency)

    await start(dut)
    await play(dut, inputs(stimulus[:500]))  # a picture that a reset breaks off leaves no trace
    await reset(dut)
    seen = await play(dut, inputs(stimulus + flush), ["tap_combiner__sums"])
    sums = unpack(seen["tap_combiner__sums"], TILING.acc_width, LANES)[len(flush) :]

    pictures = np.full((len(expected), PLANES, PICTURE_SIZE, PICTURE_SIZE), np.iinfo(int).max)
    picture = -1
    for place, lanes in zip(places, sums, strict=True):
        if place is None:
            continue
        group, y, plane, x = place
        picture += (group, y, plane, x) == (0, 0, 0, 0)
        assert not lanes[AT_ONCE:].any()
        for phase, value in enumerate(lanes[:AT_ONCE], group * AT_ONCE):
            out_y, out_x = 2 * y - (phase >> 1), 2 * x - (phase & 1)
            if 0 <= out_y < PICTURE_SIZE and 0 <= out_x < PICTURE_SIZE:
                pictures[picture, plane, out_y, out_x] = value
    np.testing.assert_array_equal(pictures, expected)


def inputs(stimulus):
    """Return the rows of `stimulus` as a list a port; taps come a cycle behind their step."""
    names = (f"tap_combiner__{name}" for name in PORTS)
    *steps, taps = zip(*stimulus, strict=True)
    return dict(zip(names, (*steps, (taps[-1], *taps[:-1])), strict=True))


def tap_sums(x, w):
    """Return the sums over channels of each phase and tap, (4, 4, planes, size, size)."""
    return np.array(
        [
            [
                np.einsum("nchw,c->nhw", x, w[:, 0, *tap_kernel(3, phase, tap)])
                for tap in range(TAPS)
            ]
            for phase in range(PHASES)
        ]
    )


def add_picture(rng, gap, taps, stimulus, places):
    """Append each cycle's inputs, and its (group, y, plane, x) or None."""
    for place in expected.last_layer_steps(TILING):
        while rng.random() < gap:
            stimulus.append(idle(rng))
            places.append(None)
        group, y, plane, x = place
        if expected.FLUSH in (y, x):
            sums = garbage(rng)
        else:
            here = taps[group * AT_ONCE : (group + 1) * AT_ONCE, :, plane, y, x]
            sums = pack(here.reshape(-1), TILING.acc_width)
        stimulus.append((1, group, plane, y, x, sums))
        places.append(place)


def idle(rng):
    """Return a cycle that must not count."""
    return (
        0,
        rng.integers(PHASES // AT_ONCE),
        rng.integers(PLANES),
        *rng.integers(0, 17, 2),
        garbage(rng),
    )


def garbage(rng):
    """Return random sums of all taps."""
    limit = 1 << TILING.acc_width - 1
    return pack(rng.integers(-limit, limit, TAPS * AT_ONCE), TILING.acc_width)
