"""Counting regions without keeping them."""

from __future__ import annotations

from itertools import count

import pytest

from rectifold.linear_regions.counts import Count, count_regions
from rectifold.linear_regions.summary import linear_regions
from support import float_network, random_network


@pytest.mark.parametrize("seed", range(30))
def test_the_count_is_that_of_the_list(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    found = count_regions(network, network.domain)
    assert (found.count, found.complete) == (len(linear_regions(network, network.domain)), True)


def test_processes_count_the_same() -> None:
    network = float_network(0, 2, 8, 8, 1)
    assert network.domain is not None
    assert count_regions(network, network.domain, jobs=2) == count_regions(network, network.domain)


def test_at_the_deadline_the_count_is_a_lower_bound() -> None:
    network = float_network(0, 2, 12, 12, 1)
    assert network.domain is not None
    ticks = count()
    ended = count_regions(network, network.domain, seconds=100, clock=lambda: float(next(ticks)))
    assert not ended.complete
    assert 0 < ended.count < count_regions(network, network.domain).count
    assert not count_regions(network, network.domain, seconds=0, jobs=2).complete


def test_the_line_says_whether_all_were_counted() -> None:
    assert Count(1, True).text == "1 linear region"
    assert Count(12345, True).text == "12,345 linear regions"
    assert Count(7, False).text == "at least 7 linear regions: the count ended early"
