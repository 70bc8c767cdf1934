"""Matrices of written numbers: rational entries share one denominator, and its length is bounded
here.

    [1/2, 1/3]  is kept as  [3, 2] / 6

n numbers with n coprime denominators of d digits would become n numbers of n·d digits: a file of a
megabyte could ask for gigabytes. What is allowed is enough for 270,000 float64 numbers written out
in full (1,075 digits each).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm

from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix
from rectifold.runtime.caps import CAPS


def matrix_from_rows(rows: Sequence[Sequence[Fraction]], columns: int) -> Matrix:
    """The matrix of these rows, each of `columns` numbers. Raises NumberError where they share no
    short denominator.
    """
    common_denominator((value.denominator for row in rows for value in row), len(rows) * columns)
    return Matrix.from_fractions(rows, columns)


def common_denominator(denominators: Iterable[int], entries: int) -> int:
    """The least common multiple. Raises NumberError as soon as it is too long for `entries`
    numbers.
    """
    common = 1
    for denominator in denominators:
        if common % denominator:
            common = lcm(common, denominator)
            require_short(common, entries)
    return common


def require_short(denominator: int, entries: int) -> None:
    """Refuses a common denominator that would make `entries` numbers too long together."""
    if denominator.bit_length() * entries > CAPS.matrix_bits:
        raise NumberError(
            f"these {entries:,} numbers have no common denominator of less than "
            f"{denominator.bit_length() * 3 // 10:,} "
            "digits, which is too long for so many; write decimals instead of fractions"
        )
