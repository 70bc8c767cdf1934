"""Classes of piecewise linear functions next to a point, by flags, and those of units.

Derivation: docs/mathematics.md#classes-by-flags.

    relu(y) near 0, y = z + relu(u) in the plane      →      {z: −1, z + u: 1, u: 1} up to signs

Next to a point of n-space a function is a *germ*, linear on cones. Its class has a number for every
flag line ⊂ plane ⊂ … ⊂ hyperplane: the jump of its gradient across the hyperplane, on one side of
the flag less on the other, taken over every step of the flag. It is 0 exactly for sums of germs
that are constant along a line each; recursively it has for every line the class of the germ on one
side of the point less that on the other, in the quotient by the line.

A *direction* is a primitive integer vector whose first nonzero entry, its pivot, is positive. The
quotient by it drops the pivot's coordinate. So a flag is a tuple of directions in n, n − 1, …, 2
coordinates, and a flag of a flat is the end of a flag that begins with the flat. A jump is that of
the derivative along the one coordinate that is left in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from rectifold.two_layers.classes.vectors import (
    Vector,
    direction_of,
    dot,
    null_space,
    pivot_of,
    rank,
)

Flag = tuple[Vector, ...]


def modulo(vector: Sequence[int], direction: Vector) -> Vector:
    """A positive multiple of a vector in the quotient by a direction."""
    p = pivot_of(direction)
    a, b = direction[p], vector[p]
    rest = [a * x - b * y for x, y in zip(vector, direction, strict=True)]
    return (*rest[:p], *rest[p + 1 :])


def lifted(vector: Vector, direction: Vector) -> Vector:
    """The vector of the whole space that is `vector` in the quotient, 0 at the pivot."""
    p = pivot_of(direction)
    return (*vector[:p], 0, *vector[p:])


# ---- units ---------------------------------------------------------------------------------------


class Germ:
    """relu(base · x + Σ c relu(normal · x)) in n-space, in integers over one positive number."""

    def __init__(self, base: Sequence[int], bends: Sequence[tuple[Vector, int]]) -> None:
        self.base = tuple(base)
        self.bends = list(bends)

    @property
    def dimension(self) -> int:
        """n."""
        return len(self.base)

    def inner(self, x: Sequence[int]) -> int:
        """What relu is applied to, at x."""
        total = dot(self.base, x)
        for normal, c in self.bends:
            value = dot(normal, x)
            if value > 0:
                total += c * value
        return total

    def quotient(self, x: Sequence[int], place: int) -> Germ:
        """The germ next to x in the quotient by x's line, whose pivot has this place; inner is 0
        at x.
        """
        base = list(self.base)
        bends = []
        for normal, c in self.bends:
            side = dot(normal, x)
            if side > 0:
                base = [a + c * b for a, b in zip(base, normal, strict=True)]
            elif side == 0:
                bends.append(((*normal[:place], *normal[place + 1 :]), c))
        return Germ((*base[:place], *base[place + 1 :]), bends)

    def rays(self) -> dict[Vector, tuple[dict[Flag, int], dict[Flag, int]]]:
        """For every line along which it may bend: its classes ahead and behind, in the quotient."""
        found = {}
        for direction in self._lines():
            ahead, behind = (self._numbers_at(x) for x in (direction, tuple(-v for v in direction)))
            if ahead or behind:
                found[direction] = ahead, behind
        return found

    def _numbers_at(self, x: Vector) -> dict[Flag, int]:
        """The class next to x in the quotient by its line.

        Where what relu is applied to is positive, there are hinges only, of class 0 but for jumps.
        """
        inner, place = self.inner(x), pivot_of(x)
        if inner < 0 or (inner > 0 and self.dimension > 2):
            return {}
        if inner == 0:
            return self.quotient(x, place).numbers()
        jump = sum(c * abs(normal[1 - place]) for normal, c in self.bends if dot(normal, x) == 0)
        return {(): jump} if jump else {}

    def numbers(self) -> dict[Flag, int]:
        """The class."""
        if self.dimension == 1:
            jump = max(self.inner((1,)), 0) + max(self.inner((-1,)), 0)
            return {(): jump} if jump else {}
        if rank([self.base, *(normal for normal, _ in self.bends)]) < self.dimension:
            return {}
        result: dict[Flag, int] = {}
        for direction, (ahead, behind) in self.rays().items():
            for flag in {**ahead, **behind}:
                if value := ahead.get(flag, 0) - behind.get(flag, 0):
                    result[direction, *flag] = value
        return result

    def flats(self, k: int) -> set[Flag]:
        """Flags of k directions along which what relu is applied to is 0: all flats of dimension k
        on which it bends, if it depends on all of the space.
        """
        if k == 0:
            return {()}
        found: set[Flag] = set()
        for direction in self._lines():
            for x in (direction, tuple(-v for v in direction)):
                if self.inner(x) == 0:
                    rest = self.quotient(x, pivot_of(direction)).flats(k - 1)
                    found |= {(direction, *flag) for flag in rest}
        return found

    def _lines(self) -> set[Vector]:
        """Lines through 0 on which hinges cross on the sheet, or may: in planes of n − 2 hinges."""
        n = self.dimension
        lines: set[Vector] = set()
        for chosen in combinations([normal for normal, _ in self.bends], n - 2):
            plane = null_space(chosen, n)
            if len(plane) == 2:
                lines.update(self._zeros(plane[0], plane[1]))
        return lines

    def _zeros(self, first: Vector, second: Vector) -> Iterator[Vector]:
        """Lines of a plane where a hinge crosses it, or where the inner function may be 0."""
        crossing = []
        for normal, _ in self.bends:
            a, b = dot(normal, first), dot(normal, second)
            if a or b:
                crossing.append((-b, a))
        ways = {tuple(s * v for v in direction_of(way)[0]) for way in crossing for s in (1, -1)}
        for way in ways:
            yield direction_of(_combination(way, first, second))[0]
        for inside in _between(sorted(ways, key=_angle)):
            x = _combination(inside, first, second)
            base = list(self.base)
            for normal, c in self.bends:
                if dot(normal, x) > 0:
                    base = [a + c * b for a, b in zip(base, normal, strict=True)]
            a, b = dot(base, first), dot(base, second)
            if a or b:
                yield direction_of(_combination((-b, a), first, second))[0]


def _combination(way: Sequence[int], first: Vector, second: Vector) -> Vector:
    x, y = way
    return tuple([x * a + y * b for a, b in zip(first, second, strict=True)])


class _Angle:
    """Order of vectors of the plane by angle, exactly."""

    def __init__(self, way: Sequence[int]) -> None:
        self.way = way
        self.half = 0 if way[1] > 0 or (way[1] == 0 and way[0] > 0) else 1

    def __lt__(self, other: _Angle) -> bool:
        if self.half != other.half:
            return self.half < other.half
        return self.way[0] * other.way[1] - self.way[1] * other.way[0] > 0


def _angle(way: Sequence[int]) -> _Angle:
    return _Angle(way)


def _between(ways: Sequence[Sequence[int]]) -> Iterator[Vector]:
    """A vector inside every sector between vectors in order of angle, each with its opposite."""
    if not ways:
        yield (1, 0)
        return
    for k, way in enumerate(ways):
        after = ways[(k + 1) % len(ways)]
        if len(ways) == 2:
            yield -way[1], way[0]
        else:
            yield way[0] + after[0], way[1] + after[1]
