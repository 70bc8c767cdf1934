"""What an ONNX model costs as it stands: counted on its own nodes, not on what they become here.

    Conv (8 kernels 1×3×3, 26×26 places)      72 weights, 48,672 multiply-adds
    LeakyRelu of 32 entries                   32 units, though the network holds two for each

Sizes before and after a rewriting are compared in this count, so that no gain is one of our form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from rectifold.formats.onnx.tensors import Array
from rectifold.formats.onnx.whole import stored_tensors, tensor_bytes

_ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "Clip", "Abs", "HardSigmoid", "Max", "Min")
_PRODUCTS = ("Gemm", "MatMul", "Conv", "ConvTranspose")
_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


@dataclass(frozen=True)
class ModelSizes:
    """Entries of activations, weights that are not 0, multiply-adds of one point, stored bytes."""

    units: int
    weights: int
    macs: int
    bytes: int


def model_sizes(model: ModelProto, folder: Path | None = None) -> ModelSizes | None:
    """The sizes of a model; None where its nodes do not say what they cost.

    That is a shape that is not known before it runs, or a graph within a node. `folder`: of its
    external data.
    """
    stored = stored_tensors(model.graph)
    shapes = None if stored is None else _shapes(model)
    if stored is None or shapes is None:
        return None
    units = [_entries(node, shapes) for node in model.graph.node if node.op_type in _ACTIVATIONS]
    macs = [_macs(node, shapes) for node in model.graph.node if node.op_type in _PRODUCTS]
    if None in units or None in macs:
        return None
    weights = [t for t in stored if t.data_type in _FLOATS]
    nonzero = sum(int(np.count_nonzero(_array(tensor, folder))) for tensor in weights)
    return ModelSizes(
        sum(n for n in units if n is not None),
        nonzero,
        sum(n for n in macs if n is not None),
        tensor_bytes(model),
    )


def sizes_of_bytes(model: bytes) -> ModelSizes | None:
    """The same of a serialised model that holds all its data."""
    return model_sizes(onnx.load_model_from_string(model))


def _array(tensor: TensorProto, folder: Path | None) -> Array:
    return numpy_helper.to_array(tensor, "" if folder is None else str(folder))


def _shapes(model: ModelProto) -> dict[str, tuple[int, ...]] | None:
    """Tensor → its shape for one point, of those that are known; None where ONNX finds none."""
    single = ModelProto()
    single.CopyFrom(model)
    stored = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for value in single.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name not in stored and dims and not dims[0].dim_value:
            dims[0].dim_value = 1
    for value in single.graph.output:
        value.type.tensor_type.ClearField("shape")
    del single.graph.value_info[:]
    try:
        inferred = onnx.shape_inference.infer_shapes(single, data_prop=True).graph
    except onnx.shape_inference.InferenceError:
        return None
    known = dict(stored)
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            known[value.name] = tuple(d.dim_value for d in kind.shape.dim)
    return known


def _entries(node: NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    shape = shapes.get(node.output[0])
    return None if shape is None else prod(shape)


def _macs(node: NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Entries of the output, times what each of them sums.

    Of a transposed convolution: entries of the input, times the outputs that each is added to.
    """
    entries = _entries(node, shapes)
    left, right = (shapes.get(name) for name in node.input[:2])
    if entries is None or not left or not right:
        return None
    if node.op_type == "ConvTranspose":
        return prod(left) * prod(right[1:])
    if node.op_type == "Conv":
        return entries * prod(right[1:])
    transposed = any(a.name == "transA" and a.i for a in node.attribute)
    return entries * left[0 if transposed else -1]
