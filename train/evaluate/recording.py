# SPDX-License-Identifier: Apache-2.0
"""The distances of an evaluation, kept in the model file that was measured.

A model's metrics are no part of its digest: it stays the same model.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from golden import model_file
from golden.shipped import DISTANCES
from support.failures import InputError
from support.files import check_destination
from train.run import packed


def check(path):
    """Refuse a file that no distances can be kept in; call it before the work.

    Raises
    ------
    InputError
        It is a packed float generator, no model file, or cannot be written.
    """
    if packed.is_packed(path):
        raise InputError(f"{path}: --record is for a model file; this is a packed float generator")
    model_file.load(path)
    check_destination(path)


def record(path, result):
    """Write an evaluation's distances into the metrics of a model file, in place of older ones.

    Parameters
    ----------
    path : str or Path
    result : dict
        What :func:`train.evaluate.evaluation.evaluate` returned of this file. A distance that it
        left out is left out here, too. Of a folder of reference pictures the last name is kept.

    Raises
    ------
    InputError
        The file is another model by now, or cannot be written.
    """
    model = model_file.load(path)
    if model.digest != result["source"]["id"]:
        raise InputError(f"{path}: has changed while it was measured; measure it again")
    metrics = {name: value for name, value in model.metrics.items() if name not in DISTANCES}
    metrics |= {n: result["figures"][n] for n in DISTANCES if n in result["figures"]}
    metrics |= {
        "distances_to": Path(result["reference"]["source"]).name,
        "distances_pictures": result["count"],
    }
    model_file.save(replace(model, metrics=metrics), path)
