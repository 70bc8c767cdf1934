"""Lines of the plane as primitive integer forms (a, b, c): a x + b y + c = 0.

A point of a line has the *parameter* t = direction · x, where the direction is (−b, a). A *ray* is
a line and a sign: 1 along its direction, −1 against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import AffineForm, Hinge, hinge_of

PlanePoint = tuple[Fraction, Fraction]
Ray = tuple[Hinge, int]
Segment = tuple[Fraction, Fraction, int, Region]  # from, to, on which side (±1) the region lies


def direction(line: Hinge) -> tuple[int, int]:
    """(−b, a)."""
    return -line[1], line[0]


def ahead(line: Hinge, sign: int, pivot: Hinge) -> int:
    """How the pivot's form changes along a ray of a line: its derivative there."""
    dx, dy = direction(line)
    return (pivot[0] * dx + pivot[1] * dy) * sign


def square(line: Hinge) -> int:
    """|direction|²."""
    return line[0] * line[0] + line[1] * line[1]


def point_on(line: Hinge, t: Fraction) -> PlanePoint:
    """The point of the line with parameter t."""
    a, b, c = line
    length = square(line)
    return (-a * c - b * t) / length, (-b * c + a * t) / length


def sign_of(value: Fraction) -> int:
    """1, 0 or −1."""
    return (value > 0) - (value < 0)


def domain_sides(restriction: Restriction) -> list[AffineForm]:
    """Forms that are positive inside the domain: ends of ranges, then constraints."""
    sides: list[AffineForm] = []
    n = len(restriction.free)
    for place in range(n):
        low, high = restriction.ends(place)
        unit = tuple(Fraction(int(j == place)) for j in range(n))
        sides += [(*unit, -low), (*(-v for v in unit), high)]
    domain = restriction.domain
    for constraint in domain.constraints:
        rest = constraint.bound - sum(
            (constraint.coefficients[k] * v for k, v in domain.fixed.items()), Fraction(0)
        )
        row = tuple(-constraint.coefficients[k] for k in restriction.free)
        if any(row):
            sides.append((*row, rest))
    return sides


def segments_of(regions: Sequence[Region]) -> dict[Hinge, list[Segment]]:
    """Sides of the regions, by the line on which they lie."""
    segments: dict[Hinge, list[Segment]] = defaultdict(list)
    for region in regions:
        vertices, masks = region.polytope.vertices, region.polytope.masks
        for k, v in enumerate(vertices):
            for j in range(k):
                if not masks[k] & masks[j]:
                    continue
                line = _line_through(vertices[j], v)
                ends = sorted(_parameter(line, w) for w in (vertices[j], v))
                third = next(s for w in vertices if (s := _side(line, w)))
                segments[line].append((ends[0], ends[1], third, region))
    return segments


def _line_through(a: tuple[int, ...], b: tuple[int, ...]) -> Hinge:
    form = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return hinge_of(form)[0]


def _parameter(line: Hinge, v: tuple[int, ...]) -> Fraction:
    return Fraction(line[0] * v[1] - line[1] * v[0], v[2])


def _side(line: Hinge, v: tuple[int, ...]) -> int:
    value = sum(a * x for a, x in zip(line, v, strict=True))
    return (value > 0) - (value < 0)
