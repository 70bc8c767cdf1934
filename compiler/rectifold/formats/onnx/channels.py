"""Whole channels of convolutions: where each goes, and the nodes of a model without some of them.

    Conv(8) ─ BatchNormalization ─ Relu ─ MaxPool ─ Conv(16)      channel 3 of the first goes:
    rows of its kernel and bias ─ its four numbers ─ … ─ columns of the next kernel

A channel is followed through nodes that treat every channel alone, up to the convolutions and the
cut that read it; where it is read by anything else it stays. Sound because this only says what
belongs together: the network without those units is certified, and the model is read back as it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, TensorProto, numpy_helper

from rectifold.exact.entries import Indices
from rectifold.formats.onnx.cuts import Cut, Graph
from rectifold.formats.onnx.tensors import Array, Symbolic

# operators that treat every channel alone and give 0 for a channel of zeros
_KEEPING_ZERO = {"Relu", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool",
                 "GlobalMaxPool", "Identity"}  # fmt: skip
_ALONE = _KEEPING_ZERO | {"BatchNormalization"}


@dataclass(frozen=True, eq=False)
class Through:
    """A node that treats every channel alone, with the layers that its reading made.

    `entries`: how many its result has; a layer has so many units for each round of maxima.
    """

    node: NodeProto
    layers: tuple[str, ...]
    entries: int

    @property
    def keeps_zero(self) -> bool:
        return self.node.op_type in _KEEPING_ZERO


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of one convolution (`maker`): the nodes that they go through, in order, and the
    convolutions that read them. `reads_cut`: the cut is among their tensors.
    """

    maker: NodeProto
    count: int
    through: tuple[Through, ...]
    readers: tuple[NodeProto, ...]
    reads_cut: bool

    @property
    def layers(self) -> list[tuple[Through, str]]:
        """The layers whose units belong to the channels, each with its node."""
        return [(step, name) for step in self.through for name in step.layers]

    def of_units(self, step: Through, size: int) -> Indices:
        """The channel of each unit of a layer of this size that belongs to the step."""
        return np.arange(size) % step.entries // (step.entries // self.count)


Kept = tuple[Channels, tuple[int, ...]]


def channels_of(graph: Graph, cut: Cut) -> list[Channels]:
    """The convolutions before the cut whose channels can be left out, from the input on."""
    found = (_followed(node, graph, cut) for node in cut.nodes if _is_plain(node, graph))
    return [channels for channels in found if channels is not None]


def kernel_of(node: NodeProto, graph: Graph) -> Array:
    """The kernel of a convolution of `channels_of`: channels × channels that it reads × window."""
    return numpy_helper.to_array(_stored(graph)[node.input[1]])


def without(
    nodes: Sequence[NodeProto],
    tensors: Mapping[str, TensorProto],
    kept: Sequence[Kept],
) -> tuple[list[NodeProto], list[TensorProto]]:
    """The nodes, and the tensors that only they read, with the kept channels of each convolution.

    A tensor that two nodes read is cut for each of them under a name of its own.
    """
    cuts: dict[int, list[tuple[int, int, tuple[int, ...]]]] = {}  # node → (input, axis, kept)
    for channels, units in kept:
        made = cuts.setdefault(id(channels.maker), [])
        made += [(k, 0, units) for k in range(1, len(channels.maker.input))]
        for reader in channels.readers:
            cuts.setdefault(id(reader), []).append((1, 1, units))
        for step in channels.through:
            if step.node.op_type == "BatchNormalization":
                cuts.setdefault(id(step.node), []).extend((k, 0, units) for k in range(1, 5))
    changed, stored = list[NodeProto](), dict(tensors)
    taken = {name for node in nodes for name in (*node.input, *node.output)} | {*stored}
    for number, node in enumerate(nodes):
        copy = NodeProto()
        copy.CopyFrom(node)
        for k, axis, units in cuts.get(id(node), []):
            name = copy.input[k]
            cut = _taken(stored[name], axis, units)
            if name in tensors:
                cut.name = copy.input[k] = _own_name(name, number, taken)
            stored[cut.name] = cut
        changed.append(copy)
    read = {name for node in changed for name in node.input}
    return changed, [tensor for name, tensor in stored.items() if name in read]


def _own_name(name: str, number: int, taken: set[str]) -> str:
    wanted = f"{name}_kept_{number}"
    while wanted in taken:
        wanted += "_"
    taken.add(wanted)
    return wanted


def _taken(tensor: TensorProto, axis: int, units: Sequence[int]) -> TensorProto:
    values = np.take(numpy_helper.to_array(tensor), units, axis)
    return numpy_helper.from_array(np.ascontiguousarray(values), tensor.name)


def _stored(graph: Graph) -> Mapping[str, TensorProto]:
    return {tensor.name: tensor for tensor in graph.model.graph.initializer}


def _is_plain(node: NodeProto, graph: Graph) -> bool:
    """A convolution of one group whose kernel and bias are stored in the model itself."""
    groups = [a.i for a in node.attribute if a.name == "group"]
    return (
        node.op_type == "Conv"
        and groups in ([], [1])
        and graph.depends(node.input[0])
        and all(_is_inside(name, graph) for name in node.input[1:])
    )


def _is_inside(name: str, graph: Graph) -> bool:
    stored = _stored(graph)
    return name in stored and stored[name].data_location != TensorProto.EXTERNAL


def _followed(maker: NodeProto, graph: Graph, cut: Cut) -> Channels | None:
    """None where something reads these channels together, or in another way."""
    tensors, through, readers = [maker.output[0]], list[Through](), list[NodeProto]()
    for tensor in tensors:  # grows
        for node in cut.nodes:
            if tensor not in node.input:
                continue
            if list(node.input).count(tensor) != 1 or node.input[0] != tensor:
                return None
            if _is_plain(node, graph):
                readers.append(node)
            elif node.op_type in _ALONE and len(node.output) == 1 and _is_alone(node, graph):
                through.append(_through(node, graph, cut))
                tensors.append(node.output[0])
            else:
                return None
    count = kernel_of(maker, graph).shape[0]
    sizes = [(step, cut.network.layer(name).size) for step in through for name in step.layers]
    if not through or any(step.entries % count or size % step.entries for step, size in sizes):
        return None
    return Channels(maker, count, tuple(through), tuple(readers), cut.tensor in tensors)


def _is_alone(node: NodeProto, graph: Graph) -> bool:
    return all(_is_inside(name, graph) for name in node.input[1:])


def _through(node: NodeProto, graph: Graph, cut: Cut) -> Through:
    """With the layers of the network that the reading of the node made; that of the cut is too."""
    before, after = _cone(node.input[0], graph), _cone(node.output[0], graph)
    if cut.held is not None and node.output[0] == cut.tensor:
        after.add(cut.held)
    names = tuple(v.name for v in cut.network.layers if v.name in after - before)
    value = graph.reading.values[node.output[0]]
    assert isinstance(value, Symbolic)
    return Through(node, names, value.entries.size)


def _cone(tensor: str, graph: Graph) -> set[str]:
    value, network = graph.reading.values[tensor], graph.reading.network
    terms = set(value.entries.terms) if isinstance(value, Symbolic) else set()
    terms -= {network.input_name}
    return terms.union(*(network.cone(name) for name in terms))
