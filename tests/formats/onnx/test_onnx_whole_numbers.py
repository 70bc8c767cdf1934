"""Whole numbers, casts and constants of ONNX graphs are computed in their type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from onnx_models import Array, assert_agrees, imported, model, node, whole
from rectifold.ir.evaluate import evaluate

INT8, INT64, FLOAT, BOOL = TensorProto.INT8, TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL

FOLDED: dict[str, tuple[list[Any], dict[str, Array], list[float]]] = {
    "quotients are truncated": (
        [node("Div", ["c", "d"], "k")],
        {"c": whole(-7, 7, -7), "d": whole(2, -2, -2)},
        [-3, -3, 3],
    ),
    "products wrap": (
        [node("Mul", ["c", "c"], "k")],
        {"c": np.array([16, 100, -128], np.int8)},
        [0, 16, 0],
    ),
    "sums wrap": (
        [node("Add", ["c", "d"], "k")],
        {"c": np.array([255, 1, 0], np.uint8), "d": np.array([1], np.uint8)},
        [0, 2, 1],
    ),
    "negation wraps": (
        [node("Neg", ["c"], "k")],
        {"c": np.array([-128, 5, 0], np.int8)},
        [-128, -5, 0],
    ),
    "absolute values": ([node("Abs", ["c"], "k")], {"c": whole(-3, 3, 0)}, [3, 3, 0]),
    "maxima": ([node("Max", ["c", "d"], "k")], {"c": whole(-3, 3, 0), "d": whole(1)}, [1, 3, 1]),
    "products of matrices": (
        [node("MatMul", ["c", "d"], "k")],
        {"c": whole(1, 2), "d": whole([1, 2, 3], [4, 5, 6])},
        [9, 12, 15],
    ),
    "running sums": (
        [node("CumSum", ["c", "z"], "k")],
        {"c": whole(1, 2, 3), "z": np.array(0)},
        [1, 3, 6],
    ),
    "sums along an axis": (
        [node("ReduceSum", ["c", "a"], "k", keepdims=0)],
        {"c": whole([1, 2, 3], [4, 5, 6]), "a": whole(0)},
        [5, 7, 9],
    ),
    "to bool": (
        [node("Cast", ["c"], "k", to=BOOL)],
        {"c": np.array([0.5, 2, 0], np.float32)},
        [1, 1, 0],
    ),
    "to whole numbers": (
        [node("Cast", ["c"], "k", to=INT64)],
        {"c": np.array([1.75, -1.75, 0.5], np.float32)},
        [1, -1, 0],
    ),
    "to int8 wraps": ([node("Cast", ["c"], "k", to=INT8)], {"c": whole(300, -200, 5)}, [44, 56, 5]),
    "to single precision rounds": (
        [node("Cast", ["c"], "k", to=FLOAT)],
        {"c": np.array([0.1, 0.5, 16777217.0])},
        [float(np.float32(0.1)), 0.5, 16777216],
    ),
    "a comparison": (
        [node("Equal", ["c", "d"], "k")],
        {"c": whole(1, 2, 3), "d": whole(2)},
        [0, 1, 0],
    ),
    "comparisons that may be equal": (
        [
            node("LessOrEqual", ["c", "d"], "l"),
            node("GreaterOrEqual", ["c", "d"], "g"),
            node("Where", ["l", "c", "e"], "k"),
        ],
        {"c": whole(1, 2, 3), "d": whole(2), "e": whole(9)},
        [1, 2, 9],
    ),
    "whole numbers below and above": (
        [node("Floor", ["c"], "l"), node("Ceil", ["c"], "h"), node("Sub", ["h", "l"], "k")],
        {"c": np.array([0.5, -1.5, 2.0], np.float32)},
        [1, 1, 0],
    ),
    "a range": (
        [node("Range", ["a", "b", "d"], "k")],
        {"a": np.array(5), "b": np.array(-1), "d": np.array(-2)},
        [5, 3, 1],
    ),
    "a shape": (
        [node("Shape", ["x"], "s"), node("Concat", ["s", "s", "o"], "k", axis=0)],
        {"o": whole(4)},
        [3, 3, 4],
    ),
    "a size": ([node("Size", ["x"], "k")], {}, [3, 3, 3]),
}


@pytest.mark.parametrize("name", FOLDED)
def test_constants_are_computed_in_their_type(name: str, tmp_path: Path) -> None:
    nodes, constants, expected = FOLDED[name]
    known = [*nodes, node("Cast", ["k"], "f", to=FLOAT), node("Add", ["x", "f"])]
    data = model((3,), known, constants, opset=14)
    network, _ = imported(data, tmp_path)
    assert [float(v) for v in evaluate(network, [0, 0, 0])] == expected
    assert_agrees(
        data, (3,), tmp_path, peer="onnx.reference"
    )  # onnxruntime has few operators for small integers


def test_an_input_of_whole_numbers_is_read_once_it_is_cast(tmp_path: Path) -> None:
    data = model((1, 3), [node("Cast", ["x"], "f", to=FLOAT), node("Relu", ["f"])], kind=INT64)
    network, notes = imported(data, tmp_path)
    assert [int(v) for v in evaluate(network, [-1, 2, 3])] == [0, 2, 3]
    assert notes == ["the input x holds int64 values; the network is read for real numbers"]


def test_activations_of_constants_are_constants(tmp_path: Path) -> None:
    """relu(c) may be a weight; it makes no layer."""
    nodes = [node("Relu", ["c"], "r"), node("Abs", ["r"], "w"), node("MatMul", ["x", "w"])]
    network, _ = imported(
        model((1, 2), nodes, {"c": np.array([[-1.0], [2.0]], np.float32)}), tmp_path
    )
    assert [int(v) for v in evaluate(network, [5, 7])] == [14]
    assert len(network.layers) == 1


def test_a_limit_beyond_single_precision_counts_in_double_precision(tmp_path: Path) -> None:
    data = model(
        (1, 1), [node("Clip", ["x", "", "h"])], {"h": np.array(1e39)}, kind=TensorProto.DOUBLE
    )
    network, _ = imported(data, tmp_path)
    assert float(evaluate(network, [10**40])[0]) == 1e39
