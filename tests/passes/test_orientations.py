"""Units turned so that the linear part has a small rank: what is found, and what is proved."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from rectifold.exact.entries import PRIME
from rectifold.exact.matrix import Matrix
from rectifold.passes.orientations import Orientation, orientation

Rows = list[list[int]]


def matrix(rows: Rows, shape: tuple[int, int]) -> Matrix:
    return Matrix.from_fractions(rows, columns=shape[1]) if rows else Matrix.zeros(*shape)


def drawn(random: Random, rows: int, columns: int) -> Rows:
    return [[random.randint(-1, 1) for _ in range(columns)] for _ in range(rows)]


def with_flips(linear: Rows, jumps: Rows, rows: Rows, flips: tuple[int, ...]) -> Rows:
    return [
        [v + sum(jumps[i][k] * rows[k][j] for k in flips) for j, v in enumerate(own)]
        for i, own in enumerate(linear)
    ]


@pytest.mark.parametrize("units", [0, 1, 3, 6])
def test_of_few_units_the_best_set_is_found(units: int) -> None:
    random = Random(units)
    for _ in range(30):
        s, n = random.randint(1, 4), random.randint(1, 4)
        rows, jumps = drawn(random, units, n), drawn(random, s, units)
        hidden = tuple(k for k in range(units) if random.random() < 0.5)
        linear = [[-v for v in own] for own in with_flips([[0] * n] * s, jumps, rows, hidden)]
        linear[0] = [v + random.randint(-1, 1) for v in linear[0]]
        shapes = matrix(jumps, (s, units)), matrix(rows, (units, n))
        found = orientation(matrix(linear, (s, n)), *shapes)
        assert found is not None
        least = min(
            matrix(with_flips(linear, jumps, rows, flips), (s, n)).rank()
            for size in range(units + 1)
            for flips in combinations(range(units), size)
        )
        assert found.rank == found.least == least
        assert matrix(with_flips(linear, jumps, rows, found.flips), (s, n)).rank() == least


def test_of_many_units_the_bound_holds() -> None:
    """The hidden set leaves rank 1; whatever is found is no better than the bound."""
    random = Random(5)
    for _ in range(10):
        s, n, units = 3, 4, 12
        rows, jumps = drawn(random, units, n), drawn(random, s, units)
        hidden = tuple(range(0, units, 3))
        linear = [[-v for v in own] for own in with_flips([[0] * n] * s, jumps, rows, hidden)]
        linear[0] = [v + random.randint(1, 3) for v in linear[0]]
        found = orientation(
            matrix(linear, (s, n)), matrix(jumps, (s, units)), matrix(rows, (units, n))
        )
        assert found is not None
        assert found.least <= 1
        turned = matrix(with_flips(linear, jumps, rows, found.flips), (s, n))
        assert found.least <= turned.rank() == found.rank


def test_units_in_general_position_leave_no_doubt() -> None:
    """30 units with 20 inputs and 20 sums: each is cancelled on one side, and the bound is met."""
    random = Random(2)
    size = 20
    wide: Rows = [[random.randint(-99, 99) for _ in range(size)] for _ in range(30)]
    jumps: Rows = [[random.randint(-99, 99) for _ in range(30)] for _ in range(size)]
    linear = [[int(i == j and i < 5) for j in range(size)] for i in range(size)]
    found = orientation(Matrix.from_fractions(linear), *map(Matrix.from_fractions, (jumps, wide)))
    assert found == Orientation((), 5, 5)


def test_a_denominator_without_an_inverse_is_no_question() -> None:
    one = Matrix.from_fractions([[Fraction(1, PRIME)]])
    assert orientation(one, one, one) is None
