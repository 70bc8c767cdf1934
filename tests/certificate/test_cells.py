"""Comparison on cells: whole or no claim, deadlines by a given clock, several processes, and random
pairs against what is known of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import count

import pytest

from rectifold.certificate.cells import Compared, PairText, Search, compare_on_cells
from rectifold.exact.matrix import Matrix
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Limits, Run
from rectifold_check.cells import Cells
from rectifold_check.json import Refusal
from support import float_network, net, random_network


def compared(
    a: Network,
    b: Network,
    tolerance: Sequence[Fraction] | None = None,
    run: Run = Run(),
    most: int = 10**6,
) -> Compared:
    assert a.domain is not None
    zero = [Fraction(0)] * a.output_size
    pair = PairText.of(a, b, a.domain, zero if tolerance is None else tolerance)
    seconds = run.limits.seconds
    return compare_on_cells(pair, most, None if seconds is None else run.clock() + seconds, run)


def shifted(network: Network, by: Fraction) -> Network:
    draft = Draft(network)
    layer = network.output_layer
    shift = Matrix.column([by] * network.output_size)
    draft.put(Layer(layer.name, "linear", layer.bias + shift, dict(layer.weights)))
    return draft.freeze()


def ticking(seconds: float, step: float = 1.0, jobs: int = 1) -> Run:
    """A clock that goes on by a step whenever it is looked at."""
    ticks = count()
    return Run(Limits(seconds, jobs=jobs), clock=lambda: next(ticks) * step)


@pytest.fixture
def network() -> Network:
    return float_network(0, 2, 12, 12, 1)


@pytest.mark.parametrize("sizes", [(2, 12, 12, 1), (3, 5, 5, 1), (4, 5, 3, 2), (5, 6, 1)])
def test_a_network_and_itself_have_no_more_cells_than_regions(sizes: tuple[int, ...]) -> None:
    network = float_network(0, *sizes)
    assert network.domain is not None
    outcome = compared(network, network)
    regions = sum(1 for _ in vertex_enumeration(network, network.domain).regions())
    assert (outcome.complete, outcome.share) == (True, 1.0)
    assert 1 <= outcome.count < regions
    assert (outcome.point, outcome.largest) == (None, Fraction(0))


def test_at_the_deadline_nothing_is_claimed(network: Network) -> None:
    everything = compared(network, network)
    ended = compared(network, network, run=ticking(100))
    assert not ended.complete
    assert 0 < ended.count < everything.count
    assert 0 < ended.share < 1
    none = compared(network, network, run=Run(Limits(0)))
    assert (none.count, none.complete, none.share) == (0, False, 0.0)


def test_beyond_the_most_cells_nothing_is_claimed(network: Network) -> None:
    count = compared(network, network).count
    assert compared(network, network, most=count).complete
    assert not compared(network, network, most=count - 1).complete


def test_progress_tells_regions_waiting_cells_and_a_share_that_grows(network: Network) -> None:
    told: list[tuple[str, int, int]] = []
    ticks = count()
    run = Run(progress=lambda *row: told.append(row), clock=lambda: float(next(ticks)))
    outcome = compared(network, network, run=run)
    assert len(told) == outcome.count
    assert told[0][0].startswith("1 cells compared, ")
    assert told[0][0].endswith(" wait")
    shares = [share for _, share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 99


def test_only_the_cells_on_the_way_down_are_held(network: Network) -> None:
    assert network.domain is not None
    cells: Cells = PairText.of(network, network, network.domain, [Fraction(0)]).cells()
    waiting, most, done = [cells.whole()], 0, 0
    while waiting:
        parts = cells.parts(waiting.pop())
        done += parts is None
        waiting += parts or []
        most = max(most, len(waiting))
    assert done > 50
    assert most < 40


def test_processes_share_the_work_and_find_the_same(network: Network) -> None:
    alone = compared(network, network)
    ticks = count()
    both = Run(Limits(jobs=2), clock=lambda: float(next(ticks)))  # the time alone is over at once
    shared = compared(network, network, run=both)
    assert (shared.complete, shared.count, shared.largest) == (True, alone.count, Fraction(0))
    assert shared.work >= alone.work
    apart = compared(network, shifted(network, Fraction(1, 10**9)), run=both)
    assert apart.point is not None
    assert apart.largest == Fraction(1, 10**9)
    assert not apart.complete


def test_processes_keep_the_deadline(network: Network) -> None:
    assert not compared(network, network, run=ticking(30, 20, jobs=2)).complete


def test_a_tolerance_is_met_to_the_last_bit(network: Network) -> None:
    off = shifted(network, Fraction(1, 7))
    within = compared(network, off, [Fraction(1, 7)])
    assert (within.complete, within.largest, within.point) == (True, Fraction(1, 7), None)
    beyond = compared(network, off, [Fraction(1, 7) - Fraction(1, 10**12)])
    assert beyond.point is not None
    assert not beyond.complete


def test_a_domain_without_an_end_has_no_cells() -> None:
    network = net("network a\ninput x[1]\nh = relu(x)\noutput h")
    bounded = net("network a\ninput x[1] in [0, 1]\nh = relu(x)\noutput h").domain
    assert bounded is not None
    unbounded = type(bounded)((None,), (Fraction(1),))
    with pytest.raises(Refusal, match="bounded domain"):
        compare_on_cells(PairText.of(network, network, unbounded, [Fraction(0)]), 10, None, Run())


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_are_judged_as_by_regions(seed: int) -> None:
    """By another program, which reads forms of cells and not values at vertices."""
    network = random_network(seed)
    assert network.domain is not None
    assert compared(network, network).complete
    other = random_network(seed + 1000)
    if (other.input_size, other.output_size) != (network.input_size, network.output_size):
        other = shifted(network, Fraction(1, 2**30))
    outcome = compared(network, other)
    peer = compare_by_regions(network, other, network.domain)
    assert (outcome.point is None) == (peer.point is None)
    if outcome.point is not None:
        gaps = [
            abs(a - b)
            for a, b in zip(
                evaluate(network, outcome.point), evaluate(other, outcome.point), strict=True
            )
        ]
        assert max(gaps) == outcome.largest > 0
        assert network.domain.contains(outcome.point)


def test_processes_are_dealt_a_large_cell_and_few_small_ones(network: Network) -> None:
    assert network.domain is not None
    pair = PairText.of(network, network, network.domain, [Fraction(0)])
    search = Search(pair, pair.cells(), 10**6)
    search.waiting.append(search.cells.whole())
    assert [len(part) for part in search.deal(3)] == [1, 1, 1]
    search.waiting.append(search.cells.whole())
    whole = search.deal(40)
    search.left = [cell for part in whole for cell in part]
    assert len(search.left) == 40
    dealt = search.deal(2)
    assert [len(part) for part in dealt] == [8, 8]
    assert len(search.left) == 24
    cuts = [[cell[1].bit_count() for cell in part] for part in dealt]
    assert all(part == sorted(part) for part in cuts)
    assert max(part[0] for part in cuts) <= min(c[1].bit_count() for c in search.left)
