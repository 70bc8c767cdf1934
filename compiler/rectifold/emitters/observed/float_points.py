"""Random float points of a domain: between the floats that lie inside its ends, and corners.

    [1/10, 1/3]      from the least float above 1/10 to the greatest below 1/3

What is near a linear constraint is left out where floats cannot tell which side it is on.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.effort.writing import ObservedEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float, round_down, round_up
from rectifold.ir.domain import Domain
from rectifold.ir.sampling import sample_points


class FloatPoints:
    """Points of a domain in a float type, each call others; the same in every run."""

    def __init__(self, domain: Domain, kind: str) -> None:
        self._domain = domain
        self._kind = np.dtype(kind)
        self._random = np.random.default_rng(1)
        self._low, self._high = _inner_box(domain, self._kind)

    def some(self, count: int) -> Floats:
        """At most `count` points (points by inputs), as float64; none where none is found."""
        if (self._low > self._high).any():
            return np.empty((0, self._domain.size))
        share = self._random.random((count, self._domain.size))
        share[:: ObservedEffort.corners] = share[:: ObservedEffort.corners] < 0.5
        with np.errstate(over="ignore"):
            drawn = (self._low * (1.0 - share) + self._high * share).astype(self._kind)
        points = np.clip(drawn.astype(np.float64), self._low, self._high)
        return points[self._surely_inside(points)] if self._domain.constraints else points

    def exactly(self, count: int) -> list[list[Fraction]]:
        """Few points, found by exact numbers: for narrow domains, and exact evaluation."""
        drawn = sample_points(self._domain, 4 * count, seed=1)
        with np.errstate(over="ignore"):
            rounded = [np.array([nearest_float(v) for v in p]).astype(self._kind) for p in drawn]
        exact = [[Fraction(v) for v in x.tolist()] for x in rounded if np.isfinite(x).all()]
        return [x for x in exact if self._domain.contains(x)][:count]

    def _surely_inside(self, points: Floats) -> np.ndarray:
        rows = [row.coefficients for row in self._domain.constraints]
        matrix = Matrix.from_fractions(rows, columns=self._domain.size).approximation[0]
        ends = np.array([nearest_float(row.bound) for row in self._domain.constraints])
        size = np.abs(points) @ np.abs(matrix.T) + np.abs(ends)
        margin = (self._domain.size + 8) * 2.0**-50 * size
        return np.asarray((points @ matrix.T <= ends - margin).all(axis=1))


def _inner_box(domain: Domain, kind: np.dtype[np.floating]) -> tuple[Floats, Floats]:
    """The least and the greatest numbers of the type in each range."""
    pairs = [_finite(low, high) for low, high in zip(domain.lower, domain.upper, strict=True)]
    low = np.array([round_up(v) for v, _ in pairs])
    high = np.array([round_down(v) for _, v in pairs])
    with np.errstate(over="ignore", under="ignore"):
        least, greatest = low.astype(kind), high.astype(kind)
        least = np.where(least < low, np.nextafter(least, kind.type(np.inf)), least)
        greatest = np.where(greatest > high, np.nextafter(greatest, kind.type(-np.inf)), greatest)
    largest = float(np.finfo(kind).max)
    return np.maximum(least, -largest).astype(float), np.minimum(greatest, largest).astype(float)


def _finite(low: Fraction | None, high: Fraction | None) -> tuple[Fraction, Fraction]:
    length = Fraction(ObservedEffort.open_range)
    if low is None:
        low = -length if high is None else high - length
    return low, low + 2 * length if high is None else high
