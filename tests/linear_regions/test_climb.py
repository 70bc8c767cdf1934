"""Climbing from region to region: exact points, never above the maximum, and at least as high as
the start.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.equivalence.answers import Different, Equal
from rectifold.equivalence.decide import closest, compare
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import difference
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.climb import highest_near
from rectifold.runtime.run import Limits
from support import float_network, points_of, random_network


def largest(network: Network, domain: Domain) -> Fraction:
    return Fraction(
        max(
            abs(sum((a * x for a, x in zip(form, vertex, strict=False)), form[-1]))
            for region in vertex_enumeration(network, domain).regions()
            for form in region.affine
            for vertex in region.vertices
        )
    )


@pytest.mark.parametrize("sizes", [(1, 8, 8, 1), (2, 8, 8, 2), (3, 6, 6, 1), (5, 5, 4, 1)])
def test_a_local_maximum_is_found_and_mostly_the_largest_value(sizes: tuple[int, ...]) -> None:
    network = float_network(8, *sizes)
    assert network.domain is not None
    top = largest(network, network.domain)
    hits = 0
    for point in points_of(network.domain, 12, 1):
        found = highest_near(network, network.domain, point, seconds=10)
        assert network.domain.contains(found.point)
        assert max(map(abs, evaluate(network, point))) <= found.value <= top
        assert found.value == max(map(abs, evaluate(network, found.point)))
        hits += found.value == top
    assert hits >= 3


@pytest.mark.parametrize("seed", range(40))
def test_degenerate_networks(seed: int) -> None:
    network = random_network(seed)
    domain = network.domain
    assert domain is not None
    if not 1 <= domain.size - len(domain.fixed) <= 3 or domain.constraints:
        return
    start = points_of(domain, 1, seed)[0]
    found = highest_near(network, domain, start, seconds=10)
    assert max(map(abs, evaluate(network, start))) <= found.value <= largest(network, domain)
    assert found.value == max(map(abs, evaluate(network, found.point)))


def test_constraints_are_kept() -> None:
    network = float_network(8, 2, 8, 8, 1)
    assert network.domain is not None
    cut = Domain(
        network.domain.lower,
        network.domain.upper,
        (Constraint((Fraction(1), Fraction(1)), Fraction(0)),),
    )
    found = highest_near(network, cut, [Fraction(-1, 3), Fraction(-1, 5)], seconds=10)
    assert cut.contains(found.point)
    assert found.value <= largest(network, cut)


def moved(network: Network, by: Fraction) -> Network:
    last = network.output_layer
    draft = Draft(network)
    rows = last.weights[network.layers[-2].name].fractions()
    rows[0][0] += by
    draft.put(
        Layer(
            last.name,
            last.activation,
            last.bias,
            {network.layers[-2].name: Matrix.from_fractions(rows)},
        )
    )
    return draft.freeze()


def test_the_tightest_bound_from_below_is_a_vertex() -> None:
    a = float_network(9, 2, 6, 6, 1)
    b = moved(a, Fraction(1, 7))
    assert a.domain is not None
    found = closest(a, b, a.domain, limits=Limits(5.0))
    truth = largest(difference(a, b), a.domain)
    assert found.lower == truth
    assert found.upper >= truth
    assert isinstance(compare(a, b, a.domain, within=truth), Equal)
    assert isinstance(compare(a, b, a.domain, within=truth - Fraction(1, 10**30)), Different)
