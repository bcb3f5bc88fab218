# SPDX-License-Identifier: Apache-2.0
"""What ``--layer N:FIELD=VALUE,...`` says of a layer, where a state_dict says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from support.failures import InputError
from train.importing.imported import NONE

CONV_TRANSPOSE, CONV, UPSAMPLE_CONV, CONV_SHUFFLE = (
    "conv_transpose", "conv", "upsample_conv", "conv_shuffle",
)  # fmt: skip
KINDS = (CONV_TRANSPOSE, CONV, UPSAMPLE_CONV, CONV_SHUFFLE)
NORM_FIRST, ACTIVATION_FIRST = "norm_first", "activation_first"
LAYERS_MAX = 64
EXAMPLE = "give --layer 2:stride=2,padding=1,activation=leaky_relu:0.2"


@dataclass(frozen=True)
class LayerOptions:
    """One layer of the file as its user describes it; None where nothing is said.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    stride, padding, output_padding : int
    activation : float
        The slope for negative sums: 0.0 of ``relu``, 1.0 of ``none``.
    norm : str
        The name of its BatchNorm's module, or ``none``.
    order : str
        Whether BatchNorm or the activation comes first.
    eps : float
    module : str
        The name of its module.
    """

    kind: str | None = None
    stride: int | None = None
    padding: int | None = None
    output_padding: int | None = None
    activation: float | None = None
    norm: str | None = None
    order: str | None = None
    eps: float | None = None
    module: str | None = None


def parse_layers(texts):
    """Return {number: LayerOptions} of the texts after ``--layer``.

    Raises
    ------
    InputError
        A text is none, or says two things of one layer.
    """
    said = {}
    for text in texts:
        number, colon, rest = text.partition(":")
        if not colon or not number.isascii() or not number.isdigit() or not rest:
            raise InputError(f"--layer {text}: is no layer and its fields; {EXAMPLE}")
        if not 1 <= int(number) <= LAYERS_MAX:
            raise InputError(f"--layer {text}: the first layer is 1")
        for pair in rest.split(","):
            name, _, value = pair.partition("=")
            layer = said.setdefault(int(number), {})
            if name not in PARSERS:
                names = ", ".join(PARSERS)
                raise InputError(f"--layer {text}: {name!r} is no field; its fields are {names}")
            if name in layer:
                raise InputError(f"--layer {text}: {name} of layer {number} is given twice")
            layer[name] = PARSERS[name](f"--layer {text}: {name}", value)
    return {number: LayerOptions(**layer) for number, layer in said.items()}


def _whole(what, value):
    if not (value.isascii() and value.isdigit() and len(value) < 4):
        raise InputError(f"{what} is {value!r}; give a whole number")
    return int(value)


def _number(what, value):
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(f"{what} is {value!r}; give a number of 0 or more")
    return number


def _activation(what, value):
    kind, colon, slope = value.partition(":")
    if value in ("relu", NONE):
        return {"relu": 0.0, NONE: 1.0}[value]
    if kind == "leaky_relu" and colon:
        return _number(f"{what}'s slope", slope)
    raise InputError(f"{what} is {value!r}; give relu, leaky_relu:SLOPE or none")


def _one_of(*allowed):
    def parse(what, value):
        if value not in allowed:
            raise InputError(f"{what} is {value!r}; give {' or '.join(allowed)}")
        return value

    return parse


def _name(what, value):
    if not value:
        raise InputError(f"{what} is empty; give a module's name")
    return value


PARSERS = {
    "kind": _one_of(*KINDS),
    "stride": _whole,
    "padding": _whole,
    "output_padding": _whole,
    "activation": _activation,
    "norm": _name,
    "order": _one_of(NORM_FIRST, ACTIVATION_FIRST),
    "eps": _number,
    "module": _name,
}
