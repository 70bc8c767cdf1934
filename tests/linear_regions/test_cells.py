"""Enumeration: dealt out, cells are those of the whole; a limit and a clock leave the rest
waiting.
"""

from __future__ import annotations

import pickle
from itertools import count

import pytest

from rectifold.linear_regions.by_programs import program_enumeration
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.region import AnyRegion
from support import float_network


def phases(region: AnyRegion) -> tuple[bytes, ...]:
    return tuple(region.phases.values())


@pytest.mark.parametrize(("cells", "hands"), [(1, 1), (10, 3), (64, 8), (100_000, 7)])
def test_dealt_cells_have_every_region_once(cells: int, hands: int) -> None:
    network = float_network(0, 2, 6, 6, 1)
    assert network.domain is not None
    expected = sorted(map(phases, vertex_enumeration(network, network.domain).regions()))
    whole = vertex_enumeration(network, network.domain)
    dealt = whole.deal(cells, hands)
    assert len(dealt) <= hands
    assert not whole.waiting
    assert sorted(phases(r) for part in dealt for r in part.regions()) == expected
    assert all(part.tally.complete for part in dealt)


def test_a_dealt_part_goes_to_another_process_and_finds_the_same() -> None:
    network = float_network(1, 2, 6, 5, 1)
    assert network.domain is not None
    (here,) = vertex_enumeration(network, network.domain).deal(8, 1)
    there = pickle.loads(pickle.dumps(here))
    assert there.restriction.network == network
    assert list(map(phases, there.regions())) == list(map(phases, here.regions()))


def test_parts_that_one_process_is_sent_share_their_tables() -> None:
    network = float_network(1, 2, 6, 5, 1)
    assert network.domain is not None
    first, second = vertex_enumeration(network, network.domain).deal(8, 2)
    one, other = pickle.loads(pickle.dumps(first)), pickle.loads(pickle.dumps(second))
    assert one.restriction is other.restriction
    assert one.splitter.blocks is other.splitter.blocks
    assert one.restriction is not first.restriction


def test_cells_of_linear_programs_are_dealt_too() -> None:
    network = float_network(1, 6, 4, 3, 1)
    assert network.domain is not None
    expected = sorted(map(phases, program_enumeration(network, network.domain).regions()))
    dealt = pickle.loads(pickle.dumps(program_enumeration(network, network.domain).deal(6, 2)))
    assert sorted(phases(r) for part in dealt for r in part.regions()) == expected


def test_from_the_deadline_on_the_rest_waits() -> None:
    network = float_network(0, 2, 8, 8, 1)
    assert network.domain is not None
    ticks = count()
    enumeration = vertex_enumeration(network, network.domain, lambda: float(next(ticks)))
    first = list(map(phases, enumeration.regions(seconds=30)))
    assert enumeration.waiting
    assert not enumeration.tally.complete
    rest = list(map(phases, enumeration.regions()))
    everything = list(map(phases, vertex_enumeration(network, network.domain).regions()))
    assert first
    assert first + rest == everything
