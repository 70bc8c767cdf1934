"""Small ONNX models of images for tests: one channel in, one number out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper


def image_model(
    size: int, nodes: Sequence[NodeProto], stored: Mapping[str, np.ndarray]
) -> ModelProto:
    """x (N, 1, size, size) → the nodes, with the arrays as float32 → y (N, 1)."""
    graph = helper.make_graph(
        list(nodes),
        "image",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(v.astype(np.float32), name) for name, v in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
