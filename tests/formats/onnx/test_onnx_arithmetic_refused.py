"""Arithmetic of ONNX graphs that is refused, in one line that says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from onnx_models import Array, array, imported, model, node, whole
from rectifold.errors import InputError

INT8, INT64, BOOL = TensorProto.INT8, TensorProto.INT64, TensorProto.BOOL

Refusal = tuple[list[Any], dict[str, Array], str]
REFUSED: dict[str, Refusal] = {
    "a power": (
        [node("Pow", ["x", "c"])],
        {"c": np.array(2, np.float32)},
        "only the exponent 1 of a tensor that depends",
    ),
    "an exponent from the input": (
        [node("Pow", ["c", "x"])],
        {"c": array(3)},
        "the exponent depends on the network's input",
    ),
    "a rounded power": (
        [node("Pow", ["c", "d"], "k"), node("Add", ["x", "k"])],
        {"c": array(3), "d": np.array(0.5, np.float32)},
        "would be rounded",
    ),
    "the whole part of the input": (
        [node("Floor", ["x"])],
        {},
        "rounded to whole numbers depends on the network's input",
    ),
    "the whole part of a third": (
        [node("Div", ["c", "d"], "k"), node("Ceil", ["k"])],
        {"c": np.array(1, np.float32), "d": np.array(3, np.float32)},
        "not rounded to their type: not decided",
    ),
    "a comparison of the input": (
        [node("Greater", ["x", "x"], "b"), node("Cast", ["b"], "c", to=1), node("Relu", ["c"])],
        {},
        "'greater_node' .Greater. computes; Greater is no ReLU network and may only follow one; "
        "it is node 1 of 3: export the model without it$",
    ),
    "a cast to whole numbers": (
        [node("Cast", ["x"], to=INT64)],
        {},
        "from float32 to int64 rounds and is not piecewise linear",
    ),
    "a cast to bool": ([node("Cast", ["x"], to=BOOL)], {}, "from float32 to bool"),
    "a cast to half precision": (
        [node("Cast", ["x"], "h", to=TensorProto.FLOAT16), node("Neg", ["h"])],
        {},
        "from float32 to float16",
    ),
    "a cast to text": (
        [node("Cast", ["x"], to=TensorProto.STRING)],
        {},
        "the type string is not read",
    ),
    "a cast that does not fit": (
        [
            node("Cast", ["c"], "k", to=INT8),
            node("Add", ["x", "x"], "t"),
            node("Where", ["b", "k", "k"]),
        ],
        {"c": np.array([300.0], np.float32), "b": np.array(True)},
        "does not fit the type int8",
    ),
    "a whole division by zero": (
        [node("Div", ["c", "d"], "k"), node("Add", ["k", "k"])],
        {"c": whole(1), "d": whole(0)},
        "division by zero",
    ),
    "the one quotient that overflows": (
        [node("Div", ["c", "d"])],
        {"c": np.array([-128], np.int8), "d": np.array([-1], np.int8)},
        "a quotient of int8 values does not fit",
    ),
    "mixed types": (
        [node("Add", ["x", "c"])],
        {"c": np.ones(3)},
        "mixes the element types float32 and float64; insert a Cast",
    ),
    "whole numbers where fractions are expected": (
        [node("Relu", ["c"])],
        {"c": whole(1)},
        "'X' has the element type int64; read are float32",
    ),
    "shapes that do not broadcast": (
        [node("Add", ["x", "c"])],
        {"c": array(2)},
        r"shapes \(1, 3\) and \(2,\) do not fit",
    ),
    "an immense sum": (
        [
            node("ConstantOfShape", ["c"], "k"),
            node("Reshape", ["k", "d"], "l"),
            node("Add", ["k", "l"]),
        ],
        {"c": whole(6000), "d": whole(6000, 1)},
        "a result of shape .6000, 6000. is too large",
    ),
    "an immense running sum": (
        [node("ConstantOfShape", ["c"], "k"), node("CumSum", ["k", "d"])],
        {"c": whole(10**6), "d": whole(0)},
        "a running sum of 1,000,000 entries is too large",
    ),
    "a product of other sizes": (
        [node("MatMul", ["x", "c"])],
        {"c": array(2, 4, 3)},
        r"shapes \(1, 3\) and \(2, 4, 3\) do not fit",
    ),
    "a product with a number": (
        [node("MatMul", ["x", "c"])],
        {"c": np.array(2, np.float32)},
        "a factor is a single number",
    ),
    "gemm of three dimensions": (
        [node("Gemm", ["x", "c"])],
        {"c": array(1, 3, 3)},
        "a matrix is expected",
    ),
    "C that does not broadcast": (
        [node("Gemm", ["x", "c", "d"])],
        {"c": array(3, 2), "d": array(4, 2)},
        r"C has the shape \(4, 2\), which does not",
    ),
    "NaN in a weight": (
        [node("Mul", ["x", "c"])],
        {"c": np.array([np.nan], np.float32)},
        "the initializer 'c' holds NaN or infinite",
    ),
    "an infinite weight": (
        [node("MatMul", ["x", "c"])],
        {"c": np.full((3, 1), np.inf, np.float32)},
        "the initializer 'c' holds NaN or infinite",
    ),
    "NaN as a limit": (
        [node("Clip", ["x", "c"])],
        {"c": np.array(np.nan, np.float32)},
        "min has 1 entries or is NaN",
    ),
    "min above max": (
        [node("Clip", ["x", "c", "d"])],
        {"c": np.array(1, np.float32), "d": np.array(0, np.float32)},
        "min 1.0 is above max 0.0",
    ),
    "min at infinity": (
        [node("Clip", ["x", "c"])],
        {"c": np.array(np.inf, np.float32)},
        "the result would be infinite",
    ),
    "an infinite slope": (
        [node("LeakyRelu", ["x"], alpha=float("inf"))],
        {},
        "'alpha' is inf; a finite number is expected",
    ),
    "a slope that is NaN": (
        [node("LeakyRelu", ["x"], alpha=float("nan"))],
        {},
        "'alpha' is nan; a finite number",
    ),
    "a slope of another shape": (
        [node("PRelu", ["x", "c"])],
        {"c": array(2, 3)},
        r"slope has the shape \(2, 3\), which does not",
    ),
    "a variance of 0": (
        [node("BatchNormalization", ["x", "c", "c", "c", "d"], epsilon=0.0)],
        {"c": array(3), "d": np.zeros(3, np.float32)},
        "a variance plus epsilon is not positive",
    ),
    "statistics of another size": (
        [node("BatchNormalization", ["x", "c", "c", "c", "c"])],
        {"c": array(2)},
        "one entry for each of 3 channels",
    ),
    "an axis that does not exist": (
        [node("ReduceMax", ["x"], axes=[2])],
        {},
        "axis 2 does not exist in a tensor of 2 dimensions",
    ),
    "an axis twice": ([node("ReduceMax", ["x"], axes=[1, -1])], {}, "name a dimension twice"),
    "features of another size": (
        [node("Scaler", ["x"], domain="ai.onnx.ml", offset=[0.0, 1.0], scale=[1.0])],
        {},
        "offset has 2 entries; 1 or one per feature",
    ),
    "a mean of whole numbers": (
        [node("ReduceMean", ["c"])],
        {"c": whole(1, 2)},
        "'data' has the element type int64",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str, tmp_path: Path) -> None:
    nodes, constants, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        imported(model((1, 3), nodes, constants), tmp_path)


def test_arithmetic_of_whole_numbers_from_the_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match="'A' holds int64 values that depend on the network's input; arithmetic of whole",
    ):
        imported(model((1, 3), [node("Add", ["x", "c"])], {"c": whole(1)}, kind=INT64), tmp_path)
