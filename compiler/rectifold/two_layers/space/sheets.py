"""Bent sheets in three dimensions: where y = base + Σ c relu(L) is 0, with its seams and corners.

    y = z + relu(x) over the hinge x      →      the half planes z = 0 and z + x = 0, and the seam
                                                 x = z = 0 between them

Where y is 0, relu(y) bends: on planes that change where the sheet meets a hinge (*seams*), and
seams meet in *corners*. The *class* of a seam says how the gradient of relu(y) jumps across each
plane around it, on one side less on the other. Two sheets that are multiples of each other bend
alike but for the hinges themselves, since relu(−y) = relu(y) − y. All of it is in integers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from math import gcd, lcm

from rectifold.errors import InputError
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.vectors import direction_of
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights
from rectifold.two_layers.space.incidence import (
    Line,
    Plain,
    cross,
    crossing,
    dot3,
    dot4,
    foot,
    homogeneous_point,
    line_through,
    meeting,
    parameter_of,
    plus,
    point_at,
    primitive_line,
)

Class = dict[Hinge, int]  # plane → κ on one side of the line − κ on the other
Corner = tuple[Vertex, "Sheet", Fraction]
"""Where, the primitive sheet of two hinges that is there, and by which factor."""

_ODD = Fraction(1_000_003, 7_919)  # a parameter at which nothing is expected to happen


class NotGenericError(InputError):
    """More happens at a place, which the message names, than the construction knows."""


@dataclass(frozen=True)
class Seam:
    """A sheet's bend over a hinge: a line between two parameters (None: no end), and its class."""

    line: Line
    start: Fraction | None
    end: Fraction | None
    kind: Class

    def covers(self, t: Fraction) -> bool:
        """Is the seam there just after the parameter t?"""
        return (self.start is None or self.start <= t) and (self.end is None or self.end > t)


@dataclass(frozen=True, order=True)
class Sheet:
    """y = base + Σ c relu(L), where `bends` are the pairs (L, c) in order of the hinges.

    The numbers are primitive together, and the base's first nonzero coefficient is positive.
    """

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
        """The sheet of a unit's argument, as `of` says."""
        return Sheet.of(unit.base, unit.bends)

    def unit(self, weights: Weights) -> Unit:
        """weights · relu(y)."""
        base: AffineForm = tuple(Fraction(v) for v in self.base)
        return Unit(weights, base, tuple((hinge, Fraction(c)) for hinge, c in self.bends))

    @cached_property
    def factors(self) -> dict[Hinge, int]:
        """c of every hinge."""
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
        """Where two hinges cross on the sheet.

        Raises NotGenericError where a third one passes, or hinges or their lines coincide there.
        """
        corners: list[Corner] = []
        for (p, a), (q, b) in combinations(self.bends, 2):
            line = meeting(p, q)
            if line is None:
                continue
            others = [(hinge, c) for hinge, c in self.bends if hinge not in (p, q)]
            for point, form in _zeros(line, self.base, others):
                if any(dot4(hinge, point) == 0 for hinge, _ in others):
                    raise NotGenericError("three hinges of a unit meet along a line on its sheet")
                sheet, factor = Sheet.of(form, ((p, a), (q, b)))
                corners.append((point, sheet, factor))
        return corners

    @cached_property
    def seams(self) -> list[Seam]:
        """All bends over hinges. Where hinges cross off the sheet there is none."""
        seams: list[Seam] = []
        for pivot, c in self.bends:
            by_line = self._seam_ends(pivot)
            for line, form in self._straight(pivot):
                seams.append(Seam(line, None, None, bend_class(line, form, pivot, c)))
            for (line, form), ends in by_line.items():
                kind = bend_class(line, form, pivot, c)
                seams += [Seam(line, start, end, kind) for start, end in _spans(sorted(ends))]
        return seams

    def _seam_ends(self, pivot: Hinge) -> dict[tuple[Line, Plain], list[tuple[Fraction, bool]]]:
        """Corners at which seams over a hinge end, by their lines and the form of y next to them.

        Each as its parameter, and whether the seam leads from there to larger ones.
        """
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
                ends[line, form].append((parameter_of(line, point), leads_up))
        return ends

    def _straight(self, pivot: Hinge) -> Iterator[tuple[Line, Plain]]:
        """Seams over a hinge that meet no other hinge, and the form of y there.

        On the plane of the hinge such a seam is parallel to the lines where other hinges cross the
        plane, so those are all parallel.
        """
        others = [(hinge, c) for hinge, c in self.bends if hinge != pivot]
        lines = [line for hinge, _ in others if (line := meeting(hinge, pivot)) is not None]
        if any(any(cross(line[0], lines[0][0])) for line in lines):
            return
        if lines:
            origin = point_at(lines[0], _ODD)
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
        own |= {direction_of(form)[0] for form in (self.base, *self._layered()) if any(form[:3])}
        return own.union(*(seam.kind for seam in self.seams))

    def _layered(self) -> Iterator[Plain]:
        """Where all hinges are parallel, the forms of y between them.

        A part of the sheet that is parallel to them too has no seam.
        """
        hinges = [hinge for hinge, _ in self.bends]
        if not hinges or any(any(cross(hinge, hinges[0])) for hinge in hinges):
            return
        line = primitive_line((hinges[0][0], hinges[0][1], hinges[0][2]), (0, 0, 0))
        parameters = sorted(
            {
                parameter_of(line, point)
                for hinge in hinges
                if (point := crossing(line, hinge)) is not None
            }
        )
        between = [(a + b) / 2 for a, b in pairwise(parameters)]
        for t in (parameters[0] - 1, *between, parameters[-1] + 1):
            yield self.form_at(point_at(line, t))


def _zeros(
    line: Line, base: Plain, bends: Sequence[tuple[Hinge, int]]
) -> Iterator[tuple[Vertex, Plain]]:
    """Points of a line where y = base + Σ c relu(L) is 0, and the form there.

    Raises NotGenericError if a hinge passes there too, or y is 0 all along the line.
    """
    crossings = sorted(
        (parameter_of(line, point), point)
        for hinge, _ in bends
        if (point := crossing(line, hinge)) is not None
    )
    points = [point for _, point in crossings]
    direction = line[0]
    for k, form in enumerate(_forms_between(line, base, bends, points)):
        slope = dot3(form, direction)
        if not points and slope == 0:
            if dot4(form, foot(line)) == 0:
                raise NotGenericError("two hinges of a unit cross on its sheet along a line")
            continue
        left = dot4(form, points[k - 1]) if k > 0 else -slope
        right = dot4(form, points[k]) if k < len(points) else slope
        if (k > 0 and left == 0) or (k < len(points) and right == 0):
            raise NotGenericError("three hinges of a unit meet on its sheet")
        if left and right and (left < 0) != (right < 0):
            zero = crossing(line, form)
            assert zero is not None
            yield zero, form


def _forms_between(
    line: Line, base: Plain, bends: Sequence[tuple[Hinge, int]], points: Sequence[Vertex]
) -> list[Plain]:
    """The forms of y along a line: before, between and after the points where hinges cross it."""
    direction, anywhere = line[0], foot(line)
    before = after = base
    for hinge, c in bends:
        slope = dot3(hinge, direction)
        is_on = slope == 0 and dot4(hinge, anywhere) > 0
        if slope < 0 or is_on:
            before = plus(before, hinge, c)
        if slope > 0 or is_on:
            after = plus(after, hinge, c)
    forms = [before]
    for low, high in pairwise(points):
        middle = tuple(a * high[3] + b * low[3] for a, b in zip(low, high, strict=True))
        form = base
        for hinge, c in bends:
            if dot4(hinge, middle) > 0:
                form = plus(form, hinge, c)
        forms.append(form)
    return [*forms, after] if points else forms


def _spans(
    ends: Sequence[tuple[Fraction, bool]],
) -> Iterator[tuple[Fraction | None, Fraction | None]]:
    """From where to where seams go on one line, given where they begin (True) or end, in order."""
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
    """The odd class of relu(outer + factor relu(inner)) around its bend, which is on `line`.

    Its sheet on both sides of the inner plane, and that plane where the outer form is positive.
    """
    total: Class = {}
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
        total[plane] = total.get(plane, 0) + half * times * common
    return {plane: value for plane, value in total.items() if value}
