# SPDX-License-Identifier: Apache-2.0
"""The order of a state_dict's layers, and which BatchNorm follows which.

Channels decide where they can, names where they tell; what neither decides is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from golden.spec import LAYERS_RANGE
from support.failures import InputError
from train.importing import naming
from train.importing.modules import LINEAR, NORM, PRELU, Module
from train.importing.options import (
    CONV,
    CONV_SHUFFLE,
    CONV_TRANSPOSE,
    UPSAMPLE_CONV,
    LayerOptions,
)

COLOURS = (1, 3)
TRIES_MAX = 100_000
SAME = LayerOptions()


@dataclass(eq=False)
class FileLayer:
    """A layer as the state_dict holds it.

    Attributes
    ----------
    module : Module
    kind : str
        ``linear`` or one of :data:`train.importing.options.KINDS`.
    options : LayerOptions
    norm, prelu : Module or None
    """

    module: Module
    kind: str
    options: LayerOptions = SAME
    norm: Module | None = None
    prelu: Module | None = None

    @property
    def outputs(self):
        """Channels of its output, or the numbers that a Linear gives."""
        return _outputs(self.module, self.kind)


@dataclass
class _Search:
    modules: list[Module]
    options: dict[int, LayerOptions]
    by_name: bool
    tries: int = 0
    found: list[list[tuple[Module, str]]] = field(default_factory=list)


def _inputs(module, kind):
    return module.shape[0] if kind == CONV_TRANSPOSE else module.shape[1]


def _outputs(module, kind):
    return module.shape[1] if kind == CONV_TRANSPOSE else module.shape[0]


def _kinds(module, said):
    """What a module can be, by its shape, its bias, and what is said of it."""
    if module.kind == LINEAR:
        return [LINEAR] if said is None else []
    kinds = [CONV_TRANSPOSE, CONV, CONV_SHUFFLE]
    if said is not None:
        kinds = [CONV if said == UPSAMPLE_CONV else said]
    bias = module.bias
    return [kind for kind in kinds if bias is None or len(bias) == _outputs(module, kind)]


def _fits(before, after):
    """Whether one (module, kind) can take what the other gives."""
    (module, kind), (_, next_kind) = before, after
    given, taken = _outputs(module, kind), _inputs(*after)
    if kind == LINEAR and next_kind != LINEAR:
        side = math.isqrt(given // taken)
        return given == taken * side * side
    if next_kind == LINEAR:
        return kind == LINEAR and given == taken
    return given == (4 * taken if kind == CONV_SHUFFLE else taken)


def order_layers(modules, options):
    """Put the layers of a state_dict in their order.

    Parameters
    ----------
    modules : list of Module
    options : dict of int to LayerOptions

    Returns
    -------
    list of FileLayer

    Raises
    ------
    InputError
        No order fits, or several do and the names do not tell which.
    """
    layers = [module for module in modules if module.kind not in (NORM, PRELU)]
    names = {module.name for module in modules}
    for number, said in options.items():
        if number > len(layers):
            raise InputError(f"--layer {number}: it has {len(layers)} layers")
        for name in (said.module, said.norm):
            if name not in (None, "none", *names):
                raise InputError(f"--layer {number}: there is no module {name}")
    most = LAYERS_RANGE[1]
    if not 1 <= len(layers) <= most:
        raise InputError(f"holds {len(layers)} layers ({_several(modules)}); 2 to {most} are made")
    found = _search(layers, options)
    if not found:
        shapes = ", ".join(f"{module.name} {module.shape}" for module in layers)
        raise InputError(f"its channels fit together in no order: {shapes}{_parts(layers)}")
    orders = {tuple(module.name for module, _ in each) for each in found}
    if len(orders) > 1:
        raise InputError(
            f"its channels fit together in several orders of {_several(layers)}; say which with "
            f"--layer 1:module={layers[0].name} and so on"
        )
    order = orders.pop()
    told = any(said.module for said in options.values())
    if not told and _backwards(order, layers):
        raise InputError(
            f"its layers fit together from {order[0]} to {order[-1]}, as a discriminator's do; "
            f"give the generator, or say --layer 1:module={order[0]}"
        )
    return _with_kinds(found, options)


def _backwards(order, layers):
    """Whether the order is the reverse of the names' or the file's: from one logit to a picture."""
    alike = len(set(map(naming.template, order))) == 1 and len(order) > 2
    in_file = tuple(module.name for module in layers)
    one_logit = next(each for each in layers if each.name == order[0]).shape[0] == 1
    return (alike and naming.ascending(order[::-1])) or (one_logit and order[::-1] == in_file)


def _search(layers, options):
    """Return every order that fits: first those that names tell, if names can be trusted."""
    names = [module.name for module in layers]
    # Numbers that neither ascend nor were sorted as words count something else.
    for by_name in (True, False) if naming.ascending(names) or names == sorted(names) else (False,):
        search = _Search(layers, options, by_name)
        _extend(search, [])
        if search.found:
            return search.found
    return []


def _several(modules):
    return ", ".join(module.name for module in modules[:6]) + (" ..." if len(modules) > 6 else "")


def _parts(layers):
    """Name the networks that the layers may belong to."""
    parts = list(dict.fromkeys(module.name.split(".")[0] for module in layers))
    if 1 < len(parts) < len(layers):
        return f"; take one part with --key {' or '.join(parts)}"
    return ""


def _extend(search, chain):
    """Try every module and kind as the next layer; complete chains go into `search.found`."""
    search.tries += 1
    if search.tries > TRIES_MAX:
        raise InputError("its channels fit together in too many orders; say it with --layer")
    if len(chain) == len(search.modules):
        last = _outputs(*chain[-1])
        if (last // 4 if chain[-1][1] == CONV_SHUFFLE else last) in COLOURS:
            search.found.append(list(chain))
        return
    said = search.options.get(len(chain) + 1, SAME)
    for module in search.modules:
        if any(module is each for each, _ in chain) or said.module not in (None, module.name):
            continue
        names = [each.name for each, _ in chain]
        if search.by_name and not naming.ascending([*names, module.name]):
            continue
        for kind in _kinds(module, said.kind):
            if not chain and kind in (CONV, CONV_SHUFFLE) and said.kind is None:
                continue  # on the one pixel of a latent; discriminators begin so
            if not chain or _fits(chain[-1], (module, kind)):
                _extend(search, [*chain, (module, kind)])


def _with_kinds(found, options):
    """Decide what each layer of one order is, or refuse."""
    layers, unsure = [], []
    for number, choices in enumerate(zip(*found, strict=True), 1):
        said = options.get(number, SAME)
        module = choices[0][0]
        kinds = {kind for _, kind in choices}
        if CONV_TRANSPOSE in kinds and module.shape[-1] % 2 == 0:
            kinds = {CONV_TRANSPOSE}  # an even kernel of stride 1 would move the picture
        if len(kinds) > 1 or (kinds == {CONV} and said.kind is None):
            unsure.append((number, module, kinds))
        layers.append(FileLayer(module, said.kind or kinds.pop(), said))
    if unsure:
        which = ", ".join(
            f"{number} ({module.name} {module.shape})" for number, module, _ in unsure
        )
        may = (CONV_TRANSPOSE,) * any(CONV_TRANSPOSE in each for *_, each in unsure)
        raise InputError(
            f"a state_dict does not say what layers {which} are: say --layer "
            f"{unsure[0][0]}:kind={' or '.join((*may, CONV, UPSAMPLE_CONV))}"
        )
    return layers


def add_norms(layers, modules):
    """Give every BatchNorm and PReLU of a state_dict to the layer that it follows.

    Raises
    ------
    InputError
        One fits no layer, or several and the names do not tell which.
    """
    norms = [module for module in modules if module.kind == NORM]
    names = [layer.module.name for layer in layers]
    family = [norm.name for norm in norms]
    said = {layer.options.norm: n for n, layer in enumerate(layers) if layer.options.norm}
    for norm in norms:
        if norm.name in said and not _takes(layers, said[norm.name], norm):
            raise InputError(
                f"--layer {said[norm.name] + 1}: its norm {norm.name} takes {norm.shape[0]} "
                f"channels, the layer gives {layers[said[norm.name]].outputs}"
            )
    choices = []
    for norm in norms:
        if norm.name in said:
            choices.append([said[norm.name]])
            continue
        fitting = [
            n
            for n in range(len(layers))
            if layers[n].options.norm is None and _takes(layers, n, norm)
        ]
        if not fitting:
            raise InputError(f"{norm.name}: no layer gives the {norm.shape[0]} channels it takes")
        choices.append(fitting)
    assigned = list(_assignments(choices, family))
    if len(assigned) > 1:
        told = [naming.layer_before(name, names) for name in family]
        assigned = [
            each
            for each in assigned
            if all(tell is None or tell == n for tell, n in zip(told, each))
        ]
    if len(assigned) != 1:
        unsure = next((n for n, each in enumerate(choices) if len(each) > 1), 0)
        fitting = " or ".join(str(n + 1) for n in choices[unsure]) if norms else ""
        raise InputError(
            f"{family[unsure]}: its channels fit layers {fitting}, and the names do not tell; "
            f"say --layer {choices[unsure][0] + 1}:norm={family[unsure]}"
        )
    for norm, n in zip(norms, assigned[0]):
        layers[n].norm = norm
    _add_prelus(layers, [module for module in modules if module.kind == PRELU], names)


def _takes(layers, n, norm):
    """Whether a norm has the channels that a layer gives, before or after a reshape."""
    layer, count = layers[n], norm.shape[0]
    counts = {layer.outputs}
    if layer.kind == CONV_SHUFFLE:
        counts.add(layer.outputs // 4)
    if n + 1 < len(layers) and layer.kind == LINEAR:
        counts.add(_inputs(layers[n + 1].module, layers[n + 1].kind))
    return count in counts


def _assignments(choices, family, taken=()):
    """Yield a layer for each norm, none twice, norms of one template in their numbers' order."""
    if len(taken) == len(choices):
        order = sorted(range(len(taken)), key=taken.__getitem__)
        if naming.ascending([family[n] for n in order]):
            yield taken
        return
    for layer in choices[len(taken)]:
        if layer not in taken:
            yield from _assignments(choices, family, (*taken, layer))


def _add_prelus(layers, prelus, names):
    if all(layer.options.activation is not None for layer in layers[:-1]):
        return  # their user has said every activation
    family = [prelu.name for prelu in prelus]
    told = [naming.layer_before(name, names) for name in family]
    one_template = len(set(map(naming.template, family))) == 1
    if None in told and one_template and len(prelus) == len(layers) - 1:
        told = [sorted(map(naming.numbers, family)).index(naming.numbers(name)) for name in family]
    for prelu, n in zip(prelus, told):
        if n is None or n == len(layers) - 1 or layers[n].prelu is not None:
            raise InputError(
                f"{prelu.name}: is a PReLU, and its name does not tell after which layer; say "
                "every layer's activation, --layer 1:activation=leaky_relu:0.25 and so on"
            )
        layers[n].prelu = prelu
