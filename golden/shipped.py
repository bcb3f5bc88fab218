# SPDX-License-Identifier: Apache-2.0
"""The models that come with the project, as a list."""

from pathlib import Path

from golden import model_file
from support.failures import InputError

DISTANCES = ("attribute_frechet", "random_frechet")  # metrics that `avatar evaluate` may keep


def load_models(paths):
    """Yield path and model of each model file among `paths`; other files are passed."""
    for path in paths:
        try:
            yield path, model_file.load(path)
        except InputError:
            continue  # the classifier of `avatar evaluate` lies beside the shipped ones, too


def shipped_files(folder):
    """Return the files in `folder` that may be models, sorted by name."""
    return sorted(Path(folder).glob("*.safetensors"))


def find(folder, start):
    """Return path and model of the file in `folder` whose digest begins with `start`, or None.

    Only that file is read whole.

    Raises
    ------
    InputError
        It is damaged.
    """
    for path in shipped_files(folder):
        if (model_file.told_digest(path) or "").startswith(start):
            return path, model_file.load(path)
    return None


def listing(folder, holders=None):
    """Return a dictionary for each model file in `folder`, sorted by name; other files are passed.

    Parameters
    ----------
    folder : str or Path
    holders : callable, optional
        Gives the names of the boards that hold a network, for ``boards``.

    Raises
    ------
    InputError
        There is no model in it.
    """
    rows = []
    for path, model in load_models(shipped_files(folder)):
        rows.append(
            {
                "name": path.stem,
                "file": str(path),
                "id": model.digest,
                "network": model.spec.preset_name or "own",
                "channels": [layer.channels for layer in model.spec.layers],
                "picture": list(model.spec.picture_shape),
                "weight_bits": list(model.spec.weight_bits),
                "latents": model.training.get("latents", "normal"),
                "draws": _drawn(model.training),
                "psnr": model.metrics.get("psnr"),
                "distances": {name: model.metrics.get(name) for name in DISTANCES}
                | {"to": model.metrics.get("distances_to")},
            }
            | ({} if holders is None else {"boards": holders(model.spec)})
        )
    if not rows:
        raise InputError(f"{folder}: holds no model; get the project's folder models/")
    return rows


def _drawn(training):
    """Return what a model learned to draw: sprites, or the last name of its folder of pictures."""
    return Path(str(training.get("data", ""))).name or "unknown"


def as_text(rows):
    """Lay :func:`listing`'s rows, with their boards, out as a table."""
    heads = ("name", "network", "channels", "picture", "draws", "bits", "latents", "PSNR")
    heads += ("attribute", "random", "boards that hold it")
    table = [heads, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths)).rstrip()
        for cells in table
    )


def _cells(row):
    """Return a row of :func:`listing` as people read it, a text for each column."""
    height, width, colours = row["picture"]
    bits = dict.fromkeys(row["weight_bits"])
    distances = (row["distances"][name] for name in DISTANCES)
    return (
        row["name"],
        row["network"],
        "-".join(map(str, row["channels"])),
        f"{height}x{width} {'RGB' if colours == 3 else 'grey'}",
        row["draws"],
        ",".join(map(str, row["weight_bits"] if len(bits) > 1 else bits)),
        row["latents"],
        "unknown" if row["psnr"] is None else f"{row['psnr']:.2f} dB",
        *("-" if each is None else f"{each:.2f}" for each in distances),
        ", ".join(row["boards"]) or "none",
    )
