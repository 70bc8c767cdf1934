"""Sums, means and extrema along axes, and running sums.

    ReduceSum   a matrix of ones        ReduceMax   maxima of pairs, a layer for each round
    CumSum      a triangle of ones

Sound because sums are linear, and a maximum of many is the maximum of the maxima of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.formats.onnx.node import Node, entries_of, symbolic_of
from rectifold.formats.onnx.tensors import INTEGERS, Array, Constant, Symbolic, Tensor, wrapped
from rectifold.ir.affine import Affine, concat
from rectifold.runtime.caps import CAPS

Reduce = Callable[..., Tensor]


def reduction(reduce: Reduce) -> Callable[[Node], Tensor]:
    """An operator ReduceX: axes as an input or as an attribute, kept as size 1 or dropped."""

    def run(node: Node) -> Tensor:
        value = node.tensor(0)
        axes = node.integers(1, "axes")
        if not axes and node.attributes.get("noop_with_empty_axes"):
            return value
        rank = len(value.shape)
        found = node.axes(axes, rank) if axes else list(range(rank))
        return reduce(node, value, found, keep=bool(node.attribute("keepdims")))

    return run


def _groups(
    node: Node, shape: tuple[int, ...], axes: Sequence[int], keep: bool
) -> tuple[Indices, tuple[int, ...]]:
    """(positions, one row for each result; shape of the results)."""
    if 0 in shape:
        raise node.fail(f"the input has the shape {shape}; a reduction of no entries is not read")
    left = [a for a in range(len(shape)) if a not in axes]
    positions = np.arange(entries_of(shape)).reshape(shape).transpose([*left, *axes])
    kept = tuple(1 if a in axes else shape[a] for a in range(len(shape)))
    rows = entries_of([shape[a] for a in left])
    return positions.reshape(rows, -1), kept if keep else tuple(shape[a] for a in left)


def reduce_sum(node: Node, value: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    groups, shape = _groups(node, value.shape, axes, keep)
    if isinstance(value, Constant):
        return _folded_sum(node, value, groups, shape)
    return Symbolic(_sums(node, value, groups), shape, value.type)


def _sums(node: Node, value: Symbolic, groups: Indices) -> Affine:
    if groups.shape[1] == 1:
        return value.entries.select(groups.ravel())
    rows = np.broadcast_to(np.arange(len(groups))[:, None], groups.shape)
    return node.linear(value, rows.ravel(), groups.ravel(), np.ones(groups.size), len(groups))


def _folded_sum(node: Node, value: Constant, groups: Indices, shape: tuple[int, ...]) -> Constant:
    if value.type in INTEGERS:
        whole = [sum(map(int, value.values.ravel()[group])) for group in groups]
        return node.folded(wrapped(whole, value.type, shape), value.type)
    return node.folded(
        _objects([sum(group) for group in value.fractions().ravel()[groups]], shape), value.type
    )


def _objects(values: Sequence[object], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def reduce_mean(node: Node, value: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    whole = reduce_sum(node, value, axes, keep)
    share = Fraction(entries_of(whole.shape), entries_of(value.shape))
    if isinstance(whole, Constant):
        return node.folded(np.asarray(whole.fractions() * share, dtype=object), whole.type)
    return Symbolic(whole.entries.scale(share), whole.shape, whole.type)


def reduce_max(node: Node, value: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return _extremum(node, value, axes, keep, 1)


def reduce_min(node: Node, value: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return _extremum(node, value, axes, keep, -1)


def _extremum(node: Node, value: Tensor, axes: Sequence[int], keep: bool, sign: int) -> Tensor:
    groups, shape = _groups(node, value.shape, axes, keep)
    if isinstance(value, Constant):
        choose = np.max if sign > 0 else np.min
        return node.folded(
            np.asarray(choose(value.finite().ravel()[groups], axis=1)).reshape(shape), value.type
        )
    candidates = [value.entries.select(column) for column in groups.T]
    return Symbolic(largest(node, candidates, sign), shape, value.type)


def largest(node: Node, candidates: list[Affine], sign: int) -> Affine:
    """The largest (sign 1) or smallest (sign -1) of vectors, entry by entry.

    Maxima of pairs, one layer for each round.
    """
    function = "max" if sign > 0 else "min"
    while len(candidates) > 1:
        half = len(candidates) // 2
        left, right = concat(candidates[:half]), concat(candidates[half : 2 * half])
        best = node.builder.apply(function, [left, right], [], node.layer_name)
        if not best.is_constant:
            best = node.builder.layer(
                node.builder.fresh(f"{node.layer_name}_sum"), best, relu=False
            )
        size = candidates[0].size
        winners = [best.select(np.arange(k * size, (k + 1) * size)) for k in range(half)]
        candidates = winners + candidates[2 * half :]
    return candidates[0]


def running_sum(node: Node) -> Tensor:
    """CumSum along one axis, forwards or backwards, with or without the entry itself."""
    value, axes = node.tensor(0), node.integers(1, "axis") or []
    if len(axes) != 1 or 0 in value.shape:
        raise node.fail(
            f"one axis and an input with entries are expected, not {len(axes)} and {value.shape}"
        )
    axis = node.axis(axes[0], len(value.shape))
    length = value.shape[axis]
    if length * entries_of(value.shape) > CAPS.operator_entries:
        raise node.fail(f"a running sum of {length:,} entries is too large to be read")
    lines = np.moveaxis(np.arange(entries_of(value.shape)).reshape(value.shape), axis, -1).reshape(
        -1, length
    )
    to, source = np.nonzero(_reads(node, length))
    rows, columns = lines[:, to].ravel(), lines[:, source].ravel()
    if isinstance(value, Constant):
        return _folded_running_sum(node, value, rows, columns)
    entries = node.linear(symbolic_of(value), rows, columns, np.ones(len(rows)), lines.size)
    return Symbolic(entries, value.shape, value.type)


def _reads(node: Node, length: int) -> Array:
    """Which entries of a line each result adds."""
    to, source = np.arange(length)[:, None], np.arange(length)[None, :]
    before = source > to if node.attribute("reverse") else source < to
    return before if node.attribute("exclusive") else before | (source == to)


def _folded_running_sum(node: Node, value: Constant, rows: Indices, columns: Indices) -> Constant:
    is_whole = value.type in INTEGERS
    entries = (value.values.astype(object) if is_whole else value.fractions()).ravel()
    sums: list[Fraction | int] = [0 if is_whole else Fraction(0)] * len(entries)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        sums[row] += entries[column]
    if is_whole:
        return node.folded(wrapped(map(int, sums), value.type, value.shape), value.type)
    return node.folded(_objects(sums, value.shape), value.type)
