"""Jumps of a function of two inputs across its edges, by line, and what a unit's jumps are.

Derivation: docs/mathematics.md#two-inputs.

    regions and their affine maps → on each line L: pieces (from, to, κ) where f changes by κ L

A *fan* is what happens at an interior point: the odd weight κ(beyond) − κ(before) of every line
through it. A unit m·relu(base + Σ c relu(P)) has such jumps along its zero set, and along the part
of each pivot P on which its argument is positive. Units are subtracted until every line's jump is
constant along the domain; that is checked exactly, and then what is left is a sum of hinges and an
affine map.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import (
    AffineForm,
    Hinge,
    Unit,
    Weights,
    factor_of,
    hinge_of,
    span_inside,
    value_at,
    weighted_sum,
)
from rectifold.two_layers.plane.lines import (
    PlanePoint,
    Ray,
    Segment,
    direction,
    domain_sides,
    point_on,
    segments_of,
    sign_of,
    square,
)

Piece = tuple[Fraction, Fraction, Weights]  # of a line: from, to, jump


class EdgeJumps:
    """Jumps of a function across its edges, given all regions.

    `pieces` by line; at interior points `fans` (odd weights by line), `rays` (the jump across each
    edge that begins there) and `ends` (where an edge leads, None at the border).
    """

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.restriction = restriction
        self.regions = regions
        self.outputs = len(regions[0].forms)
        self.none: Weights = (Fraction(0),) * self.outputs
        self.sides = domain_sides(restriction)
        self.borders = [(side, hinge_of(side)[0]) for side in self.sides]
        self.pieces: dict[Hinge, list[Piece]] = {}
        for line, segments in segments_of(regions).items():
            if pieces := _pieces_of(line, segments):
                self.pieces[line] = pieces
        self.fans: dict[PlanePoint, dict[Hinge, Weights]] = defaultdict(dict)
        self.rays: dict[PlanePoint, dict[Ray, Weights]] = defaultdict(dict)
        self.ends: dict[tuple[PlanePoint, Ray], PlanePoint | None] = {}
        for line, pieces in self.pieces.items():
            self._read_line(line, pieces)

    def _read_line(self, line: Hinge, pieces: list[Piece]) -> None:
        """Rays, ends and fans at the interior points where pieces begin or end."""
        points = {t: point_on(line, t) for piece in pieces for t in piece[:2]}
        for start, end, jump in pieces:
            for t, sign, other in ((start, 1, end), (end, -1, start)):
                point = points[t]
                if self.is_interior(point):
                    self.rays[point][line, sign] = jump
                    self.ends[point, (line, sign)] = (
                        points[other] if self.is_interior(points[other]) else None
                    )
        for t in sorted(points):
            if self.is_interior(points[t]):
                before = next((k for s, e, k in pieces if e == t), self.none)
                after = next((k for s, e, k in pieces if s == t), self.none)
                if before != after:
                    self.fans[points[t]][line] = tuple(
                        a - b for a, b in zip(after, before, strict=True)
                    )

    def is_interior(self, point: PlanePoint) -> bool:
        """Does the point lie inside the domain, not on its border?"""
        return all(value_at(side, point) > 0 for side in self.sides)

    def extent(
        self, line: Hinge, border: AffineForm | None = None
    ) -> tuple[Fraction, Fraction] | None:
        """The range of the line's parameter inside the domain; None if it misses the interior.

        `border`: the side of the domain along which the line lies, if it does.
        """
        origin, (dx, dy) = point_on(line, Fraction(0)), direction(line)
        return span_inside(
            (value_at(side, origin), (side[0] * dx + side[1] * dy) / square(line))
            for side in self.sides
            if side is not border
        )

    def remaining_hinges(self, units: Sequence[Unit]) -> dict[Hinge, Weights]:
        """The jump along every line that is left after the units.

        Raises AssertionError if one is not constant, which would be a bug.
        """
        taken: dict[Hinge, list[Piece]] = defaultdict(list)
        for unit in units:
            for line, piece in self.jumps_of(unit):
                taken[line].append(piece)
        hinges: dict[Hinge, Weights] = {}
        for line in {*self.pieces, *taken}:
            extent = self.extent(line)
            if extent is not None and any(
                left := self._constant(line, extent, taken.get(line, []))
            ):
                hinges[line] = left
        return hinges

    def _constant(
        self, line: Hinge, extent: tuple[Fraction, Fraction], taken: list[Piece]
    ) -> Weights:
        """The jump that is left on a line without those that are taken, the same everywhere."""
        changes: dict[Fraction, list[Fraction]] = defaultdict(lambda: list(self.none))
        for pieces, sign in ((self.pieces.get(line, []), 1), (taken, -1)):
            for start, end, jump in pieces:
                for t, s in ((max(start, extent[0]), sign), (min(end, extent[1]), -sign)):
                    total = changes[t]
                    for o, v in enumerate(jump):
                        total[o] += s * v
        ends = [tuple(changes.pop(t, self.none)) for t in extent]
        if any(any(v) for t, v in changes.items() if extent[0] < t < extent[1]):
            raise AssertionError("what is left is not constant along a line")
        return ends[0]

    def jumps_of(self, unit: Unit) -> Iterator[tuple[Hinge, Piece]]:
        """The jumps of a unit across lines inside the domain.

        Along its zero set, and along pivots where its argument is positive.
        """
        corners: set[PlanePoint] = set()
        for pivot, c in unit.bends:
            for start, end, sign in self.signs_along(pivot, unit):
                if sign > 0:
                    yield pivot, (start, end, tuple(w * c for w in unit.weights))
                elif sign == 0:
                    raise AssertionError("a unit is 0 along one of its pivots")
            corners |= self.zeros_along(pivot, unit)
        for side, line in self.borders:
            corners |= self.zeros_along(line, unit, side)
        forms = {form for point in corners for form in forms_at(unit, point)}
        for form in forms:
            if any(form[:2]):
                line, scale = hinge_of(form)
                for start, end, sign in self.signs_along(line, unit):
                    if sign == 0 and form in forms_at(unit, point_on(line, (start + end) / 2)):
                        yield line, (start, end, tuple(w * abs(scale) for w in unit.weights))

    def signs_along(
        self, line: Hinge, unit: Unit, border: AffineForm | None = None
    ) -> list[tuple[Fraction, Fraction, int]]:
        """(from, to, sign of the unit's argument) on the parts of a line with one sign each."""
        values = self._values_along(line, unit, border)
        parts: list[tuple[Fraction, Fraction, int]] = []
        for (s, a), (e, b) in pairwise(values):
            if a * b < 0:
                middle = s + (e - s) * a / (a - b)
                parts += [(s, middle, sign_of(a)), (middle, e, sign_of(b))]
            else:
                parts.append((s, e, sign_of(a + b)))  # a sum of two of one sign has that sign
        return parts

    def zeros_along(
        self, line: Hinge, unit: Unit, border: AffineForm | None = None
    ) -> set[PlanePoint]:
        """Points of a line in the domain, ends included, where the argument is 0 or turns 0."""
        values = self._values_along(line, unit, border)
        zeros = {t for t, v in values if v == 0}
        for (s, a), (e, b) in pairwise(values):
            if a * b < 0:
                zeros.add(s + (e - s) * a / (a - b))
        return {point_on(line, t) for t in zeros}

    def _values_along(
        self, line: Hinge, unit: Unit, border: AffineForm | None
    ) -> list[tuple[Fraction, Fraction]]:
        """The unit's argument along a line: (parameter, value) at both ends and where it bends."""
        extent = self.extent(line, border)
        if extent is None:
            return []
        origin, length = point_on(line, Fraction(0)), square(line)
        start, end = extent
        dx, dy = direction(line)
        value = (
            value_at(unit.base, origin) + start * (unit.base[0] * dx + unit.base[1] * dy) / length
        )
        slope = (unit.base[0] * dx + unit.base[1] * dy) / length
        turns: dict[Fraction, Fraction] = {}
        for hinge, c in unit.bends:
            at, rise = value_at(hinge, origin), Fraction(hinge[0] * dx + hinge[1] * dy, length)
            here = at + start * rise
            if here > 0 or (here == 0 and rise > 0):
                value += c * here
                slope += c * rise
            if rise and start < (t := -at / rise) < end:
                turns[t] = turns.get(t, Fraction(0)) + c * abs(rise)
        values = [(start, value)]
        for t in sorted(turns):
            values.append((t, values[-1][1] + slope * (t - values[-1][0])))
            slope += turns[t]
        values.append((end, values[-1][1] + slope * (end - values[-1][0])))
        return values


def forms_at(unit: Unit, point: PlanePoint) -> list[AffineForm]:
    """The affine forms that a unit's argument takes next to a point.

    One for each choice of phases of the bends that are 0 there.
    """
    parts: list[tuple[Fraction | int, Sequence[Fraction | int]]] = [(1, unit.base)]
    ties: list[tuple[Hinge, Fraction]] = []
    for hinge, c in unit.bends:
        inner = value_at(hinge, point)
        if inner > 0:
            parts.append((c, hinge))
        elif inner == 0:
            ties.append((hinge, c))
    forms = [weighted_sum(*parts)]
    for hinge, c in ties:
        forms += [weighted_sum((1, form), (c, hinge)) for form in forms]
    return forms


def _pieces_of(line: Hinge, segments: list[Segment]) -> list[Piece]:
    """Maximal pieces of the line along which the jump is constant and not 0."""
    above, below = (
        sorted((s for s in segments if s[2] == side), key=lambda s: s[0]) for side in (1, -1)
    )
    pieces: list[Piece] = []
    i = j = 0
    while i < len(above) and j < len(below):
        (low, high, _, over), (start, end, _, under) = above[i], below[j]
        if max(low, start) < min(high, end):
            _append(pieces, (max(low, start), min(high, end), _jump_across(line, over, under)))
        if high <= end:
            i += 1
        else:
            j += 1
    return pieces


def _append(pieces: list[Piece], piece: Piece) -> None:
    """One piece more at the end, as part of the last one where that goes on with the same jump."""
    start, end, jump = piece
    if any(jump):
        if pieces and pieces[-1][1] == start and pieces[-1][2] == jump:
            pieces[-1] = (pieces[-1][0], end, jump)
        else:
            pieces.append(piece)


def _jump_across(line: Hinge, above: Region, below: Region) -> Weights:
    """κ per output, where the maps on both sides differ by κ times the line's form."""
    jumps = []
    for mine, other in zip(above.affine, below.affine, strict=True):
        factor = factor_of([a - b for a, b in zip(mine, other, strict=True)], line)
        if factor is None:
            raise AssertionError("the function is not continuous across an edge")
        jumps.append(factor)
    return tuple(jumps)
