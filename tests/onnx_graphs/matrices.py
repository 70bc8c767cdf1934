"""Generators of products, sums over axes and running sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onnx_graphs.draft import Draft
from onnx_graphs.moves import axis_of, listed


def matmul(d: Draft) -> str:
    """x @ W or W @ x, with a constant of one to four dimensions that broadcasts over the leading
    axes.
    """
    x = d.take((1, 2, 2, 3, 4), high=3)
    shape = d.values[x].shape
    lead = shape[:-2] if d.chance(0.6) else ()
    lead = tuple(1 if d.chance(0.3) else s if s > 1 else d.whole(1, 2) for s in lead)
    if len(lead) == len(shape[:-2]) and d.chance(0.15):
        lead = (d.whole(1, 2), *lead)
    other = d.whole(1, 3)
    if d.chance(0.6):
        weight = d.numbers((shape[-1],) if d.chance(0.15) else (*lead, shape[-1], other))
        return d.node("MatMul", [x, d.constant(weight)])[0]
    inner = shape[-2] if len(shape) > 1 else shape[0]
    weight = d.numbers((inner,) if d.chance(0.15) else (*lead, other, inner))
    return d.node("MatMul", [d.constant(weight), x])[0]


def gemm(d: Draft) -> str:
    x = d.take((2,), high=4)
    flips = {"transA": d.one_of([None, 0, 1]), "transB": d.one_of([None, 0, 1])}
    right = d.chance(0.7)
    rows, inner = d.values[x].shape[:: -1 if flips["transA" if right else "transB"] else 1]
    rows, inner = (rows, inner) if right else (inner, rows)
    free = d.whole(1, 3)
    size = (inner, free) if right else (free, inner)
    weight = d.numbers(size[::-1] if flips["transB" if right else "transA"] else size)
    names = [x, d.constant(weight)] if right else [d.constant(weight), x]
    result = (rows, free) if right else (free, rows)
    scales = {
        "alpha": d.one_of([None, 1.0, 0.5, -2.0, 0.0]),
        "beta": d.one_of([None, 1.0, 0.5, -2.0, 0.0]),
    }
    if d.opset < 7:
        bias = d.numbers(d.one_of([result, result[1:]]))
        names.append(d.constant(bias))
        kept = {k: v for k, v in {**flips, **scales}.items() if v is not None}
        return d.node(
            "Gemm",
            names,
            broadcast=int(bias.ndim < 2),
            like=("Gemm", names, kept),
            **flips,
            **scales,
        )[0]
    if d.opset < 11 or d.chance(0.7):
        choices = [result, result[1:], (1,), (1, result[1]), (result[0], 1), (1, 1), ()]
        names.append(_bias(d, d.one_of(choices)))
    return d.node("Gemm", names, **flips, **scales)[0]


def _bias(d: Draft, shape: tuple[int, ...]) -> str:
    alike = [
        n for n in sorted(d.symbolic) if d.values[n].shape == shape and d.values[n].dtype == d.kind
    ]
    return str(d.one_of(alike)) if alike and d.chance(0.3) else d.constant(d.numbers(shape))


def reduction(op: str) -> Callable[[Draft], str]:
    since = 13 if op == "ReduceSum" else 18

    def make(d: Draft) -> str:
        x = d.take((1, 2, 3, 4))
        rank = d.values[x].ndim
        axes = d.random.sample(range(rank), d.whole(1, rank))
        axes = [a - rank if d.opset >= 11 and d.chance(0.4) else a for a in axes]
        more: dict[str, Any] = {"keepdims": d.one_of([None, 0, 1])}
        if d.opset >= since:
            more["noop_with_empty_axes"] = d.one_of([None, 0, 1])
        wanted = None if d.chance(0.2) else [] if d.opset >= since and d.chance(0.1) else axes
        return listed(d, op, x, "axes", wanted, since, **more)[0]

    return make


def cumulative(d: Draft) -> str:
    x = d.take((1, 2, 3))
    axis = np.array(axis_of(d, d.values[x].ndim), dtype=d.one_of([np.int64, np.int32]))
    names = [x, d.constant(axis)]
    return d.node(
        "CumSum", names, exclusive=d.one_of([None, 0, 1]), reverse=d.one_of([None, 0, 1])
    )[0]


def stored_weights(d: Draft) -> str:
    """A sum with weights that are stored as whole numbers, with one scale or one for each row."""
    x = d.take((2, 3))
    shape = d.values[x].shape
    kind = d.one_of([np.int8, np.uint8])
    axis = d.one_of([None, *range(len(shape))]) if d.opset >= 13 else None
    scales = () if axis is None else (shape[axis],)
    stored = d.constant(np.abs(d.numbers(shape, np.int8)).astype(kind))
    scale = d.constant(np.asarray(d.one_of([0.5, 1, 2]) * np.ones(scales), dtype=d.kind))
    names = [stored, scale]
    if d.chance(0.6):
        names.append(d.constant(np.full(scales, d.whole(0, 3), dtype=kind)))
    weights = d.node("DequantizeLinear", names, gives=d.kind, axis=axis)[0]
    return d.node("Add", [x, weights])[0]


OPERATORS: dict[str, tuple[int, Callable[[Draft], str]]] = {
    "DequantizeLinear": (10, stored_weights),
    "MatMul": (6, matmul),
    "Gemm": (6, gemm),
    **{op: (6, reduction(op)) for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")},
    "CumSum": (11, cumulative),
}
