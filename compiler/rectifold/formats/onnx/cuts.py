"""Tensors of a model through which everything goes: where a model can be cut in two.

    x ─ Conv ─ Relu ─ MaxPool ─ t ─ Flatten ─ Gemm ─ Relu ─ Gemm ─ y
        what stays as it is     cut        what may be rewritten

A cut is a tensor without which no output is reached, with the network in which its values are one
layer: the layers before it belong to the nodes before it. Sound because that network is what the
reader makes of the model, with a name given to values on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto

from rectifold.formats.fresh_names import fresh_name
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.crosscheck import Reading
from rectifold.formats.onnx.graph import Model, opened
from rectifold.formats.onnx.reader import reading_of
from rectifold.formats.onnx.tensors import Symbolic
from rectifold.ir.affine import Pick
from rectifold.ir.network import Network

# one small weight for many places: what these compute is large as a matrix
_SHARING = {
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool",
    "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax", "Resize", "Upsample",
}  # fmt: skip
# nodes before which a cut is worth a look: after any other the same values are only moved or bent
_DENSE = {"Gemm", "MatMul"}
_READERS = _SHARING | _DENSE | {"Flatten", "Reshape", "Transpose", "Squeeze"}
_MOVING = {"Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Dropout"}


@dataclass(frozen=True, eq=False)
class Cut:
    """A tensor with the nodes that compute it, and the layer of `network` that holds its values.

    `held`: what the tensor is called as a layer, where it is no layer of the source by itself.
    """

    tensor: str
    shape: tuple[int, ...]
    dtype: str
    layer: str
    nodes: tuple[NodeProto, ...]
    network: Network
    held: str | None

    @property
    def frozen(self) -> frozenset[str]:
        """The layers up to the cut."""
        return frozenset(self.network.cone(self.layer) - {self.network.input_name}) | {self.layer}


@dataclass(frozen=True, eq=False)
class Graph:
    """A model up to its ends, as it was read."""

    model: Model
    reading: Reading

    @property
    def ends(self) -> tuple[str, ...]:
        return tuple(self.reading.outputs)

    def depends(self, name: str) -> bool:
        """Does the tensor depend on the input?"""
        return isinstance(self.reading.values.get(name), Symbolic)

    def depending(self, node: NodeProto) -> bool:
        return any(self.depends(name) for name in node.output)


def graph_of(interface: Interface, network: Network) -> Graph | None:
    """The nodes up to the ends of the model; None where they are not the network (its outputs or
    its layers were changed after reading).
    """
    model = opened(up_to_ends(interface.model, interface), network.name, interface.folder)
    reading = reading_of(model, network.name, [port.name for port in interface.ends])
    same = reading.network.layers == network.layers and reading.network.output == network.output
    return Graph(model, reading) if same else None


def up_to_ends(model: ModelProto, interface: Interface) -> ModelProto:
    """The model whose outputs are the ends of the interface."""
    copy = ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(ValueInfoProto(name=port.name) for port in interface.ends)
    return copy


def cut_tensors(graph: Graph) -> list[str]:
    """The tensors at which the model may be cut, from the input on."""
    found = []
    nodes = [node for node in graph.reading.nodes if graph.depending(node)]
    for node in nodes:
        if len(node.output) != 1 or node.op_type in _MOVING:
            continue
        readers = [n for n in nodes if node.output[0] in n.input]
        if not any(n.op_type in _READERS for n in readers):
            continue
        before = _nodes_before(node, nodes)
        kinds = {n.op_type for n in before}
        if kinds & _SHARING and not kinds & _DENSE and _separates(graph, node, before, nodes):
            found.append(node.output[0])
    return found


def cut_at(graph: Graph, tensor: str) -> Cut:
    """The model cut at one of the `cut_tensors`."""
    value = graph.reading.values[tensor]
    assert isinstance(value, Symbolic)
    made = next(n for n in graph.reading.nodes if tensor in n.output)
    nodes = tuple(_nodes_before(made, graph.reading.nodes))
    layer = _whole_layer(value)
    if layer is not None:
        return Cut(tensor, value.shape, value.type, layer, nodes, graph.reading.network, None)
    taken = {v.name for v in graph.reading.network.layers} | {graph.reading.network.input_name}
    name = fresh_name("kept", taken)
    again = reading_of(graph.model, graph.reading.network.name, graph.ends, {tensor: name})
    return Cut(tensor, value.shape, value.type, name, nodes, again.network, name)


def _whole_layer(value: Symbolic) -> str | None:
    """The layer whose units are the entries of the tensor, in its order."""
    entries = value.entries
    if len(entries.terms) != 1 or not entries.bias.is_zero:
        return None
    ((name, term),) = entries.terms.items()
    whole = isinstance(term, Pick) and np.array_equal(term.index, np.arange(term.size))
    return name if whole else None


def _nodes_before(last: NodeProto, nodes: Iterable[NodeProto]) -> list[NodeProto]:
    """The nodes that `last` needs, in order, with itself."""
    listed = list(nodes)
    wanted, found = set(last.output), []
    for node in reversed(listed):
        if wanted & set(node.output):
            found.append(node)
            wanted |= set(node.input)
    return found[::-1]


def _separates(
    graph: Graph, last: NodeProto, before: list[NodeProto], nodes: list[NodeProto]
) -> bool:
    """Do the other nodes, and the ends, read nothing of what is before but the result of `last`?"""
    (cut,) = last.output
    inside = {name for node in before for name in node.output} | set(graph.reading.inputs)
    among = {id(node) for node in before}
    after = [node for node in nodes if id(node) not in among]
    read = {name for node in after for name in node.input} | set(graph.ends)
    return bool(after) and not (read & inside) - {cut} and cut not in graph.ends
