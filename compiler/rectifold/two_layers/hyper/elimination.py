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
from itertools import combinations, product

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.two_layers.form import Weights
from rectifold.two_layers.hyper.cells import Class, add_weights
from rectifold.two_layers.hyper.flags import Flag, Germ, lifted
from rectifold.two_layers.newton.vectors import Vector, direction_of, dot

Plane = Vector  # its normal, a direction
Lines = tuple[Vector, Vector, Vector, Vector]
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


def eliminated(left: Class, cost: Cost) -> list[Quad] | None:
    """Units that have this class in three dimensions, whose hinges cost little.

    None if no line has a choice of others left, or there are too many steps, which are not known to
    happen. A line is finished before the next one, unless it has no choice.
    """
    left = dict(left)
    most = len(left) ** 2
    found: list[Quad] = []
    line: Vector | None = None
    while left:
        lines = _by_line(left)
        fewest = min(len(planes) for planes in lines.values())
        candidates = sorted(e for e, planes in lines.items() if len(planes) == fewest)
        if line is not None and line in lines:
            candidates = [line]
        step = _best_step(left, lines, candidates, cost)
        step = step or _best_step(left, lines, sorted(lines), cost)
        if step is None or len(found) == most:
            return None
        line, quad, numbers = step
        for flag, value in numbers.items():
            add_weights(left, flag, quad.weights, -value)
        found.append(quad)
    return found


def _by_line(left: Class) -> dict[Vector, dict[Plane, Flag]]:
    lines: dict[Vector, dict[Plane, Flag]] = defaultdict(dict)
    for flag in left:
        lines[flag[0]][plane_of(flag)] = flag
    return lines


def _best_step(
    left: Class,
    lines: dict[Vector, dict[Plane, Flag]],
    candidates: Sequence[Vector],
    cost: Cost,
) -> tuple[Vector, Quad, dict[Flag, int]] | None:
    """The unit that leaves least of the class, and what it takes."""
    best: tuple[tuple[int, int, Lines], Vector, Quad, dict[Flag, int]] | None = None
    tried: set[frozenset[Vector]] = set()
    for line in candidates:
        for own in _choices(line, lines):
            if frozenset(own) in tried:
                continue
            tried.add(frozenset(own))
            price, base, bends = min(
                (sum(cost(plane) for plane, _ in bends), base, bends)
                for base, bends in _pairings(own)
            )
            numbers = _numbers(base, bends)
            flag = next(f for f in lines[line].values() if f in numbers)
            weights = tuple(w / numbers[flag] for w in left[flag])
            key = _planes_after(left, lines, numbers, weights), price, own
            if best is None or key < best[0]:
                best = key, line, Quad(own, weights, base, bends), numbers
    return None if best is None else best[1:]


def _choices(line: Vector, lines: dict[Vector, dict[Plane, Flag]]) -> Iterator[Lines]:
    """The line and others on three of its planes, no three in one plane; so many are tried."""
    others = {
        plane: [e for e, planes in lines.items() if plane in planes and e != line]
        for plane in lines[line]
    }
    count = 0
    for chosen in combinations(sorted(others), 3):
        for first, second, third in product(*(others[plane] for plane in chosen)):
            if dot(_cross(first, second), third):
                yield line, first, second, third
                count += 1
                if count >= SHALLOW_EFFORT.choices_tried:
                    return


def _planes_after(
    left: Class,
    lines: dict[Vector, dict[Plane, Flag]],
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
def _numbers(base: Vector, bends: tuple[tuple[Plane, int], ...]) -> dict[Flag, int]:
    return Germ(base, bends).numbers()


def _pairings(lines: Lines) -> Iterator[tuple[Vector, tuple[tuple[Plane, int], ...]]]:
    """Base and hinges of the units on four lines, one per pair of opposite planes.

    With hinges u through lines 0 and 1, w through 2 and 3, and z through 0 and 2, what relu is
    applied to is z + a relu(u) + b relu(w): 0 along the lines 0 and 2 where w, u ≤ 0, and along the
    lines 1 and 3 on the other sides for b = −z/w on line 1, a = −z/u on line 3.
    """
    for i, j, k, m in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        e = lines
        u, w, z = (_normal(e[a], e[b]) for a, b in ((i, j), (k, m), (i, k)))
        a = Fraction(-dot(z, e[m]), dot(u, e[m]))
        b = Fraction(-dot(z, e[j]), dot(w, e[j]))
        scale = a.denominator * b.denominator
        bends = (u, int(a * scale)), (w, int(b * scale))
        yield tuple(scale * v for v in z), tuple(sorted(bends))


def _normal(a: Vector, b: Vector) -> Plane:
    return direction_of(_cross(a, b))[0]


def _cross(a: Sequence[int], b: Sequence[int]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
