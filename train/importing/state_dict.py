# SPDX-License-Identifier: Apache-2.0
"""A generator from a state_dict; where that is silent, as the family of DCGAN does."""

from __future__ import annotations

import math

import numpy as np

from support.failures import InputError
from train.importing import naming, rewrites
from train.importing.chain import Chain
from train.importing.checkpoint import read_state_dict
from train.importing.finishing import finish
from train.importing.imported import TANH
from train.importing.modules import LINEAR, modules_of
from train.importing.options import (
    ACTIVATION_FIRST,
    CONV_SHUFFLE,
    CONV_TRANSPOSE,
    NORM_FIRST,
    UPSAMPLE_CONV,
)
from train.importing.ordering import add_norms, order_layers

EPS = 1e-5  # PyTorch's default

# Stride, padding and output_padding that a ConvTranspose2d of a kernel has behind the first layer.
GEOMETRY = {
    1: (1, 0, 0),
    2: (2, 0, 0),
    3: (2, 1, 0),
    4: (2, 1, 0),
    5: (2, 2, 1),
    6: (2, 2, 0),
    7: (2, 3, 1),
    8: (2, 3, 0),
}


def read_network(path, key, options, eps, output):
    """Read a generator from a .pt or .safetensors file.

    Parameters
    ----------
    path : Path
    key : str or None
    options : dict of int to LayerOptions
    eps : float or None
        Of every BatchNorm that no option names.
    output : str or None

    Returns
    -------
    train.importing.imported.Imported

    Raises
    ------
    InputError
        The file is damaged, or holds what cannot be read without being told more.
    """
    modules = modules_of(read_state_dict(path, key))
    layers = order_layers(modules, options)
    add_norms(layers, modules)
    first = layers[0]
    inputs = first.module.shape[0 if first.kind == CONV_TRANSPOSE else 1]
    chain = Chain((inputs,) if first.kind == LINEAR else (inputs, 1, 1))
    for number, layer in enumerate(layers, 1):
        following = layers[number] if number < len(layers) else None
        try:
            place, assumed = _add(chain, layer, following, layers, eps)
        except InputError as error:
            raise InputError(f"layer {number} ({layer.module.name}): {error}") from None
        if assumed:
            place.notes.append(f"assumed (--layer {number}): {', '.join(assumed)}")
    if output is None:
        chain.note(f"assumed (--output): {TANH}")
    return finish(chain, output or TANH)


def _add(chain, layer, following, layers, eps):
    """Add a layer, its norm and its activation to the chain; returns it and what was assumed."""
    assumed = []
    place = len(chain.stages)
    module, said = layer.module, layer.options
    weight = module.weight(layer.kind == CONV_TRANSPOSE)
    if layer.kind == LINEAR:
        _refuse(said, "Linear", "stride", "padding", "output_padding")
        chain.linear(weight.T, module.bias)
    elif layer.kind == CONV_TRANSPOSE:
        _conv_transpose(chain, said, weight, module.bias, assumed)
    else:
        _conv(chain, layer, weight, assumed)
    chain.name(module.name)
    if layer.norm is not None and layer.kind == LINEAR:
        _reshape_for(chain, following, layer.norm.shape[0])
    order = NORM_FIRST if layer.norm is None else _order(layer, assumed)
    activation = _activation(layer, following, layers, order, assumed)
    steps = []
    if layer.norm is not None:
        steps.append(lambda: _norm(chain, layer, eps, assumed))
    if following is not None:
        steps.append(lambda: chain.activation(activation))
        if order == ACTIVATION_FIRST:
            steps.reverse()
    elif said.activation is not None:
        raise InputError("is the last; its activation is said by --output")
    if layer.kind == CONV_SHUFFLE:
        before = layer.norm is not None and layer.norm.shape[0] != layer.outputs
        steps.insert(0 if before else len(steps), chain.depth_to_space)
    for step in steps:
        step()
    if layer.kind == LINEAR and following is not None and following.kind != LINEAR:
        _reshape_for(chain, following, 0)
    return chain.stages[place], assumed


def _refuse(said, kind, *names):
    for name in names:
        if getattr(said, name) is not None:
            raise InputError(f"is a {kind}, which has no {name}")


def _conv_transpose(chain, said, weight, bias, assumed):
    first = chain.shape[1:] == (1, 1)
    kernel = weight.shape[2]
    usual = (1, 0, 0) if first else GEOMETRY.get(kernel)
    if usual is None:
        raise InputError(f"has a kernel of {kernel}; 1 to {max(GEOMETRY)} are made")
    fields = ("stride", "padding", "output_padding")
    given = [getattr(said, name) for name in fields]
    if given[0] is not None and given[0] != usual[0]:
        usual = (given[0], 0, 0)  # another stride: nothing is usual
    stride, padding, more = (u if g is None else g for g, u in zip(given, usual, strict=True))
    if stride not in (1, 2):
        raise InputError(f"stride is {stride}; 1 or 2 is made")
    if more >= stride:
        raise InputError(f"output_padding is {more}; it is less than the stride, {stride}")
    for name, value, each in zip(fields, (stride, padding, more), given, strict=True):
        if each is None and (name != "output_padding" or (kernel % 2 and stride == 2)):
            assumed.append(f"{name} {value}")
    chain.conv_transpose(weight, bias, stride, ((padding, padding - more),) * 2)


def _conv(chain, layer, weight, assumed):
    said, kernel = layer.options, weight.shape[2]
    _refuse(said, "Conv2d", "output_padding")
    if said.stride not in (None, 1):
        raise InputError(f"stride is {said.stride}; a Conv2d of stride 1 is made")
    padding = said.padding
    if padding is None:
        if kernel % 2 == 0:
            raise InputError(f"has a kernel of {kernel}; say its padding with --layer")
        padding = kernel // 2
        assumed.append(f"padding {padding}")
    if layer.kind == UPSAMPLE_CONV:
        chain.upsample()
    chain.conv(weight, layer.module.bias, ((padding, padding),) * 2)


def _reshape_for(chain, following, features):
    """Reshape a Linear's features to the maps that its norm or the next layer takes."""
    if chain.places is None or len(chain.shape) == 3 or features == chain.shape[0]:
        return
    channels = features
    if not channels:
        axis = 0 if following.kind == CONV_TRANSPOSE else 1
        channels = following.module.shape[axis]
    side = math.isqrt(chain.shape[0] // channels)
    chain.reshape((channels, side, side))


def _order(layer, assumed):
    """Whether the norm or the activation comes first: as told, or as the numbers leave room for."""
    if layer.options.order is not None:
        return layer.options.order
    module, norm = layer.module.name, layer.norm.name
    if layer.prelu is not None and naming.template(layer.prelu.name) == naming.template(norm):
        earlier = naming.numbers(layer.prelu.name) < naming.numbers(norm)
        return ACTIVATION_FIRST if earlier else NORM_FIRST
    alike = naming.parent(module) == naming.parent(norm)
    places = naming.place(module), naming.place(norm)
    if not alike or None in places:
        assumed.append(NORM_FIRST)
    elif places[1] - places[0] > 1:
        raise InputError(
            f"something stands before its BatchNorm {norm}; say order={NORM_FIRST} or "
            f"order={ACTIVATION_FIRST} with --layer"
        )
    return NORM_FIRST


def _norm(chain, layer, eps, assumed):
    norm, said = layer.norm, layer.options.eps
    if said is None and eps is None:
        assumed.append(f"eps {EPS:g}")
    said = eps if said is None else said
    fields = norm.fields
    scale, shift = rewrites.batch_norm(
        fields["running_mean"],
        fields["running_var"],
        EPS if said is None else said,
        fields.get("weight"),
        fields.get("bias"),
    )
    wanted = scale.shape + (1,) * (len(chain.shape) - 1)
    chain.affine(scale.reshape(wanted), np.broadcast_to(shift, scale.shape).reshape(wanted))
    chain.name(norm.name)


def _activation(layer, following, layers, order, assumed):
    """The slope of a layer's activation: as told, by its PReLU, or ReLU."""
    said, prelu = layer.options.activation, layer.prelu
    if said is not None or following is None:
        return said
    if prelu is not None:
        slopes = prelu.fields["weight"]
        if np.ptp(slopes) != 0:
            raise InputError(
                f"{prelu.name} has a slope for each channel; one slope for all is made"
            )
        return float(str(np.float32(slopes.flat[0])))
    if order == NORM_FIRST and not _has_room(layer, following, layers):
        assumed.append("no activation: the numbers leave no room for one")
        return 1.0
    assumed.append("relu")
    return 0.0


def _has_room(layer, following, layers):
    """Whether a Sequential's numbers leave a place for an activation before the next layer.

    A ModuleList's are without gaps, and its activations stand elsewhere.
    """
    last = (layer.norm or layer.module).name
    parent = naming.parent(last)
    if naming.parent(following.module.name) != parent:
        return True
    names = [each.name for each in _all_modules(layers) if naming.parent(each.name) == parent]
    places = [naming.place(name) for name in names]
    if None in places or sorted(places) == list(range(min(places), min(places) + len(places))):
        return True
    between = naming.place(following.module.name) - naming.place(last) - 1
    taken = (following.kind == UPSAMPLE_CONV) + (layer.kind == CONV_SHUFFLE)
    return between > taken


def _all_modules(layers):
    for layer in layers:
        yield from (each for each in (layer.module, layer.norm, layer.prelu) if each is not None)
