# SPDX-License-Identifier: Apache-2.0
"""What the names of modules tell: which comes after which, and which belong together."""

from __future__ import annotations

import re


def template(name):
    """The name without its numbers: ``main.#`` for ``main.3``."""
    return re.sub(r"\d+", "#", name)


def numbers(name):
    """The numbers in the name: (1, 0) for ``layer1.0``."""
    return tuple(int(each) for each in re.findall(r"\d+", name))


def parent(name):
    """The module that holds it: ``layer1`` for ``layer1.0``."""
    return name.rpartition(".")[0]


def place(name):
    """Its number in the module that holds it, as Sequential gives one; None where it has a name."""
    last = name.rpartition(".")[2]
    return int(last) if last.isdigit() else None


def ascending(names):
    """Whether names of one template stand in the order of their numbers."""
    highest = {}
    for name in names:
        kind, number = template(name), numbers(name)
        if number < highest.get(kind, number):
            return False
        highest[kind] = number
    return True


def layer_before(name, layers):
    """Return which layer a norm or activation follows by its name, or None where no name tells.

    Parameters
    ----------
    name : str
    layers : list of str
        Names of the layers in their order.

    Returns
    -------
    int or None
        Index into `layers`.
    """
    alike = [n for n, layer in enumerate(layers) if template(layer) == template(name)]
    if alike:
        before = [n for n in alike if numbers(layers[n]) < numbers(name)]
        # The first of its Sequential: what stands before that has another name.
        return before[-1] if before else alike[0] - 1 if alike[0] else None
    siblings = [n for n, layer in enumerate(layers) if parent(layer) == parent(name)]
    if len(siblings) == 1 and parent(name):
        return siblings[0]
    return None
