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
        ``id``, ``format``, ``spec``, ``preset`` (None if the channels are no preset's),
        ``weights``, ``weight_memory_bits``, ``useful_macs`` (of one colour avatar), ``layers``
        (sizes, widths and counts of each), ``arrays`` (dtype, shape, least and greatest value of
        each), ``training``, ``metrics``.
    """
    spec = model.spec
    presets = {channels: name for name, channels in spec.PRESETS.items()}
    return {
        "id": model.digest,
        "format": FORMAT,
        "spec": spec.to_json(),
        "preset": presets.get(spec.channels),
        "weights": spec.weights,
        "weight_memory_bits": spec.weight_memory_bits,
        "useful_macs": spec.useful_macs,
        "layers": [
            {
                "in_channels": layer.in_channels,
                "out_channels": layer.out_channels,
                "in_size": layer.in_size,
                "out_size": layer.out_size,
                "weight_bits": layer.weight_bits,
                "acc_width": layer.acc_width,
                "weights": layer.weights,
                "useful_macs_plane": layer.useful_macs,
                "shift": int(shift),
            }
            for layer, shift in zip(spec.layers, model.shift)
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
    channels = "-".join(str(c) for c in spec["channels"])
    lines = [
        f"model         {facts['id']}",
        f"format        {facts['format']}",
        f"channels      {channels} ({facts['preset'] or 'no preset'}), latent {spec['latent']}",
        f"weights       {facts['weights']:,} in {bits:,} bits ({bits / 8192:.1f} KiB)",
        f"useful MACs   {facts['useful_macs']:,} a colour avatar",
        "",
        "layer  maps                          weight bits  acc width  shift    weights  MACs/plane",
    ]
    for n, layer in enumerate(layers, 1):
        maps = " -> ".join(
            f"{layer[f'{end}_channels']} x {layer[f'{end}_size']}x{layer[f'{end}_size']}"
            for end in ("in", "out")
        )
        lines.append(
            f"{n:<6} {maps:<30}{layer['weight_bits']:>11}{layer['acc_width']:>11}"
            f"{layer['shift']:>7}{layer['weights']:>11,}{layer['useful_macs_plane']:>12,}"
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
