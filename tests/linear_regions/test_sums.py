"""Sums that are updated: the same exact forms whatever was computed before."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from random import Random

import pytest

from rectifold.linear_regions.polytope import Form
from rectifold.linear_regions.sums import Recent, Sum


@pytest.mark.parametrize("seed", range(40))
def test_a_sum_does_not_depend_on_the_way_to_its_values(seed: int) -> None:
    random = Random(seed)
    width, size = random.randint(1, 12), random.randint(1, 6)
    weights = [[random.choice((0, 0, 1, -3, 10**20)) for _ in range(width)] for _ in range(size)]
    bias = ([random.randint(-9, 9) for _ in range(size)], random.choice((1, 6)))
    total, zero = Sum(3, bias, [(weights, 4)], [(width, 3)]), [0, 0, 0]
    known: list[Form] = [[random.randint(-5, 5) for _ in range(3)] for _ in range(width)]
    for _ in range(10):
        values = [form if random.random() < 0.7 else zero for form in known]
        forms, floats = total.of(values)
        fresh, fresh_floats = Sum(3, bias, [(weights, 4)], [(width, 3)]).of(values)
        assert forms == fresh
        assert floats.tolist() == fresh_floats.tolist()
        for row, constant, form in zip(weights, bias[0], forms, strict=True):
            exact = [
                sum(
                    (Fraction(w, 4) * Fraction(v[c], 3) for w, v in zip(row, values, strict=True)),
                    Fraction(0),
                )
                for c in range(3)
            ]
            exact[2] += Fraction(constant, bias[1])
            assert [Fraction(v, total.den) for v in form] == exact


def test_only_the_last_entries_are_kept() -> None:
    recent = Recent[int](2)
    keys = (b"a", b"b", b"a", b"c", b"a")
    computed = [recent.get(key, partial(int, k)) for k, key in enumerate(keys)]
    assert computed == [0, 1, 0, 3, 4]
    assert list(recent.entries) == [b"c", b"a"]
