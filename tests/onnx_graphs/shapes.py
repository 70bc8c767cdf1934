"""Generators of what exporters write around a Reshape: Shape, Gather, Slice, Concat and
whole-number arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import numpy_helper

from onnx_graphs.draft import Draft, code_of
from onnx_graphs.moves import listed


def shape_of(d: Draft, x: str) -> str:
    more: dict[str, Any] = {}
    if d.opset >= 15 and d.chance(0.2):
        more = {"start": 0, "end": d.one_of([None, d.values[x].ndim, 100])}
    return d.node("Shape", [x], gives=np.int64, **more)[0]


def shape(d: Draft) -> str:
    """A reshape to (first size, -1) as exporters write it, or a part of the shape as a constant."""
    x = d.take((2, 3, 4))
    sizes = shape_of(d, x)
    if d.opset >= 15 and d.chance(0.3):
        rank = d.values[x].ndim
        start, end = d.whole(-rank - 1, rank), d.one_of([None, d.whole(-rank - 1, rank + 1)])
        part = d.node("Shape", [x], gives=np.int64, start=start, end=end)[0]
        return _used(d, x, part)
    return _chain(d, x, sizes)


def _chain(d: Draft, x: str, sizes: str) -> str:
    first = d.node("Gather", [sizes, d.constant(np.array(d.whole(0, 1), dtype=np.int64))], axis=0)[
        0
    ]
    if d.chance(0.5):
        rest = d.node("Gather", [sizes, d.constant(np.array(d.values[x].ndim - 1))], axis=0)[0]
        first = d.node("Mul", [first, rest])[0] if d.opset > 6 else first
    if d.chance(0.3) and d.opset > 6:  # rounding down and up again, and through floats
        two = d.constant(np.array(2))
        first = d.node(
            "Mul",
            [d.node("Div", [d.node("Mul", [first, two])[0], two])[0], d.constant(np.array(1))],
        )[0]
    if d.chance(0.3):
        first = d.node(
            "Cast", [d.node("Cast", [first], to=1, gives=np.float32)[0]], to=7, gives=np.int64
        )[0]
    wide = listed(d, "Unsqueeze", first, "axes", [0], 13)[0]
    target = d.node("Concat", [wide, d.constant(np.array([-1]))], axis=0)[0]
    return d.node("Reshape", [x, target])[0]


def _used(d: Draft, x: str, whole: str) -> str:
    """x plus the sum of whole numbers, so that they show."""
    total = d.node("ReduceSum", [whole], keepdims=0)[0]
    return d.node("Add", [x, d.node("Cast", [total], to=_code(d), gives=d.kind)[0]])[0]


def _code(d: Draft) -> int:
    return code_of(d.kind)


def size(d: Draft) -> str:
    x = d.take((0, 1, 2, 3))
    count = d.node("Size", [x], gives=np.int64)[0]
    return d.node("Add", [x, d.node("Cast", [count], to=_code(d), gives=d.kind)[0]])[0]


def number_range(d: Draft) -> str:
    """Whole or real numbers in steps: added to x, or the index of a Gather."""
    x = d.take((1, 2))
    length = d.values[x].shape[-1]
    if d.chance(0.4):
        ends = [
            d.constant(np.array(v))
            for v in ((0, length, 1) if d.chance(0.5) else (length - 1, -1, -1))
        ]
        return d.node("Gather", [x, d.node("Range", ends)[0]], axis=-1)[0]
    kind = d.one_of([np.float32, np.float64, np.int32, np.int64])
    step = d.one_of([1, 2, -1, 0.5] if np.dtype(kind).kind == "f" else [1, 2, -3])
    start = d.whole(-3, 3)
    ends = [d.constant(np.array(v, dtype=kind)) for v in (start, start + step * length, step)]
    made = d.node("Range", ends)[0]
    return d.node("Add", [x, d.node("Cast", [made], to=_code(d), gives=d.kind)[0]])[0]


def constant(d: Draft) -> str:
    x = d.take((1, 2, 3))
    array = d.numbers(d.values[x].shape[-1:])
    made = d.node("Constant", [], gives=array.dtype, value=numpy_helper.from_array(array, "value"))[
        0
    ]
    return d.node("Add", [x, made] if d.chance(0.5) else [made, x])[0]


def constant_of_shape(d: Draft) -> str:
    x = d.take((1, 2, 3))
    sizes = shape_of(d, x)
    value = (
        None
        if d.kind == np.float32 and d.chance(0.3)
        else numpy_helper.from_array(d.numbers((1,)), "value")
    )
    made = d.node("ConstantOfShape", [sizes], gives=d.kind, value=value)[0]
    return d.node(d.one_of(["Add", "Mul"]), [x, made])[0]


def whole_numbers(op: str) -> Callable[[Draft], str]:
    """Whole-number arithmetic on constants of 32 and 64 bits, wrapping around included."""

    def make(d: Draft) -> str:
        x = d.take((1, 2))
        kind = d.one_of([np.int64, np.int32])
        scale = d.one_of([1, 1, 3, 2**20])
        left = d.numbers((d.values[x].shape[-1],), kind) * np.array(scale, dtype=kind)
        right = d.numbers(d.one_of([(), (1,), left.shape]), kind, zero=False) * np.array(
            d.one_of([1, scale]), dtype=kind
        )
        pair = [d.constant(left.astype(kind)), d.constant(right.astype(kind))]
        return _low_part(d, x, d.node(op, pair)[0], kind)

    return make


def _low_part(d: Draft, x: str, number: str, kind: Any) -> str:
    """The number shrunk to what floats hold exactly, and added to x."""
    small = (
        d.node("Div", [number, d.constant(np.array(2**16 + 1, dtype=kind))])[0]
        if d.chance(0.5)
        else number
    )
    return d.node("Add", [x, d.node("Cast", [small], to=_code(d), gives=d.kind)[0]])[0]


OPERATORS: dict[str, tuple[int, Callable[[Draft], str]]] = {
    "Shape": (7, shape),
    "Size": (7, size),
    "Constant": (7, constant),
    "Range": (11, number_range),
    "ConstantOfShape": (9, constant_of_shape),
    **{
        f"{op} of integers": (8, whole_numbers(op))
        for op in ("Add", "Sub", "Mul", "Div", "Max", "Min")
    },
}
