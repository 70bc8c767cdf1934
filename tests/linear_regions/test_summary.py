"""Lists of regions: limits, interrupts, refusals, several processes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.errors import InputError
from rectifold.ir.domain import Constraint, Domain
from rectifold.linear_regions.by_vertices import VertexCell, VertexSplitter
from rectifold.linear_regions.cells import Tally
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import linear_regions
from support import float_network, net


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (Domain.everywhere(2), "need a bounded domain"),
        (Domain.cube(0, 10**400, 2), "need a bounded domain"),
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
