"""Arithmetic, products and reductions of ONNX graphs against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_models import Array, array, assert_agrees, model, node, whole

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
