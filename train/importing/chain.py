# SPDX-License-Identifier: Apache-2.0
"""A generator as a chain of layers, built one operation after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from golden.spec import FIELD_RANGES
from support.failures import InputError
from train.importing import rewrites

CHANNELS_MAX = FIELD_RANGES["channels"][1]
MAPS_MAX = 4096  # rows of a map on the way; the spec holds the finished ones to 128


@dataclass(eq=False)
class Stage:
    """One transposed convolution, its crops still apart from its kernel.

    Attributes
    ----------
    weight : float64 array, shape (in, out, kh, kw)
    bias : float64 array, shape (out,)
    stride : int
    crop : int array, shape (2, 2)
        Rows cut off before and behind, columns cut off before and behind; see
        :mod:`train.importing.rewrites`.
    one : float64 array, shape (out, kh, kw), or None
        The kernel of one more input channel that is 1 everywhere: an offset that is not the same at
        every pixel of a channel.
    slope : float or None
        Of the activation for negative sums; None while it has none.
    source : list of str
        Names of the modules or nodes that it was made of.
    notes : list of str
        What was rewritten and assumed.
    """

    weight: np.ndarray
    bias: np.ndarray
    stride: int = 1
    crop: np.ndarray = field(default_factory=lambda: np.zeros((2, 2), int))
    one: np.ndarray | None = None
    slope: float | None = None
    source: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def out_size(self, size):
        """(height, width) of the output for an input of `size`."""
        kernel = np.array(self.weight.shape[2:])
        return (np.array(size) - 1) * self.stride + kernel - self.crop.sum(1)

    def scale_outputs(self, scale, shift):
        """Fold ``scale * x + shift`` of the outputs in."""
        self.weight = self.weight * scale[:, None, None]
        self.bias = self.bias * scale + shift
        if self.one is not None:
            self.one = self.one * scale[:, None, None]


class Chain:
    """The layers so far, and what the next one has to take up.

    Data are either *features*, any shape of numbers that a Linear or the latent gave, or *maps*
    (channels, height, width). Every method raises InputError where an operation cannot be written
    in layers of ours; the message does not name the operation.

    Parameters
    ----------
    latent : tuple of int
        Shape of one latent, as (100,) or (100, 1, 1).
    """

    def __init__(self, latent):
        self.latent = int(np.prod(latent))
        self.stages = []
        # Which feature stands where; None once the data are maps.
        self.places = np.arange(self.latent).reshape(latent)
        self.scale = self.shift = None  # of each feature or channel, for the next layer's input
        self.enlarged = 1  # 2: a nearest Upsample for the next layer to take up
        self.pad = np.zeros((2, 2), int)  # zeros around the next layer's input
        self.channels_last = False  # maps stand as (height, width, channels)
        self.output = None

    @property
    def shape(self):
        """Shape of one latent's data."""
        if self.places is not None:
            return self.places.shape
        height, width = (self.size * self.enlarged + self.pad.sum(1)).tolist()
        maps = (self._channels, height, width)
        return maps[1:] + maps[:1] if self.channels_last else maps

    @property
    def size(self):
        """(height, width) of the last layer's output."""
        size = np.array([1, 1])
        for stage in self.stages:
            size = stage.out_size(size)
        return size

    @property
    def _channels(self):
        return self.stages[-1].weight.shape[1] if self.stages else self.latent

    def name(self, source):
        """Say that `source` has become part of the last layer."""
        if self.stages and source not in self.stages[-1].source:
            self.stages[-1].source.append(source)

    def note(self, text):
        """Add a note to the last layer, if there is one."""
        if self.stages:
            self.stages[-1].notes.append(text)

    def linear(self, weight, bias=None):
        """Multiply features (in,) by `weight` (in, out): a layer of kernel 1."""
        self._check_open()
        if self.places is None:
            self.reshape((self._channels,))
        if self.places.shape != weight.shape[:1]:
            raise InputError(f"takes {len(weight)} numbers and is given {self.places.shape}")
        rows = np.empty_like(weight)
        rows[self.places] = weight
        self._append(rows[:, :, None, None], bias)
        self.places = np.arange(weight.shape[1])

    def conv_transpose(self, weight, bias=None, stride=1, crop=((0, 0), (0, 0))):
        """Add a ConvTranspose2d with `weight` (in, out, kh, kw)."""
        self._check_open()
        self._to_maps()
        if len(weight) != self._channels:
            raise InputError(f"takes {len(weight)} channels and is given {self._channels}")
        crop = np.array(crop)
        if self.enlarged == 2:
            if stride != 1:
                raise InputError("a stride of 2 after an Upsample x2 enlarges by 4; 2 is the most")
            weight, stride = rewrites.after_nearest(weight), 2
            crop = crop - self.pad
        else:
            crop = crop - stride * self.pad
        enlarged, self.enlarged, self.pad = self.enlarged, 1, np.zeros((2, 2), int)
        self._append(weight, bias, stride, crop)
        if enlarged == 2:
            self.note("nearest Upsample x2 and the convolution: one kernel of stride 2")

    def conv(self, weight, bias=None, padding=((0, 0), (0, 0))):
        """Add a Conv2d of stride 1 with `weight` (out, in, kh, kw)."""
        kernel = np.array(weight.shape[2:])[:, None]
        self.conv_transpose(rewrites.mirrored(weight), bias, 1, kernel - 1 - np.array(padding))
        self.note(f"Conv2d {weight.shape[2]}x{weight.shape[3]}: the mirrored kernel")

    def upsample(self):
        """Double height and width by repeating every pixel."""
        self._check_open()
        self._to_maps()
        if self.enlarged == 2:
            raise InputError("two Upsamples x2 with no convolution between them enlarge by 4")
        self.enlarged = 2
        self.pad = self.pad * 2

    def depth_to_space(self, mode=rewrites.CRD):
        """Make one channel of twice the height and width of every four."""
        self._to_maps()
        if not self.stages or self._waiting or self.stages[-1].stride != 1:
            raise InputError("follows no convolution of stride 1, which it could become part of")
        stage = self.stages[-1]
        if self._channels % 4:
            raise InputError(f"takes fours of channels and is given {self._channels}")
        (top, bottom), (left, right) = stage.crop
        order = np.arange(self._channels)
        offsets = stage.bias[
            order.reshape(-1, 4) if mode == rewrites.CRD else order.reshape(4, -1).T
        ]
        if np.ptp(offsets, axis=1).any():
            # Each pixel of a square of four has an offset of its own: a tap of the constant channel
            # that reaches every output.
            height, width = stage.weight.shape[2:]
            taps = []
            for size, before, behind in ((height, top, bottom), (width, left, right)):
                tap = max(0, size - 1 - behind)
                if tap > min(before, size - 1):
                    raise InputError("its convolution pads so much that no tap reaches every pixel")
                taps.append(tap)
            if stage.one is None:
                stage.one = np.zeros(stage.weight.shape[1:])
            stage.one[:, taps[0], taps[1]] += stage.bias
            stage.bias = np.zeros(len(offsets))
        else:
            stage.bias = offsets[:, 0]
        if stage.one is not None:
            stage.one = rewrites.shuffled(stage.one, mode)
        stage.weight = rewrites.shuffled(stage.weight, mode)
        stage.stride, stage.crop = 2, 2 * stage.crop
        self.note("PixelShuffle(2) and its convolution: one kernel of stride 2")

    def affine(self, scale, shift):
        """``scale * x + shift``, BatchNorm or a bias; both broadcast to the data's shape."""
        self._check_open()
        scale, shift = self._per_channel(scale), self._per_channel(shift)
        if self.pad.any() and shift.any():
            raise InputError("adds to a border of zeros; move the padding behind it")
        if not self.stages or self.stages[-1].slope is not None or self.scale is not None:
            before = (1.0, 0.0) if self.scale is None else (self.scale, self.shift)
            self.scale, self.shift = before[0] * scale, before[1] * scale + shift
        else:
            self.stages[-1].scale_outputs(scale, shift)

    def activation(self, slope):
        """``max(x, 0) + slope * min(x, 0)``."""
        self._check_open()
        if not 0 <= slope < np.inf:
            raise InputError(f"has a slope of {slope:g} for negative numbers; 0 or more is made")
        if not self.stages or self.scale is not None:
            self._flush()
        stage = self.stages[-1]
        stage.slope = slope * (1.0 if stage.slope is None else stage.slope)

    def finish_with(self, output):
        """The function that makes pixels of the last layer's sums, ``tanh`` or ``sigmoid``."""
        self._check_open()
        if not self.stages or self.stages[-1].slope is not None or self._waiting:
            self._flush()
        self.output = output

    def reshape(self, shape):
        """Give features another shape; maps of one pixel are features."""
        if self.places is None and self._channels == 1 and shape != self.shape:
            turned = (*self.shape[1:], 1) if not self.channels_last else (1, *self.shape[:2])
            if shape == turned:
                self.channels_last = not self.channels_last
                return
        if self.places is None and shape != self.shape:
            if self._waiting_at_maps or (self.size != 1).any():
                raise InputError(f"makes {shape} of maps {self.shape}, which mixes their pixels")
            self.places = np.arange(self._channels).reshape(self.shape)
        if self.places is not None:
            if int(np.prod(shape)) != self.places.size:
                raise InputError(f"makes {shape} of {self.shape}")
            self.places = self.places.reshape(shape)

    def transpose(self, axes):
        """Exchange the axes of features, or put the channels of maps last or first again."""
        if self.places is not None:
            self.places = self.places.transpose(axes)
        elif axes == ((2, 0, 1) if self.channels_last else (1, 2, 0)):
            self.channels_last = not self.channels_last
        elif axes != (0, 1, 2):
            raise InputError(f"exchanges the axes {axes} of maps {self.shape}")

    def pad_zeros(self, amounts):
        """Put rows and columns of zeros around the maps; negative ones crop."""
        self._to_maps()
        pad = self.pad + np.array(amounts)
        crop, self.pad = np.maximum(-pad, 0), np.maximum(pad, 0)
        if self.output and self.pad.any():
            raise InputError("puts a border around the picture")
        if crop.any():
            if not self.stages:
                raise InputError("crops the latent")
            if (crop % self.enlarged).any():
                raise InputError("crops an odd number of rows behind an Upsample x2")
            self.stages[-1].crop = self.stages[-1].crop + crop // self.enlarged
            self._check_size()
            self.note("a crop: more padding")

    def finish(self):
        """Bring everything that waits into layers; there is one at least, and its data are maps."""
        self.channels_last = False
        self._to_maps()
        if not self.stages or self.stages[-1].slope is not None or self._waiting:
            self._flush()

    @property
    def _waiting_at_maps(self):
        return self.enlarged != 1 or self.pad.any()

    @property
    def _waiting(self):
        return self.scale is not None or self._waiting_at_maps

    def _check_open(self):
        if self.output:
            raise InputError(f"stands behind {self.output}; nothing may come after it")

    def _flush(self):
        """Add a layer that changes nothing, to take up what waits for one."""
        if self._channels > CHANNELS_MAX:
            raise InputError(
                f"needs one more layer, of {self._channels} channels; at most "
                f"{CHANNELS_MAX} are made"
            )
        if self.places is None:
            identity = np.eye(self._channels)[:, :, None, None]
            self.conv_transpose(identity)
        else:
            places, identity = self.places, np.eye(self.places.size)
            self.places = np.arange(self.places.size)
            self.linear(identity)
            self.places = places
        self.note("one more layer, which takes up what the others cannot")

    def _append(self, weight, bias, stride=1, crop=((0, 0), (0, 0))):
        outputs = weight.shape[1]
        bias = np.zeros(outputs) if bias is None else bias
        if bias.shape != (outputs,):
            raise InputError(f"has {bias.size} biases for {outputs} outputs")
        one = None
        if self.scale is not None:
            if self.shift.any():
                one = np.einsum("c,cohw->ohw", self.shift, weight)
            weight = weight * self.scale[:, None, None, None]
            self.scale = self.shift = None
        self.stages.append(Stage(weight, bias, stride, np.array(crop), one))
        if len(self.stages) > 1 and self.stages[-2].slope is None:
            self.stages[-2].slope = 1.0
        self._check_size()

    def _check_size(self):
        if not ((self.size >= 1) & (self.size <= MAPS_MAX)).all():
            raise InputError(f"gives maps of {self.size[0]}x{self.size[1]}")

    def _per_channel(self, values):
        """Return numbers that broadcast to the data's shape as one for each channel or feature."""
        values = np.asarray(values, np.float64)
        if self.places is not None:
            try:
                each = np.broadcast_to(values, self.places.shape)
            except ValueError:
                raise InputError(f"has {values.shape} numbers for {self.shape}") from None
            flat = np.empty(self.places.size)
            flat[self.places] = each
            return flat
        if self.channels_last and values.size != 1:
            raise InputError("has a number for each of channels that stand last")
        if values.ndim > 3 or any(size != 1 for size in values.shape[-2:] if values.ndim):
            raise InputError(f"has {values.shape} numbers for maps {self.shape}")
        if values.size not in (1, self._channels):
            raise InputError(f"has {values.size} numbers for {self._channels} channels")
        return np.broadcast_to(values.ravel(), (self._channels,))

    def _to_maps(self):
        """Make maps of features: the Linear before becomes a layer with the map as its kernel."""
        if self.channels_last:
            raise InputError(
                "takes maps with their channels last; (channels, height, width) is made"
            )
        if self.places is None:
            return
        if self.places.ndim != 3:
            raise InputError(f"takes maps (channels, height, width) and is given {self.shape}")
        channels, height, width = self.places.shape
        in_order = (np.diff(self.places.ravel()) == 1).all()
        if not self.stages and not (height * width == 1 and in_order):
            raise InputError(
                f"takes the latent as maps {self.shape}; ({self.latent}, 1, 1) is made"
            )
        if height * width == 1 and in_order:
            self.places = None
            return
        if self.stages[-1].weight.shape[2:] != (1, 1) or self.stages[-1].crop.any():
            self._flush()
        places, self.places = self.places, None
        stage = self.stages[-1]
        offset = stage.bias + (0 if stage.one is None else stage.one[:, 0, 0])
        stage.one = rewrites.arranged(offset, places)
        stage.weight = rewrites.arranged(stage.weight[:, :, 0, 0], places)
        stage.bias = np.zeros(channels)
        if self.scale is not None:
            each = [rewrites.arranged(each, places) for each in (self.scale, self.shift)]
            if any(np.ptp(values, axis=(1, 2)).any() for values in each):
                raise InputError("differs from pixel to pixel, after an activation")
            self.scale, self.shift = (values[:, 0, 0] for values in each)
        self.note(f"Linear and a reshape to {channels}x{height}x{width}: a kernel of that size")
