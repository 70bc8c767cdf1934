"""What follows the network in its model, as layers of Keras, node by node.

    Softmax(axis=1)    →    Softmax(1)

Sound because a node has the meaning that ONNX gives its operator in the model's opset; an operator,
an attribute or an axis without a row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnx import NodeProto, helper, numpy_helper

from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.ports import tail_shapes
from rectifold.formats.onnx_tail import tail_parts
from rectifold.objects.keras_making import KerasLayers

_FUNCTIONS: Mapping[str, str] = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Exp": "exponential",
}
_SHAPES = ("Reshape", "Flatten", "Squeeze")
_ALONG = ("Softmax", "LogSoftmax")
KNOWN = (*_FUNCTIONS, *_ALONG, "Identity", *_SHAPES)
"""The operators of a tail that Keras has."""


class KerasTail:
    """The tail of a model, read from its outputs to the ends."""

    def __init__(self, make: KerasLayers, interface: Interface, ends: Mapping[str, Any]) -> None:
        """`ends`: the values at the ends, by name; `make` makes the layers behind them."""
        self.make = make
        self.values = dict(ends)
        self.nodes = {name: node for node in interface.tail for name in node.output[:1]}
        parts = tail_parts(interface)
        self.constants = {t.name: numpy_helper.to_array(t) for t in parts.tensors}
        self.constants |= {n.output[0]: _constant(n) for n in parts.nodes if _is_constant(n)}
        known = tail_shapes(interface.model, interface.tail, interface.ends)
        self.shapes = {port.name: port.shape for port in interface.outputs} | known
        opsets = {entry.domain: entry.version for entry in interface.model.opset_import}
        self.opset = max(opsets.get("", 1), opsets.get("ai.onnx", 1))

    def value(self, name: str) -> Any:
        """The value of this name. Raises InputError for what has no form in Keras."""
        if name not in self.values:
            node = self.nodes[name]
            kind = str(node.op_type)
            if node.domain not in ("", "ai.onnx") or kind not in KNOWN:
                raise _refused(node, "")
            self.values[name] = self._made(node, kind, self.value(node.input[0]))
        return self.values[name]

    def _made(self, node: NodeProto, kind: str, x: Any) -> Any:
        if kind == "Identity":
            return x
        if kind in _FUNCTIONS:
            return self.make.activated(x, _FUNCTIONS[kind])
        if kind in _SHAPES:
            return self.make.shaped(x, self._sample(node))
        axis = self._axis(node, len(x.shape))
        if kind == "Softmax":
            return self.make.softmax(x, axis)
        if axis != len(x.shape) - 1:
            raise _refused(node, f" along the axis {axis}")
        return self.make.activated(x, "log_softmax")

    def _axis(self, node: NodeProto, rank: int) -> int:
        """The only axis along which a function goes, counted from the front."""
        is_old = self.opset < 13  # where Softmax joins all axes from its own on
        axis = int(_attributes(node).get("axis", 1 if is_old else -1)) % rank
        if axis == 0 or (is_old and axis != rank - 1):
            raise _refused(node, f" along the axis {axis} of {rank} in opset {self.opset}")
        return axis

    def _sample(self, node: NodeProto) -> tuple[int, ...]:
        """The shape of one sample that a node makes, which leaves the batch in front."""
        shape = self.shapes.get(node.output[0], ())
        sizes = tuple(size for size in shape[1:] if isinstance(size, int))
        is_batch = bool(shape) and (shape[0] == 1 or not isinstance(shape[0], int))
        if not self._keeps_front(node) or not is_batch or len(sizes) != len(shape) - 1:
            raise _refused(node, " without the batch in front")
        return sizes

    def _keeps_front(self, node: NodeProto) -> bool:
        """Whether it leaves the first dimension as it is, at any batch."""
        attributes = _attributes(node)
        if node.op_type == "Flatten":
            return bool(attributes.get("axis", 1) == 1)
        given = attributes.get("axes")
        if given is None and len(node.input) > 1:
            given = self.constants.get(node.input[1])
        if given is None:  # a shape that is computed, of which the result's shape is known
            return bool(node.op_type == "Reshape")
        numbers = [int(n) for n in given]
        return numbers[0] in (-1, 0) if node.op_type == "Reshape" else 0 not in numbers


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _is_constant(node: NodeProto) -> bool:
    return bool(node.op_type == "Constant" and node.attribute[0].name == "value")


def _constant(node: NodeProto) -> Any:
    return numpy_helper.to_array(node.attribute[0].t)


def _refused(node: NodeProto, how: str) -> InputError:
    return InputError(
        f"node {node.name or node.output[0]!r} ({node.op_type}){how}, which follows the network, "
        f"has no form in Keras; known are {', '.join(KNOWN)}. Read the model with until= the value "
        "before it, or write ONNX, which keeps it"
    )
