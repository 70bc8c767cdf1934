"""The largest value: bounds hold at points, whoever bounded the boxes, and its tree proves them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from rectifold.bounds.substitution import bounded
from rectifold.facts.trees import BoxSplit, BoxTree, UnitSplit
from rectifold.ir.network import Network
from rectifold.search.boxes.largest import LargestSearch, TightestSearch
from rectifold.search.boxes.unit_splits import PhaseSearch
from rectifold.search.witnesses import Witnesses
from support import float_network

LATER = 3_600.0  # seconds: the number of boxes ends these searches


def search_of(network: Network, kind: type[LargestSearch]) -> LargestSearch:
    assert network.domain is not None
    bounds = bounded(network, network.domain, {})
    start = np.zeros((0, network.input_size))
    return kind(bounds, Witnesses(bounds, 0, []), network.output, start)


def values_of(network: Network, count: int) -> np.ndarray:
    assert network.domain is not None
    witnesses = Witnesses(bounded(network, network.domain, {}), 1, [])
    return witnesses.trace(witnesses.fresh(count), network.output).values[network.output]


def leaves(tree: BoxTree) -> int:
    match tree.split:
        case BoxSplit(low=one, high=other) | UnitSplit(active=one, inactive=other):
            return leaves(one) + leaves(other)
        case _:
            return 1


@pytest.mark.parametrize("kind", [TightestSearch, PhaseSearch])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_never_below_a_value_and_improves(
    kind: type[LargestSearch], seed: int
) -> None:
    network = float_network(seed, 3, 8, 8, 2)
    search = search_of(network, kind)
    search.begin()
    search.go_on(time.monotonic() + LATER, 60)
    found = search.outcome()
    assert (values_of(network, 500).max(axis=0) <= found.upper).all()
    assert found.reached <= found.upper.max()
    uppers = [upper for _, _, upper in found.history]
    assert uppers[-1] <= uppers[0]
    assert leaves(found.tree) > 1


@pytest.mark.parametrize("seed", range(3))
def test_boxes_dealt_to_other_searches_and_merged_give_a_bound_that_holds(seed: int) -> None:
    network = float_network(seed, 3, 8, 8, 2)
    search = search_of(network, TightestSearch)
    assert isinstance(search, TightestSearch)
    search.begin()
    search.go_on(time.monotonic() + LATER, 40)
    before = search.worst_bound()
    for _ in range(2):
        waiting = len(search.waiting)
        hands = search.split_work(3)
        assert sum(len(hand.boxes) for hand in hands) == waiting
        assert not search.waiting
        for hand in reversed(hands):  # in whatever order they come back
            other = search_of(network, TightestSearch)
            assert isinstance(other, TightestSearch)
            other.resume(hand)
            other.go_on(time.monotonic() + LATER, 30)
            search.merge(hand, other.part())
    found = search.outcome()
    assert search.worst_bound() <= before
    assert (values_of(network, 500).max(axis=0) <= found.upper).all()


def test_a_target_ends_the_search_with_a_tree_or_with_a_point() -> None:
    network = float_network(0, 3, 8, 8, 2)
    open_end = search_of(network, TightestSearch)
    open_end.begin()
    open_end.go_on(time.monotonic() + LATER, 200)
    assert open_end.reached > 0
    bounds = open_end.bounds
    start = np.zeros((0, 3))
    aimed = TightestSearch(bounds, Witnesses(bounds, 0, []), network.output, start, -1e-9)
    aimed.begin()
    aimed.go_on(time.monotonic() + LATER, 200)
    assert aimed.is_complete
    assert aimed.reached > 1e-9
