"""What an operator declares: its inputs, element types, attributes and opset versions; and the
check of a node.

    Operator("LeakyRelu", 7, leaky_relu, "X:T", (Attribute("alpha", "float", 0.01),))

Sound because a node is run only after everything it says was found among the declarations: an
unknown attribute or value, a surplus input, another element type or another version of the operator
is refused, never ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx
from onnx import AttributeProto, NodeProto, TensorProto

from rectifold.formats.onnx.graph import standard
from rectifold.formats.onnx.node import Node
from rectifold.formats.onnx.tensors import (
    FLOATS,
    INTEGERS,
    AttributeValue,
    OnnxError,
    Symbolic,
    Tensor,
)
from rectifold.formats.onnx.unread import quantised_remedy

FIRST_OPSET = 7  # older versions broadcast by attributes
LAST_OPSET = 28  # the newest version whose operators were read
LAST_ML_OPSET = 5

_KINDS: Mapping[str, tuple[str, ...]] = {
    "index": ("int64", "int32"),
    "int64": ("int64",),
    "bool": ("bool",),
    "float32": ("float32",),
    "float": FLOATS,
    "number": (*FLOATS, *INTEGERS),
    "any": (*FLOATS, *INTEGERS, "bool"),
}

_STORED = {
    "int": onnx.AttributeProto.INT,
    "float": onnx.AttributeProto.FLOAT,
    "text": onnx.AttributeProto.STRING,
    "tensor": onnx.AttributeProto.TENSOR,
    "ints": onnx.AttributeProto.INTS,
    "floats": onnx.AttributeProto.FLOATS,
}


@dataclass(frozen=True)
class Attribute:
    """One attribute: how it is stored, its value when left out, and which values are understood.

    `allowed` lists the values; `least` bounds whole numbers from below; floats must be finite
    unless `infinite`.
    """

    name: str
    kind: str
    default: AttributeValue = None
    allowed: tuple[AttributeValue, ...] | None = None
    least: int | None = None
    infinite: bool = False
    required: bool = False

    def complaint(self, value: AttributeValue) -> str | None:
        """What is wrong with a value, or None."""
        if self.allowed is not None and value not in self.allowed:
            return f"understood is {' or '.join(repr(a) for a in self.allowed)}"
        numbers = value if isinstance(value, list) else [value]
        if self.least is not None and min(numbers, default=self.least) < self.least:
            return f"at least {self.least} is expected"
        if self.kind in ("float", "floats") and not all(map(self._is_number, numbers)):
            return "a finite number is expected"
        return None

    def _is_number(self, value: float) -> bool:
        return not math.isnan(value) if self.infinite else math.isfinite(value)


@dataclass(frozen=True)
class DeclaredInput:
    """One declared input: "name:kind", "name:kind?" (may be left out) or "name:kind*" (any
    number).
    """

    name: str
    kind: str
    optional: bool
    variadic: bool

    @staticmethod
    def parse(text: str) -> DeclaredInput:
        name, kind = text.split(":")
        return DeclaredInput(name, kind.rstrip("?*"), kind.endswith("?"), kind.endswith("*"))


@dataclass(frozen=True)
class Operator:
    """One operator as defined from opset `since` on, until its next row begins (or `until`).

    `inputs` names the parameters (see Parameter); kind T means one type of `types` for all of them.
    `moves` says that the operator only moves or converts entries, so that whole numbers may depend
    on the input.
    """

    name: str
    since: int
    run: Callable[[Node], Tensor | list[Tensor]]
    inputs: str
    attributes: tuple[Attribute, ...] = ()
    types: tuple[str, ...] = FLOATS
    moves: bool = False
    outputs: int | None = 1
    until: int = LAST_OPSET
    domain: str = ""

    @cached_property
    def parameters(self) -> tuple[DeclaredInput, ...]:
        return tuple(DeclaredInput.parse(text) for text in self.inputs.split())

    def parameter(self, k: int) -> DeclaredInput:
        """The declaration of input k; the last one stands for all further inputs if it is
        variadic.
        """
        return self.parameters[min(k, len(self.parameters) - 1)]


Operators = Mapping[tuple[str, str], Sequence[Operator]]  # by domain and name


def operator_of(
    node: NodeProto, operators: Operators, opsets: Mapping[str, int], where: str
) -> Operator:
    """The row that defines the node's operator in these opsets. Raises OnnxError if there is
    none.
    """
    domain = standard(node.domain)
    rows = operators.get((domain, node.op_type))
    if rows is None and (remedy := quantised_remedy(node.op_type)):
        raise OnnxError(f"{where} is not supported: {remedy}")
    if rows is None:
        known = sorted(name for of, name in operators if of == domain)
        said = f"; supported are {', '.join(known)}"
        other = f": the operators {domain!r} are not read"
        raise OnnxError(
            f"{where} is not supported{said if known else other}; export the network without it"
        )
    opset, newest = opsets.get(domain), LAST_ML_OPSET if domain else LAST_OPSET
    if opset is None:
        raise OnnxError(
            f"{where}: the model imports no version of the operators {domain or 'ai.onnx'!r}"
        )
    if not (1 if domain else FIRST_OPSET) <= opset <= newest:
        raise OnnxError(
            f"{where}: the model uses opset {opset} of {domain or 'ai.onnx'}; read are "
            f"{1 if domain else FIRST_OPSET} to {newest}: convert it with "
            "onnx.version_converter or export it again"
        )
    return _row_of(node, rows, opset, where)


def _row_of(node: NodeProto, rows: Sequence[Operator], opset: int, where: str) -> Operator:
    fitting = [row for row in rows if row.since <= opset <= row.until]
    if fitting:
        return max(fitting, key=lambda row: row.since)
    first, last = min(row.since for row in rows), max(row.until for row in rows)
    raise OnnxError(
        f"{where}: {node.op_type} is read in opsets {first} to {last}, and this model uses opset "
        f"{opset}; "
        "convert it with onnx.version_converter or export it again"
    )


def attributes_of(
    node: NodeProto, row: Operator, where: str, constant: Callable[[TensorProto], Tensor]
) -> dict[str, AttributeValue]:
    """Every declared attribute with its value; left out, it has its default (None without one).

    `constant` reads a tensor. Raises OnnxError for anything that is not declared.
    """
    declared = {attribute.name: attribute for attribute in row.attributes}
    values: dict[str, AttributeValue] = {}
    for entry in node.attribute:
        if entry.name not in declared or entry.name in values or entry.ref_attr_name:
            known = ", ".join(declared) or "none"
            raise OnnxError(
                f"{where}: the attribute {entry.name!r} is not understood or given twice "
                f"(understood: {known}); "
                "export the model without it"
            )
        values[entry.name] = _value_of(entry, declared[entry.name], where, constant)
    for attribute in row.attributes:
        if attribute.required and attribute.name not in values:
            raise OnnxError(
                f"{where}: the attribute {attribute.name!r} is missing; {row.name} needs it"
            )
    return {name: values.get(name, attribute.default) for name, attribute in declared.items()}


def _value_of(
    entry: AttributeProto,
    attribute: Attribute,
    where: str,
    constant: Callable[[TensorProto], Tensor],
) -> AttributeValue:
    if entry.type != _STORED[attribute.kind]:
        found = onnx.AttributeProto.AttributeType.Name(entry.type).lower()
        raise OnnxError(
            f"{where}: the attribute {entry.name!r} is stored as {found}; {attribute.kind} is "
            "expected"
        )
    if attribute.kind == "tensor":
        return constant(entry.t)
    value = onnx.helper.get_attribute_value(entry)
    if attribute.kind == "text":
        value = value.decode("utf-8", "replace")
    elif attribute.kind in ("ints", "floats"):
        value = list(value)
    if complaint := attribute.complaint(value):
        raise OnnxError(f"{where}: the attribute {entry.name!r} is {value!r}; {complaint}")
    return value


def check_inputs(row: Operator, inputs: Sequence[Tensor | None], where: str) -> None:
    """The number of inputs and their element types are as declared. Raises OnnxError."""
    _check_count(row, inputs, where)
    shared: str | None = None
    for k, tensor in enumerate(inputs):
        if tensor is None:
            continue
        parameter = row.parameter(k)
        allowed = row.types if parameter.kind == "T" else _KINDS[parameter.kind]
        if tensor.type not in allowed:
            raise OnnxError(
                f"{where}: the input {parameter.name!r} has the element type {tensor.type}; "
                f"read are {', '.join(allowed)}; insert a Cast"
            )
        if parameter.kind == "T":
            if shared not in (None, tensor.type):
                raise OnnxError(
                    f"{where} mixes the element types {shared} and {tensor.type}; insert a Cast"
                )
            shared = tensor.type
        _check_arithmetic(row, tensor, parameter, where)


def _check_count(row: Operator, inputs: Sequence[Tensor | None], where: str) -> None:
    most = math.inf if row.parameters and row.parameters[-1].variadic else len(row.parameters)
    if len(inputs) > most:
        raise OnnxError(
            f"{where} has {len(inputs)} inputs; {row.name} takes {most} from opset {row.since} on; "
            "the surplus is not understood"
        )
    for k, parameter in enumerate(row.parameters):
        absent = k >= len(inputs) or inputs[k] is None
        if absent and not parameter.optional:
            raise OnnxError(
                f"{where}: the input {parameter.name!r} (number {k}) is missing; {row.name} "
                "needs it"
            )
    if None in inputs[len(row.parameters) :]:
        raise OnnxError(f"{where}: one of its inputs is left out; {row.name} needs all of them")


def _check_arithmetic(row: Operator, tensor: Tensor, parameter: DeclaredInput, where: str) -> None:
    if isinstance(tensor, Symbolic) and tensor.type not in FLOATS and not row.moves:
        raise OnnxError(
            f"{where}: the input {parameter.name!r} holds {tensor.type} values that depend on "
            "the network's input; "
            "arithmetic of whole numbers wraps and rounds and is not piecewise linear: Cast it "
            "to float first"
        )
