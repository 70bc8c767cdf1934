"""Regions by vertex lists: complete, each once, with the exact affine map."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial
from random import Random

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import linear_regions
from rectifold.two_layers.form import value_at
from support import float_network, net, random_network


def whole(network: Network, free: tuple[int, ...], point: tuple[Fraction, ...]) -> list[Fraction]:
    assert network.domain is not None
    full = [network.domain.fixed.get(k, Fraction(0)) for k in range(network.input_size)]
    for k, v in zip(free, point, strict=True):
        full[k] = v
    return full


def determinant(rows: list[list[Fraction]]) -> Fraction:
    size = len(rows)
    total = Fraction(0)
    for order in permutations(range(size)):
        sign = 1
        for i in range(size):
            for j in range(i):
                if order[j] > order[i]:
                    sign = -sign
        part = Fraction(sign)
        for i in range(size):
            part *= rows[i][order[i]]
        total += part
    return total


def volume(region: Region) -> Fraction:
    """Exact volume: cones from the middle over the triangulated facets (1 to 3 dimensions)."""
    n, middle = region.polytope.dimension, region.interior_point
    if n == 1:
        ends = [v[0] for v in region.vertices]
        return max(ends) - min(ends)
    total = Fraction(0)
    for wall, _ in region.walls:
        on = [v for v in region.vertices if value_at(wall, v) == 0]
        for simplex in triangulated(on, n):
            rows = [[a - b for a, b in zip(corner, middle, strict=True)] for corner in simplex]
            total += abs(determinant(rows)) / factorial(n)
    return total


def triangulated(points: list[tuple[Fraction, ...]], n: int) -> list[list[tuple[Fraction, ...]]]:
    if n == 2:
        return [[min(points), max(points)]]
    middle = [sum(c, Fraction(0)) / len(points) for c in zip(*points, strict=True)]
    shifted = [tuple(float(a - b) for a, b in zip(p, middle, strict=True)) for p in points]
    axes = np.linalg.svd(np.array(shifted))[2][:2]
    angles = [np.arctan2(*(axes @ np.array(p))) for p in shifted]
    order = [p for _, p in sorted(zip(angles, points, strict=True))]
    return [[order[0], order[i], order[i + 1]] for i in range(1, len(order) - 1)]


def box_volume(domain: Domain, free: tuple[int, ...]) -> Fraction:
    total = Fraction(1)
    for k in free:
        low, high = domain.lower[k], domain.upper[k]
        assert low is not None
        assert high is not None
        total *= high - low
    return total


@pytest.mark.parametrize("seed", range(150))
def test_regions_fill_the_domain_once_and_carry_the_exact_map(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    assert enumeration.tally.complete
    free = enumeration.restriction.free
    if free:
        assert sum((volume(r) for r in regions), Fraction(0)) == box_volume(network.domain, free)
    patterns = {tuple(r.phases.items()) for r in regions}
    assert len(patterns) == len(regions)
    for region in regions:
        for point in [region.interior_point, *region.vertices] if free else [()]:
            value = evaluate(network, whole(network, free, point))
            given = [value_at(form, point) for form in region.affine]
            assert value == given


def polygon_area(corners: list[tuple[Fraction, ...]]) -> Fraction:
    """By the shoelace formula, which needs the cyclic order; positive counterclockwise."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum((a[0] * b[1] - a[1] * b[0] for a, b in pairs), Fraction(0)) / 2


@pytest.mark.parametrize("seed", range(20))
def test_corners_of_polygons_are_in_cyclic_order_and_their_areas_sum_to_the_box(seed: int) -> None:
    network = float_network(seed, 2, 6, 5, 1)
    assert network.domain is not None
    areas = [
        polygon_area(region.vertices)
        for region in vertex_enumeration(network, network.domain).regions()
    ]
    assert min(areas) > 0
    assert sum(areas, Fraction(0)) == box_volume(network.domain, (0, 1))


@pytest.mark.parametrize("seed", range(60))
def test_phases_are_those_at_an_interior_point(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    for region in enumeration.regions():
        point = region.interior_point if enumeration.restriction.free else ()
        values = trace(
            network,
            Matrix.column(whole(network, enumeration.restriction.free, point)),
            with_activations=False,
        )
        for name, phases in region.phases.items():
            assert bytes(v[0] > 0 for v in values[name].fractions()) == phases


@pytest.mark.parametrize(
    ("sizes", "seed"), [((2, 6, 6, 1), 0), ((3, 5, 5, 1), 1), ((4, 5, 4, 2), 2), ((5, 4, 4, 1), 3)]
)
def test_every_pattern_of_a_dense_sample_is_found(sizes: tuple[int, ...], seed: int) -> None:
    network = float_network(seed, *sizes)
    assert network.domain is not None
    regions = linear_regions(network, network.domain)
    assert regions.complete
    found = {tuple(r.phases.items()) for r in regions}
    random = Random(seed)
    for _ in range(200):
        point = [Fraction(random.randint(-999, 999), 1000) for _ in range(sizes[0])]
        values = trace(network, Matrix.column(point), with_activations=False)
        pattern = tuple(
            (v.name, bytes(z[0] > 0 for z in values[v.name].fractions()))
            for v in network.relu_layers
        )
        assert pattern in found


def test_counts_of_a_network_known_by_hand() -> None:
    # three lines in general position inside the square: 7 cells; a duplicate, an opposite and a
    # zero row add none
    network = net(
        """
        network lines
        input x[2] in [-1, 1]
        h = relu([x[0], x[1], x[0] + x[1] - 1/2, 2*x[0], -x[1], 0*x[0], x[0] + 5])
        output h
        """
    )
    assert network.domain is not None
    regions = linear_regions(network, network.domain)
    assert (len(regions), regions.complete, regions.by_layer) == (7, True, {"h": 7})


def test_a_unit_that_is_zero_on_a_region_gives_it_once() -> None:
    network = net(
        """
        network flat
        input x[2] in [-1, 1]
        h = relu([x[0], -x[0]])
        k = relu(h[0] - h[0] + x[1] - x[1])
        m = relu(k + x[1])
        output m
        """
    )
    assert network.domain is not None
    assert len(linear_regions(network, network.domain)) == 4


def test_constraints_cut_the_domain_and_fixed_inputs_are_values() -> None:
    network = net(
        "network n\ninput x[3] in [[-1, 1], [1/3, 1/3], [-1, 1]]\nh = relu(x[0] + x[1] + x[2])\n"
        "output h"
    )
    assert network.domain is not None
    cut = Domain(
        network.domain.lower,
        network.domain.upper,
        (Constraint((Fraction(1), Fraction(3), Fraction(1)), Fraction(1)),),
    )
    regions = linear_regions(network, cut)
    assert regions.free == (0, 2)
    assert len(regions) == 2
    assert sum((volume(r) for r in regions.with_vertices), Fraction(0)) == 2
    held = Domain(
        network.domain.lower,
        network.domain.upper,
        (Constraint((Fraction(0), Fraction(3), Fraction(0)), Fraction(1)),),
    )
    assert (
        len(linear_regions(network, held)) == 2
    )  # holds with equality at the fixed input: no restriction
    border = Domain(
        network.domain.lower,
        network.domain.upper,
        (Constraint((Fraction(-1), Fraction(0), Fraction(0)), Fraction(1)),),
    )
    assert len(linear_regions(network, border)) == 2


def test_vertex_lists_are_refused_beyond_eight_inputs_and_a_slice_has_them() -> None:
    network = float_network(0, 9, 4, 1)
    assert network.domain is not None
    with pytest.raises(InputError, match="at most 8 inputs, and 9 are free"):
        vertex_enumeration(network, network.domain)
    ends = [tuple(Fraction(s) if k < 2 else Fraction(0) for k in range(9)) for s in (-1, 1)]
    assert linear_regions(network, Domain(ends[0], ends[1])).complete
