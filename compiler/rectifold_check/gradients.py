"""Between which ends the slopes of a network lie, where signs of its units are known.

    y = 2 relu(x) − relu(x − 1)        both signs open                slopes [0, 2] + [−1, 0]
                                       x ≥ 0, x − 1 of any sign       slopes  2     + [−1, 0]

For points p, q of a part on which a unit's z is ≥ 0, or is ≤ 0, or of any sign,

    relu(z(q)) − relu(z(p)) = λ (z(q) − z(p))      with λ = 1,  λ = 0,  or some λ in [0, 1].

So the difference of outputs is M (q − p), where M is a product of the weights and of such λ, layer
after layer. M is taken from the output down, an interval for each value; numbers are exact, over
one denominator a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm

from rectifold_check.integers.layers import entries_of
from rectifold_check.networks import Layer, Network
from rectifold_check.work import Work, words

Signs = Callable[[int, int], int]
"""(layer, unit) of a relu unit → 1 where its z is ≥ 0, −1 where it is ≤ 0, 0 where neither is
known."""

Ends = list[tuple[int, int]]
"""Lower and upper ends, as integers over a denominator."""

Slopes = tuple[int, Ends]
"""A positive denominator, and the ends of the slope on every input, over it."""


def slopes_of(network: Network, unit: int, signs: Signs, work: Work) -> Slopes:
    """The slopes of one unit of the last layer, which is linear, on the inputs."""
    last = len(network.layers)
    start = [(0, 0)] * network.layers[-1].size
    start[unit] = (1, 1)
    values: dict[int, Slopes] = {last: (1, start)}
    for k in range(last, 0, -1):
        if k not in values:
            continue
        den, ends = values.pop(k)
        layer = network.layers[k - 1]
        if layer.is_relu:
            ends = [_through(pair, signs(k, i)) for i, pair in enumerate(ends)]
        work.spend(entries_of(layer) * words(den * layer.den))
        for source, read in _read(layer, ends, network).items():
            _add(values, source, (den * layer.den, read))
    return values.get(0, (1, [(0, 0)] * network.inputs))


def _through(ends: tuple[int, int], sign: int) -> tuple[int, int]:
    """The ends of λ times a slope between these ends."""
    if sign:
        return ends if sign > 0 else (0, 0)
    low, high = ends
    return min(low, 0), max(high, 0)


def _read(layer: Layer, ends: Sequence[tuple[int, int]], network: Network) -> dict[int, Ends]:
    """Slopes on what a layer reads, from those on its pre-activations."""
    lows: dict[int, list[int]] = {}
    highs: dict[int, list[int]] = {}
    for (low, high), unit in zip(ends, layer.rows, strict=True):
        if not (low or high):
            continue
        for row in unit:
            if row.source not in lows:
                size = network.size(row.source)
                lows[row.source], highs[row.source] = [0] * size, [0] * size
            on_low, on_high = lows[row.source], highs[row.source]
            for j, w in row.entries:
                on_low[j] += w * (low if w > 0 else high)
                on_high[j] += w * (high if w > 0 else low)
    return {s: list(zip(lows[s], highs[s], strict=True)) for s in lows}


def _add(values: dict[int, Slopes], source: int, more: Slopes) -> None:
    if source not in values:
        values[source] = more
        return
    (one, first), (other, second) = values[source], more
    den = lcm(one, other)
    p, q = den // one, den // other
    total = [(a * p + c * q, b * p + d * q) for (a, b), (c, d) in zip(first, second, strict=True)]
    values[source] = den, total
