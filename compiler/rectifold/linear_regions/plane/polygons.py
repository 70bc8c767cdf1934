"""Polygons of the plane in cyclic order, cut by lines in integers.

Derivation: docs/mathematics.md#polygons.

    square, lines x = y and x + y = 1       →       four triangles, each counterclockwise

A corner carries, as bits, the units that are positive at it and those that are negative. A new
corner lies inside an edge: a unit that has one sign at both ends has it there too, so only the
units that change sign along the edge are looked at, in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import mul, or_
from typing import NamedTuple

from rectifold.linear_regions.polytope import Form, Vertex, primitive


class Corner(NamedTuple):
    """A point, and the units of a block that are positive and negative there, as bits."""

    point: Vertex
    positive: int
    negative: int


Ring = list[Corner]  # the corners of a convex polygon, in cyclic order


def positive_on(ring: Sequence[Corner]) -> int:
    """The units that are positive somewhere on the polygon, as bits."""
    return reduce(or_, [corner.positive for corner in ring])


def crossing(ring: Sequence[Corner]) -> int:
    """The units that have both signs on the polygon, as bits."""
    return positive_on(ring) & reduce(or_, [corner.negative for corner in ring])


def pieces(ring: Ring, forms: Mapping[int, Form]) -> Iterator[Ring]:
    """The polygons into which the lines of these units cut one, by unit; few are held at a time.

    The corners know the signs of these units, and only those are of use in the pieces.
    """
    wanted = sum(1 << unit for unit in forms)
    waiting = [ring]
    while waiting:
        piece = waiting.pop()
        cutting = crossing(piece) & wanted
        if cutting:
            waiting += halves(piece, cutting & -cutting, forms)
        else:
            yield piece


def halves(ring: Ring, bit: int, forms: Mapping[int, Form]) -> tuple[Ring, Ring]:
    """Where a unit is nonnegative and where it is nonpositive; it has both signs on the polygon."""
    form = forms[bit.bit_length() - 1]
    above: Ring = []
    below: Ring = []
    before = ring[-1]
    for corner in ring:
        if (before.positive | corner.positive) & (before.negative | corner.negative) & bit:
            new = _between(before, corner, form, bit, forms)
            above.append(new)
            below.append(new)
        if not corner.negative & bit:
            above.append(corner)
        if not corner.positive & bit:
            below.append(corner)
        before = corner
    return above, below


def _between(p: Corner, q: Corner, form: Form, bit: int, forms: Mapping[int, Form]) -> Corner:
    """The corner inside an edge at which a form is 0, with the signs of all other units there."""
    at_p, at_q = sum(map(mul, form, p.point)), sum(map(mul, form, q.point))
    if at_p < 0:
        at_p, at_q = -at_p, -at_q
    point = primitive([at_p * y - at_q * x for x, y in zip(p.point, q.point, strict=True)])
    positive, negative = p.positive | q.positive, p.negative | q.negative
    changing = positive & negative
    positive ^= changing
    negative ^= changing
    changing ^= bit
    while changing:
        other = changing & -changing
        changing ^= other
        value = sum(map(mul, forms[other.bit_length() - 1], point))
        if value > 0:
            positive |= other
        elif value < 0:
            negative |= other
    return Corner(point, positive, negative)


# ---- how many pieces, without the pieces ---------------------------------------------------------


def count_pieces(points: Sequence[Vertex], forms: Sequence[Form]) -> int:
    """Into how many pieces lines cut a polygon; each has both signs at its corners.

    Line by line: another one cuts as many pieces more as it has points inside where lines that
    were there cross it, and one. The same line again cuts none.
    """
    lines = list(dict.fromkeys(_directed(form) for form in forms))
    count = 1
    for k, line in enumerate(lines):
        first, last = _ends(points, line)
        met = set()
        for other in lines[:k]:
            if sum(map(mul, other, first)) * sum(map(mul, other, last)) < 0:
                met.add(_meeting(line, other))
        count += 1 + len(met)
    return count


def _directed(form: Form) -> Vertex:
    """The primitive form of a line whose first coefficient that is not 0 is positive."""
    own = primitive(form)
    return own if next(v for v in own if v) > 0 else tuple(-v for v in own)


def _ends(points: Sequence[Vertex], line: Vertex) -> list[Vertex]:
    """The two points of the border where a line crosses a polygon."""
    values = [sum(map(mul, line, point)) for point in points]
    found = []
    for k, (point, value) in enumerate(zip(points, values, strict=True)):
        after, beyond = points[k - 1], values[k - 1]
        if value == 0:
            found.append(point)
        elif value * beyond < 0:
            size, rest = abs(value), abs(beyond)
            ends = zip(after, point, strict=True)
            found.append(tuple(size * x + rest * y for x, y in ends))
    return found


def _meeting(a: Vertex, b: Vertex) -> Vertex:
    """Where two lines meet: a primitive column whose last entry is positive."""
    x, y, w = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    return primitive([x, y, w] if w > 0 else [-x, -y, -w])
