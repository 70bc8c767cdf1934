"""A small network in ONNX with something behind it: x → h, and a tail from h on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from onnx_models import array

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
NETWORK = [
    helper.make_node("Gemm", ["x", "w1", "b1"], ["z"], name="fc1"),
    helper.make_node("Relu", ["z"], ["a"], name="act"),
    helper.make_node("Gemm", ["a", "w2", "b2"], ["h"], name="fc2"),
]
WEIGHTS = {"w1": array(2, 4), "b1": array(4), "w2": array(4, 3), "b2": array(3)}


def made(
    tail: Sequence[Any], outputs: Sequence[str], constants: dict[str, Any] | None = None,
    opset: int = 17,
) -> ModelProto:  # fmt: skip
    """A network of two layers x → h, and what follows it."""
    stored = [numpy_helper.from_array(np.asarray(v), k) for k, v in
              {**WEIGHTS, **(constants or {})}.items()]  # fmt: skip
    graph = helper.make_graph(
        [*NETWORK, *tail],
        "graph",
        [helper.make_tensor_value_info("x", FLOAT, ["N", 2])],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
        stored,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)
