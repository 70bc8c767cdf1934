"""ONNX to IR: the network that an ONNX file means, with every weight the exact number its bits say.

    file → nodes that the outputs need                   graph
         → each checked against what is declared         declarations, operators
         → affine forms over layers → network            arithmetic, products, windows, moving, ...

Sound because a node is read only as its row of `operators` declares it; anything else is refused by
operator and node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto

from rectifold.errors import InputError, NetworkError
from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.crosscheck import Reading, crosscheck
from rectifold.formats.onnx.declarations import (
    FIRST_OPSET,
    LAST_ML_OPSET,
    LAST_OPSET,
    Operator,
    attributes_of,
    check_inputs,
    operator_of,
)
from rectifold.formats.onnx.graph import (
    Model,
    load_model,
    needed_nodes,
    node_place,
    opened,
    standard,
)
from rectifold.formats.onnx.node import FoldingBuilder, Node, entries_of, symbolic_of
from rectifold.formats.onnx.operators import OPERATORS
from rectifold.formats.onnx.peers import PEERS, Peer
from rectifold.formats.onnx.tensors import (
    ELEMENT_TYPES,
    FLOATS,
    Constant,
    OnnxError,
    Symbolic,
    Tensor,
    element_type,
    read_tensor,
    reduced,
    type_text,
)
from rectifold.ir.affine import concat
from rectifold.ir.names import safe_name
from rectifold.ir.network import Network


class OnnxRead(NamedTuple):
    """A network, notes for the user (a rational fixed for a square root), and what the model is
    called from outside.
    """

    network: Network
    notes: list[str]
    interface: Interface


def read_onnx(
    path: Path,
    outputs: Sequence[str] = (),
    *,
    peers: Sequence[Peer] = PEERS,
    operators: Mapping[tuple[str, str], Sequence[Operator]] = OPERATORS,
) -> OnnxRead:
    """The network that an ONNX file means.

    `outputs` names the graph outputs that are read, one after the other; without it the graph has
    one output. The network is compared with the first of the `peers` that runs the file (see
    crosscheck), with none if there are none; `operators` is the table of declarations by domain and
    name. Raises OnnxError, InputError.
    """
    return _read(load_model(path), path.stem, outputs, peers, operators)


def read_model(
    model: ModelProto, name: str, outputs: Sequence[str] = (), *, peers: Sequence[Peer] = PEERS
) -> OnnxRead:
    """As `read_onnx`, of a model in memory with all its data. The network is called `name`."""
    return _read(opened(model, name), name, outputs, peers, OPERATORS)


def _read(
    model: Model,
    name: str,
    outputs: Sequence[str],
    peers: Sequence[Peer],
    operators: Mapping[tuple[str, str], Sequence[Operator]],
) -> OnnxRead:
    reader = _GraphReader(model, safe_name(name, "net"), operators)
    reading = reader.reading(tuple(outputs))
    notes = reader.notes + (crosscheck(reading, peers) if peers else [])
    return OnnxRead(reading.network, notes, reader.interface(reading))


class _GraphReader:
    def __init__(
        self, model: Model, name: str, operators: Mapping[tuple[str, str], Sequence[Operator]]
    ) -> None:
        self.model = model
        self.operators = operators
        self.name = name
        self.notes: list[str] = []
        self.stored = {tensor.name: tensor for tensor in model.graph.initializer}
        self.values: dict[str, Tensor] = {}
        self.used: set[str] = set()

    def reading(self, outputs: tuple[str, ...]) -> Reading:
        graph = self.model.graph
        names = self._chosen([o.name for o in graph.output], outputs)
        given = {*self.stored, *(i.name for i in graph.input)}
        nodes = needed_nodes(graph.node, given, names)
        self.used = {*names, *(name for node in nodes for name in node.input)}
        self._open_inputs()
        for node in nodes:
            self._run(node)
        parts = [symbolic_of(self._value(name)) for name in names]
        if len(parts) > 1:
            sizes = ", ".join(
                f"{n} ({p.entries.size} values)" for n, p in zip(names, parts, strict=True)
            )
            self.notes.append(f"the outputs {sizes} are read as one output, in this order")
        if sum(p.entries.size for p in parts) == 0:
            raise OnnxError(
                f"the output {names[0]!r} has no entries; a network with an output is expected"
            )
        network = self.builder.finish(
            concat([p.entries for p in parts if p.entries.size]), self.name
        )
        free = tuple(i.name for i in graph.input if i.name not in self.stored)
        return Reading(self.model, nodes, free, names, self.values, self.builder, network)

    def interface(self, reading: Reading) -> Interface:
        """What the model is called from outside."""
        graph = self.model.graph
        chosen = [value for name in reading.outputs for value in graph.output if value.name == name]
        inputs = [value for value in graph.input if value.name in reading.inputs]
        ends = [Port(n, self.values[n].type, self.values[n].shape) for n in reading.outputs]
        return Interface(
            tuple(_port(value, reading.values[value.name]) for value in inputs),
            tuple(_port(value, reading.values[value.name]) for value in chosen),
            tuple(ends),
            (),
            self.model.proto,
            self.model.folder,
        )

    def _chosen(self, known: list[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the outputs to read."""
        for name in wanted:
            if name not in known or wanted.count(name) > 1:
                raise OnnxError(
                    f"there is no output {name!r}, or it is named twice; the outputs are "
                    f"{', '.join(known)}"
                )
        if not wanted and len(known) != 1:
            raise OnnxError(
                f"the graph has {len(known)} outputs ({', '.join(known) or 'none'}); "
                "choose with --outputs NAME, or join several with --outputs "
                f"{','.join(known) or 'NAME'}"
            )
        return wanted or tuple(known)

    # ---- inputs ----------------------------------------------------------------------------------

    def _open_inputs(self) -> None:
        free = [i for i in self.model.graph.input if i.name not in self.stored]
        defaults = [i.name for i in self.model.graph.input if i.name in self.stored]
        if not free:
            raise OnnxError("the graph has no input; a network with an input is expected")
        if defaults:
            self.notes.append(
                f"{len(defaults)} initializers are also graph inputs (such as {defaults[0]}); "
                "they are read as constants"
            )
        shapes = [_input_shape(i) for i in free]
        sizes = [entries_of(shape) for shape in shapes]
        name = safe_name(free[0].name, "x") if len(free) == 1 else "x"
        self.builder = FoldingBuilder(name, sum(sizes))
        starts = np.cumsum([0, *sizes])
        for k, value in enumerate(free):
            entries = self.builder.input.select(np.arange(starts[k], starts[k + 1]))
            self.values[value.name] = Symbolic(entries, shapes[k], self._input_type(value))
        if len(free) > 1:
            parts = ", ".join(
                f"{i.name} ({size} values)" for i, size in zip(free, sizes, strict=True)
            )
            self.notes.append(
                f"the inputs {parts} are read as one input of {sum(sizes)} values, in this order"
            )

    def _input_type(self, value: ValueInfoProto) -> str:
        number = value.type.tensor_type.elem_type
        kind = element_type(number)
        if kind is None or kind == "bool":
            raise OnnxError(
                f"the input {value.name!r} has the element type {type_text(number)}; "
                f"read are {', '.join(t for t in ELEMENT_TYPES if t != 'bool')}"
            )
        if kind not in FLOATS:
            self.notes.append(
                f"the input {value.name} holds {kind} values; the network is read for real numbers"
            )
        return kind

    # ---- nodes -----------------------------------------------------------------------------------

    def _value(self, name: str) -> Tensor:
        """A value that exists; an initializer is read when it is first needed."""
        if name not in self.values:
            self.values[name] = read_tensor(
                self.stored[name], f"the initializer {name!r}", self.model.folder
            )
        return self.values[name]

    def _run(self, node: NodeProto) -> None:
        place = node_place(node)
        row = self._row(node, place)
        inputs = tuple(self._value(name) if name else None for name in node.input)
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        check_inputs(row, inputs, place)
        step = Node(
            where=place,
            layer_name=safe_name(node.name or node.output[0], "layer"),
            opset=self.model.opsets[standard(node.domain)],
            inputs=inputs,
            attributes=attributes_of(
                node, row, place, lambda t: read_tensor(t, place, self.model.folder)
            ),
            outputs=len(node.output),
            builder=self.builder,
            notes=self.notes,
        )
        self._keep(node, step, _run_operator(row, step))

    def _row(self, node: NodeProto, place: str) -> Operator:
        domain = standard(node.domain)
        rows = self.operators.get((domain, node.op_type))
        if rows is None:
            known = sorted(name for of, name in self.operators if of == domain)
            said = (
                f"; supported are {', '.join(known)}"
                if known
                else f": the operators {domain!r} are not read"
            )
            raise OnnxError(f"{place} is not supported{said}; export the network without it")
        opset, newest = self.model.opsets.get(domain), LAST_ML_OPSET if domain else LAST_OPSET
        if opset is None:
            raise OnnxError(
                f"{place}: the model imports no version of the operators {domain or 'ai.onnx'!r}"
            )
        if not (1 if domain else FIRST_OPSET) <= opset <= newest:
            raise OnnxError(
                f"{place}: the model uses opset {opset} of {domain or 'ai.onnx'}; read are "
                f"{1 if domain else FIRST_OPSET} to {newest}: convert it with "
                "onnx.version_converter or export it again"
            )
        return operator_of(node, rows, opset, place)

    def _keep(self, node: NodeProto, step: Node, results: list[Tensor]) -> None:
        """Gives the results their names; a further output is refused where it is used."""
        for name, value in zip(node.output, results, strict=False):
            self.values[name] = value
        for name in node.output[len(results) :]:
            if name in self.used:
                raise OnnxError(
                    f"{step.where}: its output {name!r} is used, but only the first "
                    f"{len(results)} is read"
                )


def _run_operator(row: Operator, step: Node) -> list[Tensor]:
    try:
        result = row.run(step)
    except OnnxError as error:
        text = str(error)
        raise (error if text.startswith(step.where) else step.fail(text)) from None
    except (NetworkError, InputError) as error:
        raise step.fail(str(error)) from None
    return [_settled(step, part) for part in (result if isinstance(result, list) else [result])]


def _settled(step: Node, value: Tensor) -> Tensor:
    """A result that turned out not to depend on the input, as a constant."""
    if not isinstance(value, Symbolic) or not value.entries.is_constant or value.type not in FLOATS:
        return value
    values = np.empty(value.entries.size, dtype=object)
    values[:] = value.entries.bias.column_values()
    return Constant(reduced(values).reshape(value.shape), value.type, f"the value of {step.where}")


def _port(value: ValueInfoProto, read: Tensor) -> Port:
    """A tensor as its model declares it; as it was read where the model says no shape."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return Port(value.name, read.type, read.shape)
    sizes = [
        d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or None
        for d in kind.shape.dim
    ]
    return Port(value.name, read.type, tuple(sizes))


def _input_shape(value: ValueInfoProto) -> tuple[int, ...]:
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
        raise OnnxError(
            f"the input {value.name!r} is no tensor with a shape; state its shape when exporting"
        )
    sizes = []
    for axis, dimension in enumerate(kind.shape.dim):
        size = dimension.dim_value if dimension.HasField("dim_value") else 0
        if size <= 0 and axis == 0:
            size = 1  # the batch
        if size <= 0:
            raise OnnxError(
                f"dimension {axis} of the input {value.name!r} is not fixed; fix it when exporting"
            )
        sizes.append(size)
    return tuple(sizes)
