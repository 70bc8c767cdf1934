"""The corner of a vertex where any number of units meet, as units and maxima of four affine forms.

Derivation: docs/mathematics.md#vertices-where-many-units-meet.

    units that are 0 at a vertex → relu(z) = max over A − earlier maxima, for each → A in pyramids

Near the vertex the function is an affine map plus Σ weights · relu(z) over the units that are 0
there, where z is linear but for the activations of earlier ones. Up to functions that do not change
along a line, a maximum over a polytope is the sum over pyramids that it is cut into; so each unit
has one polytope, and weights. Only the corner is taken; lines and planes find the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.near_point import NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Unit, Weights
from rectifold.two_layers.newton.polytopes import Difference
from rectifold.two_layers.newton.pyramids import pyramids_of
from rectifold.two_layers.newton.vectors import Vector, minus, rank
from rectifold.two_layers.space.chains import Simplex
from rectifold.two_layers.space.units import unit_of

Maxima = tuple[Weights, list[list[Simplex]]]  # weights of a sum of maxima, per triangulation
_Sum = dict[UnitPlace, Fraction]  # of maxima, by unit


@dataclass(frozen=True)
class Germ:
    """The corner of a vertex: maxima of four, and units all of whose parts are 0 at the vertex."""

    maxima: tuple[Maxima, ...]
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class _Unit:
    """scale · relu(z) = max over `points` − Σ factor · max over the points of an earlier unit.

    `linear`: scale · z, where it is linear. `bends`: the same without pairs (c, w), for
    scale · z = linear + Σ c relu(w); None where earlier units are not linear themselves.
    """

    scale: int
    points: tuple[Vector, ...]
    less: _Sum
    linear: Vector
    bends: tuple[tuple[int, Vector], ...] | None


def corner_of(near: NearPoints, vertex: Vertex) -> Germ:
    """What has the function's corner at a vertex of three free inputs."""
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
    parts = [
        _part_of(units[place], total, vertex)
        for place, total in _weights_of(units, weights).items()
        if any(total) and _is_solid(units[place].points)
    ]
    return Germ(
        tuple(one for part in parts for one in part.maxima),
        tuple(unit for part in parts for unit in part.units),
    )


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
    own = tuple(int(v * scale) for v in linear)
    z = Difference.linear(own)
    for place, factor in total.items():
        maximum = Difference(units[place].points, ((0, 0, 0),))
        z = z.plus(maximum.times(int(factor * scale)))
    less = {place: -factor * scale for place, factor in total.items() if factor < 0}
    bends = tuple((int(factor * scale), units[place].linear) for place, factor in total.items())
    is_second = all(units[place].bends == () for place in total)
    return _Unit(scale, z.relu().upper, less, own, bends if is_second else None)


def _part_of(unit: _Unit, weights: Weights, vertex: Vertex) -> Germ:
    """One maximum of the germ: the unit itself where it is one of a second layer, else in parts."""
    if unit.bends is not None:
        return Germ((), (_bent(weights, unit.linear, unit.bends, vertex),))
    tetrahedra, pyramids = pyramids_of(unit.points)
    maxima = [(weights, [list(_simplices(tetrahedra, vertex))])] if tetrahedra else []
    units = [
        _bent(weights, minus(apex, corner), [(-1, way) for way in ways], vertex)
        for apex, corner, ways in pyramids
    ]
    return Germ(tuple(maxima), tuple(units))


def _bent(
    weights: Weights, linear: Vector, bends: Sequence[tuple[int, Vector]], vertex: Vertex
) -> Unit:
    """weights · relu(linear + Σ c relu(w)), all 0 at the vertex."""
    pairs = [(Fraction(c), _form(way, vertex)) for c, way in bends]
    return unit_of(weights, _form(linear, vertex), pairs)


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


def _simplices(tetrahedra: Sequence[tuple[Vector, ...]], vertex: Vertex) -> Iterator[Simplex]:
    """Maxima of affine forms that are 0 at the vertex, with these gradients."""
    for tetrahedron in tetrahedra:
        a, b, c, d = (_form(gradient, vertex) for gradient in tetrahedron)
        yield a, b, c, d


def _form(gradient: Vector, vertex: Vertex) -> AffineForm:
    value = sum(g * x for g, x in zip(gradient, vertex, strict=False))
    return (*(Fraction(g) for g in gradient), Fraction(-value, vertex[-1]))
