"""Linear regions: complete, each once, with the exact affine map; degenerate networks; limits and
refusals.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product
from math import factorial
from random import Random

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import VertexCell, VertexSplitter, vertex_enumeration
from rectifold.linear_regions.cells import Tally
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.linear_regions.counts import upper_bounds
from rectifold.linear_regions.near_point import NearPoints, homogeneous
from rectifold.linear_regions.polytope import Polytope, scaled
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
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


def test_vertex_lists_are_refused_beyond_five_inputs_and_a_slice_has_them() -> None:
    network = float_network(0, 7, 4, 1)
    assert network.domain is not None
    with pytest.raises(InputError, match="at most 5 inputs, and 7 are free"):
        vertex_enumeration(network, network.domain)
    ends = [tuple(Fraction(s) if k < 2 else Fraction(0) for k in range(7)) for s in (-1, 1)]
    assert linear_regions(network, Domain(ends[0], ends[1])).complete


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


@pytest.mark.parametrize("seed", range(40))
def test_counts_stay_below_the_bounds_of_the_literature(seed: int) -> None:
    network = float_network(seed, 2, 5, 4, 3, 1)
    assert network.domain is not None
    regions = linear_regions(network, network.domain)
    bounds = upper_bounds(network, 2)
    assert (
        len(regions) <= bounds["Serra et al. 2018"] <= bounds["Montúfar 2017"] <= bounds["2^units"]
    )


def test_bounds_of_one_layer_are_those_of_an_arrangement() -> None:
    assert upper_bounds(float_network(0, 2, 4, 1), 2) == {
        "2^units": 16,
        "Montúfar 2017": 11,
        "Serra et al. 2018": 11,
    }
    with pytest.raises(InputError, match="chains"):
        upper_bounds(
            net("network n\ninput x[1] in [0, 1]\nh = relu(x)\ny = relu(h + x)\noutput y"), 1
        )


def test_signs_near_zero_are_found_in_integers() -> None:
    box = Polytope.box([(0, 1), (0, 1)], [(1, 1), (1, 1)])
    large = 10**30
    form = [large, -large + 1, 0]  # at (1, 1) the value is 1, far inside the float error
    signs = box.signs([form, [large, -large, 0]], scaled([form, [large, -large, 0]]))
    at = box.vertices.index((1, 1, 1))
    assert (signs[0, at], signs[1, at]) == (1, 0)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_splitting_a_cube_keeps_true_vertices_and_edges(n: int) -> None:
    box = Polytope.box([(0, 1)] * n, [(1, 1)] * n)
    form = [2] * n + [-n]  # through the middle, for even n through corners too
    signs = box.signs([form], scaled([form]))[0].tolist()
    cut = box.split(form, signs)
    for part, sign in ((cut.above, 1), (cut.below, -1)):
        for vertex in part.vertices:
            assert sign * sum(a * x for a, x in zip(form, vertex, strict=True)) >= 0
        corners = {tuple(c) for c in product((0, 1), repeat=n) if sign * (2 * sum(c) - n) > 0}
        assert corners <= {v[:-1] for v in part.vertices if v[-1] == 1}


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


def test_the_pieces_around_a_point() -> None:
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0], x[1]])\ny = h[0] + 2*h[1]\noutput y"
    )
    assert network.domain is not None
    local = NearPoints(Restriction(network, network.domain))
    phases, zero = local.zeros(homogeneous([Fraction(0), Fraction(1, 2)]))
    assert (phases["h"], zero[0]) == (b"\x00\x01", (0, 0))
    assert local.piece((0, 1, 2), (1, 0)) == [(Fraction(1), Fraction(2), Fraction(0))]
    assert local.piece((0, 1, 2), (-1, 0)) == [(Fraction(0), Fraction(2), Fraction(0))]
