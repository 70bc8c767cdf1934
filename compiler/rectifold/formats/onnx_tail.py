"""What a model needs of its source behind the network: nodes verbatim, with all that they read.

    ends ─▶ Reshape(·, shape) ─▶ Softmax ─▶ y       the two nodes, the initializer `shape`

Sound because nothing is changed, and what a node reads is taken from the source by its name, in
which each value has one definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import FunctionProto, NodeProto, SparseTensorProto, TensorProto

from rectifold.formats.interface import Interface
from rectifold.formats.onnx.tensors import with_external_data


@dataclass(frozen=True, eq=False)
class TailParts:
    """The tail's nodes in an order in which they can be run, and what they need of the source."""

    nodes: tuple[NodeProto, ...]
    tensors: tuple[TensorProto, ...]
    sparse: tuple[SparseTensorProto, ...]
    functions: tuple[FunctionProto, ...]

    @property
    def names(self) -> set[str]:
        """Every name of a value that they read or make."""
        read = {name for node in self.nodes for name in names_read(node)}
        return read | {name for node in self.nodes for name in node.output}


def tail_parts(interface: Interface) -> TailParts:
    """What the source's tail needs. Raises OnnxError where its external data cannot be read."""
    source = interface.model.graph
    nodes = interface.tail
    read = {name for node in nodes for name in names_read(node)}
    outside = {port.name for port in interface.ends}
    tensors = [t for t in source.initializer if t.name in read - outside]
    used = {(node.domain, node.op_type) for node in nodes}
    functions = interface.model.functions
    is_called = any((one.domain, one.name) in used for one in functions)
    return TailParts(
        nodes,
        tuple(with_external_data(t, t.name, interface.folder) for t in tensors),
        tuple(t for t in source.sparse_initializer if t.values.name in read),
        tuple(functions) if is_called else (),
    )


def names_read(node: NodeProto) -> Iterator[str]:
    """The names of values that a node reads, those of its inner graphs too."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
            for inner in graph.node:
                yield from names_read(inner)
