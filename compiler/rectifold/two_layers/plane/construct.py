"""The construction for two inputs, start to end: sheets, fans, hinges, and the affine map that is left."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.region import Region
from rectifold.two_layers.form import (
    AffineForm,
    Hinge,
    TwoLayers,
    Unit,
    Weights,
    combined,
    evaluated,
)
from rectifold.two_layers.plane.complex import Complex
from rectifold.two_layers.plane.fans import Fans
from rectifold.two_layers.plane.lines import PlanePoint, point_on
from rectifold.two_layers.plane.sheets import Sheets


def on_a_plane(
    network: Network, domain: Domain, free: tuple[int, ...], regions: Sequence[Region]
) -> TwoLayers:
    """`regions` of two free inputs, all of them."""
    complex_ = Complex(domain, free, regions)
    units = _units(complex_)
    hinges = complex_.remaining_hinges(units)
    return TwoLayers(
        network, domain, free, _affine_rest(complex_, units, hinges), hinges, tuple(units)
    )


def sheets_of(
    domain: Domain, free: tuple[int, ...], regions: Sequence[Region]
) -> list[list[tuple[PlanePoint, PlanePoint]]]:
    """The zero set of each second-layer unit inside the domain, as segments: what a picture shows."""
    complex_ = Complex(domain, free, regions)
    sheets = []
    for unit in _units(complex_):
        pivots = {hinge for hinge, _ in unit.bends}
        pieces = [(line, piece) for line, piece in complex_.jumps_of(unit) if line not in pivots]
        sheets.append(
            [(point_on(line, start), point_on(line, end)) for line, (start, end, _) in pieces]
        )
    return sheets


def _units(complex_: Complex) -> list[Unit]:
    units, pending = Sheets(complex_).found()
    return (
        units
        + Fans(complex_, pending, {hinge for unit in units for hinge, _ in unit.bends}).units()
    )


def _affine_rest(
    complex_: Complex, units: Sequence[Unit], hinges: dict[Hinge, Weights]
) -> tuple[AffineForm, ...]:
    """f minus units and hinges is one affine map: found on the first region, where the rest may bend, at one of its points."""
    region = complex_.regions[0]
    point = _generic_point(region, units, hinges)
    parts = [
        [(Fraction(1), form)] for form in region.affine
    ]  # per output, terms whose sum is the rest near the point
    for unit in units:
        if unit.value(point) > 0:
            form = combined(
                (1, unit.base), *((c, h) for h, c in unit.bends if evaluated(h, point) > 0)
            )
            for o, w in enumerate(unit.weights):
                parts[o].append((-w, form))
    for hinge, weights in hinges.items():
        if evaluated(hinge, point) > 0:
            for o, w in enumerate(weights):
                parts[o].append((-w, tuple(Fraction(v) for v in hinge)))
    return tuple(combined(*terms) for terms in parts)


def _generic_point(
    region: Region, units: Sequence[Unit], hinges: dict[Hinge, Weights]
) -> PlanePoint:
    """A point inside the region on no line of the units and hinges."""
    (ax, ay), (bx, by), (cx, cy) = region.vertices[:3]
    for k in range(3, 10_000):
        p, q = Fraction(1, k), Fraction(k + 1, 3 * k + 1)
        point = (ax + p * (bx - ax) + q * (cx - ax), ay + p * (by - ay) + q * (cy - ay))
        lines = (h for unit in units for h, _ in unit.bends)
        if all(evaluated(h, point) for h in (*hinges, *lines)) and all(
            unit.value(point) for unit in units
        ):
            return point
    raise AssertionError("no point off finitely many lines was found")
