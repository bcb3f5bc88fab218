# SPDX-License-Identifier: Apache-2.0
"""A generator from an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from support.failures import InputError
from train.importing.chain import Chain
from train.importing.finishing import finish
from train.importing.graph import COMPUTED, OWN_DOMAINS, Graph
from train.importing.imported import NONE
from train.importing.operators import OPERATORS, Operation


@dataclass(frozen=True)
class Data:
    """A value that depends on the latent.

    Attributes
    ----------
    step : int
        How many operations it has been through: the chain holds the newest value only.
    shape : tuple of int
        With the batch.
    """

    step: int
    shape: tuple[int, ...]


def read_onnx(path, key=None, output=None):
    """Read a generator from an ONNX file.

    Parameters
    ----------
    path : Path
    key : str, optional
        Which of several outputs.
    output : str, optional
        The output function, where the network ends without one.

    Returns
    -------
    train.importing.imported.Imported

    Raises
    ------
    InputError
        The file is damaged, or a node is none that can be written in layers of ours; the message
        names the node and its operator.
    """
    graph = Graph(path, key)
    constants = graph.constants()
    found = []
    for batch in graph.batches:
        chain = _walk(graph, constants, batch)
        if output and chain.output and output != chain.output:
            raise InputError(f"--output is {output}, but the network ends with {chain.output}")
        found.append(finish(chain, output or NONE))
    first = found[0]
    for other in found[1:]:
        pairs = zip(first.weight + first.bias, other.weight + other.bias)
        if first.spec != other.spec or not all(np.array_equal(*each) for each in pairs):
            raise InputError("computes something else where the batch is larger")
    return first


def _walk(graph, constants, batch):
    chain = Chain(graph.latent)
    values = dict(constants)
    values[graph.input] = newest = Data(0, (batch, *graph.latent))
    for node in graph.nodes:
        try:
            inputs = [_value(values, name) for name in node.input]
            results = _results(graph, chain, node, inputs, batch, newest)
        except InputError as error:
            name = node.name or (node.output[0] if node.output else "?")
            raise InputError(f"node {name} ({node.op_type}): {error}") from None
        newest = next((each for each in results if isinstance(each, Data)), newest)
        values.update(zip(node.output, results))
    if values.get(graph.output) is not newest:
        raise InputError(f"{graph.output}: does not depend on the latent")
    return chain


def _value(values, name):
    if name and name not in values:
        raise InputError(f"takes {name}, which nothing makes")
    return values[name] if name else None


def _results(graph, chain, node, inputs, batch, newest):
    live = [n for n, value in enumerate(inputs) if isinstance(value, Data)]
    if node.domain not in OWN_DOMAINS:
        raise InputError(f"is of the domain {node.domain}; ONNX's own are read")
    if not live:
        if node.op_type not in COMPUTED:
            raise InputError("is not read")
        graph.check(node)
        return graph.compute(node, inputs)
    if node.op_type not in ("Shape", *OPERATORS):
        raise InputError("is not read; docs/importing.md says what is")
    graph.check(node)
    operation = Operation(node, inputs, live[0], batch)
    if node.op_type == "Shape":
        shape = inputs[0].shape
        part = slice(operation.attribute("start", 0), operation.attribute("end"))
        return [np.array(shape[part], np.int64)]
    if len(live) > 1 or inputs[live[0]] is not newest:
        raise InputError("takes the data by two ways; one chain of layers is made")
    OPERATORS[node.op_type](chain, operation)
    chain.name(node.name or node.output[0])
    return [Data(newest.step + 1, (batch, *chain.shape))]
