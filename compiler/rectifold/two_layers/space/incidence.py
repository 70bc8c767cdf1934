"""Points, lines and planes of three dimensions in integers, and where they meet.

A form is (a, b, c, d) for a x + b y + c z + d, a point (X, Y, Z, w) with w > 0 for (X, Y, Z)/w, and
a line (direction, moment) with moment = x × direction for each of its points x: both are primitive
together, and the first nonzero coefficient of the direction is positive, so equal lines are equal
values. A point of a line has the *parameter* t = direction · x.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

from rectifold.linear_regions.polytope import Vertex

Vector = tuple[int, int, int]
Plain = tuple[int, ...]  # a form in integers, not necessarily primitive
Line = tuple[Vector, Vector]


def plus(form: Plain, other: Sequence[int], factor: int) -> Plain:
    """form + factor · other."""
    return tuple(a + factor * b for a, b in zip(form, other, strict=True))


def dot3(a: Sequence[int], b: Sequence[int]) -> int:
    """Of gradients and directions."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def dot4(a: Sequence[int], b: Sequence[int]) -> int:
    """A form at a point, times the point's last coordinate."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


def cross(a: Sequence[int], b: Sequence[int]) -> Vector:
    """a × b, of the first three coordinates."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def meeting(p: Sequence[int], q: Sequence[int]) -> Line | None:
    """The line where two planes meet; None if they are parallel.

    For a point x on it, x × (p × q) = p (x·q) − q (x·p).
    """
    direction = cross(p, q)
    if not any(direction):
        return None
    return primitive_line(
        direction, (p[3] * q[0] - q[3] * p[0], p[3] * q[1] - q[3] * p[1], p[3] * q[2] - q[3] * p[2])
    )


def line_through(a: Vertex, b: Vertex) -> Line:
    """The line through two different points."""
    direction = tuple(y * a[3] - x * b[3] for x, y in zip(a[:3], b[:3], strict=True))
    scaled = (direction[0] * a[3], direction[1] * a[3], direction[2] * a[3])
    return primitive_line(scaled, cross(a, direction))


def primitive_line(direction: Vector, moment: Vector) -> Line:
    """The line with a multiple of this direction and the same multiple of this moment."""
    common = gcd(*direction, *moment)
    sign = next(1 if v > 0 else -1 for v in direction if v) * common
    d, m = (tuple(v // sign for v in part) for part in (direction, moment))
    return (d[0], d[1], d[2]), (m[0], m[1], m[2])


def crossing(line: Line, plane: Sequence[int]) -> Vertex | None:
    """Where a line meets a plane; None if they are parallel.

    For a point x, direction d and normal n, n × (x × d) = x (n·d) − d (n·x).
    """
    direction, moment = line
    w = dot3(plane, direction)
    if w == 0:
        return None
    turned = cross(plane, moment)
    return homogeneous_point([t - plane[3] * d for t, d in zip(turned, direction, strict=True)], w)


def homogeneous_point(numerators: Sequence[int], w: int) -> Vertex:
    """The point numerators / w, for w ≠ 0."""
    common = gcd(*numerators, w) * (1 if w > 0 else -1)
    return (*(v // common for v in numerators), w // common)


def foot(line: Line) -> Vertex:
    """The point of the line with parameter 0: d × (x × d) = x |d|² − d (d·x)."""
    return point_at(line, Fraction(0))


def point_at(line: Line, t: Fraction) -> Vertex:
    """The point of the line with parameter t."""
    direction, moment = line
    square = dot3(direction, direction)
    turned = cross(direction, moment)
    return homogeneous_point(
        [f * t.denominator + t.numerator * d for f, d in zip(turned, direction, strict=True)],
        square * t.denominator,
    )


def parameter_of(line: Line, point: Sequence[int]) -> Fraction:
    """The parameter of a point of the line."""
    return Fraction(dot3(line[0], point), point[3])
