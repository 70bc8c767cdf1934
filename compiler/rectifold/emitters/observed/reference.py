"""A network's values at many points, as unevaluated sums of two floats with a proved error.

    W = W_0 + W_1 + ...      a = a_0 + a_1 + ...      W a = W_0 a_0 + (W_0 a_1 + W_1 a_0) + ...

Every slice holds integers of so few bits, over a power of two, that a product of two matrices of
slices is exact in float64, in whatever order a library adds (Ozaki, Ogita, Oishi and Rump 2012).
Exact evaluation at the same points would take hours. The error counts what is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.effort.writing import ObservedEffort
from rectifold.exact.conversion import UNDERFLOW, Floats
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.ir.network import Network

_PAIR = 2.0**-96  # relative error of the sums of two floats, for a thousand additions


@dataclass(frozen=True, eq=False)
class Reference:
    """Units by points: value = high + low, off by at most `error` (of the unit, at every point)."""

    high: Floats
    low: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Source:
    """A network made ready to be evaluated at many points.

    `edges`: the weights in slices, by (layer, what it reads). `levels`: how many slices of products
    are kept, of some 20 bits each.
    """

    network: Network
    levels: int
    edges: Mapping[tuple[str, str], _Sliced]
    biases: Mapping[str, Reference]

    @classmethod
    def of(cls, network: Network, levels: int) -> Source | None:
        """None where a number is huge, or too many are no floats (ObservedEffort.fractions)."""
        matrices = [m for v in network.layers for m in (v.bias, *v.weights.values())]
        huge = any((np.abs(m.approximation[0]) >= ObservedEffort.largest).any() for m in matrices)
        if huge or sum(_inexact(m) for m in matrices) > ObservedEffort.fractions:
            return None
        edges = {
            (v.name, u): _sliced(_pair(w), _bits(w.shape[1]), levels, axis=1)
            for v in network.layers
            for u, w in v.weights.items()
        }
        return cls(network, levels, edges, {v.name: _pair(v.bias) for v in network.layers})

    def at(self, points: Floats) -> Reference | None:
        """The outputs at the columns of `points` (inputs by points); None where values are huge."""
        known = {self.network.input_name: _float_values(points)}
        columns: dict[str, _Sliced] = {}  # of what is read again
        last = {u: layer.name for layer in self.network.layers for u in layer.weights}
        for layer in self.network.layers:
            total = _repeated(self.biases[layer.name], points.shape[1])
            for source in layer.weights:
                read = known[source]
                if source not in columns:
                    if not (np.abs(read.high) < ObservedEffort.largest).all():
                        return None
                    columns[source] = _sliced(read, _bits(len(read.high)), self.levels, axis=0)
                edge = self.edges[layer.name, source]
                total = self._with_product(total, edge, read, columns[source])
                if last[source] == layer.name:
                    del columns[source]
            known[layer.name] = _positive(total) if layer.is_relu else total
        return known[self.network.output]

    def _with_product(
        self, total: Reference, rows: _Sliced, read: Reference, columns: _Sliced
    ) -> Reference:
        """total + weight @ what is read, which is in `columns` as well."""
        terms, levels = len(read.high), self.levels
        high, low, size = total.high, total.low, np.abs(total.high)
        for i, one in enumerate(rows.parts):
            for other in columns.parts[: levels - i]:
                product = one @ other
                high, low = _added(high, low, product)
                size += np.abs(product)
        error = rows.absolute @ (read.error + columns.rest.max(axis=1, initial=0.0))
        error += rows.rest.sum(axis=1) * np.abs(read.high).max(initial=0.0)
        if len(rows.parts) + len(columns.parts) - 2 >= levels:  # pairs of slices are left out
            tail = 4.0 * levels * terms * 2.0 ** (-_bits(terms) * levels)
            error += tail * rows.scale * columns.scale.max(initial=0.0)
        error += _PAIR * size.max(axis=1, initial=0.0) + UNDERFLOW
        return Reference(*_two_sum(high, low), total.error + 1.01 * error)


def as_pairs(values: Sequence[Sequence[Fraction]]) -> Reference | None:
    """Exact values (points by units) in the same form; None beyond the range of floats."""
    matrix = [[nearest_float(v) for v in row] for row in values]
    if not np.isfinite(matrix).all():
        return None
    lows = [
        [nearest_float(v - Fraction(near)) for v, near in zip(row, nears, strict=True)]
        for row, nears in zip(values, matrix, strict=True)
    ]
    high, low = np.array(matrix).T, np.array(lows).T
    return Reference(high, low, _PAIR * np.abs(high).max(axis=1, initial=0.0) + UNDERFLOW)


def _float_values(points: Floats) -> Reference:
    return Reference(points, np.zeros_like(points), np.zeros(len(points)))


def _repeated(column: Reference, count: int) -> Reference:
    high, low = (np.repeat(v, count, axis=1) for v in (column.high, column.low))
    return Reference(high, low, column.error)


def _positive(value: Reference) -> Reference:
    """The relu: where the sign is wrong, the value is within the error of 0."""
    positive = value.high > 0
    high, low = (np.where(positive, v, 0.0) for v in (value.high, value.low))
    return Reference(high, low, value.error)


def _inexact(matrix: Matrix) -> int:
    radius = matrix.approximation[1]
    return 0 if radius is None else int(np.count_nonzero(radius))


def _pair(matrix: Matrix) -> Reference:
    """The entries as sums of two floats; the error is the largest of each row."""
    high, radius = matrix.approximation
    low = np.zeros_like(high)
    if radius is None:
        return Reference(high, low, np.zeros(len(high)))
    for i, j in np.argwhere(radius > 0).tolist():
        low[i, j] = nearest_float(matrix.entry(i, j) - Fraction(float(high[i, j])))
    return Reference(high, low, _PAIR * np.abs(high).max(axis=1, initial=0.0) + UNDERFLOW)


def _bits(terms: int) -> int:
    """Of a slice, so that so many products of two of them are added exactly."""
    return (sys.float_info.mant_dig - terms.bit_length()) // 2


@dataclass(frozen=True, eq=False)
class _Sliced:
    """A matrix as a sum of `parts`, but for `rest` at most; `scale`: above each row or column."""

    parts: list[Floats]
    rest: Floats
    scale: Floats
    absolute: Floats


def _sliced(values: Reference, bits: int, most: int, axis: int) -> _Sliced:
    """Values in at most so many slices of so many bits, each row (axis 1) or column by itself.

    A slice holds multiples of one power of two for the row; what is left has no more than half.
    """
    high, low = values.high, values.low
    largest = np.abs(high).max(axis=axis, initial=0.0, keepdims=True)
    exponent = np.maximum(np.frexp(largest)[1] + 1, ObservedEffort.least_exponent)
    parts: list[Floats] = []
    while len(parts) < most and (high.any() or not parts):
        unit = np.ldexp(1.0, exponent - bits * (len(parts) + 1))
        part = np.rint(high / unit) * unit
        parts.append(part)
        high, low = _two_sum(high - part, low)
    rest = np.abs(high) + np.abs(low)
    if axis == 1:  # the error of weights; that of activations is counted by itself
        rest = rest + values.error[:, None]
    absolute = np.abs(values.high) + rest
    return _Sliced(parts, rest, np.ldexp(1.0, exponent).ravel(), absolute)


def _added(high: Floats, low: Floats, part: Floats) -> tuple[Floats, Floats]:
    total, rounded = _two_sum(high, part)
    return total, low + rounded


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a + b as a float and what it rounded off, exactly (Knuth)."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)
