"""Stored points with exact outputs, by which emitted code tests itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from rectifold.emitters.header import Origin
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float, round_up
from rectifold.formats.float_range import COMPUTED
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


@dataclass(frozen=True, eq=False)
class TestVector:
    """One self-test: a float input and the exact outputs there."""

    inputs: tuple[float, ...]
    outputs: tuple[Fraction, ...]


def self_test_vectors(network: Network, precision: str = "float64") -> list[TestVector]:
    """A few points of the domain with exact outputs, where the floats stay in their range."""
    kind = np.dtype(COMPUTED[precision]).type
    largest = float(np.finfo(kind).max)
    domain = network.domain or Domain.cube(-1, 1, network.input_size)
    random = Random(7)
    points: list[list[float]] = []
    for _ in range(50 * CAPS.self_test_points):
        ends = zip(domain.lower, domain.upper, strict=True)
        with np.errstate(over="ignore", under="ignore"):
            point = [float(kind(_random_float(low, high, random))) for low, high in ends]
        usable = (
            len(points) < CAPS.self_test_points
            and np.isfinite(point).all()
            and (_magnitudes(network, point) < largest).all()
        )
        if usable and domain.contains([Fraction(v) for v in point]):
            points.append(point)
    outputs = evaluate_points(network, [[Fraction(v) for v in p] for p in points])
    return [TestVector(tuple(p), tuple(y)) for p, y in zip(points, outputs, strict=True)]


@dataclass(frozen=True, eq=False)
class FloatTests:
    """The points in floats, row by row: inputs, nearest floats of the outputs, and what each output
    may be off by, the rounding of the stored value included.
    """

    points: list[list[float]]
    expected: list[list[float]]
    allowed: list[list[float]]


def self_test_floats(network: Network, origin: Origin) -> FloatTests:
    """The self-test for code that compares floats."""
    vectors = self_test_vectors(network, origin.precision)
    tolerance = self_test_tolerance(network, origin)
    return FloatTests(
        [list(vector.inputs) for vector in vectors],
        [[nearest_float(v) for v in vector.outputs] for vector in vectors],
        [
            [
                round_up(Fraction(t) + abs(Fraction(nearest_float(v)) - v))
                for t, v in zip(tolerance, vector.outputs, strict=True)
            ]
            for vector in vectors
        ],
    )


def self_test_tolerance(network: Network, origin: Origin) -> list[float]:
    """Per output what the self-test allows: the certified bound, else what its points need."""
    if origin.error_bound is not None and np.isfinite(origin.error_bound).all():
        return list(origin.error_bound)
    operations = sum(
        sum(w.shape[1] for w in layer.weights.values()) + 4 for layer in network.layers
    )
    points = self_test_vectors(network, origin.precision)
    sizes = [_magnitudes(network, vector.inputs) for vector in points]
    rate, least = (2.0**-50, 1e-300) if origin.precision == "float64" else (2.0**-21, 1e-36)
    largest = np.max(sizes, axis=0) if sizes else np.zeros(network.output_size)
    return [
        operations * rate * float(v) + least for v in largest
    ]  # a threshold for reporting, not a claim


def _magnitudes(network: Network, point: Sequence[float]) -> Floats:
    """Σ |w| |a| + |b| to the outputs: what rounding at this point is proportional to.

    Infinite where a sum may overflow.
    """
    sizes = {network.input_name: np.abs(np.asarray(point, dtype=np.float64))}
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in network.layers:
            total = np.abs(layer.bias.approximation[0].ravel())
            for source, weight in layer.weights.items():
                total = total + np.abs(weight.approximation[0]) @ sizes[source]
            sizes[layer.name] = np.where(np.isnan(total), np.inf, total)
    return sizes[network.output]


def _random_float(low: Fraction | None, high: Fraction | None, random: Random) -> float:
    bottom = (
        round_up(low) if low is not None else (-round_up(-high) - 1.0 if high is not None else -1.0)
    )
    top = -round_up(-high) if high is not None else bottom + 2.0
    return min(max(bottom + (top - bottom) * random.random(), bottom), top)
