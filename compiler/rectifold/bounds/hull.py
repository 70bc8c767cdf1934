"""Planes above units that read the inputs alone, in floats.

A unit has z = w x + b on the box low <= x <= high, and S_i in [0, 1] for every input i:

    relu(z) <= sum S_i w_i x_i + q
    q = max( b + sum max over the box of (1 - S_i) w_i x_i,  -sum min over the box of S_i w_i x_i )

Sound because the right side is at least z, by the first, and at least 0, by the second
(docs/mathematics.md#planes-above-the-first-layer). S_i is the difference of a level of the unit
and one of the input, cut to [0, 1]; levels are multiples of 2^-LEVEL_BITS, so it is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import TINY, gamma
from rectifold.exact.conversion import Floats
from rectifold.facts.trees import Hull


@dataclass(frozen=True, eq=False)
class BoundedPlanes:
    """Per row, the sum of c relu(z) is at most coefficients x + constants, but for `error`."""

    coefficients: Floats
    constants: Floats
    error: Floats


def planes_above(
    c: Floats,
    hulls: Sequence[Hull | None],
    weights: Floats,
    bias: Floats,
    box: Interval,
    sizes: tuple[Floats, Floats],
) -> BoundedPlanes:
    """Planes above sums of c relu(z) with z = weights x + bias, a row of c and a hull for each.

    c is nonnegative, rows times units, and 0 in rows without a hull; `weights` are units times
    inputs. `sizes` are, per unit, R = sum |w| |x| + |b|, and what weights that are no floats add.
    Rounding: docs/mathematics.md#planes-in-floats.
    """
    ends = weights * box.lower, weights * box.upper
    upper, lower = np.maximum(*ends), np.minimum(*ends)
    is_up = weights > 0
    coefficients = np.zeros((len(c), weights.shape[1]))
    constants = np.zeros(len(c))
    for k, hull in enumerate(hulls):
        if hull is None:
            continue
        used = np.nonzero(c[k] > 0)[0]
        levels = np.where(is_up[used], hull.plus, hull.minus)
        fractions = np.clip(hull.units[used, None] - levels, 0.0, 1.0)
        needs = (
            bias[used] + ((1.0 - fractions) * upper[used]).sum(axis=1),
            -(fractions * lower[used]).sum(axis=1),
        )
        coefficients[k] = c[k, used] @ (fractions * weights[used])
        constants[k] = c[k, used] @ np.maximum(*needs)
    m, n = weights.shape
    tiny = 8 * m * n * TINY * (1.0 + box.magnitude.sum() + c.sum(axis=1))
    error = c @ (gamma(4 * (m + n) + 40) * sizes[0] + sizes[1]) + tiny
    return BoundedPlanes(coefficients, constants, error)
