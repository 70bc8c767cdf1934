"""A network's values at many points, as unevaluated sums of two floats with a proved error.

    W = W_0 + W_1 + ...      a = a_0 + a_1 + ...      W a = W_0 a_0 + (W_0 a_1 + W_1 a_0) + ...

Every slice holds integers of so few bits, over a power of two, that a product of two matrices of
slices is exact in float64, in whatever order a library adds (Ozaki, Ogita, Oishi and Rump 2012).
Exact evaluation at the same points would take hours. The error counts what is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.ir.network import Layer, Network

_BITS = 53
_LARGEST = 2.0**300  # of the numbers met: no product leaves the range, no slice falls below it
_UNDERFLOW = 2.0**-900  # of all that may be lost below the range in one sum
_LEAST_EXPONENT = -400  # of a slice: products of slices stay far above the smallest float
_PAIR = 2.0**-96  # relative error of the sums of two floats, for a thousand additions


@dataclass(frozen=True, eq=False)
class Reference:
    """Units by points: value = high + low, off by at most `error` (of the unit, at every point)."""

    high: Floats
    low: Floats
    error: Floats


def has_reference(network: Network) -> bool:
    """Is every weight and bias a float of moderate size?"""
    return all(
        radius is None and bool((np.abs(middle) < _LARGEST).all())
        for layer in network.layers
        for middle, radius in (m.approximation for m in (layer.bias, *layer.weights.values()))
    )


def reference(network: Network, points: Floats, levels: int) -> Reference | None:
    """The outputs at the columns of `points` (inputs by points); None where values are huge.

    `levels`: slices of products that are kept; each has some 20 bits. Precondition: has_reference.
    """
    exact = np.zeros_like(points), np.zeros(len(points))
    known = {network.input_name: Reference(points, *exact)}
    for layer in network.layers:
        found = _layer(layer, known, points.shape[1], levels)
        if not (np.abs(found.high) < _LARGEST).all():
            return None
        known[layer.name] = found
    return known[network.output]


def _layer(layer: Layer, known: Mapping[str, Reference], count: int, levels: int) -> Reference:
    bias = layer.bias.approximation[0].ravel()
    high = np.repeat(bias[:, None], count, axis=1)
    total = Reference(high, np.zeros_like(high), np.zeros(layer.size))
    for source, weight in layer.weights.items():
        total = _with_product(total, weight.approximation[0], known[source], levels)
    if not layer.is_relu:
        return total
    positive = total.high > 0  # where that is wrong, the value is within the error of 0
    return Reference(
        np.where(positive, total.high, 0.0), np.where(positive, total.low, 0.0), total.error
    )


def _with_product(total: Reference, weight: Floats, read: Reference, levels: int) -> Reference:
    """total + weight @ what is read."""
    terms = weight.shape[1]
    bits = (_BITS - terms.bit_length()) // 2
    rows = _sliced(weight, np.zeros_like(weight), bits, levels, axis=1)
    columns = _sliced(read.high, read.low, bits, levels, axis=0)
    high, low, size = total.high, total.low, np.abs(total.high)
    for i, one in enumerate(rows.parts):
        for other in columns.parts[: levels - i]:
            product = one @ other
            high, low = _added(high, low, product)
            size += np.abs(product)
    error = np.abs(weight) @ (read.error + columns.rest.max(axis=1, initial=0.0))
    error += rows.rest.sum(axis=1) * np.abs(read.high).max(initial=0.0)
    if len(rows.parts) + len(columns.parts) - 2 >= levels:  # pairs of slices are left out
        tail = 4.0 * levels * terms * 2.0 ** (-bits * levels)
        error += tail * rows.scale * columns.scale.max(initial=0.0)
    error += _PAIR * size.max(axis=1, initial=0.0) + _UNDERFLOW
    return Reference(*_two_sum(high, low), total.error + 1.01 * error)


@dataclass(frozen=True, eq=False)
class _Sliced:
    """A matrix as a sum of `parts`, but for `rest` at most; `scale`: above each row or column."""

    parts: list[Floats]
    rest: Floats
    scale: Floats


def _sliced(high: Floats, low: Floats, bits: int, most: int, axis: int) -> _Sliced:
    """high + low in at most so many slices of so many bits, each row (axis 1) or column by itself.

    A slice holds multiples of one power of two for the row; what is left has no more than half.
    """
    largest = np.abs(high).max(axis=axis, initial=0.0, keepdims=True)
    exponent = np.maximum(np.frexp(largest)[1] + 1, _LEAST_EXPONENT)
    parts: list[Floats] = []
    while len(parts) < most and (high.any() or not parts):
        unit = np.ldexp(1.0, exponent - bits * (len(parts) + 1))
        part = np.rint(high / unit) * unit
        parts.append(part)
        high, low = _two_sum(high - part, low)
    return _Sliced(parts, np.abs(high) + np.abs(low), np.ldexp(1.0, exponent).ravel())


def _added(high: Floats, low: Floats, part: Floats) -> tuple[Floats, Floats]:
    total, rounded = _two_sum(high, part)
    return total, low + rounded


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a + b as a float and what it rounded off, exactly (Knuth)."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)
