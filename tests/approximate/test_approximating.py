"""A smaller network within a tolerance: what is certified holds, and what is small is gone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from approximate_networks import jittery, seen_differences
from rectifold.approximate.approximating import Wish, approximate_network
from rectifold.approximate.budget import parse_within
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline
from support import float_network

WEIGHTS = Options(objective="weights")


@pytest.mark.parametrize("sizes", [(20, 12, 8, 3), (2, 6, 5, 1), (14, 5, 2)])
@pytest.mark.parametrize("within", ["0.001", "2%"])
def test_the_difference_stays_within_what_is_certified(sizes: tuple[int, ...], within: str) -> None:
    source = jittery(*sizes, seed=sum(sizes))
    found = approximate_network(source, None, parse_within(within), Wish(WEIGHTS))
    assert found.certified_compile is not None
    assert all(c <= t for c, t in zip(found.certified, found.tolerance, strict=True))
    seen = seen_differences(source, found.network)
    assert all(s <= c for s, c in zip(seen, found.certified, strict=True))
    assert found.network.sizes.weights < source.sizes.weights * 0.6


def test_the_edited_network_keeps_the_layers() -> None:
    source = jittery(10, 6, 2)
    found = approximate_network(source, None, parse_within("0.01"), Wish(WEIGHTS, certify=False))
    assert found.edited.shape_text() == source.shape_text()
    assert found.moves["tiny weights"] > 0
    assert found.certified_compile is None


def test_nothing_is_dropped_where_nothing_is_small() -> None:
    source = float_network(3, 3, 4, 2)
    found = approximate_network(source, None, parse_within("1e-9"), Wish(WEIGHTS))
    assert found.edited == source
    assert not found.moves


def test_the_same_seed_gives_the_same_network() -> None:
    source = jittery(20, 12, 8, 3)
    one, other = (approximate_network(source, None, parse_within("1%")) for _ in range(2))
    assert one.network == other.network
    assert one.certified == other.certified


def test_a_deadline_ends_the_search_with_the_best_so_far() -> None:
    source = jittery(20, 12, 8, 3)
    over = Deadline.after(0.0)
    found = approximate_network(source, None, parse_within("1%"), Wish(WEIGHTS, deadline=over))
    assert found.edited == source
    assert found.certified_compile is not None


def test_a_domain_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="bounded domain"):
        approximate_network(jittery(2, 2, 1), Domain.everywhere(2), parse_within("1"))


def test_one_tolerance_per_output_is_kept() -> None:
    source = jittery(20, 12, 8, 3, size=1e-3)
    found = approximate_network(source, None, parse_within("0.0001,1,0.1"), Wish(WEIGHTS))
    assert found.tolerance == (Fraction(1, 10000), Fraction(1), Fraction(1, 10))
    assert all(c <= t for c, t in zip(found.certified, found.tolerance, strict=True))
