"""Lists of regions: limits, interrupts, refusals, several processes."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import pytest

from rectifold.errors import InputError
from rectifold.ir.domain import Constraint, Domain
from rectifold.linear_regions.by_vertices import VertexCell, VertexSplitter
from rectifold.linear_regions.cells import Tally
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import linear_regions, list_regions
from rectifold.runtime.run import Limits, Run
from support import float_network, net


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (Domain.everywhere(2), "need a bounded domain"),
        (Domain.cube(0, 10**400, 2), "input 0 has one beyond"),
        (
            Domain(
                (Fraction(0),) * 2,
                (Fraction(1),) * 2,
                (Constraint((Fraction(1), Fraction(1)), Fraction(-1)),),
            ),
            "is empty",
        ),
        (
            Domain(
                (Fraction(0),) * 2,
                (Fraction(1),) * 2,
                (Constraint((Fraction(1), Fraction(1)), Fraction(0)),),
            ),
            "is flat",
        ),
    ],
)
def test_domains_without_regions_are_refused(domain: Domain, message: str) -> None:
    network = net("network n\ninput x[2] in [0, 1]\nh = relu(x[0] - x[1])\noutput h")
    with pytest.raises(InputError, match=message):
        linear_regions(network, domain)


def test_limits_leave_a_partial_list_that_says_so() -> None:
    network = float_network(0, 2, 8, 8, 1)
    assert network.domain is not None
    everything = linear_regions(network, network.domain)
    few = linear_regions(network, network.domain, limit=5)
    none = linear_regions(network, network.domain, seconds=0)
    assert (len(few), few.complete, "at least 5" in repr(few)) == (5, False, True)
    assert (len(none), none.complete) == (0, False)
    exact = linear_regions(network, network.domain, limit=len(everything))
    assert exact.complete


def test_an_interrupt_keeps_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    network = float_network(0, 2, 8, 8, 1)
    assert network.domain is not None
    original = VertexSplitter.region_of
    seen: list[VertexCell] = []

    def region_of(self: VertexSplitter, cell: VertexCell, tally: Tally) -> Region:
        seen.append(cell)
        if len(seen) > 4:
            raise KeyboardInterrupt
        return original(self, cell, tally)

    monkeypatch.setattr(VertexSplitter, "region_of", region_of)
    found = linear_regions(network, network.domain)
    assert (len(found), found.complete) == (4, False)


@pytest.mark.parametrize("sizes", [(2, 8, 8, 1), (7, 5, 5, 1)])
def test_two_processes_find_the_same_regions(sizes: tuple[int, ...]) -> None:
    network = float_network(6, *sizes)
    assert network.domain is not None
    alone = linear_regions(network, network.domain)
    shared = linear_regions(network, network.domain, jobs=2)
    assert shared.complete
    assert sorted(tuple(r.phases.values()) for r in shared) == sorted(
        tuple(r.phases.values()) for r in alone
    )
    assert {r.affine for r in shared} == {r.affine for r in alone}
    few = linear_regions(network, network.domain, jobs=2, limit=5)
    assert (len(few), few.complete) == (5, False)
    none = linear_regions(network, network.domain, jobs=2, seconds=0)
    assert (len(none), none.complete) == (0, False)


def test_patterns_up_to_each_layer_are_counted() -> None:
    network = float_network(4, 2, 5, 4, 3, 1)
    assert network.domain is not None
    found = linear_regions(network, network.domain)
    names = [layer.name for layer in network.relu_layers]
    assert found.by_layer == {
        name: len({tuple(r.phases[n] for n in names[: k + 1]) for r in found})
        for k, name in enumerate(names)
    }


def test_a_run_is_told_how_many_regions_there_are() -> None:
    network = float_network(4, 3, 6, 5, 1)
    assert network.domain is not None
    told: list[tuple[str, int, int]] = []
    time = map(float, count())
    run = Run(progress=lambda *now: told.append(now), clock=lambda: next(time))
    alone = list_regions(network, network.domain, run=run)
    assert told[0] == ("1 linear region so far", 0, 0)
    assert len(told) == len(alone)
    told.clear()
    run = Run(Limits(jobs=2), progress=lambda *now: told.append(now))
    list_regions(network, network.domain, run=run)
    what, done, parts = told[-1]
    assert (what, done) == (f"{len(alone)} linear regions listed, parts", parts)


def test_parts_have_the_time_that_is_left_when_they_begin() -> None:
    """The clock goes on by a second whenever it is read: parts that begin late have no time."""
    network = float_network(4, 3, 6, 5, 1)
    assert network.domain is not None
    time = map(float, count())
    run = Run(Limits(5, jobs=2), clock=lambda: next(time))
    ended = list_regions(network, network.domain, run=run)
    everything = linear_regions(network, network.domain)
    assert not ended.complete
    assert len(ended) < len(everything)
