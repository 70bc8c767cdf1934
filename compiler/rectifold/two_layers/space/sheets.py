"""Planes, lines and bent sheets in three dimensions, in integers.

A form is (a, b, c, d) for a x + b y + c z + d, a point (X, Y, Z, w) with w > 0 for (X, Y, Z)/w, and a line (direction, moment) with
moment = x × direction for its points x: both are primitive together, and the first coefficient of the direction is positive. A place on a
line is t = direction · x.

A sheet is y = base + Σ c relu(L) over hinges L. Where y is 0, relu(y) bends: on planes that change where the sheet meets a hinge (seams), and
seams meet in corners. Two sheets that are multiples of each other bend alike, but for the hinges themselves, since relu(−y) = relu(y) − y.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from math import gcd, lcm

from rectifold.errors import InputError
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights

_ODD = Fraction(1_000_003, 7_919)  # a place where nothing is expected to happen

Vector = tuple[int, int, int]
Plain = tuple[int, ...]  # a form in integers
Line = tuple[Vector, Vector]
Class = dict[Hinge, int]  # plane → κ(one side of the line) − κ(other side), for sheets in integers
Corner = tuple[
    Vertex, "Sheet", Fraction
]  # where, the primitive sheet of two hinges that is there, and by which factor


class NotGenericError(InputError):
    """More than three units meet in a vertex, or more than two along an edge. The message names the place."""


@dataclass(frozen=True)
class Seam:
    """A sheet's bend over a hinge, on a line between two places (None: no end)."""

    line: Line
    start: Fraction | None
    end: Fraction | None
    kind: Class

    def covers(self, t: Fraction) -> bool:
        """Is the seam there just after t?"""
        return (self.start is None or self.start <= t) and (self.end is None or self.end > t)


@dataclass(frozen=True, order=True)
class Sheet:
    """y = base + Σ c relu(L), hinges in order; primitive, and its base's first nonzero coefficient is positive."""

    base: Plain
    bends: tuple[tuple[Hinge, int], ...]

    @staticmethod
    def of(
        base: Sequence[int | Fraction], bends: Iterable[tuple[Hinge, int | Fraction]]
    ) -> tuple[Sheet, Fraction]:
        """(sheet, λ > 0) with base + Σ c relu(L) = ± λ · sheet. The base is not 0."""
        pairs = sorted((hinge, c) for hinge, c in bends if c)
        numbers = [Fraction(v) for v in (*base, *(c for _, c in pairs))]
        den = lcm(*(v.denominator for v in numbers))
        integers = [int(v * den) for v in numbers]
        common = gcd(*integers)
        sign = next(1 if v > 0 else -1 for v in integers if v)
        whole = [sign * v // common for v in integers]
        return Sheet(
            tuple(whole[:4]), tuple((h, c) for (h, _), c in zip(pairs, whole[4:], strict=True))
        ), Fraction(common, den)

    @staticmethod
    def of_unit(unit: Unit) -> tuple[Sheet, Fraction]:
        return Sheet.of(unit.base, unit.bends)

    def unit(self, weights: Weights) -> Unit:
        """weights · relu(y)."""
        base: AffineForm = tuple(Fraction(v) for v in self.base)
        return Unit(weights, base, tuple((hinge, Fraction(c)) for hinge, c in self.bends))

    @cached_property
    def factors(self) -> dict[Hinge, int]:
        return dict(self.bends)

    def form_at(self, point: Sequence[int], without: Iterable[Hinge] = ()) -> Plain:
        """The form of y at a point, where hinges that are 0 there (or `without`) count as off."""
        left_out = set(without)
        form = self.base
        for hinge, c in self.bends:
            if hinge not in left_out and dot4(hinge, point) > 0:
                form = plus(form, hinge, c)
        return form

    # ---- corners --------------------------------------------------------------------------------

    @cached_property
    def corners(self) -> list[Corner]:
        """Where two hinges cross on the sheet. Raises NotGenericError where a third one passes, or hinges or their lines coincide there."""
        found: list[Corner] = []
        for (p, a), (q, b) in combinations(self.bends, 2):
            line = meeting(p, q)
            if line is None:
                continue
            others = [(hinge, c) for hinge, c in self.bends if hinge not in (p, q)]
            for point, form in _zeros(line, self.base, others):
                sheet, factor = Sheet.of(form, ((p, a), (q, b)))
                found.append((point, sheet, factor))
        return found

    @cached_property
    def seams(self) -> list[Seam]:
        """All bends over hinges. Where hinges cross off the sheet there is none."""
        found: list[Seam] = []
        for pivot, c in self.bends:
            ends: dict[tuple[Line, Plain], list[tuple[Fraction, bool]]] = defaultdict(list)
            for point, corner, _ in self.corners:
                if pivot not in corner.factors:
                    continue
                other = next(hinge for hinge in corner.factors if hinge != pivot)
                off = self.form_at(point, (pivot, other))
                for on in (False, True):
                    form = plus(off, other, self.factors[other]) if on else off
                    line = meeting(form, pivot)
                    if line is None:
                        raise NotGenericError("a unit is flat along one of its hinges")
                    leads_up = (dot3(other, line[0]) > 0) == on
                    ends[line, form].append((place(line, point), leads_up))
            for line, form in self._straight(pivot):
                found.append(Seam(line, None, None, bend_class(line, form, pivot, c)))
            for (line, form), places in ends.items():
                kind = bend_class(line, form, pivot, c)
                found += [Seam(line, start, end, kind) for start, end in _paired(sorted(places))]
        return found

    def _straight(self, pivot: Hinge) -> Iterator[tuple[Line, Plain]]:
        """Seams over a hinge that meet no other hinge, and the form of y there.

        On the plane of the hinge such a seam is parallel to the lines where other hinges cross the plane, so those are all parallel.
        """
        others = [(hinge, c) for hinge, c in self.bends if hinge != pivot]
        lines = [line for hinge, _ in others if (line := meeting(hinge, pivot)) is not None]
        if any(any(cross(line[0], lines[0][0])) for line in lines):
            return
        if lines:
            origin = at_place(lines[0], _ODD)
            way = cross(pivot, lines[0][0])
            across = line_through(
                origin,
                homogeneous_point(
                    [x + origin[3] * d for x, d in zip(origin[:3], way, strict=True)], origin[3]
                ),
            )
            for _, form in _zeros(across, self.base, others):
                line = meeting(form, pivot)
                if line is not None and not any(cross(line[0], lines[0][0])):
                    yield line, form
        else:
            square = dot3(pivot, pivot)
            form = self.form_at((*(-v * pivot[3] for v in pivot[:3]), square), (pivot,))
            line = meeting(form, pivot)
            if line is not None:
                yield line, form

    @property
    def planes(self) -> set[Hinge]:
        """On which relu(y) may bend."""
        own = {hinge for hinge, _ in self.bends}
        own |= {primitive_form(form) for form in (self.base, *self._layered()) if any(form[:3])}
        return own.union(*(seam.kind for seam in self.seams))

    def _layered(self) -> Iterator[Plain]:
        """Where all hinges are parallel, the forms of y between them: a part of the sheet that is parallel to them too has no seam."""
        hinges = [hinge for hinge, _ in self.bends]
        if not hinges or any(any(cross(hinge, hinges[0])) for hinge in hinges):
            return
        line = _line((hinges[0][0], hinges[0][1], hinges[0][2]), (0, 0, 0))
        places = sorted(
            {place(line, point) for hinge in hinges if (point := crossing(line, hinge)) is not None}
        )
        between = [(a + b) / 2 for a, b in pairwise(places)]
        for t in (places[0] - 1, *between, places[-1] + 1):
            yield self.form_at(at_place(line, t))


def _zeros(
    line: Line, base: Plain, bends: Sequence[tuple[Hinge, int]]
) -> Iterator[tuple[Vertex, Plain]]:
    """Points of a line where base + Σ c relu(L) is 0, and the form there. Raises NotGenericError if a hinge passes there too."""
    crossings = []
    for hinge, _ in bends:
        point = crossing(line, hinge)
        if point is not None:
            crossings.append((place(line, point), point))
    crossings.sort()
    direction = line[0]
    samples: list[Sequence[int]] = [point for _, point in crossings]
    before = after = base
    anywhere = foot(line)
    for hinge, c in bends:
        slope = dot3(hinge, direction)
        if slope < 0 or (slope == 0 and dot4(hinge, anywhere) > 0):
            before = plus(before, hinge, c)
        if slope > 0 or (slope == 0 and dot4(hinge, anywhere) > 0):
            after = plus(after, hinge, c)
    forms = [before]
    for low, high in pairwise(samples):
        middle = tuple(a * high[3] + b * low[3] for a, b in zip(low, high, strict=True))
        form = base
        for hinge, c in bends:
            if dot4(hinge, middle) > 0:
                form = plus(form, hinge, c)
        forms.append(form)
    if samples:
        forms.append(after)
    for k, form in enumerate(forms):
        slope = dot3(form, direction)
        left = dot4(form, samples[k - 1]) if k > 0 else -slope
        right = dot4(form, samples[k]) if k < len(samples) else slope
        if not samples and slope == 0:
            if dot4(form, anywhere) == 0:
                raise NotGenericError("two hinges of a unit cross on its sheet along a line")
            continue
        if left == 0 or right == 0:
            if (k > 0 and left == 0) or (k < len(samples) and right == 0):
                raise NotGenericError("three hinges of a unit meet on its sheet")
            continue
        if (left < 0) != (right < 0):
            point = crossing(line, form)
            assert point is not None
            yield point, form


def _paired(ends: list[tuple[Fraction, bool]]) -> Iterator[tuple[Fraction | None, Fraction | None]]:
    """Places where a seam begins (True) or ends, in order."""
    start: Fraction | None = None
    is_open = not ends[0][1]
    for t, begins in ends:
        if begins:
            start, is_open = t, True
        elif is_open:
            yield start, t
            is_open = False
    if is_open:
        yield start, None


def bend_class(line: Line, outer: Plain, inner: Hinge, factor: int) -> Class:
    """The odd class of relu(outer + factor relu(inner)) around its bend: its sheet on both sides of the inner plane, and that
    plane where the outer form is positive."""
    found: Class = {}
    beyond = plus(outer, inner, factor)
    for form, guide, sign, times in (
        (outer, inner, -1, 1),
        (beyond, inner, 1, 1),
        (inner, outer, 1, factor),
    ):
        common = gcd(*form)
        first = next(v for v in form if v)
        plane = tuple(v // common for v in form) if first > 0 else tuple(-v // common for v in form)
        across = cross(line[0], plane)
        half = 1 if dot3(guide, across) * sign > 0 else -1
        found[plane] = found.get(plane, 0) + half * times * common
    return {plane: value for plane, value in found.items() if value}


def weighted(kind: Mapping[Hinge, int], weights: Weights) -> dict[Hinge, Weights]:
    """A class times the weights of a unit."""
    return {plane: tuple(w * value for w in weights) for plane, value in kind.items()}


# ---- points, lines, planes --------------------------------------------------------------------------


def plus(form: Plain, other: Sequence[int], factor: int) -> Plain:
    return tuple(a + factor * b for a, b in zip(form, other, strict=True))


def primitive_form(form: Sequence[int]) -> Hinge:
    common = gcd(*form)
    first = next(v for v in form if v)
    return tuple((v if first > 0 else -v) // common for v in form)


def dot3(a: Sequence[int], b: Sequence[int]) -> int:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def dot4(a: Sequence[int], b: Sequence[int]) -> int:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


def cross(a: Sequence[int], b: Sequence[int]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def meeting(p: Sequence[int], q: Sequence[int]) -> Line | None:
    """The line where two planes meet; None if they are parallel. For x on it, x × (p × q) = p (x·q) − q (x·p)."""
    direction = cross(p, q)
    if not any(direction):
        return None
    return _line(
        direction, (p[3] * q[0] - q[3] * p[0], p[3] * q[1] - q[3] * p[1], p[3] * q[2] - q[3] * p[2])
    )


def line_through(a: Vertex, b: Vertex) -> Line:
    direction = tuple(y * a[3] - x * b[3] for x, y in zip(a[:3], b[:3], strict=True))
    scaled = (direction[0] * a[3], direction[1] * a[3], direction[2] * a[3])
    return _line(scaled, cross(a, direction))


def _line(direction: Vector, moment: Vector) -> Line:
    common = gcd(*direction, *moment)
    sign = next(1 if v > 0 else -1 for v in direction if v) * common
    d, m = (tuple(v // sign for v in part) for part in (direction, moment))
    return (d[0], d[1], d[2]), (m[0], m[1], m[2])


def crossing(line: Line, plane: Sequence[int]) -> Vertex | None:
    """Where a line meets a plane; None if they are parallel. n × (x × d) = x (n·d) − d (n·x)."""
    direction, moment = line
    w = dot3(plane, direction)
    if w == 0:
        return None
    turned = cross(plane, moment)
    return homogeneous_point([t - plane[3] * d for t, d in zip(turned, direction, strict=True)], w)


def homogeneous_point(numerators: Sequence[int], w: int) -> Vertex:
    common = gcd(*numerators, w) * (1 if w > 0 else -1)
    return (*(v // common for v in numerators), w // common)


def foot(line: Line) -> Vertex:
    """The point with place 0: d × (x × d) = x |d|² − d (d·x)."""
    return at_place(line, Fraction(0))


def at_place(line: Line, t: Fraction) -> Vertex:
    direction, moment = line
    square = dot3(direction, direction)
    turned = cross(direction, moment)
    return homogeneous_point(
        [f * t.denominator + t.numerator * d for f, d in zip(turned, direction, strict=True)],
        square * t.denominator,
    )


def place(line: Line, point: Sequence[int]) -> Fraction:
    return Fraction(dot3(line[0], point), point[3])
