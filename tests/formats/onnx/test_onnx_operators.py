"""Each supported operator of ONNX against onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper

from conftest import OnnxRun
from onnx_models import imported, model, node
from rectifold.ir.evaluate import evaluate_float

RANDOM = np.random.default_rng(5)


def array(*shape: int, low: float = -1.0) -> np.ndarray:
    return RANDOM.uniform(low, 1.0, shape).astype(np.float32)


I64 = np.int64
CASES: dict[str, tuple[Sequence[int | str], list[Any], dict[str, np.ndarray], int]] = {
    "gemm alpha beta transB": (
        ["N", 3],
        [node("Gemm", ["x", "w", "b"], "y", alpha=0.5, beta=2.0, transB=1)],
        {"w": array(4, 3), "b": array(4)},
        13,
    ),
    "gemm plain, bias broadcast": (
        [1, 3],
        [node("Gemm", ["x", "w", "b"], "y")],
        {"w": array(3, 4), "b": array(1)},
        13,
    ),
    "gemm transA": ([3, 1], [node("Gemm", ["x", "w"], "y", transA=1)], {"w": array(3, 2)}, 13),
    "gemm weight left, both transposed": (
        [1, 3],
        [node("Gemm", ["w", "x"], "y", transA=1, transB=1)],
        {"w": array(3, 2)},
        13,
    ),
    "matmul weight right": ([1, 3], [node("MatMul", ["x", "w"], "y")], {"w": array(3, 4)}, 13),
    "matmul weight left": ([3, 1], [node("MatMul", ["w", "x"], "y")], {"w": array(4, 3)}, 13),
    "matmul of a vector": ([3], [node("MatMul", ["x", "w"], "y")], {"w": array(3, 4)}, 13),
    "matmul weight left of a vector": (
        [3],
        [node("MatMul", ["w", "x"], "y")],
        {"w": array(4, 3)},
        13,
    ),
    "matmul with leading axes": (
        [1, 2, 3],
        [node("MatMul", ["x", "w"], "y")],
        {"w": array(3, 2)},
        13,
    ),
    "matmul weight left of a matrix": (
        [3, 2],
        [node("MatMul", ["w", "x"], "y")],
        {"w": array(4, 3)},
        13,
    ),
    "add sub broadcast": (
        [1, 2, 3],
        [node("Add", ["x", "a"], "t"), node("Sub", ["b", "t"], "y")],
        {"a": array(3), "b": array(2, 1)},
        13,
    ),
    "mul div": (
        [1, 3],
        [node("Mul", ["a", "x"], "t"), node("Div", ["t", "b"], "y")],
        {"a": array(3), "b": array(1, 3, low=0.5)},
        13,
    ),
    "neg abs sum": (
        [1, 3],
        [node("Neg", ["x"], "n"), node("Abs", ["n"], "a"), node("Sum", ["x", "n", "a"], "y")],
        {},
        13,
    ),
    "relu skip": (
        [1, 3],
        [node("Gemm", ["x", "w"], "g"), node("Relu", ["g"], "r"), node("Add", ["r", "x"], "y")],
        {"w": array(3, 3)},
        13,
    ),
    "flatten reshape transpose": (
        [1, 2, 3],
        [
            node("Transpose", ["x"], "t", perm=[0, 2, 1]),
            node("Reshape", ["t", "s"], "r"),
            node("Flatten", ["r"], "y", axis=1),
        ],
        {"s": np.array([1, -1, 2], dtype=I64)},
        13,
    ),
    "squeeze unsqueeze, old opset": (
        [1, 3, 1],
        [node("Squeeze", ["x"], "s", axes=[2]), node("Unsqueeze", ["s"], "y", axes=[0])],
        {},
        11,
    ),
    "squeeze unsqueeze, new opset": (
        [1, 3, 1],
        [node("Squeeze", ["x", "a"], "s"), node("Unsqueeze", ["s", "b"], "y")],
        {"a": np.array([2], dtype=I64), "b": np.array([0], dtype=I64)},
        13,
    ),
    "identity dropout cast": (
        [1, 3],
        [
            node("Identity", ["x"], "i"),
            node("Dropout", ["i"], "d"),
            node("Cast", ["d"], "y", to=TensorProto.FLOAT),
        ],
        {},
        13,
    ),
    "concat split slice": (
        [1, 4],
        [
            node("Split", ["x"], ["a", "b"], axis=1),
            node("Relu", ["b"], "r"),
            node("Concat", ["r", "a", "c"], "k", axis=1),
            node("Slice", ["k", "s", "e", "ax", "st"], "y"),
        ],
        {
            "c": array(1, 2),
            "s": np.array([5], dtype=I64),
            "e": np.array([-99], dtype=I64),
            "ax": np.array([1], dtype=I64),
            "st": np.array([-2], dtype=I64),
        },
        13,
    ),
    "split with sizes": (
        [1, 5],
        [node("Split", ["x", "s"], ["a", "b"], axis=1), node("Add", ["b", "a"], "y")],
        {"s": np.array([1, 4], dtype=I64)},
        13,
    ),
    "gather expand": (
        [1, 3],
        [node("Gather", ["x", "i"], "g", axis=1), node("Expand", ["g", "s"], "y")],
        {"i": np.array([2, 0], dtype=I64), "s": np.array([2, 2], dtype=I64)},
        13,
    ),
    "shape chain as PyTorch writes it": (
        [1, 2, 3],
        [
            node("Shape", ["x"], "s"),
            node("Gather", ["s", "zero"], "n", axis=0),
            node("Unsqueeze", ["n", "axes"], "u"),
            node("Concat", ["u", "rest"], "target", axis=0),
            node("Reshape", ["x", "target"], "y"),
        ],
        {
            "zero": np.array(0, dtype=I64),
            "axes": np.array([0], dtype=I64),
            "rest": np.array([-1], dtype=I64),
        },
        13,
    ),
    "shape arithmetic": (
        [1, 2, 3],
        [
            node("Shape", ["x"], "s"),
            node("Slice", ["s", "one", "three", "zero"], "tail"),
            node("Cast", ["tail"], "t", to=TensorProto.INT64),
            node("Mul", ["t", "one"], "m"),
            node("Concat", ["one", "m"], "k", axis=0),
            node("Reshape", ["x", "k"], "y"),
        ],
        {
            "one": np.array([1], dtype=I64),
            "three": np.array([3], dtype=I64),
            "zero": np.array([0], dtype=I64),
        },
        13,
    ),
    "constants": (
        [1, 3],
        [
            node("Constant", [], "c", value=numpy_helper.from_array(array(3), "v")),
            node(
                "ConstantOfShape",
                ["s"],
                "o",
                value=numpy_helper.from_array(np.array([2], dtype=np.float32), "v"),
            ),
            node("Mul", ["c", "o"], "m"),
            node("Add", ["x", "m"], "y"),
        ],
        {"s": np.array([3], dtype=I64)},
        13,
    ),
    "conv": (
        [1, 2, 5, 5],
        [node("Conv", ["x", "w", "b"], "y", pads=[1, 0, 1, 2], strides=[2, 1])],
        {"w": array(3, 2, 3, 3), "b": array(3)},
        13,
    ),
    "conv groups dilations": (
        [1, 4, 6, 6],
        [node("Conv", ["x", "w"], "y", group=2, dilations=[2, 2])],
        {"w": array(4, 2, 2, 2)},
        13,
    ),
    "conv same upper": (
        [1, 1, 5, 5],
        [node("Conv", ["x", "w"], "y", auto_pad="SAME_UPPER", strides=[2, 2])],
        {"w": array(2, 1, 2, 2)},
        13,
    ),
    "conv one-dimensional": (
        [1, 2, 7],
        [node("Conv", ["x", "w"], "y", pads=[1, 1])],
        {"w": array(2, 2, 3)},
        13,
    ),
    "average pool": (
        [1, 2, 5, 5],
        [node("AveragePool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0])],
        {},
        13,
    ),
    "average pool counting pads": (
        [1, 1, 4, 4],
        [
            node(
                "AveragePool",
                ["x"],
                "y",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                count_include_pad=1,
            )
        ],
        {},
        13,
    ),
    "global average pool": ([1, 2, 3, 3], [node("GlobalAveragePool", ["x"], "y")], {}, 13),
    "max pool": (
        [1, 2, 5, 5],
        [node("MaxPool", ["x"], "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])],
        {},
        13,
    ),
    "max pool ceil": (
        [1, 1, 5, 5],
        [node("MaxPool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)],
        {},
        13,
    ),
    "batch normalization": (
        [1, 2, 3],
        [node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", epsilon=1e-3)],
        {"s": array(2), "b": array(2), "m": array(2), "v": array(2, low=0.5)},
        13,
    ),
    "clip inputs": (
        [1, 3],
        [node("Clip", ["x", "l", "h"], "y")],
        {"l": np.array(-0.25, dtype=np.float32), "h": np.array(0.5, dtype=np.float32)},
        13,
    ),
    "clip one side": (
        [1, 3],
        [node("Clip", ["x", "", "h"], "y")],
        {"h": np.array(0.5, dtype=np.float32)},
        13,
    ),
    "clip attributes": ([1, 3], [node("Clip", ["x"], "y", min=0.0, max=6.0)], {}, 10),
    "leaky relu and prelu": (
        [1, 3],
        [node("LeakyRelu", ["x"], "l", alpha=0.2), node("PRelu", ["l", "s"], "y")],
        {"s": array(3)},
        13,
    ),
    "leaky relu default slope": ([1, 3], [node("LeakyRelu", ["x"], "y")], {}, 13),
    "max min": (
        [1, 3],
        [
            node("Max", ["x", "a", "b"], "m"),
            node("Min", ["m", "a"], "t"),
            node("Add", ["t", "x"], "y"),
        ],
        {"a": array(3), "b": array(1)},
        13,
    ),
    "as MATLAB writes it": (
        [1, 1, 1, 5],
        [
            node("Sub", ["x", "mean"], "s"),
            node("Flatten", ["s"], "f", axis=1),
            node("MatMul", ["f", "w"], "m"),
            node("Add", ["m", "b"], "a"),
            node("Relu", ["a"], "y"),
        ],
        {"mean": array(1, 1, 1, 5), "w": array(5, 4), "b": array(4)},
        8,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_agrees_with_onnxruntime(name: str, tmp_path: Path, onnx_run: OnnxRun) -> None:
    shape, nodes, constants, opset = CASES[name]
    data = model(shape, nodes, constants, opset)
    network, _ = imported(data, tmp_path)
    for _ in range(5):
        x = array(*(d if isinstance(d, int) else 1 for d in shape))
        expected = onnx_run(data, x).ravel()
        ours = evaluate_float(network, x.ravel().astype(np.float64))
        assert ours.shape == expected.shape
        assert np.abs(ours - expected).max() < 1e-5  # float32 against float64


def test_a_square_root_is_reported(tmp_path: Path) -> None:
    shape, nodes, constants, opset = CASES["batch normalization"]
    _, notes = imported(model(shape, nodes, constants, opset), tmp_path)
    assert any("irrational" in note and "float64" in note for note in notes)


def test_weights_are_the_exact_numbers_of_their_bits(tmp_path: Path) -> None:
    data = model(
        [1, 1],
        [node("Gemm", ["x", "w"], "y", alpha=float(np.float32(0.1)))],
        {"w": np.array([[0.1]], dtype=np.float32)},
    )
    network, _ = imported(data, tmp_path)
    tenth = Fraction(float(np.float32(0.1)))
    assert network.output_layer.weights["x"].entry(0, 0) == tenth * tenth
