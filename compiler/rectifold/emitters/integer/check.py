"""The domain in integers: which inputs emitted code accepts.

    box:            every integer to which a real point of the box may be rounded
    c . x <= d:     Σ C_j i_j <= floor(D 2^scale + Σ |C_j| / 2),   C_j, D over one denominator

So outward: every real point of the domain is accepted however it is rounded to the grid, and an
accepted point lies within half a step of one that satisfies a row. What is certified holds on the
whole box. A row whose numbers are too long for 64 bits is divided by a power of two, outward.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, lcm

from rectifold.integers.network import IntegerNetwork
from rectifold.ir.domain import Constraint, Domain

Row = tuple[tuple[int, ...], int]
"""(C, D): C . i <= D for integer inputs i."""

_BITS = 62  # of the sizes of a row's terms and bound together, so that no partial sum overflows


def integer_rows(domain: Domain, code: IntegerNetwork) -> list[Row]:
    """The domain's constraints for integer inputs."""
    return [_row(one, code) for one in domain.constraints]


def accepted(point: Sequence[int], rows: Sequence[Row], code: IntegerNetwork) -> bool:
    """What the code answers: is the point in the box, and in every row?"""
    return code.accepts(point) and all(
        sum(c * v for c, v in zip(row, point, strict=True)) <= bound for row, bound in rows
    )


def _row(constraint: Constraint, code: IntegerNetwork) -> Row:
    den = lcm(*(c.denominator for c in constraint.coefficients))
    row = [int(c * den) for c in constraint.coefficients]
    scaled = constraint.bound * den * Fraction(2) ** code.input_scale
    bound = floor(scaled + Fraction(sum(map(abs, row)), 2))
    sizes = [max(abs(a), abs(b)) for a, b in zip(code.lower, code.upper, strict=True)]
    row = [c if size else 0 for c, size in zip(row, sizes, strict=True)]
    reach = sum(abs(c) * size for c, size in zip(row, sizes, strict=True))
    bound = max(min(bound, reach), -reach - 1)  # beyond that a row holds always, or never
    shift = max(0, max(reach, abs(bound)).bit_length() - _BITS)
    if not shift:
        return tuple(row), bound
    shorter = [c >> shift for c in row]
    lost = sum(size for size in sizes)  # each C_j loses less than 1
    return tuple(shorter), (bound >> shift) + 1 + lost
