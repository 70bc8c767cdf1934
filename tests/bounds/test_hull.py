"""Planes above a layer that reads the inputs alone: true bounds for any levels, tight for the right
ones, and the same as the checker's.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.bounds.agreed import HULL_UNITS, SLOPE_UNITS
from rectifold.bounds.hull import planes_above
from rectifold.bounds.interval import Interval
from rectifold.bounds.phases import Cases
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.matrix import Matrix
from rectifold.facts.trees import Hull, SlopeUnits
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold_check.agreed import BITS
from rectifold_check.integers.hull import Hull as CheckedHull
from rectifold_check.integers.substitution import Case, Substitution
from rectifold_check.networks import read_domain, read_network
from support import float_network, points_of, random_network

BOX = Interval(np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
WEIGHTS, BIAS = np.array([[1.0, 1.0]]), np.array([0.0])
NO_ERROR = np.array([2.0]), np.array([0.0])


def at(hull: Hull) -> tuple[list[float], float]:
    above = planes_above(np.array([[1.0]]), [hull], WEIGHTS, BIAS, BOX, NO_ERROR)
    assert 0 < above.error[0] < 1e-13
    return above.coefficients[0].tolist(), float(above.constants[0])


def test_the_line_and_the_planes_of_a_sum() -> None:
    none = np.zeros(2)
    assert at(Hull(np.array([0.5]), none, none)) == ([0.5, 0.5], 1.0)
    assert at(Hull(np.array([1.0]), np.array([0.0, 1.0]), none)) == (
        [1.0, 0.0],
        1.0,
    )  # relu(x0 + x1) ≤ x0 + 1
    assert at(Hull(np.array([1.0]), np.array([-1.0, 2.0]), none)) == ([1.0, 0.0], 1.0)
    assert at(Hull(np.array([0.0]), none, none)) == ([0.0, 0.0], 2.0)
    assert at(Hull(np.array([1.0]), none, none)) == ([1.0, 1.0], 2.0)


def test_rows_without_a_hull_and_units_without_a_coefficient_add_nothing() -> None:
    hull = Hull(np.array([0.5]), np.zeros(2), np.zeros(2))
    above = planes_above(np.array([[0.0], [0.0]]), [None, hull], WEIGHTS, BIAS, BOX, NO_ERROR)
    assert not above.coefficients.any()
    assert not above.constants.any()


def frame_of(network: Network, bounds: Bounds, layer: str) -> SlopeUnits:
    names = [v.name for v in network.relu_layers if v.name in network.cone(layer)]
    return SlopeUnits(
        {v: np.nonzero((bounds.lower[v] < 0) & (bounds.upper[v] > 0))[0] for v in names}
    )


def levels(random: np.random.Generator, size: int) -> np.ndarray:
    return np.asarray(random.integers(-127, 128, size) / HULL_UNITS)


NETWORKS = [*map(random_network, range(80)), *(float_network(k, 6, 5, 4, 2) for k in range(20))]


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_any_levels_give_bounds_above_every_value_of_the_case_and_the_checker_agrees(
    number: int,
) -> None:
    network, random = NETWORKS[number], np.random.default_rng(number)
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    rule = Substitution(
        read_network(canonical_text(network), "n"), read_domain(domain_text(network.domain))
    )
    points = Matrix.from_fractions(
        points_of(network.domain, 30, number), columns=network.input_size
    ).T
    values = {k: v.fractions() for k, v in trace(network, points, with_activations=False).items()}
    numbers = {v.name: k for k, v in enumerate(network.layers, start=1)}
    for layer in network.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
        frame = frame_of(network, bounds, layer.name)
        first = frame.first
        if (
            first is None
            or set(network.layer(first).weights) != {network.input_name}
            or not len(frame.units[first])
        ):
            continue
        count, n = layer.size, network.input_size
        above = [v for v in network.layers if v.name in network.cone(layer.name)] + [layer]
        is_dense = all(w.nonzero.any(axis=1).all() for v in above for w in v.weights.values())
        hulls = [
            Hull(levels(random, len(frame.units[first])), levels(random, n), levels(random, n))
            for _ in range(count)
        ]
        alpha = random.integers(0, SLOPE_UNITS + 1, (count, frame.size)) / SLOPE_UNITS
        phase = random.choice([-1.0, 0.0, 0.0, 0.0, 1.0], (count, frame.size))
        beta = random.choice([0.0, 0.0, 0.5, 3.0], (count, frame.size))
        places = [(name, int(u)) for name, units in frame.units.items() for u in units]
        for sign in (1, -1):
            upper = backward(
                bounds,
                layer.name,
                np.arange(count),
                float(sign),
                cases=Cases(frame, alpha, beta, phase, None, hulls),
            ).upper
            for unit in range(count):
                fixed: dict[int, dict[int, tuple[int, int]]] = {}
                slopes: dict[int, dict[int, int]] = {}
                for k, (name, u) in enumerate(places):
                    slopes.setdefault(numbers[name], {})[u] = int(alpha[unit, k] * SLOPE_UNITS)
                    if p := int(phase[unit, k]):
                        fixed.setdefault(numbers[name], {})[u] = p, p * int(beta[unit, k] * 2**BITS)
                whole = [[int(v * HULL_UNITS) for v in part] for part in vars(hulls[unit]).values()]
                own = dict(zip(frame.units[first].tolist(), whole[0], strict=True))
                case = Case(slopes, fixed, (), CheckedHull(numbers[first], own, whole[1], whole[2]))
                number = numbers[layer.name]
                box = rule.box_below(number)
                checked = Fraction(rule.bound([(number, unit, sign)], box, case), 2**BITS)
                assert float(checked) - upper[unit] <= 1e-6 * (1 + abs(upper[unit]))
                # else the checker passes over layers that only zeros lead to, with their
                # multipliers
                if is_dense:
                    assert upper[unit] - float(checked) <= 1e-6 * (1 + abs(upper[unit]))
                for p in range(points.shape[1]):
                    here = all(
                        phase[unit, k] * values[name][u][p] >= 0
                        for k, (name, u) in enumerate(places)
                    )
                    if here:
                        assert sign * values[layer.name][unit][p] <= min(
                            Fraction(float(upper[unit])), checked
                        )


def test_rounding_and_weights_that_are_no_floats_are_covered() -> None:
    """Thirds and very unequal sizes: the bound at a corner where the plane touches is above the
    exact value.
    """
    for seed in range(200):
        random = np.random.default_rng(seed)
        n = 5
        exact = [
            Fraction(int(random.integers(-9, 10)), 3)
            * Fraction(10) ** int(random.integers(-20, 20))
            for _ in range(n)
        ]
        bias = Fraction(int(random.integers(-9, 10)), 7)
        row = Matrix.from_fractions([exact], columns=n)
        middle, radius = row.approximation
        radius = np.zeros_like(middle) if radius is None else radius
        sizes = np.abs(middle).sum(axis=1) + abs(float(bias)), (radius.sum(axis=1) + 2.0**-53)
        hull = Hull(levels(random, 1), levels(random, n), levels(random, n))
        box = Interval(-np.ones(n), np.ones(n))
        above = planes_above(np.array([[1.0]]), [hull], middle, np.array([float(bias)]), box, sizes)
        for corner in np.array(np.meshgrid(*[[-1, 1]] * n)).T.reshape(-1, n).tolist():
            value = max(Fraction(0), sum((w * x for w, x in zip(exact, corner, strict=True)), bias))
            plane = sum(
                (
                    Fraction(c) * x
                    for c, x in zip(above.coefficients[0].tolist(), corner, strict=True)
                ),
                Fraction(0),
            )
            assert value <= plane + Fraction(float(above.constants[0])) + Fraction(
                float(above.error[0])
            )
