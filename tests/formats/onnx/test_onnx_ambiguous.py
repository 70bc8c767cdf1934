"""ONNX nodes that runtimes understand differently, because the file or the specification leaves
something open: refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from rectifold.formats.load import load
from rectifold.formats.onnx.tensors import OnnxError


def written(
    path: Path, node: Any, shape: list[int], constants: dict[str, np.ndarray], opset: int
) -> Path:
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def scales(*values: float) -> dict[str, np.ndarray]:
    return {"s": np.array(values, dtype=np.float32)}


POOL: dict[str, Any] = {"auto_pad": "SAME_UPPER", "kernel_shape": [1], "strides": [3]}
REFUSED: dict[str, tuple[Any, list[int], dict[str, np.ndarray], int, str]] = {
    "max pool whose SAME pads are negative": (
        helper.make_node("MaxPool", ["x"], ["y"], name="p", **POOL),
        [1, 1, 2],
        {},
        13,
        "negative",
    ),
    "average pool whose SAME pads are negative": (
        helper.make_node("AveragePool", ["x"], ["y"], name="p", **POOL),
        [1, 1, 2],
        {},
        13,
        "negative",
    ),
    "max pool whose SAME pads count a dilated kernel": (
        helper.make_node(
            "MaxPool",
            ["x"],
            ["y"],
            name="p",
            auto_pad="SAME_LOWER",
            kernel_shape=[2],
            dilations=[2],
        ),
        [1, 1, 4],
        {},
        13,
        "dilations",
    ),
    "resize of opset 10 to fewer entries between two": (
        helper.make_node("Resize", ["x", "s"], ["y"], name="r"),
        [1, 1, 4],
        scales(1, 1, 0.75),
        10,
        "opset 11",
    ),
    "aligned corners of a size that is no whole number": (
        helper.make_node(
            "Resize",
            ["x", "", "s"],
            ["y"],
            name="r",
            mode="nearest",
            coordinate_transformation_mode="align_corners",
        ),
        [1, 1, 3],
        scales(1, 1, 0.75),
        13,
        "give the sizes",
    ),
    "half pixels of a size that is no whole number": (
        helper.make_node(
            "Resize",
            ["x", "", "s"],
            ["y"],
            name="r",
            mode="nearest",
            coordinate_transformation_mode="pytorch_half_pixel",
        ),
        [1, 1, 3],
        scales(1, 1, 0.5),
        13,
        "give the sizes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_runtimes_understand_differently_is_refused(name: str, tmp_path: Path) -> None:
    node, shape, constants, opset, said = REFUSED[name]
    with pytest.raises(OnnxError, match=f"node '{node.name}' .*{said}"):
        load(written(tmp_path / "m.onnx", node, shape, constants, opset))


READ: dict[str, tuple[Any, list[int], dict[str, np.ndarray], int]] = {
    "max pool whose SAME pads are 0": (
        helper.make_node(
            "MaxPool", ["x"], ["y"], auto_pad="SAME_UPPER", kernel_shape=[2], strides=[2]
        ),
        [1, 1, 4],
        {},
        13,
    ),
    "resize of opset 10 to every other entry": (
        helper.make_node("Resize", ["x", "s"], ["y"]),
        [1, 1, 4],
        scales(1, 1, 0.5),
        10,
    ),
    "aligned corners of a whole size": (
        helper.make_node(
            "Resize",
            ["x", "", "s"],
            ["y"],
            mode="nearest",
            coordinate_transformation_mode="align_corners",
        ),
        [1, 1, 3],
        scales(1, 1, 2),
        13,
    ),
}


@pytest.mark.parametrize("name", READ)
def test_the_same_nodes_are_read_where_nothing_is_open(name: str, tmp_path: Path) -> None:
    node, shape, constants, opset = READ[name]
    assert (
        load(written(tmp_path / "m.onnx", node, shape, constants, opset)).network.input_size
        == shape[-1]
    )
