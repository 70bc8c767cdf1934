"""Lines of the plane as primitive integer forms (a, b, c): a x + b y + c = 0, and places on them.

A place on a line is the parameter t = direction · x, where the direction is (−b, a).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rectifold.ir.domain import Domain
from rectifold.linear_regions.region import Region
from rectifold.two_layers.form import AffineForm, Hinge, hinge_of

PlanePoint = tuple[Fraction, Fraction]
Ray = tuple[Hinge, int]  # a line and ±1: along its direction (−b, a), or against it


def direction(line: Hinge) -> tuple[int, int]:
    return -line[1], line[0]


def ahead(line: Hinge, sign: int, pivot: Hinge) -> int:
    """How the pivot's form changes along a ray."""
    dx, dy = direction(line)
    return (pivot[0] * dx + pivot[1] * dy) * sign


def square(line: Hinge) -> int:
    return line[0] * line[0] + line[1] * line[1]


def point_on(line: Hinge, t: Fraction) -> PlanePoint:
    """The point of the line where direction · x = t."""
    a, b, c = line
    length = square(line)
    return (-a * c - b * t) / length, (-b * c + a * t) / length


def sign_of(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def sides_of(domain: Domain, free: tuple[int, ...]) -> list[AffineForm]:
    """Forms that are positive inside the domain."""
    sides: list[AffineForm] = []
    for place, k in enumerate(free):
        low, high = domain.lower[k], domain.upper[k]
        assert low is not None
        assert high is not None
        unit = tuple(Fraction(int(j == place)) for j in range(len(free)))
        sides += [(*unit, -low), (*(-v for v in unit), high)]
    for constraint in domain.constraints:
        rest = constraint.bound - sum(
            (constraint.coefficients[k] * v for k, v in domain.fixed.items()), Fraction(0)
        )
        row = tuple(-constraint.coefficients[k] for k in free)
        if any(row):
            sides.append((*row, rest))
    return sides


def segments_of(
    regions: Sequence[Region],
) -> dict[Hinge, list[tuple[Fraction, Fraction, int, Region]]]:
    """Sides of the regions by line: (from, to, the side ±1 on which the region lies, the region)."""
    segments: dict[Hinge, list[tuple[Fraction, Fraction, int, Region]]] = defaultdict(list)
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
