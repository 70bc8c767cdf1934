"""What a rewrite may cost in accuracy, where its result is written in floats.

    spread(rewritten) <= most · spread(source)          at sample points of the domain

The spread is an estimate (ir/spread.py): it decides what is taken, and nothing that is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from rectifold.effort.running import CompileEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.ir.spread import rounding_spread

Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Declined:
    """A rewrite of a layer that was not taken, as it would multiply the rounding error."""

    layer: str
    units: int
    growth: float


@dataclass(frozen=True, eq=False)
class Accuracy:
    """The spread of the source at points of its domain, and how often as much is allowed."""

    precision: Precision
    most: float
    points: Floats
    spread: float

    @staticmethod
    def of(source: Network, domain: Domain, precision: Precision, most: float) -> Accuracy:
        """Measured at a few random points and corners of the domain."""
        found = sample_points(domain, CompileEffort.accuracy_points)
        points = np.array([[nearest_float(v) for v in point] for point in found])
        points = points.reshape(len(found), source.input_size)
        return Accuracy(precision, most, points, rounding_spread(source, points, precision))

    def growth(self, network: Network) -> float:
        """How many times the source's spread this network has, which is the same function."""
        if not len(self.points):
            return 1.0
        now = rounding_spread(network, self.points, self.precision)
        if self.spread == 0.0:
            return 1.0 if now == 0.0 else inf
        return now / self.spread if now < inf else inf

    def allows(self, growth: float) -> bool:
        """Is it within the limit?"""
        return growth <= self.most
