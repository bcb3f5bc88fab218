# SPDX-License-Identifier: Apache-2.0
"""A generator from a file of another framework, whatever its format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from support.failures import InputError
from train.importing.check import check as compare
from train.importing.onnx_file import read_onnx
from train.importing.options import parse_layers
from train.importing.state_dict import read_network
from train.networks.outputs import OUTPUTS


def import_network(path, *, key=None, layers=(), eps=None, output=None, check=None):
    """Read a generator and write it in layers of ours.

    Parameters
    ----------
    path : str or Path
        ``.onnx``, ``.safetensors``, or anything else for what ``torch.save`` wrote.
    key : str, optional
        Which of several state_dicts in the file, or of an ONNX file's outputs.
    layers : sequence of str
        ``N:FIELD=VALUE,...`` of a layer of the file; see :mod:`train.importing.options`.
    eps : float, optional
        Of every BatchNorm.
    output : str, optional
        A name in :data:`train.networks.outputs.OUTPUTS`.
    check : str or Path, optional
        Pictures to compare with; see :func:`train.importing.check.check`.

    Returns
    -------
    train.importing.imported.Imported

    Raises
    ------
    InputError
        One line: the file, what is wrong, and the remedy.
    CheckFailed
        The pictures of `check` differ.
    """
    path = Path(path)
    options = parse_layers(layers)
    if output is not None and output not in OUTPUTS:
        raise InputError(f"--output is {output}; give {', '.join(OUTPUTS)}")
    if eps is not None and not 0 <= eps < float("inf"):
        raise InputError(f"--eps is {eps}; give a number of 0 or more")
    try:
        with np.errstate(all="ignore"):  # what leaves float32's range is refused at the end
            if path.suffix == ".onnx":
                if options or eps is not None:
                    raise InputError("ONNX says its layers itself; leave --layer and --eps away")
                imported = read_onnx(path, key, output)
            else:
                imported = read_network(path, key, options, eps, output)
    except InputError as error:
        line = str(error)
        raise InputError(line if line.startswith(str(path)) else f"{path}: {line}") from None
    if check is not None:
        imported = replace(imported, checked=compare(imported, check))
    return imported
