"""A smaller network within a tolerance: what is certified holds, and what is small is gone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from approximate_networks import jittery, seen_differences
from rectifold.approximate.approximating import Wish, approximate_network
from rectifold.approximate.budget import parse_within
from rectifold.approximate.goal import Goal
from rectifold.errors import InputError, Unfinished
from rectifold.ir.domain import Domain
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline
from support import float_network

WEIGHTS = Options(objective="weights")


@pytest.mark.parametrize("sizes", [(20, 12, 8, 3), (2, 6, 5, 1), (14, 5, 2)])
@pytest.mark.parametrize("within", ["0.001", "2%"])
def test_the_difference_stays_within_what_is_certified(sizes: tuple[int, ...], within: str) -> None:
    source = jittery(*sizes, seed=sum(sizes))
    found = approximate_network(source, None, Goal(parse_within(within)), Wish(WEIGHTS))
    assert found.certified_compile is not None
    assert all(c <= t for c, t in zip(found.certified, found.tolerance, strict=True))
    seen = seen_differences(source, found.network)
    assert all(s <= c for s, c in zip(seen, found.certified, strict=True))
    assert found.network.sizes.weights < source.sizes.weights * 0.6


def test_a_tolerance_is_met_exactly_and_not_by_its_float() -> None:
    source = jittery(6, 5, 2)
    first = approximate_network(source, None, Goal(parse_within("0.001")), Wish(WEIGHTS))
    below = max(first.certified) * (1 - Fraction(1, 2**80))
    found = approximate_network(source, None, Goal(parse_within(below)), Wish(WEIGHTS))
    assert max(found.certified) <= below


@pytest.mark.parametrize("within", ["1e400", "1e-400", "1e400%"])
def test_tolerances_beyond_the_floats_are_kept(within: str) -> None:
    source = jittery(4, 3, 2)
    found = approximate_network(source, None, Goal(parse_within(within)), Wish(WEIGHTS))
    assert all(c <= t for c, t in zip(found.certified, found.tolerance, strict=True))
    assert bool(found.moves) == (within != "1e-400")


def test_the_edited_network_keeps_the_layers() -> None:
    source = jittery(10, 6, 2)
    found = approximate_network(
        source, None, Goal(parse_within("0.01")), Wish(WEIGHTS, certify=False)
    )
    assert found.edited.shape_text() == source.shape_text()
    assert found.moves["tiny weights"] > 0
    assert found.certified_compile is None


def test_nothing_is_dropped_where_nothing_is_small() -> None:
    source = float_network(3, 3, 4, 2)
    found = approximate_network(source, None, Goal(parse_within("1e-9")), Wish(WEIGHTS))
    assert found.edited == source
    assert not found.moves


def test_the_same_seed_gives_the_same_network() -> None:
    source = jittery(20, 12, 8, 3)
    one, other = (approximate_network(source, None, Goal(parse_within("1%"))) for _ in range(2))
    assert one.network == other.network
    assert one.certified == other.certified


def test_a_deadline_ends_the_search_with_the_best_so_far() -> None:
    source = jittery(20, 12, 8, 3)
    over = Deadline.after(0.0)
    found = approximate_network(
        source, None, Goal(parse_within("1%")), Wish(WEIGHTS, deadline=over)
    )
    assert found.edited == source
    assert found.certified_compile is not None


def test_a_domain_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="bounded domain"):
        approximate_network(jittery(2, 2, 1), Domain.everywhere(2), Goal(parse_within("1")))


def test_one_tolerance_per_output_is_kept() -> None:
    source = jittery(20, 12, 8, 3, size=1e-3)
    found = approximate_network(source, None, Goal(parse_within("0.0001,1,0.1")), Wish(WEIGHTS))
    assert found.tolerance == (Fraction(1, 10000), Fraction(1), Fraction(1, 10))
    assert all(c <= t for c, t in zip(found.certified, found.tolerance, strict=True))


@pytest.mark.parametrize("goal", [Goal(most_weights=60), Goal(most_weights=60, most_units=19)])
def test_a_size_is_reached_with_the_smallest_difference_found(goal: Goal) -> None:
    source = jittery(20, 12, 8, 3, size=1e-2)
    found = approximate_network(source, None, goal, Wish(WEIGHTS))
    assert found.network.sizes.weights <= 60
    assert found.certified_compile is not None
    seen = seen_differences(source, found.network)
    assert all(s <= c for s, c in zip(seen, found.certified, strict=True))
    larger = approximate_network(source, None, Goal(most_weights=120), Wish(WEIGHTS))
    assert max(larger.certified) < max(found.certified)


def test_a_size_that_is_not_reached_within_the_tolerance_is_refused() -> None:
    goal = Goal(parse_within("1e-6"), most_weights=20)
    with pytest.raises(InputError, match=r"at most 20 weights was found with .* .* times what"):
        approximate_network(jittery(8, 6, 2), None, goal)


def test_a_size_below_all_edits_is_refused() -> None:
    with pytest.raises(InputError, match="at most 0 weights is not reached"):
        approximate_network(jittery(4, 3, 2), None, Goal(most_weights=0))


def test_a_source_that_is_small_enough_stays_the_same_function() -> None:
    found = approximate_network(jittery(4, 3, 2), None, Goal(most_weights=10_000))
    assert not found.moves
    assert set(found.certified) == {Fraction(0)}


def test_a_size_in_no_time_is_unfinished() -> None:
    wish = Wish(deadline=Deadline.after(0.0))
    with pytest.raises(Unfinished, match="the time was up before a network of at most 3 weights"):
        approximate_network(jittery(8, 6, 2), None, Goal(most_weights=3), wish)


def test_a_goal_asks_for_something() -> None:
    with pytest.raises(InputError, match="needs within="):
        Goal()
    with pytest.raises(InputError, match="max_units= is -1"):
        Goal(most_units=-1)
