"""How errors of lower layers reach the units of a layer: by the network's slopes, with their signs.

    code's z - z  =  sum over layers  G_v (what is lost in v),      G_u += G_v W_vu D_u

D_u is 1 where code and network both pass a value on, 0 where both pass on 0, and anything between
elsewhere. So G is an interval matrix, held as midpoints and radii. Sound by
docs/mathematics.md#errors-by-slopes; where terms cancel it is far below the product of absolute
values.
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.code_state import CodeErrors, above
from rectifold.bounds.rounding import UNIT, gamma
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices

_Slopes = tuple[Floats, Floats]
"""Midpoints and radii of a matrix: a row for each unit asked about, a column for each below."""


def spread(errors: CodeErrors, name: str) -> Floats:
    """Per unit of a layer a bound of |code's z - z|.

    Precondition: the layer's `local` is known, and all of the layers below. Infinite where a value
    below has no bound.
    """
    size, step = len(errors.local[name]), errors.bounds.effort.rows
    parts = [
        _of_rows(errors, name, np.arange(start, min(start + step, size)))
        for start in range(0, max(size, 1), step)
    ]
    return np.concatenate(parts)


def _of_rows(errors: CodeErrors, name: str, rows: Indices) -> Floats:
    layer, total = errors.bounds.floats[name], errors.local[name][rows]
    slopes: dict[str, _Slopes] = {}
    for source, weight in layer.weights.items():
        radius = layer.radii[source]
        own = weight[rows]
        slopes[source] = own, np.zeros_like(own) if radius is None else radius[rows]
    sources = [errors.bounds.network.input_name, *(v.name for v in errors.bounds.network.layers)]
    for below in reversed(sources):
        if below in slopes:
            found = _through_relu(errors, below, slopes.pop(below))
            total = above(total + _sizes(found) @ errors.local[below], found[0].shape[1] + 4)
            _push(errors, below, found, slopes)
    return total


def _sizes(slopes: _Slopes) -> Floats:
    middle, radius = slopes
    return np.abs(middle) + radius


def _through_relu(errors: CodeErrors, name: str, slopes: _Slopes) -> _Slopes:
    """Slopes on what a layer passes on to slopes on its pre-activations."""
    middle, radius = slopes
    live, certain = errors.live(name), errors.certain(name)
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = np.minimum(middle - radius, 0.0), np.maximum(middle + radius, 0.0)
        between = 0.5 * (low + high)
        wide = above(0.5 * (high - low) + 4.0 * UNIT * (np.abs(middle) + radius), 4)
    middle = np.where(certain, middle, between) * live
    return middle, np.where(certain, radius, wide) * live


def _push(errors: CodeErrors, name: str, slopes: _Slopes, known: dict[str, _Slopes]) -> None:
    """Slopes on a layer's pre-activations to slopes on what it reads, added to what is known."""
    if name == errors.bounds.network.input_name:
        return
    layer, live = errors.bounds.floats[name], np.flatnonzero(errors.live(name))
    middle, radius = (v[:, live] for v in slopes)
    rounding = gamma(len(live) + 4)
    for source, weight in layer.weights.items():
        own, own_radius = weight[live], layer.radii[source]
        spread = (radius + rounding * np.abs(middle)) @ np.abs(own)
        if own_radius is not None:
            spread = spread + _sizes(slopes)[:, live] @ own_radius[live]
        found = middle @ own, above(spread, 2 * len(live) + 4)
        known[source] = found if source not in known else _added(known[source], found)


def _added(one: _Slopes, other: _Slopes) -> _Slopes:
    middle = one[0] + other[0]
    return middle, above(one[1] + other[1] + UNIT * np.abs(middle), 4)
