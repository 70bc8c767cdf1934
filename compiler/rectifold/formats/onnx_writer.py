"""IR to ONNX: one Gemm per chain edge (MatMul and Add where a layer reads several), Relu where a
layer has one.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from rectifold.exact.matrix import Matrix
from rectifold.formats.float_range import require_range
from rectifold.ir.network import Layer, Network

FloatKind = type[np.float32] | type[np.float64]

_TYPES: dict[str, tuple[FloatKind, int]] = {
    "float32": (np.float32, TensorProto.FLOAT),
    "float64": (np.float64, TensorProto.DOUBLE),
}


def onnx_bytes(network: Network, dtype: str = "float32", note: str = "") -> bytes:
    """The network as a serialised ONNX model (opset 13, input N×n, output N×m).

    Weights are rounded to `dtype`; float_range.rounded_parameters counts how many change. Raises
    InputError when a weight is beyond the range of `dtype`.
    """
    require_range(network, dtype)
    kind, code = _TYPES[dtype]
    nodes: list[NodeProto] = []
    tensors: list[TensorProto] = []
    for layer in network.layers:
        _add_layer(layer, kind, nodes, tensors)
    source = helper.make_tensor_value_info(network.input_name, code, ["N", network.input_size])
    target = helper.make_tensor_value_info(network.output, code, ["N", network.output_size])
    graph = helper.make_graph(nodes, network.name, [source], [target], tensors, doc_string=note)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="rectifold", ir_version=8
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _add_layer(
    layer: Layer, kind: FloatKind, nodes: list[NodeProto], tensors: list[TensorProto]
) -> None:
    name = layer.name
    before = f"{name}_pre" if layer.is_relu else name
    bias = _tensor(f"{name}_bias", layer.bias.T, kind)
    tensors.append(numpy_helper.from_array(numpy_helper.to_array(bias).reshape(-1), f"{name}_bias"))
    sources = list(layer.weights.items())
    for source, weight in sources:
        stored = weight if len(sources) == 1 else weight.T
        tensors.append(_tensor(f"{name}_from_{source}", stored, kind))
    if len(sources) == 1:
        nodes.append(
            helper.make_node(
                "Gemm",
                [sources[0][0], f"{name}_from_{sources[0][0]}", f"{name}_bias"],
                [before],
                name,
                transB=1,
            )
        )
    else:
        _add_sum(layer, before, nodes, tensors)
    if layer.is_relu:
        nodes.append(helper.make_node("Relu", [before], [name], f"{name}_relu"))


def _add_sum(layer: Layer, before: str, nodes: list[NodeProto], tensors: list[TensorProto]) -> None:
    total = f"{layer.name}_bias"
    sources = list(layer.weights)
    for k, source in enumerate(sources):
        product = f"{layer.name}_part_{k}"
        nodes.append(
            helper.make_node("MatMul", [source, f"{layer.name}_from_{source}"], [product], product)
        )
        result = before if k == len(sources) - 1 else f"{layer.name}_sum_{k}"
        nodes.append(helper.make_node("Add", [product, total], [result], result))
        total = result
    if not sources:  # a constant layer
        nodes.append(helper.make_node("Identity", [total], [before], f"{before}_copy"))


def _tensor(name: str, matrix: Matrix, kind: FloatKind) -> TensorProto:
    with np.errstate(under="ignore"):
        rounded = matrix.approximation[0].astype(kind)
    return numpy_helper.from_array(np.ascontiguousarray(rounded), name)
