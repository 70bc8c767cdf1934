"""Classes as sums of few others, exactly."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from random import Random

from rectifold.two_layers.flags.decompose import Values, combination


def values(*entries: int) -> Values:
    return {(k,): Fraction(v) for k, v in enumerate(entries) if v}


def test_a_sum_is_found_with_its_fractions() -> None:
    columns = [values(1, 2, 0), values(0, 1, 1), values(1, 0, 0)]
    total: Values = {(0,): Fraction(1, 3), (1,): Fraction(7, 6), (2,): Fraction(1, 2)}
    found = combination(total, columns, [1, 1, 1])
    assert found == {0: Fraction(1, 3), 1: Fraction(1, 2)}


def test_one_column_is_preferred_to_many() -> None:
    random = Random(0)
    columns = [values(*(random.randint(-3, 3) for _ in range(8))) for _ in range(20)]
    total = {chain: 5 * v for chain, v in columns[13].items()}
    assert combination(total, columns, [1.0] * 20) == {13: Fraction(5)}


def test_cheap_columns_are_preferred() -> None:
    columns = [values(1, 1), values(1, 0), values(0, 1)]
    assert combination(values(1, 1), columns, [84, 1, 1]) == {1: Fraction(1), 2: Fraction(1)}
    assert combination(values(1, 1), columns, [1, 84, 84]) == {0: Fraction(1)}


def test_what_is_not_in_the_span_is_not_found() -> None:
    assert combination(values(1, 2), [values(1, 1)], [1]) is None
    assert combination(values(1), [], []) is None
    assert combination(values(0, 1), [values(1)], [1]) is None


def test_nothing_needs_nothing() -> None:
    assert combination({}, [values(1)], [1]) == {}


def test_numbers_far_beyond_floats_are_exact() -> None:
    huge = Fraction(10**400 + 1, 3)
    columns: list[Values] = [{(0,): huge, (1,): Fraction(1)}, {(0,): Fraction(1)}]
    total: Values = {(0,): 2 * huge + 7, (1,): Fraction(2)}
    assert combination(total, columns, [1, 1]) == {0: Fraction(2), 1: Fraction(7)}


def test_a_table_of_many_rows_is_not_written_out() -> None:
    """Of 600 columns and 24,000 rows it would be 115 MB of floats, and as much of residues."""
    count, step = 600, 40
    columns: list[Values] = [
        {((step * k + j) % (step * count),): Fraction(j + k % 7 + 1) for j in range(2 * step)}
        for k in range(count)
    ]
    total = {chain: 2 * value for chain, value in columns[3].items()}
    for chain, value in columns[400].items():
        total[chain] = total.get(chain, Fraction(0)) - value
    tracemalloc.start()
    found = combination(total, columns, [1.0] * count)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {3: Fraction(2), 400: Fraction(-1)}
    assert peak < 100 * 2**20
