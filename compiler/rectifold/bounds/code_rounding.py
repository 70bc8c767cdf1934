"""What one layer of code loses by itself: stored weights, and the roundings of its sums.

    in any order     (n + 1) u (sum |w| |a| + |b|)          n products that are not 0
    in our order     u (sum of the largest |results of additions|) + u sum |w| |a|

Sound by docs/mathematics.md#rounding-of-one-layer, which says what underflow adds. In our order the
partial sums are known, and much smaller than the sum of all sizes where terms cancel, or where
there are several of fewer terms each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.code_state import CodeErrors, above
from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import UNIT
from rectifold.bounds.summation import IN_ORDER, folded
from rectifold.effort.proofs import BoundEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask

_LEAKY_ROUNDINGS = 3  # of a slope, of its product with z, and of the weight that multiplies it


@dataclass(frozen=True, eq=False)
class LocalError:
    """Per unit: what is lost in the layer, what errors below carry into it at most, and a bound of
    every partial sum that code computes.
    """

    lost: Floats
    carried: Floats
    partial: Floats


@dataclass(frozen=True, eq=False)
class _Edge:
    """A source as some rows of a layer read it: values that are not surely 0, in order."""

    weight: Floats  # absolute values of the weights as stored, at most
    signed: Floats
    slack: Floats  # what storing them loses
    size: Floats  # of the values that code reads
    error: Floats  # of these values
    values: Interval
    underflow: float  # a value that is read as 0, and the product with a slope
    sums: tuple[Mask, ...]  # of the columns, those that each sum of the edge adds


def local_error(errors: CodeErrors, name: str) -> LocalError:
    """What the layer loses. Precondition: all that it reads is known in `errors`."""
    layer = errors.bounds.floats[name]
    live = {source: np.flatnonzero(errors.live(source)) for source in layer.weights}
    parts = [
        _of_rows(errors, layer, rows, [_edge(errors, name, s, rows, live[s]) for s in live])
        for rows in _blocks(len(layer.bias), layer.terms)
    ]
    return LocalError(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Some rows at a time: beside a large matrix there is no room for a dozen of its size."""
    step = max(1, BoundEffort.block_entries // max(columns, 1))
    for start in range(0, max(rows, 1), step):
        yield slice(start, start + step)


def _edge(errors: CodeErrors, name: str, source: str, rows: slice, live: Indices) -> _Edge:
    """The edge from a source, in its columns that count."""
    layer, code = errors.bounds.floats[name], errors.code
    radii = layer.radii[source]
    every = len(live) == layer.weights[source].shape[1]
    signed = layer.weights[source][rows] if every else layer.weights[source][rows][:, live]
    radius = None if radii is None else radii[rows][:, live]
    slack, underflow = code.arithmetic.storing(signed, radius), code.arithmetic.smallest
    if source in code.leaky:
        underflow = 2.0 * underflow
        slack = slack + _LEAKY_ROUNDINGS * 1.01 * code.arithmetic.stored.unit * np.abs(signed)
    values = errors.values(source)
    values = Interval(values.lower[live], values.upper[live])
    error = errors.passed_on(source)[live]
    weight = above(np.abs(signed) + slack, 2) * (slack + np.abs(signed) > 0)
    groups = (code.order or IN_ORDER).groups(name, source)
    sums = tuple(_columns(group, live) for group in groups)
    return _Edge(weight, signed, above(slack, 2), values.magnitude, error, values, underflow, sums)


def _columns(group: slice, live: Indices) -> Mask:
    """Which of the live indices a slice holds."""
    start, step = group.start or 0, group.step or 1
    below = True if group.stop is None else live < group.stop
    return np.asarray(below & (live >= start) & ((live - start) % step == 0))


def _of_rows(
    errors: CodeErrors, layer: FloatLayer, rows: slice, edges: list[_Edge]
) -> tuple[Floats, Floats, Floats]:
    """What these rows lose, what is carried into them, and a bound of their partial sums."""
    arithmetic = errors.code.arithmetic
    bias, radius = layer.bias[rows], layer.bias_radius[rows]
    bias_slack = arithmetic.storing(bias, radius)
    stored, carried, size = bias_slack.copy(), np.zeros(len(bias)), np.abs(bias) + bias_slack
    terms = np.zeros(len(bias))
    for edge in edges:
        stored = stored + edge.slack @ edge.size + edge.weight.sum(axis=1) * edge.underflow
        carried = carried + edge.weight @ edge.error
        size = size + edge.weight @ edge.size
        terms = terms + np.count_nonzero(edge.weight, axis=1)
    count = 3 * layer.terms + 4  # operations of these sums
    stored, carried, size = (above(v, count) for v in (stored, carried, size))
    rates = arithmetic.rates(terms + (4 if errors.code.leaky else 1))
    tiny = (4.0 * terms + 8.0) * arithmetic.smallest
    rounding = above(rates * size, 4)
    if errors.code.order is not None and not errors.code.leaky:
        ordered = _ordered(errors, bias, bias_slack, edges, size, rounding)
        rounding = np.fmin(rounding, ordered)
    lost = above(stored + rounding + tiny, 4)
    return lost, carried, above(size + 2.0 * (rates * size + tiny), 8)


def _ordered(
    errors: CodeErrors,
    bias: Floats,
    bias_slack: Floats,
    edges: list[_Edge],
    size: Floats,
    rounding: Floats,
) -> Floats:
    """What rounding loses in sums of a known order; `rounding`: at most, in any order."""
    unit = errors.code.arithmetic.unit
    terms = sum(len(edge.size) + len(edge.sums) for edge in edges)
    total = Interval(bias - bias_slack, bias + bias_slack)
    lost, count = np.zeros(len(bias)), np.zeros(len(bias))
    for edge in edges:
        total, own = _added(edge, total)
        lost, count = lost + own, count + np.count_nonzero(edge.weight, axis=1) + len(edge.sums) - 1
    beside = above(rounding + 4.0 * (terms + 8) * UNIT * size, 4) * count
    sizes = sum((edge.weight @ edge.size for edge in edges), np.zeros(len(bias)))
    return above(unit * (lost + beside + sizes), 3 * terms + 8)


def _added(edge: _Edge, total: Interval) -> tuple[Interval, Floats]:
    """Where the sums lie once the edge is added to them, and the sizes of all that is added up."""
    products, lost, parts = _products(edge), np.zeros(len(total.lower)), []
    for k, columns in enumerate(edge.sums):
        begin = total if k == 0 else Interval(np.zeros_like(lost), np.zeros_like(lost))
        low = np.hstack([begin.lower[:, None], products.lower[:, columns]]).cumsum(axis=1)
        high = np.hstack([begin.upper[:, None], products.upper[:, columns]]).cumsum(axis=1)
        sizes = Interval(low, high).magnitude[:, 1:]
        inexact = edge.weight[:, columns] > 0
        if k > 0:  # 0 + the first product is exact
            inexact &= inexact.cumsum(axis=1) > 1
        lost = lost + np.where(inexact, sizes, 0.0).sum(axis=1)
        parts.append(Interval(low[:, -1], high[:, -1]))
    added: list[Interval] = []

    def add(one: Interval, other: Interval) -> Interval:
        added.append(Interval(one.lower + other.lower, one.upper + other.upper))
        return added[-1]

    total = folded(parts, add)
    return total, lost + sum((part.magnitude for part in added), np.zeros_like(lost))


def _products(edge: _Edge) -> Interval:
    """Where the products of stored weights and of the values that code reads lie."""
    low, high = edge.signed * edge.values.lower, edge.signed * edge.values.upper
    spread = edge.slack * edge.size
    return Interval(np.minimum(low, high) - spread, np.maximum(low, high) + spread)
