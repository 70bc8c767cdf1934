"""Arithmetic, products, reductions and activations against onnxruntime; whole numbers and casts;
what is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from onnx_models import Array, array, assert_agrees, imported, model, node, whole
from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate

Case = tuple[tuple[int, ...], Any, dict[str, Array], int]

POSITIVE = {"c": array(1, 3, low=0.5)}

ENTRYWISE: dict[str, Case] = {
    "add, both sides broadcast": ((2, 1), node("Add", ["x", "c"]), {"c": array(3, 1, 3)}, 13),
    "sub from a constant": ((2, 3), node("Sub", ["c", "x"]), {"c": array(3)}, 13),
    "add of itself": ((1, 3), node("Add", ["x", "x"]), {}, 13),
    "mul by a constant on the left": ((2, 3), node("Mul", ["c", "x"]), {"c": array(2, 1)}, 13),
    "div": ((2, 3), node("Div", ["x", "c"]), POSITIVE, 13),
    "pow 1": ((2, 3), node("Pow", ["x", "c"]), {"c": np.ones(3, np.float32)}, 13),
    "pow with a whole exponent": ((2, 3), node("Pow", ["x", "c"]), {"c": np.array(1)}, 13),
    "sum of three": ((2, 3), node("Sum", ["x", "c", "x"]), POSITIVE, 13),
    "mean of three": ((2, 3), node("Mean", ["x", "c", "x"]), POSITIVE, 13),
    "mean of one": ((2, 3), node("Mean", ["x"]), {}, 13),
    "max of one": ((2, 3), node("Max", ["x"]), {}, 13),
    "min of three, broadcast": ((2, 1), node("Min", ["x", "c", "x"]), POSITIVE, 13),
    "abs": ((2, 3), node("Abs", ["x"]), {}, 13),
    "leaky relu with a negative slope": ((1, 3), node("LeakyRelu", ["x"], alpha=-0.5), {}, 13),
    "prelu, a slope per channel": ((1, 2, 3), node("PRelu", ["x", "c"]), {"c": array(2, 1)}, 13),
    "hard sigmoid": ((1, 3), node("HardSigmoid", ["x"]), {}, 13),
    "steep hard sigmoid": ((1, 3), node("HardSigmoid", ["x"], alpha=-2.0, beta=0.25), {}, 13),
    "clip without limits": ((1, 3), node("Clip", ["x"]), {}, 13),
    "clip at infinity": (
        (1, 3),
        node("Clip", ["x", "l", "h"]),
        {"l": np.array(-np.inf, np.float32), "h": np.array(0.5, np.float32)},
        13,
    ),
    "clip at the largest float": (
        (1, 3),
        node("Clip", ["x", "l", "h"]),
        {"l": np.array(-0.5, np.float32), "h": np.array(np.finfo(np.float32).max)},
        13,
    ),
    "clip by infinite attributes": (
        (1, 3),
        node("Clip", ["x"], min=-0.5, max=float("inf")),
        {},
        10,
    ),
    "batch normalization of two dimensions": (
        (4, 3),
        node("BatchNormalization", ["x", "s", "b", "m", "v"]),
        {"s": array(3), "b": array(3, seed=1), "m": array(3, seed=2), "v": array(3, low=0.5)},
        15,
    ),
}

PRODUCTS: dict[str, Case] = {
    "constant of three dimensions on the right": (
        (2, 5, 4),
        node("MatMul", ["x", "c"]),
        {"c": array(2, 4, 3)},
        13,
    ),
    "the same, broadcast": ((5, 4), node("MatMul", ["x", "c"]), {"c": array(2, 4, 3)}, 13),
    "constant of three dimensions on the left": (
        (2, 4, 2),
        node("MatMul", ["c", "x"]),
        {"c": array(2, 3, 4)},
        13,
    ),
    "a vector between three dimensions": (
        (4,),
        node("MatMul", ["x", "c"]),
        {"c": array(2, 4, 3)},
        13,
    ),
    "three dimensions by a vector": ((2, 3, 4), node("MatMul", ["x", "c"]), {"c": array(4)}, 13),
    "a vector by three dimensions": ((2, 4, 3), node("MatMul", ["c", "x"]), {"c": array(4)}, 13),
    "batches that broadcast": ((3, 1, 2, 4), node("MatMul", ["x", "c"]), {"c": array(2, 4, 2)}, 13),
    "vectors": ((4,), node("MatMul", ["x", "c"]), {"c": array(4)}, 13),
    "gemm without C": ((2, 3), node("Gemm", ["x", "c"], alpha=0.5), {"c": array(3, 2)}, 13),
    "gemm with beta 0": (
        (2, 3),
        node("Gemm", ["x", "c", "d"], beta=0.0),
        {"c": array(3, 2), "d": array(2)},
        13,
    ),
    "gemm with the input as C": (
        (2, 3),
        node("Gemm", ["c", "d", "x"], beta=0.5),
        {"c": array(2, 4), "d": array(4, 3)},
        13,
    ),
    "gemm with a column as C": (
        (2, 3),
        node("Gemm", ["x", "c", "d"]),
        {"c": array(3, 2), "d": array(2, 1)},
        13,
    ),
}


def reduced(op: str) -> dict[str, Case]:
    """Reductions with every way to state the axes."""
    first = 13 if op == "ReduceSum" else 18
    return {
        f"{op} of everything": ((2, 3), node(op, ["x"]), {}, 12),
        f"{op} by an attribute": ((2, 3, 2), node(op, ["x"], axes=[0, -1], keepdims=0), {}, 11),
        f"{op} by an input": ((2, 3, 2), node(op, ["x", "a"], keepdims=1), {"a": whole(1)}, first),
        f"{op} of no axes is all": (
            (2, 3),
            node(op, ["x", "a"], keepdims=0),
            {"a": whole()},
            first,
        ),
        f"{op} of no axes is none": (
            (2, 3),
            node(op, ["x", "a"], noop_with_empty_axes=1),
            {"a": whole()},
            first,
        ),
        f"{op} without axes is none": ((2, 3), node(op, ["x"], noop_with_empty_axes=1), {}, first),
    }


REDUCTIONS = {
    k: v
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
    for k, v in reduced(op).items()
}
RUNNING: dict[str, Case] = {
    f"exclusive {exclusive}, reverse {reverse}": (
        (2, 4),
        node("CumSum", ["x", "a"], exclusive=exclusive, reverse=reverse),
        {"a": np.array(axis)},
        13,
    )
    for exclusive in (0, 1)
    for reverse, axis in ((0, 1), (1, -2), (1, 1))
}
ALL = ENTRYWISE | PRODUCTS | REDUCTIONS | RUNNING


@pytest.mark.parametrize("name", ALL)
def test_agrees_with_onnxruntime(name: str, tmp_path: Path) -> None:
    shape, made, constants, opset = ALL[name]
    assert_agrees(model(shape, [made], constants, opset), shape, tmp_path)


@pytest.mark.parametrize("count", [1, 3])
def test_scaler(count: int, tmp_path: Path) -> None:
    made = node(
        "Scaler", ["x"], domain="ai.onnx.ml", offset=[0.5] * count, scale=[2.0, -1.0, 0.25][:count]
    )
    assert_agrees(model((2, 3), [made]), (2, 3), tmp_path)


# ---- whole numbers and casts -------------------------------------------------------------------

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
        [node("Greater", ["x", "x"])],
        {},
        "input 0 of a comparison depends on the network's input",
    ),
    "a cast to whole numbers": (
        [node("Cast", ["x"], to=INT64)],
        {},
        "from float32 to int64 rounds and is not piecewise linear",
    ),
    "a cast to bool": ([node("Cast", ["x"], to=BOOL)], {}, "from float32 to bool"),
    "a cast to half precision": (
        [node("Cast", ["x"], to=TensorProto.FLOAT16)],
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


def test_a_limit_beyond_single_precision_counts_in_double_precision(tmp_path: Path) -> None:
    data = model(
        (1, 1), [node("Clip", ["x", "", "h"])], {"h": np.array(1e39)}, kind=TensorProto.DOUBLE
    )
    network, _ = imported(data, tmp_path)
    assert float(evaluate(network, [10**40])[0]) == 1e39
