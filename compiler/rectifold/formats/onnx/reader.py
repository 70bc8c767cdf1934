"""ONNX to IR: the network that an ONNX file means, with every weight the exact number its bits say.

    file → nodes that the outputs need                   graph
         → each checked against what is declared         declarations, operators
         → affine forms over layers → network            arithmetic, products, windows, moving, ...

Sound because a node is read only as its row of `operators` declares it; anything else is refused by
operator and node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto

from rectifold.errors import InputError, NetworkError
from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.crosscheck import Reading, crosscheck
from rectifold.formats.onnx.declarations import (
    Operator,
    attributes_of,
    check_inputs,
    operator_of,
)
from rectifold.formats.onnx.ends import TailReader
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
from rectifold.formats.onnx.outputs import (
    choice_error,
    chosen_outputs,
    until_note,
)
from rectifold.formats.onnx.peers import PEERS, Peer
from rectifold.formats.onnx.ports import input_shape, output_ports, read_port
from rectifold.formats.onnx.stated import stated_domain
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
from rectifold.formats.onnx.unread import half_precision_notes
from rectifold.ir.affine import Affine, concat
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
    until: str | None = None,
    peers: Sequence[Peer] = PEERS,
    operators: Mapping[tuple[str, str], Sequence[Operator]] = OPERATORS,
) -> OnnxRead:
    """The network that an ONNX file means.

    `outputs` names the graph outputs that are read, one after the other; without it the graph has
    one output, or all of them are computed from the same ends. `until` names a node or a tensor
    that is read instead. The network is compared with the first of the `peers` that runs the file
    (see crosscheck), with none if there are none; `operators` is the table of declarations by
    domain and name. Raises OnnxError, InputError.
    """
    return _read(load_model(path), path.stem, (tuple(outputs), until), peers, operators)


def read_model(
    model: ModelProto,
    name: str,
    outputs: Sequence[str] = (),
    *,
    until: str | None = None,
    peers: Sequence[Peer] = PEERS,
) -> OnnxRead:
    """As `read_onnx`, of a model in memory with all its data. The network is called `name`."""
    return _read(opened(model, name), name, (tuple(outputs), until), peers, OPERATORS)


def _read(
    model: Model,
    name: str,
    chosen: tuple[tuple[str, ...], str | None],
    peers: Sequence[Peer],
    operators: Mapping[tuple[str, str], Sequence[Operator]],
) -> OnnxRead:
    reader = _GraphReader(model, safe_name(name, "net"), operators)
    reading = reader.reading(*chosen)
    network = reading.network
    network = network.with_domain(stated_domain(model.proto, network.input_size))
    notes = reader.notes + half_precision_notes(reader.values.values())
    notes += crosscheck(reading, peers) if peers else []
    return OnnxRead(network, notes, reader.interface)


def reading_of(
    model: Model, name: str, outputs: Sequence[str], held: Mapping[str, str] | None = None
) -> Reading:
    """What each tensor was read as; `held`: tensor → the linear layer that its values become."""
    reader = _GraphReader(model, safe_name(name, "net"), OPERATORS)
    reader.held = held or {}
    return reader.reading(tuple(outputs), None)


class _GraphReader:
    tails: TailReader
    interface: Interface

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
        self.held: Mapping[str, str] = {}

    def reading(self, outputs: tuple[str, ...], until: str | None) -> Reading:
        graph = self.model.graph
        names = chosen_outputs(graph, outputs, until)
        self._open_inputs()
        self._run_all(names, is_choice=bool(outputs) or len(names) == 1)
        if until is not None:
            self.notes.append(until_note(graph, names[0], self.tails.nodes))
        ends = self._ends(names, is_choice=bool(outputs))
        self.interface = self._interface(names, ends)
        network = self.builder.finish(self._joined(ends), self.name)
        nodes = needed_nodes(self.tails.nodes, {*self.stored, *self.tails.inputs}, ends)
        return Reading(
            self.model, nodes, self.tails.inputs, ends, self.values, self.builder, network
        )

    def _run_all(self, names: tuple[str, ...], *, is_choice: bool) -> None:
        """Reads the nodes that the outputs need, up to the tail."""
        graph = self.model.graph
        free = tuple(i.name for i in graph.input if i.name not in self.stored)
        try:
            nodes = needed_nodes(graph.node, {*self.stored, *free}, names)
            self.used = {*names, *(name for node in nodes for name in node.input)}
            self.tails = TailReader(self.model, free, nodes, self.values, self.operators)
            for node in nodes:
                self._read(node)
        except OnnxError as error:
            if is_choice:
                raise
            raise choice_error(names, f"; not all of them can be read: {error}") from None

    def _ends(self, names: tuple[str, ...], *, is_choice: bool) -> tuple[str, ...]:
        """The values that are the network's output, one after the other."""
        found = self.tails.ends_of(names)
        union = tuple(dict.fromkeys(end for ends in found for end in ends))
        if len(names) > 1 and not (is_choice or any({*ends} == {*union} for ends in found)):
            raise choice_error(names)
        return tuple(e for e in union if e not in self.tails.inputs or e in names) or union

    def _joined(self, ends: tuple[str, ...]) -> Affine:
        """The ends as one output."""
        parts = [symbolic_of(self._value(name)) for name in ends]
        if len(parts) > 1:
            sizes = ", ".join(
                f"{n} ({p.entries.size} values)" for n, p in zip(ends, parts, strict=True)
            )
            self.notes.append(f"the outputs {sizes} are read as one output, in this order")
        if sum(p.entries.size for p in parts) == 0:
            raise OnnxError(
                f"the output {ends[0]!r} has no entries; a network with an output is expected"
            )
        return concat([p.entries for p in parts if p.entries.size])

    def _interface(self, names: tuple[str, ...], ends: tuple[str, ...]) -> Interface:
        """What the model is called from outside."""
        graph, tails = self.model.graph, self.tails
        inputs = [value for value in graph.input if value.name in tails.inputs]
        end_values = {name: self._value(name) for name in ends}
        end_ports = tuple(Port(n, v.type, v.shape) for n, v in end_values.items())
        tail = tails.cut(names, ends, self.notes)
        outputs = output_ports(self.model, names, tail, end_ports, self.values)
        return Interface(
            tuple(read_port(value, self.values[value.name]) for value in inputs),
            tuple(outputs), end_ports, tail, self.model.proto, self.model.folder,
        )  # fmt: skip

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
        shapes = [input_shape(i) for i in free]
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

    def _read(self, node: NodeProto) -> None:
        if self.tails.takes(node):
            return
        try:
            self._run(node)
        except OnnxError as error:
            raise OnnxError(f"{error}{self.tails.remedy(node)}") from None

    def _run(self, node: NodeProto) -> None:
        place = node_place(node)
        row = operator_of(node, self.operators, self.model.opsets, place)
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

    def _keep(self, node: NodeProto, step: Node, results: list[Tensor]) -> None:
        """Gives the results their names; a further output is refused where it is used."""
        for name, value in zip(node.output, results, strict=False):
            self.values[name] = self._held(name, value)
        for name in node.output[len(results) :]:
            if name in self.used:
                raise OnnxError(
                    f"{step.where}: its output {name!r} is used, but only the first "
                    f"{len(results)} is read"
                )

    def _held(self, name: str, value: Tensor) -> Tensor:
        if name not in self.held or not isinstance(value, Symbolic):
            return value
        layer = self.held[name]
        return replace(value, entries=self.builder.layer(layer, value.entries, relu=False))


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
