"""Common denominators stay as short as the file explains."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import matrix_from_rows, require_short
from rectifold.runtime.caps import CAPS


def test_short_fractions_are_a_matrix() -> None:
    rows = [[Fraction(1, 2), Fraction(1, 3)], [Fraction(0), Fraction(-5)]]
    assert matrix_from_rows(rows, 2) == Matrix.from_fractions(rows)
    assert matrix_from_rows([], 3).shape == (0, 3)


def test_many_numbers_with_a_long_common_denominator_are_refused() -> None:
    require_short(10**1075, 270_000)  # every float64 in full
    with pytest.raises(NumberError, match="no common denominator of less than"):
        require_short(1 << (CAPS.matrix_bits // 1000), 1001)
    with pytest.raises(NumberError, match="write decimals instead of fractions"):
        matrix_from_rows([[Fraction(1, 2**100_000 + 1)] * 100] * 101, 100)
