"""Two inputs: an exact network with two hidden layers for any depth (mathematics §3.4, n = 2).

Across an edge on the primitive line form L the function changes by κ L. At an interior point the odd weights
d_L = κ(beyond) − κ(before) of the lines through it balance: Σ d_L n_L = 0. A unit m·relu(base + Σ c_i relu(σ_i P_i)) whose zero set is
one bent line (a *sheet*) with corners v_i on its pivots P_i has such jumps along the sheet and along the ray of each pivot on
which its argument is positive. Units are subtracted until every line's jump is constant along the domain; then what is left is
a sum of hinges and an affine map:

    *Proof.* Subtract the hinges: no jump remains across any edge, so the gradient is constant.

That constancy is checked exactly on every line, which proves the whole construction, given the complete list of regions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import Region
from rectifold.two_layers.form import (
    Affine,
    Hinge,
    TwoLayers,
    Unit,
    Weights,
    combined,
    evaluated,
    hinge_of,
    multiple,
    span_inside,
)

Point = tuple[Fraction, Fraction]
Ray = tuple[Hinge, int]  # a line and ±1: along its direction (−b, a), or against it
Piece = tuple[Fraction, Fraction, Weights]  # of a line: from, to, jump


@dataclass(frozen=True)
class Corner:
    """An interior point where one sheet bends: its two rays, and the pivot."""

    rays: tuple[Ray, Ray]
    pivot: Hinge

    @property
    def is_bent(self) -> bool:
        """Do the rays lie on different sides of the pivot? Then the balance makes one unit reproduce the whole fan."""
        (a, s), (b, t) = self.rays
        return _ahead(a, s, self.pivot) * _ahead(b, t, self.pivot) < 0


def on_a_plane(network: Network, domain: Domain, free: tuple[int, ...], regions: Sequence[Region]) -> TwoLayers:
    """`regions` of two free inputs, all of them."""
    complex_ = Complex(domain, free, regions)
    units = _units(complex_)
    hinges = complex_.remaining_hinges(units)
    return TwoLayers(network, domain, free, complex_.affine_rest(units, hinges), hinges, tuple(units))


def sheets_of(domain: Domain, free: tuple[int, ...], regions: Sequence[Region]) -> list[list[tuple[Point, Point]]]:
    """The zero set of each second-layer unit inside the domain, as segments: what a picture shows."""
    complex_ = Complex(domain, free, regions)
    sheets = []
    for unit in _units(complex_):
        pivots = {hinge for hinge, _ in unit.bends}
        pieces = [(line, piece) for line, piece in complex_.jumps_of(unit) if line not in pivots]
        sheets.append([(point_on(line, start), point_on(line, end)) for line, (start, end, _) in pieces])
    return sheets


def _units(complex_: Complex) -> list[Unit]:
    units, pending = _Sheets(complex_).found()
    return units + _Fans(complex_, pending, {hinge for unit in units for hinge, _ in unit.bends}).units()


# ---- the complex of lines ---------------------------------------------------------------------------


class Complex:
    """Jumps of the function across its edges, by line, and the odd weights at interior points."""

    def __init__(self, domain: Domain, free: tuple[int, ...], regions: Sequence[Region]) -> None:
        self.regions = regions
        self.outputs = len(regions[0].forms)
        self.none: Weights = (Fraction(0),) * self.outputs
        self.sides = _sides(domain, free)
        self.borders = [(side, hinge_of(side)[0]) for side in self.sides]
        self.pieces: dict[Hinge, list[Piece]] = {}
        for line, segments in _segments(regions).items():
            if found := self._pieces_of(line, segments):
                self.pieces[line] = found
        self.fans: dict[Point, dict[Hinge, Weights]] = defaultdict(dict)
        self.rays: dict[Point, dict[Ray, Weights]] = defaultdict(dict)
        self.ends: dict[tuple[Point, Ray], Point | None] = {}
        for line, pieces in self.pieces.items():
            self._read_line(line, pieces)

    def _pieces_of(self, line: Hinge, segments: list[tuple[Fraction, Fraction, int, Region]]) -> list[Piece]:
        """Maximal pieces of the line along which the jump is constant and not 0."""
        sides = [sorted((s for s in segments if s[2] == side), key=lambda s: s[0]) for side in (1, -1)]
        pieces: list[Piece] = []
        i = j = 0
        while i < len(sides[0]) and j < len(sides[1]):
            above, below = sides[0][i], sides[1][j]
            start, end = max(above[0], below[0]), min(above[1], below[1])
            if start < end:
                jump = self._jump(line, above[3], below[3])
                if any(jump):
                    if pieces and pieces[-1][1] == start and pieces[-1][2] == jump:
                        pieces[-1] = (pieces[-1][0], end, jump)
                    else:
                        pieces.append((start, end, jump))
            if above[1] <= below[1]:
                i += 1
            else:
                j += 1
        return pieces

    @staticmethod
    def _jump(line: Hinge, above: Region, below: Region) -> Weights:
        jumps = []
        for mine, other in zip(above.affine, below.affine, strict=True):
            factor = multiple([a - b for a, b in zip(mine, other, strict=True)], line)
            if factor is None:
                raise AssertionError("the function is not continuous across an edge")
            jumps.append(factor)
        return tuple(jumps)

    def _read_line(self, line: Hinge, pieces: list[Piece]) -> None:
        points = {t: point_on(line, t) for piece in pieces for t in piece[:2]}
        for start, end, jump in pieces:
            for t, sign, other in ((start, 1, end), (end, -1, start)):
                point = points[t]
                if self.is_interior(point):
                    self.rays[point][line, sign] = jump
                    self.ends[point, (line, sign)] = points[other] if self.is_interior(points[other]) else None
        for t in sorted(points):
            if self.is_interior(points[t]):
                before = next((k for s, e, k in pieces if e == t), self.none)
                after = next((k for s, e, k in pieces if s == t), self.none)
                if before != after:
                    self.fans[points[t]][line] = tuple(a - b for a, b in zip(after, before, strict=True))

    def is_interior(self, point: Point) -> bool:
        return all(evaluated(side, point) > 0 for side in self.sides)

    def extent(self, line: Hinge, border: Affine | None = None) -> tuple[Fraction, Fraction] | None:
        """The range of the line's parameter inside the domain; None if it misses the interior. `border`: it lies along this side."""
        origin, (dx, dy) = point_on(line, Fraction(0)), direction(line)
        return span_inside(
            (evaluated(side, origin), (side[0] * dx + side[1] * dy) / _square(line))
            for side in self.sides
            if side is not border
        )

    # ---- what units leave -----------------------------------------------------------------------

    def remaining_hinges(self, units: Sequence[Unit]) -> dict[Hinge, Weights]:
        """The constant jump along every line that is left after the units. Raises AssertionError if one is not constant."""
        taken: dict[Hinge, list[Piece]] = defaultdict(list)
        for unit in units:
            for line, piece in self.jumps_of(unit):
                taken[line].append(piece)
        hinges: dict[Hinge, Weights] = {}
        for line in {*self.pieces, *taken}:
            extent = self.extent(line)
            if extent is not None and any(left := self._constant(line, extent, taken.get(line, []))):
                hinges[line] = left
        return hinges

    def _constant(self, line: Hinge, extent: tuple[Fraction, Fraction], taken: list[Piece]) -> Weights:
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
        """The jumps of a unit across lines inside the domain: along its zero set, and along pivots where it is positive."""
        corners: set[Point] = set()
        for pivot, c in unit.bends:
            for start, end, sign in self.signs_along(pivot, unit):
                if sign > 0:
                    yield pivot, (start, end, tuple(w * c for w in unit.weights))
                elif sign == 0:
                    raise AssertionError("a unit is 0 along one of its pivots")
            corners |= self.zeros_along(pivot, unit)
        for side, line in self.borders:
            corners |= self.zeros_along(line, unit, side)
        forms = {form for point in corners for form in _forms_at(unit, point)}
        for form in forms:
            if any(form[:2]):
                line, scale = hinge_of(form)
                for start, end, sign in self.signs_along(line, unit):
                    if sign == 0 and form in _forms_at(unit, point_on(line, (start + end) / 2)):
                        yield line, (start, end, tuple(w * abs(scale) for w in unit.weights))

    def signs_along(
        self, line: Hinge, unit: Unit, border: Affine | None = None
    ) -> list[tuple[Fraction, Fraction, int]]:
        """(from, to, sign of the unit's argument) on the parts of a line in the domain on which that sign is constant."""
        values = self._values_along(line, unit, border)
        parts: list[tuple[Fraction, Fraction, int]] = []
        for (s, a), (e, b) in pairwise(values):
            if a * b < 0:
                middle = s + (e - s) * a / (a - b)
                parts += [(s, middle, _sign(a)), (middle, e, _sign(b))]
            else:
                parts.append((s, e, _sign(a + b)))  # a sum of two of one sign has that sign
        return parts

    def zeros_along(self, line: Hinge, unit: Unit, border: Affine | None = None) -> set[Point]:
        """Points of a line in the domain (ends included) where the argument is 0, or begins to be."""
        values = self._values_along(line, unit, border)
        zeros = {t for t, v in values if v == 0}
        for (s, a), (e, b) in pairwise(values):
            if a * b < 0:
                zeros.add(s + (e - s) * a / (a - b))
        return {point_on(line, t) for t in zeros}

    def _values_along(self, line: Hinge, unit: Unit, border: Affine | None) -> list[tuple[Fraction, Fraction]]:
        """The argument at the ends of the line's part in the domain and where it bends in between: (parameter, value)."""
        extent = self.extent(line, border)
        if extent is None:
            return []
        origin, square = point_on(line, Fraction(0)), _square(line)
        start, end = extent
        dx, dy = direction(line)
        value = evaluated(unit.base, origin) + start * (unit.base[0] * dx + unit.base[1] * dy) / square
        slope = (unit.base[0] * dx + unit.base[1] * dy) / square
        turns: dict[Fraction, Fraction] = {}
        for hinge, c in unit.bends:
            at, rise = evaluated(hinge, origin), Fraction(hinge[0] * dx + hinge[1] * dy, square)
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

    def affine_rest(self, units: Sequence[Unit], hinges: dict[Hinge, Weights]) -> tuple[Affine, ...]:
        """f minus units and hinges is one affine map: found on the first region, where the rest may bend, at one of its points."""
        region = self.regions[0]
        point = _generic_point(region, units, hinges)
        parts = [
            [(Fraction(1), form)] for form in region.affine
        ]  # per output, terms whose sum is the rest near the point
        for unit in units:
            if unit.value(point) > 0:
                form = combined((1, unit.base), *((c, h) for h, c in unit.bends if evaluated(h, point) > 0))
                for o, w in enumerate(unit.weights):
                    parts[o].append((-w, form))
        for hinge, weights in hinges.items():
            if evaluated(hinge, point) > 0:
                for o, w in enumerate(weights):
                    parts[o].append((-w, tuple(Fraction(v) for v in hinge)))
        return tuple(combined(*terms) for terms in parts)


def _generic_point(region: Region, units: Sequence[Unit], hinges: dict[Hinge, Weights]) -> Point:
    """A point inside the region on no line of the units and hinges."""
    (ax, ay), (bx, by), (cx, cy) = region.vertices[:3]
    for k in range(3, 10_000):
        p, q = Fraction(1, k), Fraction(k + 1, 3 * k + 1)
        point = (ax + p * (bx - ax) + q * (cx - ax), ay + p * (by - ay) + q * (cy - ay))
        lines = (h for unit in units for h, _ in unit.bends)
        if all(evaluated(h, point) for h in (*hinges, *lines)) and all(unit.value(point) for unit in units):
            return point
    raise AssertionError("no point off finitely many lines was found")


def _segments(regions: Sequence[Region]) -> dict[Hinge, list[tuple[Fraction, Fraction, int, Region]]]:
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


def direction(line: Hinge) -> tuple[int, int]:
    return -line[1], line[0]


def _ahead(line: Hinge, sign: int, pivot: Hinge) -> int:
    """How the pivot's form changes along a ray."""
    dx, dy = direction(line)
    return (pivot[0] * dx + pivot[1] * dy) * sign


def _square(line: Hinge) -> int:
    return line[0] * line[0] + line[1] * line[1]


def point_on(line: Hinge, t: Fraction) -> Point:
    """The point of the line where direction · x = t."""
    a, b, c = line
    square = _square(line)
    return (-a * c - b * t) / square, (-b * c + a * t) / square


def parameter_of(line: Hinge, point: Point) -> Fraction:
    """direction · x."""
    return line[0] * point[1] - line[1] * point[0]


def crossing(line: Hinge, other: Hinge) -> Fraction | None:
    """The parameter on `line` where it meets `other`; None if they are parallel."""
    slope = other[0] * -line[1] + other[1] * line[0]
    if not slope:
        return None
    return -evaluated(other, point_on(line, Fraction(0))) * _square(line) / slope


def _sides(domain: Domain, free: tuple[int, ...]) -> list[Affine]:
    """Forms that are positive inside the domain."""
    sides: list[Affine] = []
    for place, k in enumerate(free):
        low, high = domain.lower[k], domain.upper[k]
        assert low is not None
        assert high is not None
        unit = tuple(Fraction(int(j == place)) for j in range(len(free)))
        sides += [(*unit, -low), (*(-v for v in unit), high)]
    for constraint in domain.constraints:
        rest = constraint.bound - sum((constraint.coefficients[k] * v for k, v in domain.fixed.items()), Fraction(0))
        row = tuple(-constraint.coefficients[k] for k in free)
        if any(row):
            sides.append((*row, rest))
    return sides


def _forms_at(unit: Unit, point: Point) -> list[Affine]:
    """The affine forms that the argument takes next to a point: one for each phase of the bends that are 0 there."""
    parts: list[tuple[Fraction | int, Sequence[Fraction | int]]] = [(1, unit.base)]
    ties: list[tuple[Hinge, Fraction]] = []
    for hinge, c in unit.bends:
        inner = evaluated(hinge, point)
        if inner > 0:
            parts.append((c, hinge))
        elif inner == 0:
            ties.append((hinge, c))
    forms = [combined(*parts)]
    for hinge, c in ties:
        forms += [combined((1, form), (c, hinge)) for form in forms]
    return forms


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


# ---- sheets -----------------------------------------------------------------------------------------


class _Sheets:
    """Follows bent lines from corner to corner: one unit reproduces as many corners as its zero set allows."""

    def __init__(self, complex_: Complex) -> None:
        self.complex = complex_
        self.often = Counter(line for fan in complex_.fans.values() for line in fan)
        self.corners = {point: corner for point in complex_.fans if (corner := self._corner(point)) is not None}
        self.used: set[Point] = set()

    def _corner(self, point: Point) -> Corner | None:
        """Three lines, of which two end here and one goes on with another jump.

        Where all three end, the pivot is the line on which most corners lie: a pivot crosses many sheets.
        """
        fan, rays = self.complex.fans[point], self.complex.rays[point]
        if len(fan) != 3:
            return None
        ending = [ray for ray in rays if (ray[0], -ray[1]) not in rays]
        if len(ending) == 3:
            options = sorted(ending, key=lambda ray: (-self.often[ray[0]], ray[0]))
            corners = [
                Corner((a, b), p[0]) for p, a, b in (options, options[1:] + options[:1], options[2:] + options[:2])
            ]
        elif len(ending) == 2 and len(rays) == 4:
            through = next(ray[0] for ray in rays if ray not in ending)
            corners = [Corner((ending[0], ending[1]), through)]
        else:
            corners = []
        return next((corner for corner in corners if corner.is_bent), None)

    def found(self) -> tuple[list[Unit], list[Point]]:
        """(units, the interior points whose fans they leave)."""
        units: list[Unit] = []
        for point in self.corners:
            if point not in self.used:
                units += self._follow(*self._outermost(point))
        return units, [point for point in self.complex.fans if point not in self.used]

    def _next(self, point: Point, ray: Ray) -> Point | None:
        """The corner at the other end of a ray, if the ray is one of its sheet's rays too."""
        other = self.complex.ends.get((point, ray))
        if other is None or other not in self.corners:
            return None
        return other if (ray[0], -ray[1]) in self.corners[other].rays else None

    def _other_ray(self, point: Point, ray: Ray) -> Ray:
        rays = self.corners[point].rays
        return rays[1] if rays[0] == ray else rays[0]

    def _outermost(self, point: Point) -> tuple[Point, Ray]:
        """Back along the sheet to its first corner that is free, and the ray that leads away from the rest."""
        ray = self.corners[point].rays[0]
        seen = {point}
        while True:
            before = self._next(point, ray)
            if before is None or before in self.used or before in seen:
                return point, ray
            seen.add(before)
            ray = self._other_ray(before, (ray[0], -ray[1]))
            point = before

    def _follow(self, point: Point, ray: Ray) -> list[Unit]:
        units: list[Unit] = []
        at: Point | None = point
        while at is not None and at not in self.used:
            unit, at, ray = self._grown(at, ray)
            units.append(unit)
        return units

    def _grown(self, point: Point, ray: Ray) -> tuple[Unit, Point | None, Ray]:
        """One unit from a corner onward; where the next one begins, and its incoming ray there."""
        weights = self.complex.rays[point][ray]
        form: Affine = tuple(Fraction(v) for v in ray[0])
        unit = Unit(weights, form, ())
        corners: list[tuple[Hinge, Point]] = []
        at: Point | None = point
        while at is not None and at not in self.used:
            pivot = self.corners[at].pivot
            after = self._other_ray(at, ray)
            bent = self._bent(unit, form, pivot, after, at)
            if bent is None or not self._is_sheet(bent[0], [*corners, (pivot, at)]):
                break
            unit, form = bent
            corners.append((pivot, at))
            self.used.add(at)
            at, ray = self._next(at, after), (after[0], -after[1])
        return unit, at, ray

    def _bent(self, unit: Unit, form: Affine, pivot: Hinge, after: Ray, at: Point) -> tuple[Unit, Affine] | None:
        """The unit with one more bend, at a pivot, after which its zero set goes along the ray `after`."""
        line, sign = after
        if any(hinge == pivot for hinge, _ in unit.bends):
            return None
        det = line[0] * pivot[1] - line[1] * pivot[0]
        scale = (form[0] * pivot[1] - form[1] * pivot[0]) / det
        share = (line[0] * form[1] - line[1] * form[0]) / det  # form = scale · line + share · pivot
        if self.complex.rays[at][after] != tuple(w * abs(scale) for w in unit.weights):
            return None
        beyond = _ahead(line, sign, pivot) > 0  # the ray lies where the pivot is positive
        if beyond:
            base, bend = unit.base, -share
        else:  # + share·relu(−P) = share·relu(P) − share·P
            base, bend = combined((1, unit.base), (-share, pivot)), share
        bent = Unit(unit.weights, base, (*unit.bends, (pivot, bend)))
        return bent, tuple(scale * v for v in line)

    def _is_sheet(self, unit: Unit, corners: list[tuple[Hinge, Point]]) -> bool:
        """Is the zero set one bent line with just these corners? Other parts would meet a pivot or the border elsewhere."""
        if len(corners) == 1:
            return True
        for pivot, point in corners:
            if self.complex.zeros_along(pivot, unit) != {point}:
                return False
        border = set[Point]().union(
            *(self.complex.zeros_along(line, unit, side) for side, line in self.complex.borders)
        )
        return len(border) == 2


# ---- other fans -------------------------------------------------------------------------------------


class _Fans:
    """Any balanced fan of m lines is m − 2 pieces of three lines, one unit each."""

    def __init__(self, complex_: Complex, points: list[Point], hinges: set[Hinge]) -> None:
        self.complex = complex_
        self.points = points
        self.hinges = hinges

    def units(self) -> list[Unit]:
        return [unit for point in self.points for unit in self._units_at(point)]

    def _units_at(self, point: Point) -> Iterator[Unit]:
        fan = dict(self.complex.fans[point])
        while fan:
            lines = sorted(fan, key=lambda line: (line not in self.hinges, line))
            if len(lines) < 3:
                raise AssertionError("a fan does not balance")
            pivot, other, gone = lines[:3]
            unit, taken = self._three_lines(fan, pivot, other, gone)
            self.hinges.add(pivot)
            yield unit
            for line, d in taken.items():
                left = tuple(a - b for a, b in zip(fan[line], d, strict=True))
                if any(left):
                    fan[line] = left
                else:
                    del fan[line]

    @staticmethod
    def _three_lines(
        fan: dict[Hinge, Weights], pivot: Hinge, other: Hinge, gone: Hinge
    ) -> tuple[Unit, dict[Hinge, Weights]]:
        """A unit that takes all of `gone`: relu(gone + c relu(pivot)), positive multiples of `other` beyond the pivot."""
        det = other[0] * pivot[1] - other[1] * pivot[0]
        share = Fraction(other[0] * gone[1] - other[1] * gone[0], det)  # gone = … · other + share · pivot
        scale = Fraction(gone[0] * pivot[1] - gone[1] * pivot[0], det)
        dx, dy = direction(gone)
        towards = 1 if pivot[0] * dx + pivot[1] * dy > 0 else -1  # its own ray lies on the pivot's negative side
        weights = tuple(-towards * d for d in fan[gone])
        unit = Unit(weights, tuple(Fraction(v) for v in gone), ((pivot, -share),))
        ox, oy = direction(other)
        ahead = 1 if pivot[0] * ox + pivot[1] * oy > 0 else -1
        px, py = direction(pivot)
        positive = 1 if gone[0] * px + gone[1] * py > 0 else -1
        taken = {
            gone: fan[gone],
            other: tuple(w * abs(scale) * ahead for w in weights),
            pivot: tuple(w * -share * positive for w in weights),
        }
        return unit, taken
