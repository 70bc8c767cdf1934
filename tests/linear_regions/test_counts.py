"""Counting regions without keeping them; bounds of the literature."""

from __future__ import annotations

from itertools import count

import pytest

from rectifold.errors import InputError
from rectifold.linear_regions.counts import Count, count_regions
from rectifold.linear_regions.enumerations import enumeration_of
from rectifold.linear_regions.summary import linear_regions
from rectifold.linear_regions.upper_bounds import upper_bounds
from rectifold.runtime.run import Limits, Run
from support import float_network, net, random_network

HUGE = f"""
    input x[8] in [[-2, -1.5], [-1, 1], [-2, -1.5], [-2, -1.5], [-1, 1], [0, 1], [0, 1], [0, %s]]
    assume [2, -1, -2, -2, 0, 1, 0, 0] @ x <= 4
    assume [2, 1, -1, -1, 2, -1, 0, 0] @ x <= -0.5
    h0 = relu({10**25} * ([[-1, 0, -1, 1, -0.5, 0.5, 0, 0], [1, 0, 1, -1, 0.5, -0.5, 0, 0],
        [1/3, -1, 1, 0, 1, -2/3, 0, 0]] @ x + [0, 0, 1]))
    h1 = relu([[0, -2, -1]] @ h0 + [1])
    output h1
    """


@pytest.mark.parametrize("seed", range(30))
def test_the_count_is_that_of_the_list(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    found = count_regions(network, network.domain)
    assert (found.count, found.complete) == (len(linear_regions(network, network.domain)), True)


@pytest.mark.parametrize("sizes", [(6, 4, 4, 1), (7, 3, 3, 1)])
def test_a_count_by_vertices_is_that_of_the_list_by_programs(sizes: tuple[int, ...]) -> None:
    network = float_network(2, *sizes)
    assert network.domain is not None
    found = count_regions(network, network.domain)
    assert (found.count, found.complete) == (len(linear_regions(network, network.domain)), True)


@pytest.mark.parametrize("sizes", [(3, 6, 6, 1), (4, 5, 5, 2), (6, 4, 3, 1), (2, 5, 5, 3, 1)])
def test_what_one_or_two_units_of_the_last_block_split_is_counted_uncut(
    sizes: tuple[int, ...],
) -> None:
    network = float_network(2, *sizes)
    assert network.domain is not None
    listing, counting = (enumeration_of(network, network.domain) for _ in range(2))
    listed = len(list(listing.regions()))
    assert counting.count() == listed
    assert counting.tally.complete
    assert counting.tally.splits <= listing.tally.splits


def test_processes_count_the_same() -> None:
    network = float_network(0, 2, 8, 8, 1)
    assert network.domain is not None
    assert count_regions(network, network.domain, run=Run(Limits(jobs=2))) == count_regions(
        network, network.domain
    )


def test_at_the_deadline_the_count_is_a_lower_bound() -> None:
    network = float_network(0, 3, 9, 8, 1)
    assert network.domain is not None
    ticks = count()
    run = Run(Limits(80), clock=lambda: float(next(ticks)))
    ended = count_regions(network, network.domain, run=run)
    assert not ended.complete
    assert 0 < ended.count < count_regions(network, network.domain).count
    assert not count_regions(network, network.domain, run=Run(Limits(0, jobs=2))).complete


def test_the_line_says_whether_all_were_counted() -> None:
    assert Count(1, True).text == "1 linear region"
    assert Count(12345, True).text == "12,345 linear regions"
    assert Count(7, False).text == "at least 7 linear regions: the count ended early"
    assert Count(7, False, 1).text == "at least 7 linear regions: 1 cell not decided"


def test_a_count_that_was_not_ended_does_not_say_so() -> None:
    """Hinges of size 10^25: in floats, on which side of the second one the domain lies is open."""
    network = net(HUGE % 1)
    assert network.domain is not None
    found = count_regions(network, network.domain)
    assert not found.complete
    assert found.undecided > 0
    assert "not decided" in found.text


def test_corners_decide_what_programs_leave_open() -> None:
    network = net(HUGE % 0)  # seven inputs vary
    assert network.domain is not None
    assert not linear_regions(network, network.domain).complete
    assert count_regions(network, network.domain) == Count(3, True)


@pytest.mark.parametrize("seed", range(40))
def test_counts_stay_below_the_bounds_of_the_literature(seed: int) -> None:
    network = float_network(seed, 2, 5, 4, 3, 1)
    assert network.domain is not None
    regions = linear_regions(network, network.domain)
    bounds = upper_bounds(network, 2)
    assert (
        len(regions) <= bounds["Serra et al. 2018"] <= bounds["Montúfar 2017"] <= bounds["2^units"]
    )


def test_bounds_of_one_layer_are_those_of_an_arrangement() -> None:
    assert upper_bounds(float_network(0, 2, 4, 1), 2) == {
        "2^units": 16,
        "Montúfar 2017": 11,
        "Serra et al. 2018": 11,
    }
    with pytest.raises(InputError, match="chains"):
        upper_bounds(
            net("network n\ninput x[1] in [0, 1]\nh = relu(x)\ny = relu(h + x)\noutput y"), 1
        )
