"""Points at which emitted code is measured: float32 numbers inside the domain.

    [0, 1] × [2, 3]     uniform in the box, rounded, and kept where the exact domain has them

Every precision of the code holds them, and its check of the input accepts them.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points, sampling_box


def points_to_measure(network: Network, count: int) -> list[list[float]]:
    """Up to `count` points; fewer, or none, where few float32 points of the domain are found.

    Without a domain, or where a range has no end, near the origin or the other end.
    """
    domain = network.domain or Domain.everywhere(network.input_size)
    low, high = sampling_box(domain)
    random = np.random.default_rng(0)
    drawn = [[float(v) for v in random.uniform(low, high)] for _ in range(4 * count)]
    kept = _inside(domain, drawn)
    if len(kept) < count:  # constraints, or a thin box: corners and rational points too
        exact = sample_points(domain, count, seed=1)
        kept += _inside(domain, [[nearest_float(v) for v in point] for point in exact])
    return kept[:count]


def _inside(domain: Domain, points: list[list[float]]) -> list[list[float]]:
    with np.errstate(over="ignore"):
        rounded = [[float(np.float32(v)) for v in point] for point in points]
    finite = [point for point in rounded if np.isfinite(point).all()]
    return [point for point in finite if domain.contains([Fraction(v) for v in point])]
