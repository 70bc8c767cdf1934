"""A network as a model that is called as the model it was read from: a drop-in for its file.

    x: [batch, 1, 8, 8] ─▶ Flatten ─▶ Gemm, Relu, … ─▶ Reshape ─▶ logits ─▶ the source's tail ─▶ y

Inputs, outputs, opsets and metadata are the source's own messages, copied. Between an input and the
first layer stand only a Cast to the floats of the arithmetic, a Flatten, and a Concat of several
inputs; between the last layer and the tensors that the network's output is made of (`ends`) only a
Split of several, a Reshape and a Cast. Sound because these move values and round none but in the
Casts that the source's types ask for, and because the tail is the source's own nodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx_layers import FLOAT_TYPES, Parts, parts_of
from rectifold.formats.onnx_tail import TailParts, tail_parts
from rectifold.ir.network import Network

_LEAST_IR = 4  # before it, every initializer was an input too
_DEFAULT_OPSET = 13  # where the source imports none of ONNX's own operators
_SPLIT_BY_INPUT = 13  # opset from which the sizes of Split are an input


def drop_in_model(network: Network, dtype: str, note: str, interface: Interface) -> ModelProto:
    """The network, computing in `dtype`, with the source's inputs, outputs, opsets and metadata.

    Precondition: the network's inputs and outputs are those that were read with the interface, and
    `obstacle` is None. `note` becomes the graph's documentation.
    """
    source = interface.model
    behind = tail_parts(interface)
    parts = parts_of(network, dtype)
    _Wiring(interface, dtype, behind).connect(parts, network)
    free = {port.name for port in interface.inputs}
    given = {port.name for port in interface.outputs}
    model = ModelProto()
    model.CopyFrom(_frame(source))
    graph = model.graph
    graph.name, graph.doc_string = source.graph.name or network.name, note
    graph.node.extend([*parts.nodes, *behind.nodes])
    graph.initializer.extend([*parts.tensors, *behind.tensors])
    graph.sparse_initializer.extend(behind.sparse)
    graph.input.extend(value for value in source.graph.input if value.name in free)
    graph.output.extend(value for value in source.graph.output if value.name in given)
    model.functions.extend(behind.functions)
    return model


def obstacle(interface: Interface) -> str | None:
    """Why no model can be written that is called as the source was; None where nothing is."""
    inputs = {port.name for port in interface.inputs}
    for port in interface.ends:
        if port.name in inputs:
            return f"its output {port.name!r} is its input"
        if 0 in port.shape:
            return f"its output {port.name!r} has no entries"
    return None


def is_batched(interface: Interface) -> bool:
    """Is the first axis of every input a batch of any size, and that of every end too?"""
    return (
        all(port.shape and not isinstance(port.shape[0], int) for port in interface.inputs)
        and all(port.shape and port.shape[0] == 1 for port in interface.ends)
    )  # fmt: skip


def arithmetic_of(interface: Interface) -> str:
    """The floats that the source computes in: float64, or float32 for all that are narrower."""
    types = {port.dtype for port in interface.ends}
    stored = {tensor.data_type for tensor in interface.model.graph.initializer}
    if any(port.dtype == "float64" for port in interface.inputs) and TensorProto.DOUBLE in stored:
        types.add("float64")
    return "float64" if "float64" in types else "float32"


def _frame(source: ModelProto) -> ModelProto:
    """The source's versions and metadata without a graph; its producer is part of the metadata."""
    frame = ModelProto(
        ir_version=max(source.ir_version, _LEAST_IR),
        producer_name="rectifold",
        domain=source.domain,
        model_version=source.model_version,
        doc_string=source.doc_string,
    )
    frame.opset_import.extend(source.opset_import)
    if all(entry.domain not in ("", "ai.onnx") for entry in source.opset_import):
        frame.opset_import.append(helper.make_opsetid("", _DEFAULT_OPSET))
    frame.metadata_props.extend(source.metadata_props)
    producer = f"{source.producer_name} {source.producer_version}".strip()
    if producer and all(entry.key != "source_producer" for entry in source.metadata_props):
        frame.metadata_props.add(key="source_producer", value=producer)
    return frame


class _Names:
    """Names that are taken, and fresh ones."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, … if that is taken; it is taken then."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name


class _Wiring:
    """The nodes at both ends of the layers, and names that do not clash with the source's."""

    def __init__(self, interface: Interface, dtype: str, behind: TailParts) -> None:
        self.interface = interface
        self.dtype = dtype
        self.batched = is_batched(interface)
        ports = (*interface.inputs, *interface.outputs, *interface.ends)
        self.values = _Names([*behind.names, *(port.name for port in ports)])
        self.nodes = _Names(node.name for node in behind.nodes)

    def connect(self, parts: Parts, network: Network) -> None:
        """Puts the front before the layers and the back behind them, and renames between."""
        front, back, tensors = list[NodeProto](), list[NodeProto](), list[TensorProto]()
        names = {
            network.input_name: self._flat_input(front),
            network.output: self._flat_output(back, tensors),
        }
        own = [t.name for t in parts.tensors] + [name for n in parts.nodes for name in n.output]
        for name in own:
            if name not in names:
                names[name] = self.values.fresh(name)
        for node in parts.nodes:
            node.input[:] = [names[name] for name in node.input]
            node.output[:] = [names[name] for name in node.output]
        for tensor in parts.tensors:
            tensor.name = names[tensor.name]
        parts.nodes[:] = [*front, *parts.nodes, *back]
        parts.tensors.extend(tensors)
        for node in parts.nodes:  # onnxruntime refuses two nodes of one name
            node.name = self.nodes.fresh(node.name)

    # ---- the front -------------------------------------------------------------------------------

    def _flat_input(self, nodes: list[NodeProto]) -> str:
        """The name of the input as N×n."""
        parts = [self._flat_part(port, nodes) for port in self.interface.inputs]
        if len(parts) == 1:
            return parts[0]
        return self._node(nodes, "Concat", parts, "inputs", axis=1)

    def _flat_part(self, port: Port, nodes: list[NodeProto]) -> str:
        name = port.name
        if port.dtype != self.dtype:
            name = self._cast(
                nodes, name, self.dtype, self.values.fresh(f"{port.name}_{self.dtype}")
            )
        if len(port.shape) == 2 and (port.shape[0] == 1 or not isinstance(port.shape[0], int)):
            return name
        return self._node(nodes, "Flatten", [name], f"{port.name}_flat", axis=int(self.batched))

    # ---- the back --------------------------------------------------------------------------------

    def _flat_output(self, nodes: list[NodeProto], tensors: list[TensorProto]) -> str:
        """The name of the output as N×m, from which the ends are made."""
        ends = self.interface.ends
        if len(ends) == 1:
            return self._end(ends[0], nodes, tensors)
        flat = self.values.fresh("outputs")
        made = list[NodeProto]()
        parts = [self._end(port, made, tensors) for port in ends]
        nodes.extend([self._split(flat, parts, tensors), *made])
        return flat

    def _end(self, port: Port, nodes: list[NodeProto], tensors: list[TensorProto]) -> str:
        """The name of a part of the flat output, and the nodes that give it the end's form."""
        steps = []
        if port.shape != (1, _width(port)):
            steps.append("Reshape")
        if port.dtype != self.dtype:
            steps.append("Cast")
        names = [*(self.values.fresh(f"{port.name}_{k}") for k in range(len(steps))), port.name]
        for k, step in enumerate(steps):
            if step == "Cast":
                self._cast(nodes, names[k], port.dtype, names[k + 1])
            else:
                shape = [-1, *port.shape[1:]] if self.batched else list(port.shape)
                stored = self.values.fresh(f"{port.name}_shape")
                tensors.append(numpy_helper.from_array(np.array(shape, dtype=np.int64), stored))
                nodes.append(_named("Reshape", [names[k], stored], [names[k + 1]]))
        return names[0]

    def _split(self, flat: str, parts: Sequence[str], tensors: list[TensorProto]) -> NodeProto:
        sizes = [_width(port) for port in self.interface.ends]
        imports = self.interface.model.opset_import
        opset = max((e.version for e in imports if e.domain in ("", "ai.onnx")), default=13)
        if opset < _SPLIT_BY_INPUT:
            return _named("Split", [flat], parts, axis=1, split=sizes)
        stored = self.values.fresh("output_sizes")
        tensors.append(numpy_helper.from_array(np.array(sizes, dtype=np.int64), stored))
        return _named("Split", [flat, stored], parts, axis=1)

    # ---- nodes -----------------------------------------------------------------------------------

    def _node(
        self, nodes: list[NodeProto], operator: str, inputs: list[str], wanted: str, *, axis: int
    ) -> str:
        name = self.values.fresh(wanted)
        nodes.append(_named(operator, inputs, [name], axis=axis))
        return name

    def _cast(self, nodes: list[NodeProto], source: str, dtype: str, target: str) -> str:
        nodes.append(_named("Cast", [source], [target], to=_code(dtype)))
        return target


def _named(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: int | list[int]
) -> NodeProto:
    name = f"{outputs[0]}_{operator.lower()}"
    node = helper.make_node(operator, list(inputs), list(outputs), name)
    node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
    return node


def _code(dtype: str) -> int:
    if dtype in FLOAT_TYPES:
        return FLOAT_TYPES[dtype][1]
    return int(TensorProto.DataType.Value(dtype.upper()))


def _width(port: Port) -> int:
    return math.prod(int(size) for size in port.shape if isinstance(size, int))
