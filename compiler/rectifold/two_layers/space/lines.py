"""Step 2 of three inputs: along every line where planes meet, the class that is left is constant.

Derivation: docs/mathematics.md#three-inputs.

    classes along a line, less those of the units so far → one class → units relu(A + c relu(P))

That the class is constant is checked exactly on every line. Each is taken by units of one bend, one
per plane beyond two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.near_point import UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.vectors import direction_of
from rectifold.two_layers.form import Hinge, Unit, Weights, unit_of
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.space.cones import Cones, seams_of
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.geometry import where
from rectifold.two_layers.space.incidence import (
    Line,
    line_through,
    parameter_of,
    point_at,
)
from rectifold.two_layers.space.pencils import odd_jumps
from rectifold.two_layers.space.sheets import Class, NotGenericError, Seam, Sheet, bend_class

Left = dict[Hinge, Weights]  # the class that is left along a line


@dataclass(frozen=True)
class Bend:
    """weights · relu(±sheet) of one hinge next to an edge."""

    weights: Weights
    sheet: Sheet


class SpaceLines:
    """The function's own seams along its lines, and the units that take what is left along them."""

    def __init__(self, faces: Faces) -> None:
        self.faces = faces
        self.own_bends: dict[Line, list[Bend]] = defaultdict(list)
        self.seams: list[tuple[Seam, Weights]] = list(self._edge_seams())

    def units(self, units: Sequence[Unit], cones: Cones, watch: Watch = NO_WATCH) -> list[Unit]:
        """Units that take the class left along every line by these units.

        Raises NotGenericError if one is not constant.
        """
        spans: dict[Line, list[tuple[Seam, Weights]]] = defaultdict(list)
        for seam, weights in self.seams:
            spans[seam.line].append((seam, weights))
        for done, unit in enumerate(units):
            watch.step("seams of units", done, len(units))
            for seam, weights in seams_of(unit, cones):
                spans[seam.line].append((seam, tuple(-w for w in weights)))
        pivots = {hinge for unit in units for hinge, _ in unit.bends}
        found: list[Unit] = []
        classes = {line: self._constant_class(line, spans[line]) for line in sorted(spans)}
        often = Counter(plane for left in classes.values() for plane in left)
        for line, left in sorted(classes.items(), key=lambda item: item[0] not in self.own_bends):
            found += _class_units(line, left, self.own_bends.get(line, []), pivots, often)
        return found

    def _edge_seams(self) -> Iterator[tuple[Seam, Weights]]:
        """The function's own seams, on the parts of each line between its vertices."""
        by_line: dict[Line, set[tuple[Fraction, Fraction]]] = defaultdict(set)
        for a, b in self.faces.edges:
            line = line_through(a, b)
            s, t = parameter_of(line, a), parameter_of(line, b)
            by_line[line].add((min(s, t), max(s, t)))
        for line, parts in by_line.items():
            ends = sorted({t for part in parts for t in part})
            for s, t in pairwise(ends):
                if any(a <= s and t <= b for a, b in parts):
                    for kind, weights in self._classes_at(line, point_at(line, (s + t) / 2)):
                        yield Seam(line, s, t, kind), weights

    def _classes_at(self, line: Line, middle: Vertex) -> Iterator[tuple[Class, Weights]]:
        """The class of the function next to a point of an edge: a bend, or plane by plane."""
        if not self.faces.is_interior(middle):
            return
        found = self.faces.generic_zeros(middle, 2)
        if found is None:
            for plane, weights in odd_jumps(self.faces, line, middle).items():
                yield {plane: 1}, weights
        elif (bend := self._bend_of(*found)) is not None:
            self.own_bends[line].append(bend)
            yield class_of(line, bend.sheet), bend.weights

    def _bend_of(self, phases: dict[str, bytes], zero: list[UnitPlace]) -> Bend | None:
        """What the function bends where at most two units are 0; None if it does not."""
        if len(zero) < 2:
            return None
        first, second = zero
        base = self.faces.near.forms(phases)
        c, weights = (
            self.faces.change(phases, base, first, second),
            self.faces.weights(phases, base, second),
        )
        if not c or not any(weights):
            return None
        sheet, factor = Sheet.of_unit(
            unit_of(
                self.faces.none,
                self.faces.form(base, second),
                [(c, self.faces.form(base, first))],
            )
        )
        return Bend(tuple(w * factor for w in weights), sheet)

    def _constant_class(self, line: Line, spans: list[tuple[Seam, Weights]]) -> Left:
        """The sum of seams on a line. Raises NotGenericError if it changes inside the domain."""
        extent = self.faces.extent(line)
        if extent is None:
            return {}
        low, high = extent
        changes: dict[Fraction, dict[Hinge, list[Fraction]]] = defaultdict(dict)
        for seam, weights in spans:
            s = low if seam.start is None else max(seam.start, low)
            e = high if seam.end is None else min(seam.end, high)
            if s < e:
                for t, sign in ((s, 1), (e, -1)):
                    for plane, value in seam.kind.items():
                        total = changes[t].setdefault(plane, [Fraction(0)] * len(weights))
                        for o, w in enumerate(weights):
                            total[o] += sign * value * w
        first = changes.pop(low, {})
        changes.pop(high, None)
        if any(any(total) for change in changes.values() for total in change.values()):
            at = where(point_at(line, low))
            raise NotGenericError(
                f"what is left is not constant along the line through ({at}): "
                "the construction for three inputs does not cover this network"
            )
        return {plane: tuple(total) for plane, total in first.items() if any(total)}


def class_of(line: Line, sheet: Sheet) -> Class:
    """The odd class of a sheet of one hinge."""
    ((hinge, c),) = sheet.bends
    return bend_class(line, sheet.base, hinge, c)


def _class_units(
    line: Line, left: Left, own: Sequence[Bend], pivots: set[Hinge], often: Mapping[Hinge, int]
) -> Iterator[Unit]:
    """Units along a whole line that take a balanced class, one per plane beyond two.

    A bend that the function itself has along the line comes first: its sheet then lies where the
    function bends, and fewer hinges are left for the planes.
    """
    left = dict(left)
    for bend in sorted(own, key=lambda bend: bend.sheet.bends[0][0] not in pivots):
        kind = class_of(line, bend.sheet)
        if len(kind) == 3 and kind.keys() <= left.keys():
            yield _take_plane(left, kind, bend.sheet, direction_of(bend.sheet.base)[0])
            pivots.add(bend.sheet.bends[0][0])
    while left:
        planes = sorted(left, key=lambda plane: (plane not in pivots, -often[plane], plane))
        if len(planes) < 3:
            at = where(point_at(line, Fraction(0)))
            raise NotGenericError(
                f"the jumps around the line through ({at}) do not balance: "
                "the construction for three inputs does not cover this network"
            )
        pivot, other, gone = planes[:3]
        pivots.add(pivot)
        part, _ = _in_pencil(gone, pivot, other)
        sheet, _ = Sheet.of(gone, [(pivot, -part)])
        yield _take_plane(left, class_of(line, sheet), sheet, gone)


def _take_plane(left: Left, kind: Class, sheet: Sheet, gone: Hinge) -> Unit:
    """The unit on a sheet that leaves nothing of one plane; it is subtracted from `left`."""
    weights = tuple(d / kind[gone] for d in left[gone])
    for plane, value in kind.items():
        before = left.get(plane, (Fraction(0),) * len(weights))
        rest = tuple(a - w * value for a, w in zip(before, weights, strict=True))
        if any(rest):
            left[plane] = rest
        else:
            left.pop(plane, None)
    return sheet.unit(weights)


def _in_pencil(form: Hinge, pivot: Hinge, other: Hinge) -> tuple[Fraction, Fraction]:
    """(p, q) with form = p · pivot + q · other, all through one line."""
    for i in range(4):
        for j in range(i):
            det = pivot[i] * other[j] - pivot[j] * other[i]
            if det:
                return (
                    Fraction(form[i] * other[j] - form[j] * other[i], det),
                    Fraction(pivot[i] * form[j] - pivot[j] * form[i], det),
                )
    raise AssertionError("two planes of a class are one plane")
