"""Layers as nodes of ONNX: a Gemm per chain edge, MatMul and Add where a layer reads several.

    y = W relu(V x + b) + c         Gemm(x, V, b) → Relu → Gemm(·, W, c)

Sound because each node is the affine map of its edge, or a ReLU; every operator here means the same
from opset 7 on. A pair of mirrored units that is one leaky unit is written as one, with LeakyRelu
or PRelu; in float64 it stays a pair, as onnxruntime has no such operator there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.ir.leaky import LeakyForm, leaky_form
from rectifold.ir.network import Layer, Network

ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu")  # what a relu layer ends with

FloatKind = type[np.float32] | type[np.float64]

FLOAT_TYPES: dict[str, tuple[FloatKind, int]] = {
    "float32": (np.float32, TensorProto.FLOAT),
    "float64": (np.float64, TensorProto.DOUBLE),
}


@dataclass(frozen=True, eq=False)
class Parts:
    """What a graph is made of, in an order in which it can be run; both lists grow."""

    nodes: list[NodeProto]
    tensors: list[TensorProto]


def parts_of(network: Network, dtype: str, *, rows: bool = False) -> Parts:
    """The layers, from a value called as the input (N×n) to one called as the output layer (N×m).

    Weights are rounded to `dtype`, "float32" or "float64". A layer that reads nothing has the shape
    m, or 1×m with `rows`, which a Gemm can read.
    """
    parts = Parts([], [])
    kind = FLOAT_TYPES[dtype][0]
    form = written_form(network, dtype)
    for layer in form.network.layers:
        _add_layer(layer, kind, parts.nodes, parts.tensors)
        if layer.is_relu:
            _add_activation(layer.name, form.slopes, kind, parts)
    constant = {f"{layer.name}_bias" for layer in network.layers if not layer.weights}
    for tensor in parts.tensors if rows else ():
        if tensor.name in constant:
            tensor.dims.insert(0, 1)
    return parts


def written_form(network: Network, dtype: str, frozen: Collection[str] = ()) -> LeakyForm:
    """What is written in this element type: in float32 a leaky unit is one, else it is two.

    Layers of `frozen` are not written by us.
    """
    return leaky_form(network, frozen) if dtype == "float32" else LeakyForm(network, {})


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
                alpha=1.0,
                beta=1.0,
                transA=0,  # all its attributes: some readers look for each
                transB=1,
            )
        )
    else:
        _add_sum(layer, before, nodes, tensors)


def _add_activation(
    name: str, slopes: Mapping[str, tuple[Fraction, ...]], kind: FloatKind, parts: Parts
) -> None:
    """Relu; with slopes LeakyRelu where all are the same, else PRelu."""
    before = f"{name}_pre"
    if name not in slopes:
        parts.nodes.append(helper.make_node("Relu", [before], [name], f"{name}_relu"))
        return
    values = [nearest_float(slope) for slope in slopes[name]]
    if len(set(values)) == 1:
        node = helper.make_node("LeakyRelu", [before], [name], f"{name}_leaky", alpha=values[0])
    else:
        stored = numpy_helper.from_array(np.array(values, dtype=kind), f"{name}_slopes")
        parts.tensors.append(stored)
        node = helper.make_node("PRelu", [before, stored.name], [name], f"{name}_leaky")
    parts.nodes.append(node)


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


def onnx_type(dtype: str) -> int:
    """ONNX's number of an element type, such as "float32"."""
    if dtype in FLOAT_TYPES:
        return FLOAT_TYPES[dtype][1]
    return int(TensorProto.DataType.Value(dtype.upper()))
