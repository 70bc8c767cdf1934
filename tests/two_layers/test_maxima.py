"""Maxima of three to six numbers as sums of joins: proved on rays in integers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from maximum_rays import hyperplanes_of, is_shifted_with_its_numbers, rays_of, terms_of, wrong_rays
from rectifold.two_layers.maxima import Join, joins_of, value_of


@pytest.mark.parametrize(
    ("count", "joins", "hyperplanes", "rays"), [(3, 1, 3, 6), (4, 1, 6, 14), (5, 7, 26, 352)]
)
def test_the_maximum_is_proved_on_every_ray_of_its_fan(
    count: int, joins: int, hyperplanes: int, rays: int
) -> None:
    terms = joins_of(count)
    normals = hyperplanes_of(terms_of(terms, count)[1], count)
    found = rays_of(normals)
    assert (len(terms), len(normals), len(found)) == (joins, hyperplanes, rays)
    assert wrong_rays(terms, count, found) == 0
    assert is_shifted_with_its_numbers(terms)


def test_the_maximum_of_six_numbers_has_96_joins_and_holds_on_thousands_of_rays() -> None:
    joins = joins_of(6)
    assert len(joins) == 96
    normals = hyperplanes_of(terms_of(joins, 6)[1], 6)
    assert len(normals) == 105
    random = Random(0)
    sets = (tuple(random.sample(range(105), 4)) for _ in range(20_000))
    rays = rays_of(normals, iter(sets))
    assert len(rays) > 10_000
    assert wrong_rays(joins, 6, rays) == 0
    assert is_shifted_with_its_numbers(joins)


def test_a_wrong_factor_is_seen_on_the_rays() -> None:
    joins = list(joins_of(5))
    rays = rays_of(hyperplanes_of(terms_of(joins, 5)[1], 5))
    joins[0] = Join(joins[0].factor * 2, joins[0].left, joins[0].right)
    assert wrong_rays(joins, 5, rays) > 0
    assert not is_shifted_with_its_numbers(joins)


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_joins_add_up_to_the_maximum_at_rational_numbers_with_ties(count: int) -> None:
    random = Random(count)
    for _ in range(200):
        numbers = [Fraction(random.randint(-4, 4), random.choice([1, 2, 3])) for _ in range(count)]
        assert value_of(joins_of(count), numbers) == max(numbers)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_other_counts_have_no_joins(count: int) -> None:
    with pytest.raises(ValueError, match=f"three to 6 numbers, not {count}"):
        joins_of(count)
