"""Two inputs: an exact network with two hidden layers for any depth.

Derivation: docs/mathematics.md#two-inputs.

    all regions → sheets → fans → one hinge per line → the affine map that is left
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import (
    AffineForm,
    Hinge,
    TwoLayers,
    Unit,
    Weights,
    value_at,
    weighted_sum,
)
from rectifold.two_layers.plane.fans import units_of_fans
from rectifold.two_layers.plane.jumps import EdgeJumps
from rectifold.two_layers.plane.lines import PlanePoint, point_on
from rectifold.two_layers.plane.sheets import Sheets


def plane_form(restriction: Restriction, regions: Sequence[Region]) -> TwoLayers:
    """The exact form of two free inputs, given all regions."""
    jumps = EdgeJumps(restriction, regions)
    units = _plane_units(jumps)
    hinges = jumps.remaining_hinges(units)
    rest = _rest_at_point(regions[0], units, hinges)
    return TwoLayers(restriction, rest, hinges, tuple(units))


def sheet_segments(
    restriction: Restriction, regions: Sequence[Region]
) -> list[list[tuple[PlanePoint, PlanePoint]]]:
    """The zero set of each second-layer unit inside the domain, as segments: for pictures."""
    jumps = EdgeJumps(restriction, regions)
    sheets = []
    for unit in _plane_units(jumps):
        pivots = {hinge for hinge, _ in unit.bends}
        pieces = [(line, piece) for line, piece in jumps.jumps_of(unit) if line not in pivots]
        sheets.append(
            [(point_on(line, start), point_on(line, end)) for line, (start, end, _) in pieces]
        )
    return sheets


def _plane_units(jumps: EdgeJumps) -> list[Unit]:
    """Units that leave no fan."""
    units, points = Sheets(jumps).units()
    pivots = {hinge for unit in units for hinge, _ in unit.bends}
    return units + units_of_fans(jumps, points, pivots)


def _rest_at_point(
    region: Region, units: Sequence[Unit], hinges: dict[Hinge, Weights]
) -> tuple[AffineForm, ...]:
    """f minus units and hinges, which is one affine map: found at one point of a region."""
    point = _generic_point(region, units, hinges)
    parts = [[(Fraction(1), form)] for form in region.affine]  # per output, terms of the rest
    for unit in units:
        if unit.value(point) > 0:
            form = weighted_sum(
                (1, unit.base), *((c, h) for h, c in unit.bends if value_at(h, point) > 0)
            )
            for o, w in enumerate(unit.weights):
                parts[o].append((-w, form))
    for hinge, weights in hinges.items():
        if value_at(hinge, point) > 0:
            for o, w in enumerate(weights):
                parts[o].append((-w, tuple(Fraction(v) for v in hinge)))
    return tuple(weighted_sum(*terms) for terms in parts)


def _generic_point(
    region: Region, units: Sequence[Unit], hinges: dict[Hinge, Weights]
) -> PlanePoint:
    """A point inside the region on no line of the units and hinges."""
    (ax, ay), (bx, by), (cx, cy) = region.vertices[:3]
    for k in range(3, 10_000):
        p, q = Fraction(1, k), Fraction(k + 1, 3 * k + 1)
        point = (ax + p * (bx - ax) + q * (cx - ax), ay + p * (by - ay) + q * (cy - ay))
        lines = (h for unit in units for h, _ in unit.bends)
        if all(value_at(h, point) for h in (*hinges, *lines)) and all(
            unit.value(point) for unit in units
        ):
            return point
    raise AssertionError("no point off finitely many lines was found")
