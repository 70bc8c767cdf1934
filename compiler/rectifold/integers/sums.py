"""Does every number fit its word, on every accepted input? Decided in integers.

    bias + the first k products     lies between     bias + Σ min(0, ...) and bias + Σ max(0, ...)

Sound because values are within their bounds (integers/bound.py), and a partial sum is the bias and
some of the products, in whatever order, with products of 0 left out or not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rectifold.bounds.interval import Interval
from rectifold.integers.bound import Joined
from rectifold.integers.network import IntegerLayer, IntegerNetwork
from rectifold.integers.words import largest

_Exact = npt.NDArray[np.object_]  # of integers of any length


def overflowing(code: IntegerNetwork, joined: Joined) -> str | None:
    """The first layer, or the input, of which a number may leave its word; None: none may."""
    ranges = {code.input_name: (_objects(code.lower), _objects(code.upper))}
    if max(map(abs, (*code.lower, *code.upper)), default=0) > largest(code.words.value):
        return code.input_name
    for layer in code.layers:
        low, high = _sums(layer, ranges)
        half = np.array([1 << int(s) >> 1 for s in layer.shift], dtype=object)
        reach = max([0, *(-low), *(high + half)])
        heaviest = max((int(np.abs(w).max(initial=0)) for w in layer.weights.values()), default=0)
        ranges[layer.name] = _integers(joined.passed_on(layer.name), layer, low, high)
        value = max([0, *(-ranges[layer.name][0]), *ranges[layer.name][1]])
        words = code.words
        if (
            reach > largest(words.sum)
            or heaviest > largest(words.weight)
            or value > largest(words.value)
        ):
            return layer.name
    return None


def _sums(
    layer: IntegerLayer, ranges: Mapping[str, tuple[_Exact, _Exact]]
) -> tuple[_Exact, _Exact]:
    """Per unit what no partial sum is below, and none above."""
    bias = layer.bias.astype(object)
    low, high = np.minimum(bias, 0), np.maximum(bias, 0)
    for source, weight in layer.weights.items():
        least, greatest = (end[None, :] * weight.astype(object) for end in ranges[source])
        low = low + np.minimum(np.minimum(least, greatest), 0).sum(axis=1)
        high = high + np.maximum(np.maximum(least, greatest), 0).sum(axis=1)
    return low, high


def _integers(
    values: Interval, layer: IntegerLayer, low: _Exact, high: _Exact
) -> tuple[_Exact, _Exact]:
    """The integers that the values of a layer may be, by real bounds and by those of the sums."""
    ends = []
    for bounds, sums, sign in ((values.lower, low, -1), (values.upper, high, 1)):
        with np.errstate(over="ignore"):  # what is infinite is no bound
            real = np.floor(np.ldexp(sign * bounds, layer.scale))
        by_sums = [(int(sign * v) >> int(s)) + 1 for v, s in zip(sums, layer.shift, strict=True)]
        own = [
            int(v) if np.isfinite(v) and v < w else w for v, w in zip(real, by_sums, strict=True)
        ]
        ends.append(sign * np.array(own, dtype=object))
    if layer.is_relu:
        return np.maximum(ends[0], 0), np.maximum(ends[1], 0)
    return ends[0], ends[1]


def _objects(values: tuple[int, ...]) -> _Exact:
    return np.array(values, dtype=object)
