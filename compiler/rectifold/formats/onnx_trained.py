"""A trained chain of convolutions and dense layers as an ONNX model that states its domain.

    x: [N, 1, 8, 8] ─▶ Conv ─▶ Relu ─▶ Flatten ─▶ Gemm ─▶ Relu ─▶ Gemm ─▶ y: [N, 10]

Each weight is written with the bits that it was trained to. The file is read back as any other is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx.stated import state_domain
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrainedLayer:
    """A layer: `weight` m×n is dense, m×c×h×w a convolution with this stride and padding; `bias` m.

    All but the last end with a ReLU.
    """

    weight: Weights
    bias: Weights
    stride: int = 1
    padding: int = 0


def trained_model(
    layers: Sequence[TrainedLayer], shape: Sequence[int], domain: Domain, name: str, note: str
) -> bytes:
    """The chain as a serialised model in float32, opset 13.

    `shape` of one input: (n,) for dense layers, (channels, rows, columns) before a convolution.
    Precondition: the layers fit together.
    """
    nodes: list[NodeProto] = []
    tensors: list[TensorProto] = []
    value, is_flat = "x", len(shape) == 1
    for k, layer in enumerate(layers):
        is_last = k == len(layers) - 1
        label = "y" if is_last else f"h{k + 1}"
        if layer.weight.ndim == 2 and not is_flat:
            nodes.append(helper.make_node("Flatten", [value], ["flat"], "flat"))
            value, is_flat = "flat", True
        value = _add(layer, value, label, nodes, tensors, is_last=is_last)
    outputs = int(layers[-1].bias.size)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", outputs])],
        tensors,
        doc_string=note,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="rectifold", ir_version=8
    )
    state_domain(model, domain)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def read_back(model: bytes, name: str) -> Network:
    """The network that a written model means, with the domain that it states."""
    return read_model(onnx.load_model_from_string(model), name, peers=()).network


def _add(
    layer: TrainedLayer,
    value: str,
    label: str,
    nodes: list[NodeProto],
    tensors: list[TensorProto],
    *,
    is_last: bool,
) -> str:
    """Adds the nodes of a layer that reads `value`; the name of what it gives."""
    weight, bias = f"{label}_weight", f"{label}_bias"
    tensors += [
        numpy_helper.from_array(layer.weight, weight),
        numpy_helper.from_array(layer.bias, bias),
    ]
    before = label if is_last else f"{label}_pre"
    if layer.weight.ndim == 2:
        nodes.append(helper.make_node("Gemm", [value, weight, bias], [before], before, transB=1))
    else:
        pads, strides = [layer.padding] * 4, [layer.stride] * 2
        nodes.append(
            helper.make_node(
                "Conv", [value, weight, bias], [before], before, pads=pads, strides=strides
            )
        )
    if not is_last:
        nodes.append(helper.make_node("Relu", [before], [label], label))
    return label
