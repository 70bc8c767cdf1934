"""A point of few digits strictly inside a polytope, by its vertices as floats.

    triangle (0, 0), (1, 0), (0, 1)      →      (21/64, 21/64), beside the mean

Derivation: docs/mathematics.md#points-inside. The mean is strictly inside: every vertex has the
weight 1/m. A point beside it has weights that differ from those by at most as much as a right
inverse of the vertices says, so near enough all are positive.
"""

from __future__ import annotations

from math import frexp

import numpy as np

from rectifold.exact.conversion import UNDERFLOW, Floats
from rectifold.linear_regions.polytope import ROUNDOFF, Polytope, Vertex


def short_point(polytope: Polytope) -> Vertex | None:
    """A point strictly inside whose coordinates have few binary digits, as a homogeneous column.

    None where that is not proved: for a thin polytope, or one far from 0 for its size.
    """
    floats = polytope.floats
    with np.errstate(all="ignore"):  # what is no number is no proof
        reach = _reach(floats)
        if not reach > 0:
            return None
        bits = 1 - frexp(reach)[1]  # half a step is at most a half of the reach
        steps = np.rint(np.ldexp(floats[:-1].mean(axis=1), bits))
        point = np.ldexp(steps, -bits)
        off = np.abs(point - floats[:-1].mean(axis=1)).max()
        off += 4 * (floats.shape[1] + 4) * ROUNDOFF * np.abs(floats).max() + UNDERFLOW
    if not off < reach:
        return None
    shift = 1 << abs(bits)
    if bits < 0:
        return (*(int(v) * shift for v in steps), 1)
    return (*(int(v) for v in steps), shift)


def _reach(floats: Floats) -> float:
    """How far from the mean every point is strictly inside, in each coordinate; 0 if not known.

    A quarter of what the derivation allows, for the roundings of the bounds themselves.
    """
    rows, count = floats.shape
    if rows == 1:
        return 0.0
    orthogonal, triangle = np.linalg.qr(floats.T)
    if not np.abs(np.diag(triangle)).min() > 0:
        return 0.0
    inverse = orthogonal @ np.linalg.inv(triangle).T
    size = np.abs(floats) @ np.abs(inverse)
    miss = np.abs(floats @ inverse - np.eye(rows))
    miss += 4 * (count + 4) * ROUNDOFF * size + UNDERFLOW
    norm = float(np.abs(inverse).sum(axis=1).max())
    if not (float(miss.sum(axis=1).max()) < 0.25 and UNDERFLOW * norm < ROUNDOFF):
        return 0.0
    return float(1 / (4 * count * norm))
