"""The small form of a tail, read off its nodes; none where it is no chain of known functions.

    Sigmoid(h) = p, Concat(1 - p, p), ArgMax, ArrayFeatureExtractor(classes)
        sigmoid, both_classes, argmax, label

Sound because each node is understood with all its attributes, or the tail has no such form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from onnx import NodeProto, helper

from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.graph import needed_nodes, opened, standard
from rectifold.formats.onnx.ports import tail_shapes
from rectifold.formats.onnx.tensors import FLOATS, Constant, OnnxError, element_type, read_tensor
from rectifold.formats.tail import Function, Step, Tail

_CHOICES = ("argmax", "argmin", "label")
_SAME = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze")


@dataclass(frozen=True)
class _Value:
    """Steps from the network's output; `complement`: one minus what they give."""

    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    operators: tuple[str, ...]
    complement: bool = False


class _NoForm(Exception):
    """The tail is no chain of known functions; the message says which node is none."""


def tail_form(interface: Interface) -> Tail | str:
    """The form of a tail, or why there is none.

    Of several outputs the first that is no choice among classes, as probabilities are beside a
    label, else the first that has a form. Precondition: the interface has a tail.
    """
    if len(interface.outputs) == 1:
        return _form(interface)
    names = [port.name for port in interface.outputs]
    forms = [_form(_way_to(port, interface)) for port in interface.outputs]
    found = [form for form in forms if isinstance(form, Tail)]
    if not found:
        return f"the model has several outputs ({', '.join(names)}), and none is a chain"
    best = min(found, key=lambda form: form.steps[-1].function in _CHOICES)
    return replace(best, others=tuple(name for name in names if name != best.name))


def _way_to(port: Port, interface: Interface) -> Interface:
    """The interface with this output alone."""
    made = {name for node in interface.tail for name in node.output}
    read = {name for node in interface.tail for name in node.input} | {port.name}
    given = (read - made) | {end.name for end in interface.ends}
    tail = needed_nodes(interface.tail, given, [port.name])
    return replace(interface, outputs=(port,), tail=tuple(tail))


def _form(interface: Interface) -> Tail | str:
    """That of one output."""
    if len(interface.ends) != 1:
        return "it is computed from several values of the network"
    try:
        return _Reader(interface).form()
    except _NoForm as none:
        return str(none)


class _Reader:
    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.opset = opened(interface.model, "model").opsets.get("", 1)
        end = interface.ends[0]
        self.shapes = tail_shapes(interface.model, interface.tail, interface.ends)
        self.values = {end.name: _Value(tuple(n for n in end.shape if isinstance(n, int)), (), ())}
        self.constants: dict[str, Constant] = {}

    def form(self) -> Tail:
        for node in self.interface.tail:
            if node.op_type == "Shape" or not any(name in self.values for name in node.input):
                continue  # of a constant
            run = _FUNCTIONS.get((standard(node.domain), node.op_type))
            if run is None:
                raise self.none(node)
            self.values[node.output[0]] = run(self, node)
        port = self.interface.outputs[0]
        value = self.values.get(port.name)
        if value is None or value.complement or not value.steps:
            raise _NoForm(f"the output {port.name!r} is no chain of functions of the network")
        return Tail(port.name, value.steps, value.operators)

    def none(self, node: NodeProto) -> _NoForm:
        return _NoForm(f"{node.op_type} (node {node.name or node.output[0]!r}) is not written so")

    def value(self, node: NodeProto, k: int = 0) -> _Value:
        value = self.values.get(node.input[k])
        if value is None:
            raise self.none(node)
        return value

    def constant(self, node: NodeProto, k: int) -> Constant:
        """An initializer that the node reads, or the value of a Constant node."""
        stored = {t.name: t for t in self.interface.model.graph.initializer}
        for made in self.interface.model.graph.node:
            if made.op_type == "Constant" and made.attribute[0].name == "value":
                stored[made.output[0]] = made.attribute[0].t
        try:
            return read_tensor(stored[node.input[k]], node.input[k], self.interface.folder)
        except (KeyError, OnnxError):
            raise self.none(node) from None

    def after(self, node: NodeProto, value: _Value, step: Step) -> _Value:
        shape = self.shapes.get(node.output[0])
        if shape is None or math.prod(shape) != step.size:
            raise self.none(node)
        return _Value(shape, (*value.steps, step), (*value.operators, node.op_type))


def _attributes(node: NodeProto) -> dict[str, int]:
    return {a.name: int(helper.get_attribute_value(a)) for a in node.attribute}


def _elementwise(function: Function) -> Callable[[_Reader, NodeProto], _Value]:
    def run(reader: _Reader, node: NodeProto) -> _Value:
        value = _plain(reader, node)
        return reader.after(node, value, Step(function, 1, math.prod(value.shape), 1))

    return run


def _plain(reader: _Reader, node: NodeProto, k: int = 0) -> _Value:
    value = reader.value(node, k)
    if value.complement:
        raise reader.none(node)
    return value


def _along_axis(function: Function, default: int | None) -> Callable[[_Reader, NodeProto], _Value]:
    """A function along an axis; `default` None: that of Softmax, which changed in opset 13 with
    its meaning (all axes from there on).
    """

    def run(reader: _Reader, node: NodeProto) -> _Value:
        value, given = _plain(reader, node), _attributes(node)
        old = default is None and reader.opset < 13
        axis = given.get("axis", (1 if old else -1) if default is None else default)
        if given.get("select_last_index", 0) or not -len(value.shape) <= axis < len(value.shape):
            raise reader.none(node)
        axis %= len(value.shape)
        last = len(value.shape) if old else axis + 1
        outer, length = math.prod(value.shape[:axis]), math.prod(value.shape[axis:last])
        inner = math.prod(value.shape[last:])
        return reader.after(node, value, Step(function, outer, length, inner))

    return run


def _same(reader: _Reader, node: NodeProto) -> _Value:
    value = _plain(reader, node)
    count = math.prod(value.shape)
    shape = reader.shapes.get(node.output[0], (1,) if count == 1 else None)
    if shape is None or math.prod(shape) != count:
        raise reader.none(node)
    return _Value(shape, value.steps, value.operators)


def _cast(reader: _Reader, node: NodeProto) -> _Value:
    """Between floats, or of whole numbers."""
    value = _plain(reader, node)
    is_whole = bool(value.steps) and value.steps[-1].function in _CHOICES
    kind = element_type(_attributes(node)["to"])
    if kind is None or kind == "bool" or not (is_whole or kind in FLOATS):
        raise reader.none(node)
    return value


def _one_minus(reader: _Reader, node: NodeProto) -> _Value:
    value = _plain(reader, node, 1)
    if [float(v) for v in reader.constant(node, 0).values.ravel()] != [1.0]:
        raise reader.none(node)
    return _Value(value.shape, value.steps, value.operators, complement=True)


def _both(reader: _Reader, node: NodeProto) -> _Value:
    """Concat(1 - p, p) of one number p."""
    if len(node.input) != 2:
        raise reader.none(node)
    first, second = reader.value(node, 0), _plain(reader, node, 1)
    fits = first.complement and first.steps == second.steps and math.prod(second.shape) == 1
    if not fits:
        raise reader.none(node)
    return reader.after(node, second, Step("both_classes", 1, 1, 1))


def _label(reader: _Reader, node: NodeProto) -> _Value:
    """ArrayFeatureExtractor(classes, index) of one index."""
    value, classes = _plain(reader, node, 1), reader.constant(node, 0)
    numbers = classes.values.ravel().tolist()
    is_index = bool(value.steps) and value.steps[-1].function in ("argmax", "argmin")
    if not is_index or math.prod(value.shape) != 1 or not all(isinstance(n, int) for n in numbers):
        raise reader.none(node)
    return _Value(
        (1, 1),
        (*value.steps, Step("label", 1, 1, 1, tuple(numbers))),
        (*value.operators, node.op_type),
    )


_FUNCTIONS: Mapping[tuple[str, str], Callable[[_Reader, NodeProto], _Value]] = {
    ("", "Softmax"): _along_axis("softmax", None),
    ("", "LogSoftmax"): _along_axis("log_softmax", None),
    ("", "ArgMax"): _along_axis("argmax", 0),
    ("", "ArgMin"): _along_axis("argmin", 0),
    ("", "Sigmoid"): _elementwise("sigmoid"),
    ("", "Tanh"): _elementwise("tanh"),
    ("", "Cast"): _cast,
    ("", "Sub"): _one_minus,
    ("", "Concat"): _both,
    ("ai.onnx.ml", "ArrayFeatureExtractor"): _label,
    **{("", name): _same for name in _SAME},
}
