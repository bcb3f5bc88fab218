# SPDX-License-Identifier: Apache-2.0
"""Everything in a model file, as a dictionary for programs and as text for people."""

from __future__ import annotations

import json

from golden.model_file import FORMAT


def describe(model):
    """Return what a model holds, in values that JSON can hold.

    Parameters
    ----------
    model : golden.model_file.Model

    Returns
    -------
    dict
        ``id``, ``format``, ``spec``, ``preset`` (None where the network is none), ``picture``
        (height, width, colours), ``weights``, ``weight_memory_bits``, ``useful_macs`` (of one
        picture), ``layers`` (sizes, widths and counts of each), ``arrays`` (dtype, shape, least and
        greatest value of each), ``training``, ``metrics``.
    """
    spec = model.spec
    return {
        "id": model.digest,
        "format": FORMAT,
        "spec": spec.to_json(),
        "preset": spec.preset_name,
        "picture": list(spec.picture_shape),
        "weights": spec.weights,
        "weight_memory_bits": spec.weight_memory_bits,
        "useful_macs": spec.useful_macs,
        "layers": [
            {
                **shape.layer.to_json(),
                "in_channels": shape.in_channels,
                "out_channels": shape.out_channels,
                "in_size": shape.in_size,
                "out_size": shape.out_size,
                "acc_width": shape.acc_width,
                "weights": shape.weights,
                "useful_macs_plane": shape.useful_macs,
                "shift": int(shift),
            }
            for shape, shift in zip(spec.shapes, model.shift)
        ],
        "arrays": {
            name: {
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "min": int(array.min()),
                "max": int(array.max()),
            }
            for name, array in model.arrays.items()
        },
        "training": model.training,
        "metrics": model.metrics,
    }


def as_text(facts):
    """Lay :func:`describe`'s dictionary out in lines."""
    spec, layers = facts["spec"], facts["layers"]
    bits = facts["weight_memory_bits"]
    channels = "-".join(str(layer["out_channels"]) for layer in layers)
    height, width, colours = facts["picture"]
    planes = "three planes: z, z + v1, z + v2" if spec["planes"] == 3 else "one plane"
    lines = [
        f"model         {facts['id']}",
        f"format        {facts['format']}",
        f"network       {spec['latent']}-{channels} ({facts['preset'] or 'no preset'}), {planes}",
        f"picture       {height}x{width}, {'R G B' if colours == 3 else 'grey'}",
        f"weights       {facts['weights']:,} in {bits:,} bits ({bits / 8192:.1f} KiB)",
        f"useful MACs   {facts['useful_macs']:,} a picture",
        "",
        "layer  maps                         kernel stride padding activation bits acc shift"
        "    weights  MACs/plane",
    ]
    for n, layer in enumerate(layers, 1):
        maps = " -> ".join(
            f"{layer[f'{end}_channels']} x {layer[f'{end}_size']}x{layer[f'{end}_size']}"
            for end in ("in", "out")
        )
        padding = str(layer["padding"])
        if layer["output_padding"]:
            padding += f"+{layer['output_padding']}"
        lines.append(
            f"{n:<6} {maps:<29}{layer['kernel_size']:>6}{layer['stride']:>7}{padding:>8} "
            f"{layer['activation']:<10}{layer['weight_bits']:>5}{layer['acc_width']:>4}"
            f"{layer['shift']:>6}{layer['weights']:>11,}{layer['useful_macs_plane']:>12,}"
        )
    lines += ["", "array    dtype   shape                 least   greatest"]
    for name, array in facts["arrays"].items():
        shape = " x ".join(str(size) for size in array["shape"])
        lines.append(
            f"{name:<8} {array['dtype']:<7} {shape:<18}{array['min']:>9}{array['max']:>11}"
        )
    for title in ("training", "metrics"):
        lines += ["", title if facts[title] else f"{title}: nothing recorded"]
        width = max(map(len, facts[title]), default=0)
        for key, value in sorted(facts[title].items()):
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            lines.append(f"  {key:<{width}}  {text}")
    return "\n".join(lines)
