# SPDX-License-Identifier: Apache-2.0
"""One file for a run's float generator, small enough to be committed.

Arrays as in a run's generator.safetensors, the weights rounded to float16 (``weight<n>``, about
11 bits each, nearer than any model file's), ``bias<n>``, ``v1`` and ``v2`` float32. Metadata: the
key ``generator`` holds canonical JSON with format, digest, config
(:class:`train.run.config.RunConfig`) and progress. Equal runs give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from golden import model_file
from support.failures import InputError
from support.files import replacing
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

FORMAT = 2
METADATA = model_file.FLOATS
PACKED = "a file of `avatar pack`"
REMAKE = "make the file again with `avatar pack`"


def digest(arrays):
    """SHA-256 over arrays by name, 64 hex digits.

    Hashed are, for each array in ascending order of name: name, 0, dtype as ``<f2`` or ``<f4``, 0,
    shape as comma-joined decimals, 0, the bytes; as :attr:`golden.model_file.Model.digest` does.
    """
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        shape = ",".join(str(size) for size in array.shape)
        sha.update(f"{name}\0{array.dtype.str}\0{shape}\0".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def save(config, generator, path):
    """Write a float generator to one file, whole or not at all.

    Parameters
    ----------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator
    path : str or Path

    Returns
    -------
    str
        The file's digest.

    Raises
    ------
    InputError
        A weight is beyond float16, or the file cannot be written.
    """
    arrays = _stored(generator)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise InputError(f"{path}: a weight is beyond float16's 65504; train or import again")
    header = {
        "format": FORMAT,
        "digest": digest(arrays),
        "config": config.travelling.to_json(),
        **generator.facts,
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    data = safetensors_numpy.save(arrays, {METADATA: text})
    with replacing(path) as beside:
        beside.write_bytes(data)
    return header["digest"]


def is_packed(path):
    """Whether a file is one that :func:`save` wrote, and not a model file, say."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return METADATA in (file.metadata() or {})
    except (safetensors.SafetensorError, OSError):
        return False


def load(path):
    """Read what :func:`save` wrote and check all of it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator
    digest : str

    Raises
    ------
    InputError
        The file is missing, foreign, damaged, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give {PACKED}")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(metadata[METADATA])
        version = header["format"]
        stated, config = header["digest"], header["config"]
    except KeyError as error:
        if model_file.METADATA in metadata:
            raise InputError(
                f"{path}: is a model file, whose floats are gone; give a run, or {PACKED}"
            ) from None
        raise InputError(f"{path}: has no {error}; give {PACKED}") from None
    except (
        safetensors.SafetensorError,
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: is no packed generator ({reason}); {REMAKE}") from None
    if version != FORMAT:
        raise InputError(f"{path}: format is {version!r}, this version reads {FORMAT}; {REMAKE}")
    if stated != digest(arrays):
        raise InputError(f"{path}: its digest does not fit its contents; {REMAKE}")
    config = RunConfig.from_json(config, path)
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    return config, FloatGenerator.from_arrays(arrays, header, config.spec, path), stated


def read_earlier(earlier):
    """Return configuration and generator of an earlier run: its folder, or a file packed from it.

    Raises
    ------
    InputError
        Either is missing or damaged.
    """
    if Path(earlier).is_file():
        config, generator, _ = load(earlier)
    else:
        config = RunConfig.load(earlier)
        generator = FloatGenerator.load(earlier, config.spec)
    return config, generator


def config_of(run):
    """Return the configuration of a run, in floats or integers: its folder, or a packed file.

    Raises
    ------
    InputError
        Either is missing or damaged.
    """
    return load(run)[0] if Path(run).is_file() else RunConfig.load(run)


def _stored(generator):
    """The arrays as the file holds them."""
    with np.errstate(over="ignore"):
        return {
            name: array.astype(np.float16) if name.startswith("weight") else array
            for name, array in generator.arrays.items()
        }
