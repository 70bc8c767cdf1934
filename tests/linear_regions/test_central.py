"""Hyperplanes that all meet in one point: as many regions as are known, and as others count."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise, product
from random import Random

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.summary import linear_regions
from rectifold_check.cells import Cells
from rectifold_check.networks import read_domain, read_network

Rows = list[list[int]]


def central(*weights: Rows) -> Network:
    """Relu layers without biases, then the sum of the units, on a box around 0."""
    inputs = len(weights[0][0])
    layers, before = [], "x"
    for k, rows in enumerate([*weights, [[1] * len(weights[-1])]]):
        matrix = Matrix.from_fractions([[Fraction(v) for v in row] for row in rows])
        edge = Matrix.zeros(len(rows), 1), {before: matrix}
        layers.append(Layer(f"h{k}", "relu" if k < len(weights) else "linear", *edge))
        before = f"h{k}"
    return Network("x", inputs, layers, before, Domain.cube(-1, 1, inputs), "central")


def unit(i: int, n: int) -> list[int]:
    return [int(j == i) for j in range(n)]


def differences(n: int, *signs: int) -> Rows:
    return [
        [a + s * b for a, b in zip(unit(i, n), unit(j, n), strict=True)]
        for i, j in combinations(range(n), 2)
        for s in signs
    ]


KNOWN = {
    "the orders of 4 numbers": (differences(4, -1), 24),
    "the orders of 4 numbers and their signs": (
        [*differences(4, -1, 1), *(unit(i, 4) for i in range(4))],
        384,
    ),
    "the orders of 5 numbers": (differences(5, -1), 120),
    "all sums of 3 numbers": ([list(r) for r in product((0, 1), repeat=3) if any(r)], 32),
    "all sums of 4 numbers": ([list(r) for r in product((0, 1), repeat=4) if any(r)], 370),
}


@pytest.mark.parametrize("title", KNOWN)
def test_arrangements_have_as_many_regions_as_is_known(title: str) -> None:
    rows, expected = KNOWN[title]
    network = central(rows)
    assert network.domain is not None
    assert count_regions(network, network.domain).count == expected
    assert len(linear_regions(network, network.domain)) == expected


def checker_count(network: Network) -> int:
    assert network.domain is not None
    text = domain_text(network.domain)
    cells = Cells(read_network(canonical_text(network), "A"), read_domain(text))
    return sum(1 for _ in cells.affine(10**6))


@pytest.mark.parametrize("seed", range(12))
def test_deep_networks_without_biases_have_the_cells_of_the_checker(seed: int) -> None:
    random = Random(seed)
    sizes = [random.choice((3, 4, 5)), random.randint(3, 5), random.randint(3, 4)]
    weights = [
        [[random.randint(-1, 1) for _ in range(a)] for _ in range(b)] for a, b in pairwise(sizes)
    ]
    network = central(*weights)
    assert network.domain is not None
    found = linear_regions(network, network.domain)
    assert len(found) == checker_count(network)
    assert len(found) == count_regions(network, network.domain).count
    patterns = {tuple(region.phases.items()) for region in found}
    for _ in range(60):  # no point lies in a region that is not there
        point = [Fraction(random.randint(-997, 997), 1000) for _ in range(sizes[0])]
        values = trace(network, Matrix.column(point), with_activations=False)
        phases = {v.name: [z[0] for z in values[v.name].fractions()] for v in network.relu_layers}
        own = tuple((name, bytes(z > 0 for z in zs)) for name, zs in phases.items())
        is_on_a_border = any(z == 0 for zs in phases.values() for z in zs)
        assert is_on_a_border or own in patterns
