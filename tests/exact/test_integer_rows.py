"""Layers of rows in integers: the same values as with fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.exact.integer_rows import IntegerLayers, IntegerRow, integers_of


def test_numbers_are_integers_without_a_common_factor_times_a_positive_number() -> None:
    assert integers_of([Fraction(-4, 3), 2, Fraction(0)]) == ([-2, 3, 0], Fraction(2, 3))
    assert integers_of([Fraction(0), 0]) == ([0, 0], Fraction(1))


def test_a_row_is_primitive_and_knows_its_scale() -> None:
    row = IntegerRow([(0, Fraction(4, 3)), (2, Fraction(-2, 5)), (1, 0)])
    assert (row.places, row.numbers, row.scale) == ([0, 2], [10, -3], Fraction(15, 2))
    assert row.times([3, 100, 5]) == 15


def test_a_row_of_nothing_is_zero() -> None:
    layers = IntegerLayers(1)
    assert layers.evaluate([Fraction(1, 3)], layers.add([[]], is_relu=False)) == [0]


def test_layers_divide_by_what_the_rows_below_were_multiplied_with() -> None:
    layers = IntegerLayers(2)  # the number 1 is at place 2
    inner = layers.add(
        [[(0, Fraction(1, 3)), (2, Fraction(1, 2))], [(0, -1), (1, 4)]], is_relu=True, den=7
    )
    outer = layers.add(
        [[(inner[0], Fraction(1, 5)), (inner[1], Fraction(-3, 2)), (1, 1)], [(2, Fraction(1, 9))]],
        is_relu=False,
    )
    for x, y in [(Fraction(2, 11), Fraction(-5, 3)), (Fraction(-9), Fraction(1, 4))]:
        first = max((x / 3 + Fraction(1, 2)) / 7, Fraction(0))
        second = max((4 * y - x) / 7, Fraction(0))
        expected = [first / 5 - Fraction(3, 2) * second + y, Fraction(1, 9)]
        assert layers.evaluate([x, y], outer) == expected


@pytest.mark.parametrize("point", [[], [1, 2, 3]])
def test_a_point_of_a_wrong_size_is_refused(point: list[int]) -> None:
    layers = IntegerLayers(2)
    outer = layers.add([[(0, 1), (2, 5)]], is_relu=False)
    with pytest.raises(ValueError, match=f"2 inputs are read, the point has {len(point)}"):
        layers.evaluate(point, outer)
