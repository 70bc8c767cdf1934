"""Relations by slopes: against the exact slopes of every region of random small networks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, property_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.property import Property
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.properties.answers import Answer, Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.properties.relations import Slope, lipschitz, monotone
from rectifold.runtime.run import Limits, Run
from rectifold_check import check_property
from support import net, random_network

F = Fraction
NONE = F(0)


def slopes_of_regions(network: Network, domain: Domain) -> list[list[list[Fraction]]]:
    """Per region and output, the exact slope on every input; 0 on those that are fixed."""
    free = [k for k in range(domain.size) if k not in domain.fixed]
    found = []
    for region in vertex_enumeration(network, domain).regions():
        rows = [[NONE] * domain.size for _ in region.affine]
        for row, form in zip(rows, region.affine, strict=True):
            for k, slope in zip(free, form, strict=False):
                row[k] = slope
        found.append(rows)
    return found


def decided(network: Network, asked: Property) -> Answer:
    """The answer; a certificate is replayed from its start, with no time limit."""
    answer = decide_property(network, asked, Run(Limits(60.0)), network)
    if isinstance(answer, Holds):
        text = canonical_text(network)
        lines = answer.certificate.lines
        assert check_property(text, property_text(asked), lines, beside=text).holds
    return answer


def require_right(network: Network, domain: Domain) -> None:
    """Monotone in every place, and Lipschitz at, below and above the exact constant."""
    regions = slopes_of_regions(network, domain)
    steep = max(sum(map(abs, row), NONE) for rows in regions for row in rows)
    for k in range(min(2, domain.size)):
        least = min(rows[0][k] for rows in regions)
        answer = decided(network, monotone(network, domain, [Slope(k, 0)], NONE))
        assert isinstance(answer, Holds if least >= 0 else Refuted), (k, least)
    for most, kind in ((steep, Holds), (steep + F(1, 7), Holds), (steep - F(1, 7), Refuted)):
        if most >= 0:
            assert isinstance(decided(network, lipschitz(network, domain, most, NONE)), kind), most


def campaign(seeds: Sequence[int]) -> int:
    """How many networks were decided right; raises AssertionError for one that was not."""
    count = 0
    for seed in seeds:
        network = random_network(seed)
        assert network.domain is not None
        try:
            vertex_enumeration(network, network.domain)
        except InputError:  # nothing varies
            continue
        require_right(network, network.domain)
        count += 1
    return count


def test_relations_of_random_networks_are_decided_as_their_regions_say() -> None:
    assert campaign(range(6)) >= 4


def test_many_inputs_are_halved() -> None:
    """Eight vary, too many for cells: the slope on x_0 is seen to be ≥ 0 on both halves of it."""
    network = net(
        "input x[8] in [-1, 1]\n"
        "h = relu([[1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]] @ x + [1/2, -1/2])\n"
        "output h[0] - h[1] / 2 + [[0, 1, -1, 1, -1, 1, -1, 1]] @ x\n"
    )
    assert network.domain is not None
    answer = decided(network, monotone(network, network.domain, [Slope(0, 0)], NONE))
    assert isinstance(answer, Holds)
    assert '["slopes",[[0,0]],[[],0,"0",[[0]],[[0]]]]' in answer.certificate.text
    falls = monotone(network, network.domain, [Slope(2, 0)], NONE)
    assert isinstance(decided(network, falls), Refuted)
