"""Comparison by regions: whole or no claim, deadlines by a given clock, several processes."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import difference
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Limits, Run
from support import float_network, net, random_network


def ticking() -> Run:
    """A clock that goes on by a second whenever it is looked at, and an end after a hundred
    looks.
    """
    ticks = count()
    return Run(Limits(100), clock=lambda: float(next(ticks)))


def shifted(network: Network, by: Fraction) -> Network:
    draft = Draft(network)
    layer = network.output_layer
    draft.put(Layer(layer.name, "linear", layer.bias + Matrix.column([by]), dict(layer.weights)))
    return draft.freeze()


@pytest.fixture
def network() -> Network:
    return float_network(0, 2, 12, 12, 1)


def test_at_the_deadline_nothing_is_claimed(network: Network) -> None:
    assert network.domain is not None
    everything = compare_by_regions(network, network, network.domain)
    ended = compare_by_regions(network, network, network.domain, run=ticking())
    assert (everything.complete, everything.settled_fraction) == (True, 1.0)
    assert not ended.complete
    assert 0 < ended.regions < everything.regions
    assert 0 < ended.settled_fraction < 1


def test_no_time_is_no_region(network: Network) -> None:
    assert network.domain is not None
    outcome = compare_by_regions(network, network, network.domain, run=Run(Limits(0)))
    assert (outcome.regions, outcome.complete, outcome.settled_fraction) == (0, False, 0.0)


def test_progress_tells_regions_waiting_cells_and_a_share_that_grows(network: Network) -> None:
    assert network.domain is not None
    told: list[tuple[str, int, int]] = []
    ticks = count()
    run = Run(progress=lambda *row: told.append(row), clock=lambda: float(next(ticks)))
    outcome = compare_by_regions(network, network, network.domain, run=run)
    assert len(told) == outcome.regions
    assert told[0][0].startswith("1 regions compared, ")
    assert told[0][0].endswith(" cells wait")
    shares = [share for _, share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 99
    assert {whole for _, _, whole in told} == {100}


def test_only_the_cells_on_the_way_down_are_held(network: Network) -> None:
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    sizes = [len(enumeration.waiting) for _ in enumeration.done_cells(None)]
    assert len(sizes) > 150
    assert max(sizes) < 40
    assert not enumeration.waiting


def test_processes_share_the_work_and_find_the_same(network: Network) -> None:
    assert network.domain is not None
    alone = compare_by_regions(network, network, network.domain)
    ticks = count()
    quick = Run(Limits(jobs=2), clock=lambda: float(next(ticks)))  # the time alone is over at once
    shared = compare_by_regions(network, network, network.domain, run=quick)
    assert (shared.complete, shared.regions, shared.largest) == (True, alone.regions, Fraction(0))
    apart = compare_by_regions(
        network, shifted(network, Fraction(1, 10**9)), network.domain, run=quick
    )
    assert apart.point is not None
    assert apart.largest == Fraction(1, 10**9)
    assert not apart.complete


def test_processes_keep_the_deadline(network: Network) -> None:
    assert network.domain is not None
    ticks = count()
    ended = compare_by_regions(
        network,
        network,
        network.domain,
        run=Run(Limits(30, jobs=2), clock=lambda: float(next(ticks)) * 20),
    )
    assert not ended.complete


@pytest.mark.parametrize("seed", range(40))
def test_networks_compared_by_regions(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    same = compare_by_regions(network, network, network.domain)
    assert same.complete
    assert same.point is None
    assert same.largest == 0
    other = random_network(seed + 1000)
    if (other.input_size, other.output_size) != (network.input_size, network.output_size):
        return
    outcome = compare_by_regions(network, other, network.domain)
    if outcome.point is not None:
        gaps = [
            abs(a - b)
            for a, b in zip(
                evaluate(network, outcome.point), evaluate(other, outcome.point), strict=True
            )
        ]
        assert max(gaps) == outcome.largest > 0
        assert network.domain.contains(outcome.point)


def test_the_difference_of_two_networks_is_a_network() -> None:
    a = net("network a\ninput x[1] in [-1, 1]\nh = relu(x)\ny = 2*h\noutput y")
    b = net("network b\ninput t[1] in [-1, 1]\nk = relu(-t)\nz = 3*k\noutput z")
    for value in (Fraction(-1, 2), Fraction(1, 3)):
        assert evaluate(difference(a, b), [value]) == [
            evaluate(a, [value])[0] - evaluate(b, [value])[0]
        ]
