"""Points that climb by random steps: for maxima, whose gradients see one term at a time.

    x  →  x + σ · width · noise on some inputs, kept where the value is larger; σ grows or shrinks

Signs of gradients zigzag on a ridge where two terms of a maximum are equal; these steps follow it.
They are for few inputs, and many starts beat good ones: the best of a sample lie in few basins.
Points are floats, and prove nothing until somebody evaluates them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.effort.search import WanderEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.search.witnesses import Witnesses


@dataclass(frozen=True, eq=False)
class Climb:
    """Row k climbs sign·z of units[k] of a layer from start[k]."""

    layer: str
    units: Indices
    sign: float
    start: Floats


def wander(witnesses: Witnesses, climb: Climb, rounds: int, step: float) -> Floats:
    """The best point of each row after so many rounds, or fewer once one is above 0.

    `step`: the first steps, as part of the domain's width.
    """
    random, effort = witnesses.random, WanderEffort()
    best = witnesses.clipped(climb.start)
    value = _values(witnesses, climb, best)
    size = np.full(value.shape, step)
    width = witnesses.high - witnesses.low
    for _ in range(rounds):
        if (value > 0).any():
            break
        moved = random.random(best.shape) < effort.inputs_moved
        noise = random.standard_normal(best.shape) * moved * size[:, None]
        tried = witnesses.clipped(best + noise * width)
        reached = _values(witnesses, climb, tried)
        better = reached > value
        best[better], value[better] = tried[better], reached[better]
        size = size * np.where(better, effort.longer, effort.shorter)
        size = np.clip(size, effort.shortest, effort.longest)
    return witnesses.admitted(best)


def _values(witnesses: Witnesses, climb: Climb, points: Floats) -> Floats:
    """sign·z of each row in plain floats, as far as they go: NaN counts as -infinity."""
    bounds = witnesses.bounds
    after = {bounds.network.input_name: points}
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in bounds.network.layers:
            own = bounds.floats[layer.name]
            z = np.asarray(own.bias + sum(after[v] @ w.T for v, w in own.weights.items()))
            if layer.name == climb.layer:
                z = np.broadcast_to(z, (len(points), layer.size))
                reached = climb.sign * z[np.arange(len(points)), climb.units]
                return np.asarray(np.where(np.isnan(reached), -np.inf, reached))
            after[layer.name] = np.maximum(z, 0.0) if layer.is_relu else z
    raise KeyError(climb.layer)
