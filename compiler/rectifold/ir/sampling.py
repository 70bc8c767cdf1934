"""Points of a domain: exact ones for tests of equality, and the float box that searches draw from.

[0, 1] × [−inf, 2]     exact points: corners, and random rationals between
                       float box: [0, 1] × [2 − 1e6, 2]
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np

from rectifold.effort.search import PointEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain


def sample_points(domain: Domain, count: int, seed: int = 0) -> list[list[Fraction]]:
    """Random rational points and corners of the domain's box that satisfy its constraints."""
    random = Random(seed)
    points: list[list[Fraction]] = []
    for k in range(20 * count):
        if len(points) >= count:
            break
        point = [
            _random_between(low, high, random, corner=k % 3 == 0)
            for low, high in zip(domain.lower, domain.upper, strict=True)
        ]
        if domain.contains(point):
            points.append(point)
    return points


def _random_between(
    low: Fraction | None, high: Fraction | None, random: Random, *, corner: bool
) -> Fraction:
    low = low if low is not None else (high - 1000 if high is not None else Fraction(-1000))
    high = high if high is not None else low + 2000
    if corner:
        return random.choice((low, high))
    return low + (high - low) * Fraction(random.randrange(1009), 1008 + random.randrange(2))


def sampling_box(domain: Domain) -> tuple[Floats, Floats]:
    """A bounded float box to draw points from; the whole box where it is bounded."""
    low, high = domain.float_box
    width = PointEffort.open_range
    low = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high - width, -width))
    high = np.where(np.isfinite(high), high, low + 2 * width)
    return low, high
