"""Integer vectors of any length: rank, normals, directions without a common factor."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm
from operator import mul

from rectifold.linear_regions.polytope import primitive

Vector = tuple[int, ...]


def minus(a: Sequence[int], b: Sequence[int]) -> Vector:
    """a − b."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    """a · b."""
    return sum(map(mul, a, b))


def echelon(rows: Sequence[Sequence[int]]) -> list[Vector]:
    """The reduced echelon basis of a span of rows: primitive, pivots positive, 0 above and below.

    Equal spans have equal bases.
    """
    basis: list[Vector] = []
    for row in rows:
        rest = reduced(row, basis)
        if not any(rest):
            continue
        pivot = pivot_of(rest)
        rest = primitive(rest if rest[pivot] > 0 else [-v for v in rest])
        basis = [_without(own, rest, pivot) for own in basis]
        basis.append(rest)
        basis.sort(key=pivot_of)
    return basis


def reduced(vector: Sequence[int], basis: Sequence[Vector]) -> Vector:
    """A positive multiple of the vector less its part in the span of an echelon basis.

    It is 0 at the pivots of the basis, and has no common factor.
    """
    rest = tuple(vector)
    for own in basis:
        rest = _without(rest, own, pivot_of(own))
    return rest


def rank(rows: Sequence[Sequence[int]]) -> int:
    """The dimension of a span of rows."""
    return len(echelon(rows))


def null_space(rows: Sequence[Sequence[int]], n: int) -> list[Vector]:
    """A basis of the vectors of length n orthogonal to all rows: directions."""
    basis = echelon(rows)
    pivots = [pivot_of(row) for row in basis]
    result = []
    for free in range(n):
        if free in pivots:
            continue
        common = lcm(*(row[pivot] for row, pivot in zip(basis, pivots, strict=True)))
        vector = [0] * n
        vector[free] = common
        for row, pivot in zip(basis, pivots, strict=True):
            vector[pivot] = -row[free] * (common // row[pivot])
        result.append(direction_of(vector)[0])
    return result


def normal_to(rows: Sequence[Sequence[int]]) -> Vector | None:
    """The direction orthogonal to n − 1 rows of length n; None if they are dependent."""
    found = null_space(rows, len(rows[0]))
    return found[0] if len(found) == 1 else None


def direction_of(vector: Sequence[int]) -> tuple[Vector, int]:
    """(d, s) with a vector, not 0, that is a positive multiple of s · d for a direction d.

    A *direction* is primitive, and its first nonzero entry, its pivot, is positive.
    """
    sign = 1 if vector[pivot_of(vector)] > 0 else -1
    common = gcd(*vector) * sign
    return tuple([v // common for v in vector]), sign


def pivot_of(row: Sequence[int]) -> int:
    """The place of the first nonzero entry."""
    for k, v in enumerate(row):
        if v:
            return k
    raise ValueError("a vector of zeros has no pivot")


def _without(row: Vector, other: Vector, pivot: int) -> Vector:
    """A positive multiple of the row plus one of `other`, 0 at the pivot (positive in `other`)."""
    if not row[pivot]:
        return row
    a, b = other[pivot], row[pivot]
    rest = [a * x - b * y for x, y in zip(row, other, strict=True)]
    common = gcd(*rest)
    return tuple(v // common for v in rest) if common else tuple(rest)
