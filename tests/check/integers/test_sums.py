"""All sums of a layer at once are those one by one, whatever the sizes and signs."""

from __future__ import annotations

from random import Random

import pytest

from rectifold_check.integers.sums import Sums, Weights
from rectifold_check.limits import MOST_SLOT_WORDS
from rectifold_check.work import Work


def layer(random: Random, units: int, places: int, share: float, bits: int) -> list[Weights]:
    """Places in any order, as rearranged units are read."""
    return [
        {
            place: random.choice((-1, 1)) * (1 + random.getrandbits(bits))
            for place in random.sample(range(places), places)
            if random.random() < share
        }
        for _ in range(units)
    ]


def plainly(units: list[Weights], values: list[int]) -> list[int]:
    return [sum(w * values[place] for place, w in row.items()) for row in units]


@pytest.mark.parametrize("seed", range(30))
def test_sums_are_exact(seed: int) -> None:
    random = Random(seed)
    places, share = random.randint(1, 12), random.choice((0.2, 0.6, 1.0))
    units = layer(random, random.randint(0, 9), places, share, random.choice((3, 40, 90)))
    sums = Sums(units, Work())
    for _ in range(20):
        bits = random.choice((0, 1, 20, 61, 62, 63, 64, 130, 400))
        values = [random.choice((-1, 0, 1)) * random.getrandbits(bits) for _ in range(places)]
        assert sums.of(values) == plainly(units, values)


@pytest.mark.parametrize("places", [(1, 3, 2, 4), (1, 9, 3), (4, 3, 2, 1)])
def test_weights_belong_to_their_places_in_whatever_order(places: tuple[int, ...]) -> None:
    row: Weights = {place: 10**k for k, place in enumerate(places)}
    values = [7**k for k in range(10)]
    assert Sums([row], Work()).of(values) == plainly([row], values)


def test_the_largest_sums_stay_in_their_slots() -> None:
    """All weights and values have the largest size that a slot of one word is made for."""
    units: list[Weights] = [{0: 7, 1: 8}, {0: -7, 1: -8}, {0: 1}]
    sums = Sums(units, Work())
    assert sums.is_packed
    for bits in range(55, 70):
        values = [(1 << bits) - 1] * 2
        for signed in (values, [-v for v in values], [values[0], -values[1]]):
            assert sums.of(signed) == plainly(units, signed)


def test_rows_with_few_weights_among_many_places_are_not_packed() -> None:
    units: list[Weights] = [{k: 3, k + 1: -5} for k in range(0, 800, 2)]
    sums = Sums(units, Work())
    assert not sums.is_packed
    values = list(range(-400, 400))
    assert sums.of(values) == plainly(units, values)


def test_values_may_grow_beyond_any_slot() -> None:
    units: list[Weights] = [{0: 1, 1: 2}, {0: 3, 1: 4}]
    work = Work()
    sums = Sums(units, work)
    for bits in range(10, 64 * (MOST_SLOT_WORDS + 3), 64):
        assert sums.of([1 << bits, -1]) == plainly(units, [1 << bits, -1])
    assert work.done > 0
