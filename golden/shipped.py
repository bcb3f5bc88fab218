# SPDX-License-Identifier: Apache-2.0
"""The models that come with the project, as a list."""

from pathlib import Path

from golden import model_file
from support.failures import InputError


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
                "psnr": model.metrics.get("psnr"),
            }
            | ({} if holders is None else {"boards": holders(model.spec)})
        )
    if not rows:
        raise InputError(f"{folder}: holds no model; get the project's folder models/")
    return rows


def as_text(rows):
    """Lay :func:`listing`'s rows, with their boards, out as a table."""
    lines = [
        f"{'name':<18} {'network':<8} {'channels':<14} {'picture':<12} {'bits':<5} {'latents':<12} "
        f"{'PSNR':<10} boards that hold it"
    ]
    for row in rows:
        channels = "-".join(map(str, row["channels"]))
        height, width, colours = row["picture"]
        picture = f"{height}x{width} {'RGB' if colours == 3 else 'grey'}"
        bits = dict.fromkeys(row["weight_bits"])
        bits = ",".join(map(str, row["weight_bits"] if len(bits) > 1 else bits))
        psnr = "unknown" if row["psnr"] is None else f"{row['psnr']:.2f} dB"
        lines.append(
            f"{row['name']:<18} {row['network']:<8} {channels:<14} {picture:<12} {bits:<5} "
            f"{row['latents']:<12} {psnr:<10} {', '.join(row['boards']) or 'none'}"
        )
    return "\n".join(lines)
