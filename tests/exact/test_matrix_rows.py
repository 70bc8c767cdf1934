"""Common denominators stay as short as the file explains."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix, hstack
from rectifold.exact.matrix_rows import matrix_from_rows, require_short
from rectifold.runtime.caps import CAPS

F = Fraction


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


@pytest.mark.parametrize("values", [[[F(1, 2), F(-3)], [F(0), F(2)]], [[F(1, 3), F(-3)]]])
def test_a_product_with_zero_is_zero(values: list[list[Fraction]]) -> None:
    matrix = Matrix.from_fractions(values)
    assert matrix @ Matrix.zeros(2, 3) == Matrix.zeros(len(values), 3)
    assert Matrix.zeros(4, len(values)) @ matrix == Matrix.zeros(4, 2)


@pytest.mark.parametrize("third", [F(1, 4), F(1, 3)])
def test_columns_scattered_where_they_are_stay_and_others_move(third: Fraction) -> None:
    matrix = Matrix.from_fractions([[F(1), F(-2), third]])
    assert matrix.scatter_columns([0, 1, 2], 3) == matrix
    assert matrix.scatter_columns([2, 0, 1], 3) == Matrix.from_fractions([[F(-2), third, F(1)]])
    wide = Matrix.from_fractions([[F(1), F(-2), third, F(0)]])
    assert matrix.scatter_columns([0, 1, 2], 4) == wide
    assert matrix.scatter_columns([1, 1, 0], 2) == Matrix.from_fractions([[third, F(-1)]])


@pytest.mark.parametrize("third", [F(1, 4), F(1, 3)])
def test_a_selected_or_transposed_matrix_has_entries_of_its_own(third: Fraction) -> None:
    matrix = Matrix.from_fractions([[F(1), F(-2), third], [F(0), F(5), F(7)]])
    assert matrix == matrix.T.T
    assert matrix.select_columns([2, 0]) == matrix.T.select_rows([2, 0]).T
    assert matrix.select_rows([1]).row(0) == [F(0), F(5), F(7)]
    assert hash(matrix.T.select_rows([0, 1, 2])) == hash(matrix.T)


@pytest.mark.parametrize("third", [F(1, 4), F(1, 3)])
def test_blocks_side_by_side_have_the_columns_of_each(third: Fraction) -> None:
    one, two = Matrix.column([F(1), third]), Matrix.column([F(0), F(-2)])
    assert hstack([one]) == one
    assert hstack([one, two]) == Matrix.from_fractions([[F(1), F(0)], [third, F(-2)]])
