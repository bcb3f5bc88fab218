# SPDX-License-Identifier: Apache-2.0
"""Every layer's inputs, accumulators and activations as files, for hardware of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from golden.generator import trace
from golden.spec import ACT_BITS, INPUT_BITS
from support.files import replacing

HEX_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def save_trace(folder, model, latents):
    """Run the generator and write each layer's values as .npy and .hex, and an index.json.

    ``layer<n>_inputs``, ``_accumulators`` and ``_activations``, n = 1..layers, hold what
    :class:`golden.generator.LayerTrace` says. A .hex file is for ``$readmemh``: one value a line,
    two's complement, C order (latent, plane, channel, row, column). index.json gives each array's
    shape, its width in bits and whether it is signed.

    Parameters
    ----------
    folder : str or Path
        Exists.
    model : golden.model_file.Model
    latents : int8 array, shape (N, latent)

    Raises
    ------
    InputError
        A file cannot be written.
    """
    folder = Path(folder)
    index = {"model": model.digest, "arrays": {}}
    layers = zip(model.spec.shapes, trace(model, latents), strict=True)
    for n, (layer, values) in enumerate(layers, 1):
        for name, array, width in (
            ("inputs", values.inputs, INPUT_BITS if layer.is_first else ACT_BITS),
            ("accumulators", values.accumulators, layer.acc_width),
            ("activations", values.activations, ACT_BITS),
        ):
            stem = f"layer{n}_{name}"
            signed = array.dtype.kind == "i"
            facts = {"shape": list(array.shape), "width": width, "signed": signed}
            index["arrays"][stem] = facts
            with replacing(folder / f"{stem}.npy") as beside:
                np.save(beside, array)
            with replacing(folder / f"{stem}.hex") as beside:
                beside.write_bytes(hex_lines(array, width))
    with replacing(folder / "index.json") as beside:
        beside.write_text(json.dumps(index, indent=2) + "\n")


def hex_lines(array, width):
    """Return integers as bytes for ``$readmemh``: a value a line, C order.

    Parameters
    ----------
    array : integer array
    width : int
        Bits of a value's two's complement; its digits are ``ceil(width / 4)``, the unused high
        bits zero.
    """
    values = np.asarray(array, np.int64).ravel() & ((1 << width) - 1)
    digits = -(-width // 4)
    text = np.empty((values.size, digits + 1), np.uint8)
    for n in range(digits):
        text[:, n] = HEX_DIGITS[(values >> (4 * (digits - 1 - n))) & 15]
    text[:, digits] = ord("\n")
    return text.tobytes()
