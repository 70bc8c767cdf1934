"""The corner of a vertex where any number of units meet, as maxima of four affine forms.

Derivation: docs/mathematics.md#vertices-where-many-units-meet.

    units that are 0 at a vertex → relu(z) = max over A − max over B, for each → A in tetrahedra

Near the vertex the function is an affine map plus Σ weights · relu(z) over the units that are 0
there, where z is linear but for the activations of earlier ones. Up to functions that do not change
along a line, a maximum over a polytope is the sum over the tetrahedra of a triangulation, and B is
a sum of polytopes of earlier units: so each unit has one polytope, and weights. Only the corner is
taken; lines and planes find the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.near_point import NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Weights
from rectifold.two_layers.newton.polytopes import Difference
from rectifold.two_layers.newton.triangulation import placing
from rectifold.two_layers.newton.vectors import Vector, minus, rank
from rectifold.two_layers.space.chains import Simplex

Maxima = tuple[Weights, list[list[Simplex]]]  # weights of a sum of maxima, per triangulation
_Sum = dict[UnitPlace, Fraction]  # of maxima, by unit
_ORIGIN: Vector = (0, 0, 0)


@dataclass(frozen=True)
class _Unit:
    """scale · relu(z) = max over `points` − Σ factor · max over the points of an earlier unit."""

    scale: int
    points: tuple[Vector, ...]
    less: _Sum


def corner_maxima(near: NearPoints, vertex: Vertex) -> list[Maxima]:
    """Maxima of four that have the function's corner at a vertex of three free inputs."""
    phases, zero = near.zeros(vertex)
    base = near.forms(phases)
    effects = {place: near.effects(phases, place) for place in zero}
    units: dict[UnitPlace, _Unit] = {}
    for layer, unit in zero:
        table, den = base[layer]
        linear = [Fraction(v, den) for v in table[unit][:-1]]
        slopes = {place: effects[place][layer][unit] for place in units}
        slopes = {place: slope for place, slope in slopes.items() if slope}
        if any(linear) or slopes:
            units[layer, unit] = _unit_of(linear, slopes, units)
    weights = {place: effects[place][near.output] for place in units}
    return [
        (total, [list(_simplices(t, vertex)) for t in _triangulations(points)])
        for place, total in _weights_of(units, weights).items()
        if any(total) and _is_solid(points := units[place].points)
    ]


def _unit_of(
    linear: Sequence[Fraction], slopes: dict[UnitPlace, Fraction], units: dict[UnitPlace, _Unit]
) -> _Unit:
    """relu(linear + Σ slope · relu of an earlier unit), with integer points.

    What z adds and subtracts of one earlier maximum cancels before polytopes are made.
    """
    total: _Sum = {}
    for place, slope in slopes.items():
        part = slope / units[place].scale
        total[place] = total.get(place, Fraction(0)) + part
        for other, factor in units[place].less.items():
            total[other] = total.get(other, Fraction(0)) - part * factor
    total = {place: factor for place, factor in total.items() if factor}
    scale = lcm(*(v.denominator for v in (*linear, *total.values())))
    z = Difference.linear([int(v * scale) for v in linear])
    for place, factor in total.items():
        maximum = Difference(units[place].points, (_ORIGIN,))
        z = z.plus(maximum.times(int(factor * scale)))
    less = {place: -factor * scale for place, factor in total.items() if factor < 0}
    return _Unit(scale, z.relu().upper, less)


def _weights_of(
    units: dict[UnitPlace, _Unit], weights: dict[UnitPlace, list[Fraction]]
) -> dict[UnitPlace, Weights]:
    """Σ weights · relu(z) as a sum of the polytopes A: the weights of each."""
    outputs = range(len(next(iter(weights.values()), [])))
    totals = {place: [Fraction(0) for _ in outputs] for place in units}
    for place, unit in units.items():
        terms = {place: Fraction(1)} | {other: -value for other, value in unit.less.items()}
        for other, value in terms.items():
            for o, w in enumerate(weights[place]):
                totals[other][o] += value * w / unit.scale
    return {place: tuple(total) for place, total in totals.items()}


def _is_solid(points: Sequence[Vector]) -> bool:
    return len(points) > 3 and rank([minus(p, points[0]) for p in points[1:]]) == 3


def _triangulations(points: Sequence[Vector]) -> list[list[tuple[Vector, ...]]]:
    """Tetrahedra, for the orders of points with the fewest."""
    found = []
    for start in range(min(len(points), SHALLOW_EFFORT.placing_orders)):
        turned = [*points[start:], *points[:start]]
        found.append([tuple(turned[k] for k in simplex) for simplex in placing(turned)])
    fewest = min(len(one) for one in found)
    return [one for one in found if len(one) == fewest]


def _simplices(tetrahedra: Sequence[tuple[Vector, ...]], vertex: Vertex) -> Iterator[Simplex]:
    """Maxima of affine forms that are 0 at the vertex, with these gradients."""
    for tetrahedron in tetrahedra:
        a, b, c, d = (_form(gradient, vertex) for gradient in tetrahedron)
        yield a, b, c, d


def _form(gradient: Vector, vertex: Vertex) -> AffineForm:
    value = sum(g * x for g, x in zip(gradient, vertex, strict=False))
    return (*(Fraction(g) for g in gradient), Fraction(-value, vertex[-1]))
