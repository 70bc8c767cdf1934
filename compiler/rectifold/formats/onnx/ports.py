"""The tensors of a model by which it is called: names, element types and shapes, from what it says.

input "image" float32 ["N", 1, 28, 28]      Port("image", "float32", ("N", 1, 28, 28))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx
from onnx import ModelProto, NodeProto, TypeProto, ValueInfoProto, helper

from rectifold.formats.interface import Port
from rectifold.formats.onnx.graph import Model, opened
from rectifold.formats.onnx.tensors import OnnxError, Tensor, element_type, type_text


def read_port(value: ValueInfoProto, read: Tensor) -> Port:
    """A tensor as its model declares it; as it was read where the model says no shape."""
    if not value.type.tensor_type.HasField("shape"):
        return Port(value.name, read.type, read.shape)
    return Port(value.name, read.type, _declared_shape(value.type))


def output_ports(
    model: Model,
    names: Sequence[str],
    tail: Sequence[NodeProto],
    ends: Sequence[Port],
    values: Mapping[str, Tensor],
) -> tuple[Port, ...]:
    """The tensors that are read: values of the network, or what the tail computes from the ends."""
    declared = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
    ports = []
    for name in names:
        value = declared.get(name, ValueInfoProto(name=name))
        if name in values:
            ports.append(read_port(value, values[name]))
        else:
            found = _with_shape(value, model, tail, ends)
            ports.append(Port(name, _type_name(found.type), _declared_shape(found.type)))
    return tuple(ports)


def input_shape(value: ValueInfoProto) -> tuple[int, ...]:
    """The shape of an input, a batch that is not fixed taken as 1. Raises OnnxError."""
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


def _with_shape(
    value: ValueInfoProto, model: Model, tail: Sequence[NodeProto], ends: Sequence[Port]
) -> ValueInfoProto:
    """A value that the tail computes, with the shape that its operators say where none is
    declared.
    """
    if value.type.HasField("sequence_type") or value.type.tensor_type.HasField("shape"):
        return value
    made = _inferred(model, tail, ends, [value])
    return value if made is None else next(iter(made.graph.output))


def tail_shapes(
    proto: ModelProto, tail: Sequence[NodeProto], ends: Sequence[Port]
) -> dict[str, tuple[int, ...]]:
    """The shapes of values that the tail computes, as far as its operators say them, for ends of
    these shapes.
    """
    made = _inferred(opened(proto, "model"), tail, ends, [])
    found = {} if made is None else {v.name: _declared_shape(v.type) for v in made.graph.value_info}
    return {
        name: tuple(n for n in shape if isinstance(n, int))
        for name, shape in found.items()
        if all(isinstance(n, int) for n in shape)
    }


def _inferred(
    model: Model,
    tail: Sequence[NodeProto],
    ends: Sequence[Port],
    outputs: Sequence[ValueInfoProto],
) -> ModelProto | None:
    """The tail as a model, with the shapes that ONNX infers; None where it finds a fault."""
    inputs = [i for i in model.graph.input if i.name not in {port.name for port in ends}]
    types = {"float32": "FLOAT", "float64": "DOUBLE"}
    for port in ends:
        code = getattr(onnx.TensorProto, types.get(port.dtype, port.dtype.upper()))
        inputs.append(helper.make_tensor_value_info(port.name, code, port.shape))
    made_here = {name for node in tail for name in node.output}
    constants = [
        node
        for node in model.graph.node
        if node.op_type == "Constant" and node.output[0] not in made_here
    ]
    read = {name for node in tail for name in node.input}
    stored = [t for t in model.graph.initializer if t.name in read]
    graph = helper.make_graph([*constants, *tail], "tail", inputs, outputs, stored)
    imports = [helper.make_opsetid(of, version) for of, version in model.opsets.items()]
    try:
        return onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=imports), data_prop=True
        )
    except onnx.shape_inference.InferenceError:
        return None


def _declared_shape(kind: TypeProto) -> tuple[int | str | None, ...]:
    return tuple(
        d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or None
        for d in kind.tensor_type.shape.dim
    )


def _type_name(kind: TypeProto) -> str:
    if kind.HasField("sequence_type"):
        return f"sequence({_type_name(kind.sequence_type.elem_type)})"
    if kind.HasField("map_type"):
        return f"map({_element(kind.map_type.key_type)},{_type_name(kind.map_type.value_type)})"
    return _element(kind.tensor_type.elem_type)


def _element(number: int) -> str:
    return element_type(number) or type_text(number)
