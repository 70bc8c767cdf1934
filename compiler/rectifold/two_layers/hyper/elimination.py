"""A class in three dimensions as few units of two hinges: lines are eliminated one after the other.

Derivation: docs/mathematics.md#classes-in-three-dimensions.

    a line with m planes of the class around it → m − 2 units, each on that line and three others

Any four lines of which no three lie in one plane have one class on the planes through two of them,
up to a factor, and for each of the three pairs of opposite planes there is one unit of it whose
hinges these are. Every plane of a class has two of its lines, so a line can be eliminated with
others that are there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, permutations, product

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.two_layers.classes.vectors import Vector, direction_of, dot, pivot_of
from rectifold.two_layers.form import Weights
from rectifold.two_layers.hyper.cells import Class, add_weights
from rectifold.two_layers.hyper.flags import Flag, Germ, lifted, modulo

Plane = Vector  # its normal, a direction
Lines = tuple[Vector, Vector, Vector, Vector]
ByLine = dict[Vector, dict[Plane, Flag]]  # the planes on every line of a class, with their flags
Cost = Callable[[Plane], int]  # of a hinge on the plane


@dataclass(frozen=True)
class Quad:
    """weights · relu(base + Σ c relu(normal)) in three dimensions, on four lines."""

    lines: Lines
    weights: Weights
    base: Vector
    bends: tuple[tuple[Plane, int], ...]

    def forms(self) -> Iterator[Quad]:
        """Units of the same class on the same lines, one per pair of opposite planes."""
        own = _numbers(self.base, self.bends)
        flag, value = next(iter(own.items()))
        for base, bends in _pairings(self.lines):
            factor = Fraction(value, _numbers(base, bends)[flag])
            yield Quad(self.lines, tuple(w * factor for w in self.weights), base, bends)


def eliminated(left: Class, cost: Cost) -> Iterator[Quad]:
    """Units that have this class in three dimensions, whose hinges cost little, one by one.

    A line that is begun is finished before others. Raises AssertionError for what is no class.
    """
    left = dict(left)
    begun: list[Vector] = []
    while left:
        lines = by_line(left)
        while begun and begun[-1] not in lines:
            begun.pop()
        if begun:
            own = _best_lines(left, lines, begun[-1:], cost)
        else:
            fewest = min(len(planes) for planes in lines.values())
            few = sorted(e for e, planes in lines.items() if len(planes) == fewest)
            own = _best_lines(left, lines, few, cost)
            own = own or _best_lines(left, lines, sorted(lines), cost)
        if own is None:
            own = _with_a_new_line(begun[-1] if begun else min(lines), lines)
            begun += [own[0], own[3]]
        elif not begun:
            begun.append(own[0])
        base, bends = _pairings(own)[_price(own, cost)[1]]
        numbers = _numbers(base, bends)
        weights = _taking(left, lines, own, numbers)
        for flag, value in numbers.items():
            add_weights(left, flag, weights, -value)
        yield Quad(own, weights, base, bends)


def by_line(left: Class) -> ByLine:
    """The flags of a class by line and plane."""
    lines: ByLine = defaultdict(dict)
    for flag in left:
        lines[flag[0]][plane_of(flag)] = flag
    return lines


def _best_lines(
    left: Class, lines: ByLine, candidates: Sequence[Vector], cost: Cost
) -> Lines | None:
    """One of the candidates and others whose unit leaves least of the class, with cheap hinges.

    None if the others on planes of every candidate lie in one plane.
    """
    chosen: dict[frozenset[Vector], Lines] = {}
    for line in candidates:
        for own in _choices(line, lines):
            chosen.setdefault(frozenset(own), own)
    after = {
        own: planes_after(
            left, lines, class_of_lines(own), _taking(left, lines, own, class_of_lines(own))
        )
        for own in chosen.values()
    }
    fewest = min(after.values(), default=0)
    best = [own for own, units in after.items() if units == fewest]
    return min(best, key=lambda own: (_price(own, cost)[0], _growth(lines, own), own), default=None)


def _growth(lines: ByLine, own: Lines) -> Fraction:
    """How much larger than what it takes in one plane of the first line a class is elsewhere."""
    numbers = class_of_lines(own)
    flag = next(f for f in lines[own[0]].values() if f in numbers)
    return Fraction(max(map(abs, numbers.values())), abs(numbers[flag]))


def _taking(left: Class, lines: ByLine, own: Lines, numbers: dict[Flag, int]) -> Weights:
    """The weights of a class on four lines that leave nothing in one plane of the first."""
    flag = next(f for f in lines[own[0]].values() if f in numbers)
    return tuple(w / numbers[flag] for w in left[flag])


def _price(own: Lines, cost: Cost) -> tuple[int, int]:
    """Of the hinges of the cheapest pairing, and which one that is."""
    return min(
        (sum(cost(plane) for plane, _ in bends), k) for k, (_, bends) in enumerate(_pairings(own))
    )


def _choices(line: Vector, lines: ByLine) -> Iterator[Lines]:
    """The line and others on three of its planes, no three in one plane; so many are tried."""
    others = {plane: _others_on(plane, line, lines) for plane in lines[line]}
    count = 0
    for chosen in combinations(sorted(others), 3):
        for first, second, third in product(*(others[plane] for plane in chosen)):
            if dot(_cross(first, second), third):
                yield line, first, second, third
                count += 1
                if count >= SHALLOW_EFFORT.choices_tried:
                    return


def _with_a_new_line(line: Vector, lines: ByLine) -> Lines:
    """The line, others on two of its planes, and a new line on a third.

    For a line of which all choices of others lie in one plane: the new line is where a plane of one
    of them crosses the third plane. Eliminated next, it has a choice that does not.

    AssertionError for numbers that are no class.
    """
    planes = sorted(lines[line])
    beside = [min(_others_on(plane, line, lines), default=None) for plane in planes[:2]]
    if len(planes) > 2 and (one := beside[0]) and (other := beside[1]):
        for across in sorted(lines[one].keys() - {planes[0], _normal(one, other)}):
            return line, one, other, _normal(across, planes[2])
    raise AssertionError(f"the numbers on planes through {line} are those of no function")


def _others_on(plane: Plane, line: Vector, lines: ByLine) -> list[Vector]:
    return [e for e, planes in lines.items() if plane in planes and e != line]


def planes_after(
    left: Class,
    lines: ByLine,
    numbers: dict[Flag, int],
    weights: Weights,
) -> int:
    """How many units the lines of a unit need after it, by their planes."""
    after: dict[Vector, int] = {}
    for flag, value in numbers.items():
        line = flag[0]
        after.setdefault(line, len(lines.get(line, ())))
        known = left.get(flag)
        if known is None:
            after[line] += 1
        elif all(k == value * w for k, w in zip(known, weights, strict=True)):
            after[line] -= 1
    return sum(max(0, m - 2) - max(0, len(lines.get(e, ())) - 2) for e, m in after.items())


@lru_cache(maxsize=SHALLOW_EFFORT.kept_classes)
def plane_of(flag: Flag) -> Plane:
    """The normal of the plane of a flag (line, plane) in three dimensions."""
    line, way = flag
    return direction_of(_cross(line, lifted(way, line)))[0]


@lru_cache(maxsize=SHALLOW_EFFORT.kept_classes)
def class_of_lines(lines: Lines) -> dict[Flag, int]:
    """The class of units on four lines e, up to a factor.

    With sum of a_k e_k = 0 it jumps on line i by a_i a_j (e_i x e_j) in the plane to line j. These
    add up to 0 on each line, and i and j enter alike.
    """
    a = [
        (-1) ** k * dot(_cross(*(lines[m] for m in rest[:2])), lines[rest[2]])
        for k, rest in enumerate(((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2)))
    ]
    found: dict[Flag, int] = {}
    for i, j in permutations(range(4), 2):
        line = lines[i]
        way, sign = direction_of(modulo(lines[j], line))
        left = ({0, 1, 2} - {pivot_of(line), pivot_of(lifted(way, line))}).pop()
        found[line, way] = sign * a[i] * a[j] * abs(_cross(line, lines[j])[left])
    return found


@lru_cache(maxsize=SHALLOW_EFFORT.kept_classes)
def _numbers(base: Vector, bends: tuple[tuple[Plane, int], ...]) -> dict[Flag, int]:
    return Germ(base, bends).numbers()


@lru_cache(maxsize=SHALLOW_EFFORT.kept_classes)
def _pairings(lines: Lines) -> tuple[tuple[Vector, tuple[tuple[Plane, int], ...]], ...]:
    """Base and hinges of the units on four lines, one per pair of opposite planes.

    With hinges u through lines 0 and 1, w through 2 and 3, and z through 0 and 2, what relu is
    applied to is z + a relu(u) + b relu(w): 0 along the lines 0 and 2 where w, u ≤ 0, and along the
    lines 1 and 3 on the other sides for b = −z/w on line 1, a = −z/u on line 3.
    """
    found = []
    for i, j, k, m in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        e = lines
        u, w, z = (_normal(e[a], e[b]) for a, b in ((i, j), (k, m), (i, k)))
        a = Fraction(-dot(z, e[m]), dot(u, e[m]))
        b = Fraction(-dot(z, e[j]), dot(w, e[j]))
        scale = a.denominator * b.denominator
        bends = (u, int(a * scale)), (w, int(b * scale))
        found.append((tuple(scale * v for v in z), tuple(sorted(bends))))
    return tuple(found)


def _normal(a: Vector, b: Vector) -> Plane:
    return direction_of(_cross(a, b))[0]


def _cross(a: Sequence[int], b: Sequence[int]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
