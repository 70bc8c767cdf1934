"""What is left along lines and on planes as units are chosen, at one point of each.

Derivation: docs/mathematics.md#which-units-are-chosen.

    the class of f at the point, less the units so far → how many units it would take → the choice

A unit can be bent the other way at its hinges (`flipped`): its class at the vertex or along the
line changes its sign only, but it lies on other sides of them. Choices prove nothing: later steps
read off anew what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import lcm

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.lattice import Face
from rectifold.two_layers.classes.vectors import Vector, dot, rank
from rectifold.two_layers.form import Unit, Weights, weighted_sum
from rectifold.two_layers.hyper.cells import Cells, Class, add_weights
from rectifold.two_layers.hyper.flags import Flag, Germ
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.samples import Samples
from rectifold.two_layers.hyper.units import Placed

_Cost = Callable[[Collection[Flag]], int]  # of the flags that are left
Changes = list[tuple[Flat, Class]]  # to be added to what is left
Turned = tuple[bool, ...]  # of each hinge of a unit


def faces_by_flat(cells: Cells, k: int) -> dict[Flat, Face]:
    """One face of k dimensions on every flat that has some, one with a class if there is one."""
    faces: dict[Flat, Face] = {}
    for face in cells.around[k]:
        flat = Flat.through(cells.points[face[0]], cells.basis(face))
        if flat not in faces or face in cells.classes[k]:
            faces[flat] = face
    return faces


def flipped(unit: Unit, dimension: int) -> Iterator[Unit]:
    """The unit, and those bent the other way at some hinges with the same class.

    `dimension` is that of the space modulo lines along which it is constant.
    """
    for turned in _turnings(unit):
        yield _turned(unit, turned, dimension)


def _turnings(unit: Unit) -> Iterator[Turned]:
    """Which hinges may be turned: none first.

    Where the base and the hinges are independent, any hinges; the unit at −x instead of x has all
    of them turned.
    """
    count = len(unit.bends)
    if _is_independent(unit):
        yield from product((False, True), repeat=count)
    else:
        yield from ((False,) * count, (True,) * count)


def _is_independent(unit: Unit) -> bool:
    """Are the base and the hinges, without constants?"""
    forms: list[Sequence[int]] = [_whole(unit.base), *(hinge for hinge, _ in unit.bends)]
    return rank([form[:-1] for form in forms]) == len(forms)


def _turned(unit: Unit, turned: Turned, dimension: int) -> Unit:
    """With −c at turned hinges, which go into the base instead, and weights for the same class."""
    sign = (-1) ** (dimension - 1 if all(turned) else sum(turned))
    own = [(c, hinge) for on, (hinge, c) in zip(turned, unit.bends, strict=True) if on]
    base = weighted_sum((1, unit.base), *own)
    bends = tuple(
        (hinge, -c if on else c) for on, (hinge, c) in zip(turned, unit.bends, strict=True)
    )
    return Unit(tuple(sign * w for w in unit.weights), base, bends)


def _whole(form: Sequence[Fraction]) -> list[int]:
    """A multiple of a form in integers."""
    den = lcm(*(v.denominator for v in form))
    return [int(v * den) for v in form]


class LineLedger:
    """Classes where lines enter the domain."""

    def __init__(self, cells: Cells) -> None:
        self.n = cells.n
        self.left: dict[Flat, Class] = {}
        self.points: dict[Flat, Vertex] = {}
        for edge, own in cells.classes[1].items():
            (direction,) = cells.basis(edge)
            a, b = edge
            ahead = sum(x * y for x, y in zip(direction, cells.difference(a, b), strict=True)) > 0
            low = a if ahead else b
            if not cells.lattice.is_inside((low,)):
                line = Flat.through(cells.points[low], [direction])
                self.points[line] = cells.inside_of(edge, (1, 1))
                self.left[line] = dict(own)

    def forms(self, placed: Placed) -> list[tuple[Placed, Changes]]:
        """The unit and those bent the other way at some hinges, and what each leaves along lines.

        On a line where two of three independent hinges cross on the sheet, the third one decides
        on which side of the vertex that is: turned, the class is on the other side, with the other
        sign. At −x instead of x, all are on the other side, with the other sign.
        """
        independent = _is_independent(placed.unit)
        sides = [
            (Flat.through(placed.point, [direction]), self._across(placed, direction), *classes)
            for direction, classes in placed.rays.items()
        ]
        found = []
        for turned in _turnings(placed.unit):
            unit = _turned(placed.unit, turned, self.n) if any(turned) else placed.unit
            changes = []
            for line, across, ahead, behind in sides:
                is_over = turned[across] if independent else any(turned)
                numbers, sign = (ahead, 1) if is_over else (behind, -1)
                if numbers:
                    self.points.setdefault(line, placed.point)
                    changes.append((line, _weighted(numbers, placed.weights, sign)))
            found.append((Placed(unit, placed.point) if any(turned) else placed, changes))
        return found

    def _across(self, placed: Placed, direction: Vector) -> int:
        """The number of the first hinge that a line crosses."""
        return next(
            k for k, (hinge, _) in enumerate(placed.unit.bends) if dot(hinge[:-1], direction)
        )

    def gain(self, changes: Changes) -> int:
        """How many fewer planes more than two are left on lines in their quotients."""
        return _gain(self.left, changes, _space_cost)

    def add(self, changes: Changes, sign: int = 1) -> None:
        """Take them for done, or (−1) back."""
        _apply(self.left, changes, sign)


class PlaneLedger:
    """Classes at one point each of flats of dimension n − 2."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.samples = Samples(cells)
        self.faces = faces_by_flat(cells, cells.n - 2)
        self.left: dict[Flat, Class] = {}
        self.points: dict[Flat, Vertex] = {}

    def changes(self, placed: Placed, flats: Iterable[Flat]) -> Changes:
        """What a unit leaves on these flats."""
        found = []
        for flat in flats:
            point = self._point(flat, placed.point)
            value, form, bends = placed.at(point)
            if value == 0:
                inner = Germ(
                    flat.in_quotient(form), [(flat.in_quotient(hinge), c) for hinge, c in bends]
                )
                found.append((flat, _weighted(inner.numbers(), placed.weights, -1)))
        return found

    def gain(self, changes: Changes) -> int:
        """How many fewer hinges more than two are left around flats."""
        return _gain(self.left, changes, _plane_cost)

    def add(self, changes: Changes, sign: int = 1) -> None:
        """Take them for done, or (−1) back."""
        _apply(self.left, changes, sign)

    def _point(self, flat: Flat, near: Vertex) -> Vertex:
        if flat not in self.points:
            face = self.faces.get(flat)
            self.points[flat] = self.samples.on_flat(flat, face, near, ())
            own = {} if face is None else self.cells.classes[self.cells.n - 2].get(face, {})
            self.left[flat] = dict(own)
        return self.points[flat]


def _weighted(numbers: Mapping[Flag, int], weights: Weights, sign: int) -> Class:
    return {flag: tuple(sign * number * w for w in weights) for flag, number in numbers.items()}


def _gain(left: dict[Flat, Class], changes: Changes, cost: _Cost) -> int:
    total = 0
    for flat, change in changes:
        before = left.get(flat, {})
        after = set(before)
        for flag, weights in change.items():
            known = before.get(flag)
            if known is None:
                after.add(flag)
            elif all(a == -b for a, b in zip(known, weights, strict=True)):
                after.remove(flag)
        total += cost(before) - cost(after)
    return total


def _apply(left: dict[Flat, Class], changes: Changes, sign: int) -> None:
    for flat, change in changes:
        own = left.setdefault(flat, {})
        for flag, weights in change.items():
            add_weights(own, flag, weights, sign)


def _plane_cost(left: Collection[Flag]) -> int:
    return max(0, len(left) - 2)


def _space_cost(left: Collection[Flag]) -> int:
    lines: dict[Vector, int] = {}
    for flag in left:
        lines[flag[0]] = lines.get(flag[0], 0) + 1
    return sum(max(0, planes - 2) for planes in lines.values())
