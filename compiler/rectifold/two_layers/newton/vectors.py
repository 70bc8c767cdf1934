"""Integer vectors of any length: rank, normals, and vectors without a common factor."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from operator import mul

Vector = tuple[int, ...]


def minus(a: Sequence[int], b: Sequence[int]) -> Vector:
    """a − b."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    """a · b."""
    return sum(map(mul, a, b))


def primitive_vector(vector: Sequence[int]) -> Vector:
    """Divided by the common factor of its entries, which are not all 0."""
    common = gcd(*vector)
    return tuple(v // common for v in vector)


def echelon(rows: Sequence[Sequence[int]]) -> list[Vector]:
    """The reduced echelon basis of a span of rows: primitive, pivots positive, 0 above and below.

    Equal spans have equal bases.
    """
    basis: list[Vector] = []
    for row in rows:
        rest = reduced(row, basis)
        if not any(rest):
            continue
        pivot = _pivot(rest)
        rest = primitive_vector(rest if rest[pivot] > 0 else [-v for v in rest])
        basis = [_without(own, rest, pivot) for own in basis]
        basis.append(rest)
        basis.sort(key=_pivot)
    return basis


def reduced(vector: Sequence[int], basis: Sequence[Vector]) -> Vector:
    """A positive multiple of the vector less its part in the span of an echelon basis.

    It is 0 at the pivots of the basis, and has no common factor.
    """
    rest = tuple(vector)
    for own in basis:
        rest = _without(rest, own, _pivot(own))
    return rest


def rank(rows: Sequence[Sequence[int]]) -> int:
    """The dimension of a span of rows."""
    return len(echelon(rows))


def normal_to(rows: Sequence[Sequence[int]]) -> Vector | None:
    """The primitive vector orthogonal to n − 1 rows of length n; None if they are dependent.

    Its first nonzero entry is positive.
    """
    basis = echelon(rows)
    n = len(rows[0])
    if len(basis) < n - 1:
        return None
    pivots = [_pivot(row) for row in basis]
    free = next(k for k in range(n) if k not in pivots)
    common = 1
    for row, pivot in zip(basis, pivots, strict=True):
        common = common * row[pivot] // gcd(common, row[pivot])
    normal = [0] * n
    normal[free] = common
    for row, pivot in zip(basis, pivots, strict=True):
        normal[pivot] = -row[free] * (common // row[pivot])
    sign = next(1 if v > 0 else -1 for v in normal if v)
    return primitive_vector([sign * v for v in normal])


def _pivot(row: Sequence[int]) -> int:
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
