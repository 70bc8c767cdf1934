"""Planes above a unit that reads the inputs alone: its convex hull over a box (Anderson et al. 2020, "Strong mixed-integer programming formulations …").

For any shares S_i ∈ [0, 1] and low ≤ x ≤ high,

    relu(w·x + b) ≤ Σ_i S_i w_i x_i + q,    q = max( b + Σ_i max_x (1 − S_i) w_i x_i ,  −Σ_i min_x S_i w_i x_i ),

because the right side is at least w·x + b (the first) and at least 0 (the second). The line s z + t is S = s throughout; the best S makes the bound tight at
every corner of the box. Shares are chosen by levels: S_ji = clip(p_j − r_i, 0, 1), r_i = plus_i where w_ji > 0 and minus_i elsewhere.
Levels are multiples of 1/64, so p − r and S are exact in floats.

Rounding, for a row with coefficient C_j ≥ 0 on the unit (an exact float): S w is off by u |w|, each sum over n inputs by γ(n + 4) Σ |w| M, with |x| ≤ M,
and the sums over m units by γ(m + 4) more. With R_j = Σ |w_ji| M_i + |b_j|, all of it together is below γ(4n + 4m + 40) Σ_j C_j R_j: there are three
such sums for each unit (both needs, and the coefficients times x), each at most R_j in size. A weight that is no float adds C_j times the
radius of its row: |relu(z) − relu(z')| ≤ |z − z'|.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.rounding import TINY, gamma
from rectifold.exact.conversion import Floats
from rectifold.facts.trees import Hull


@dataclass(frozen=True, eq=False)
class UpperPlanes:
    """Σ_j C_j relu(z_j) ≤ coefficients·x + constants, up to `error`. One row each."""

    coefficients: Floats
    constants: Floats
    error: Floats


def planes_above(
    c: Floats,
    hulls: Sequence[Hull | None],
    weights: Floats,
    bias: Floats,
    box: tuple[Floats, Floats],
    sizes: tuple[Floats, Floats],
) -> UpperPlanes:
    """c: k×m, nonnegative, and 0 in rows without a hull. weights: m×n. sizes: R, and the radius of each row."""
    low, high = box
    ends = weights * low, weights * high
    upper, lower = np.maximum(*ends), np.minimum(*ends)
    is_up = weights > 0
    coefficients = np.zeros((len(c), weights.shape[1]))
    constants = np.zeros(len(c))
    for k, hull in enumerate(hulls):
        if hull is None:
            continue
        used = np.nonzero(c[k] > 0)[0]
        levels = np.where(is_up[used], hull.plus, hull.minus)
        shares = np.clip(hull.units[used, None] - levels, 0.0, 1.0)
        needs = (
            bias[used] + ((1.0 - shares) * upper[used]).sum(axis=1),
            -(shares * lower[used]).sum(axis=1),
        )
        coefficients[k] = c[k, used] @ (shares * weights[used])
        constants[k] = c[k, used] @ np.maximum(*needs)
    m, n = weights.shape
    tiny = 8 * m * n * TINY * (1.0 + np.maximum(np.abs(low), np.abs(high)).sum() + c.sum(axis=1))
    return UpperPlanes(
        coefficients, constants, c @ (gamma(4 * (m + n) + 40) * sizes[0] + sizes[1]) + tiny
    )
