# SPDX-License-Identifier: Apache-2.0
"""The model file: one quantised generator as safetensors, checked whole and named by its digest.

Arrays, C order, little-endian, for layers n = 1..L: ``weight<n>`` int8 (in, out, k, k), ``bias<n>``
int32 (out,), ``mul<n>`` uint16 (out,), in leaky layers ``neg<n>`` uint16 (out,); ``shift`` uint8
(L,), ``table`` uint8 (1024,); with planes 3 ``v1`` and ``v2`` int8 (latent,). Metadata: the key
``avatar`` holds JSON with format, spec, digest, training, metrics.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from golden.spec import LEAKY_RELU, MAX_SHIFT, TABLE_SIZE, GeneratorSpec
from support.failures import InputError
from support.files import replacing

FORMAT = 2
REMAKE = "make the file again with `avatar quantize`"
RUN_CONFIG = "config.json"  # of the folder of a run
METADATA = "avatar"  # of a model file
FLOATS = "generator"  # metadata of a packed float generator
RUN_FLOATS = "facts"  # metadata of a run's own float generator
_KEYS = {"format", "spec", "digest", "training", "metrics"}


@dataclass(frozen=True, eq=False)
class Model:
    """A quantised generator: everything that reference, hardware and host need to know of it.

    Parameters
    ----------
    spec : GeneratorSpec
    weight : int8 arrays, one a layer, shape (in_channels, out_channels, kernel, kernel)
        Symmetric: ``|w| <= 2**(weight_bits - 1) - 1``.
    bias : int32 arrays, one a layer, shape (out_channels,)
        Added to the accumulator; at most the layer's `acc_max` in magnitude.
    mul : uint16 arrays, one a layer, shape (out_channels,)
    shift : uint8 array, shape (layers,)
        1 to 40. ``mul / 2**shift`` rescales a layer's accumulators.
    table : uint8 array, shape (1024,)
        Pixel of each rescaled accumulator of the last layer, from -512 up.
    neg : uint16 arrays, one a layer, shape (out_channels,), or None
        In place of `mul` where accumulator and bias are negative; of leaky layers only.
    v1, v2 : int8 arrays, shape (latent,), or None
        What the planes G and B add to the latent, in 1/32; with planes 3 only.
    training, metrics : dict
        Provenance and measurements, as JSON can hold them; no part of the digest.

    The arrays are copied, contiguous and read-only.

    Raises
    ------
    InputError
        An array has the wrong dtype, shape or range; the message names it.
    """

    spec: GeneratorSpec
    weight: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    mul: tuple[np.ndarray, ...]
    shift: np.ndarray
    table: np.ndarray
    neg: tuple[np.ndarray | None, ...] = ()
    v1: np.ndarray | None = None
    v2: np.ndarray | None = None
    training: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)

    def __post_init__(self):
        count = len(self.spec.layers)
        object.__setattr__(self, "neg", tuple(self.neg) or (None,) * count)
        for name in ("weight", "bias", "mul", "neg"):
            arrays = tuple(getattr(self, name))
            if len(arrays) != count:
                raise InputError(
                    f"{name} has {len(arrays)} arrays; give one for each of {count} layers"
                )
            object.__setattr__(self, name, tuple(map(_frozen, arrays)))
        for name in ("shift", "table", "v1", "v2"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))
        _check(self.spec, self.arrays)

    @property
    def arrays(self):
        """The arrays by their names in the file, names ascending."""
        named = {name: getattr(self, name) for name in ("shift", "table", "v1", "v2")}
        for name in ("bias", "mul", "neg", "weight"):
            named |= {f"{name}{n}": array for n, array in enumerate(getattr(self, name), 1)}
        return {name: named[name] for name in sorted(named) if named[name] is not None}

    @cached_property
    def digest(self):
        """The model's id: 64 hex digits of a SHA-256 over spec and arrays.

        Hashed are the canonical JSON of the spec, then for each array in ascending order of name:
        name, 0, dtype as ``|i1``, ``<i4``, ``<u2`` or ``|u1``, 0, shape as comma-joined decimals,
        0, the bytes.
        """
        sha = hashlib.sha256(_canonical_json(self.spec.to_json()).encode())
        for name, array in self.arrays.items():
            shape = ",".join(str(size) for size in array.shape)
            sha.update(f"{name}\0{array.dtype.str}\0{shape}\0".encode())
            sha.update(array.tobytes())
        return sha.hexdigest()


def load(path):
    """Read a model file and check all of it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Model

    Raises
    ------
    InputError
        The file is missing or foreign, or its format version, spec, an array's presence, dtype,
        shape or range, or its digest is wrong. The message names file, field and remedy.
    """
    path = Path(path)
    _refuse_floats(path)
    try:
        header, arrays = _read(path)
        spec = GeneratorSpec.from_json(header["spec"])
        _check(spec, arrays)
        model = Model(
            spec=spec,
            **{
                name: [arrays.get(f"{name}{n}") for n in range(1, len(spec.layers) + 1)]
                for name in ("weight", "bias", "mul", "neg")
            },
            **{name: arrays.get(name) for name in ("shift", "table", "v1", "v2")},
            training=header["training"],
            metrics=header["metrics"],
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if header["digest"] != model.digest:
        raise InputError(
            f"{path}: digest is {str(header['digest'])[:16]}..., the contents give "
            f"{model.digest[:16]}...; the file is damaged or was edited: {REMAKE}"
        )
    return model


def told_digest(path):
    """Return the digest that a model file names, which is in its first bytes; nothing is checked.

    None where it is no model file. :func:`load` checks it against the contents.
    """
    try:
        digest = json.loads(_metadata(path)[METADATA])["digest"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return digest if isinstance(digest, str) else None


def save(model, path):
    """Write a model file, whole or not at all; equal models give equal bytes.

    Parameters
    ----------
    model : Model
    path : str or Path

    Raises
    ------
    InputError
        The file cannot be written, or training or metrics hold something
        that JSON cannot (a NaN, an array).
    """
    header = {
        "format": FORMAT,
        "spec": model.spec.to_json(),
        "digest": model.digest,
        "training": model.training,
        "metrics": model.metrics,
    }
    try:
        metadata = {METADATA: _canonical_json(header)}
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: training or metrics: {error}; keep to JSON's values") from error
    data = safetensors_numpy.save(model.arrays, metadata)
    with replacing(path) as beside:
        beside.write_bytes(data)


def quantize_command(run):
    """Return the command, quoted for a shell, that makes a model file of a run or a packed one."""
    return shlex.join(["avatar", "quantize", str(run), "--out", "model.safetensors"])


def _refuse_floats(path):
    """Refuse what `avatar quantize` has yet to make a model file of, by the name of what it is."""
    what, run = None, path
    if path.is_dir():
        what = "is the folder of a run" if (path / RUN_CONFIG).is_file() else None
    elif FLOATS in (names := _metadata(path).keys()):
        what = "is a packed float generator"
    elif names == {RUN_FLOATS}:
        what, run = "is the float generator of a run", path.parent
    if what:
        raise InputError(f"{path}: {what}; make a model file of it: {quantize_command(run)}")


def _metadata(path):
    """Return a safetensors file's metadata, texts by name; of anything else none."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (safetensors.SafetensorError, OSError, TypeError):
        return {}


def _read(path):
    """Return the header dictionary, its fields present, and the arrays by name, unchecked."""
    if not path.is_file():
        what = "is no regular file" if path.exists() else "there is no such file"
        raise InputError(f"{what}; give a model file, as `avatar quantize` makes them")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"is not a model file ({reason}); give one of `avatar quantize`") from None
    text = metadata.pop(METADATA, None)
    if text is None:
        raise InputError("has no metadata `avatar`; give one of `avatar quantize`")
    if metadata:
        raise InputError(f"has metadata beside `avatar`: {', '.join(sorted(metadata))}; {REMAKE}")
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(header, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise InputError(f"metadata `avatar` is not JSON ({error}); {REMAKE}") from None
    if not isinstance(header, dict):
        raise InputError(f"metadata `avatar` is not a JSON object; {REMAKE}")
    version = header.get("format")
    if version == 1 and type(version) is int:
        raise InputError(
            "is of format 1, which was never published; make it again with `avatar quantize`, or "
            "take one of the shipped models"
        )
    if version != FORMAT or type(version) is not int:
        raise InputError(
            f"format is {json.dumps(version)}, this version reads {FORMAT}; "
            "install the avatar-gan-fpga that made it, or make it again"
        )
    _check_names("metadata field", header, _KEYS)
    for key in ("training", "metrics"):
        if not isinstance(header[key], dict):
            raise InputError(f"metadata field {key} is not a JSON object; {REMAKE}")
    return header, arrays


def _refuse_constant(name):
    raise ValueError(f"{name} is no number of JSON")


def _check(spec, arrays):
    """Refuse arrays that are not exactly the spec's: names, dtypes, shapes, ranges."""
    facts = {
        "shift": ("|u1", (len(spec.layers),), (1, MAX_SHIFT)),
        "table": ("|u1", (TABLE_SIZE,), None),
    }
    if spec.planes == 3:
        facts |= dict.fromkeys(("v1", "v2"), ("|i1", (spec.latent,), None))
    for n, shape in enumerate(spec.shapes, 1):
        outputs = (shape.out_channels,)
        limit, acc_max = shape.weight_max, shape.acc_max
        facts[f"weight{n}"] = ("|i1", shape.weight_shape, (-limit, limit))
        facts[f"bias{n}"] = ("<i4", outputs, (-acc_max, acc_max))
        facts[f"mul{n}"] = ("<u2", outputs, None)
        if shape.activation == LEAKY_RELU:
            facts[f"neg{n}"] = ("<u2", outputs, None)
    _check_names("array", arrays, facts)
    for name, (dtype, shape, limits) in facts.items():
        array = arrays[name]
        if array.dtype != np.dtype(dtype):
            wanted = np.dtype(dtype).name
            raise InputError(f"{name} has dtype {array.dtype}, not {wanted}; {REMAKE}")
        if array.shape != shape:
            raise InputError(f"{name} has shape {array.shape}, not the spec's {shape}; {REMAKE}")
        if limits is not None:
            low, high = limits
            outside = array[(array < low) | (array > high)]
            if outside.size:
                raise InputError(f"{name} holds {outside[0]}, outside {low}..{high}; {REMAKE}")


def _check_names(kind, found, expected):
    for name in sorted(expected - found.keys()):
        raise InputError(f"{kind} {name} is missing; {REMAKE}")
    for name in sorted(found.keys() - expected):
        raise InputError(f"{kind} {name} is unknown; {REMAKE}")


def _frozen(array):
    if array is None:
        return None
    array = np.array(array, order="C")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    array.flags.writeable = False
    return array


def _canonical_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
