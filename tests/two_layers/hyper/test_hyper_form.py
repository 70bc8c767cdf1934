"""Exact forms of four inputs: at every vertex of the regions, at random points, and by regions."""

from __future__ import annotations

from itertools import count

import pytest

from rectifold.errors import Unfinished
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Run
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.hyper.hyper_form import hyper_form
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from support import float_network, four_inputs, net, points_of


def exact_form(network: Network) -> Network:
    """The two-layer form, after a comparison at all vertices of regions and 100 points."""
    domain = network.domain
    assert domain is not None
    enumeration = vertex_enumeration(network, domain)
    regions = list(enumeration.regions())
    result = network_of(hyper_form(enumeration.restriction, regions))
    vertices = sorted({v for region in regions for v in region.vertices})
    points = [list(enumeration.restriction.whole_point(v)) for v in vertices]
    points += points_of(domain, 100, 0)
    assert evaluate_points(result, points) == evaluate_points(network, points)
    assert len(result.hidden_sizes()) <= 2
    return result


@pytest.mark.parametrize("seed", range(40))
def test_small_integer_networks_are_exact_and_none_is_refused(seed: int) -> None:
    exact_form(four_inputs(seed))


def test_degenerate_vertices_are_met() -> None:
    """Among networks like these are some whose vertices need units of the vertex step."""
    sizes = [exact_form(four_inputs(seed)).hidden_sizes() for seed in range(100, 112)]
    assert max(second for _, second in (s for s in sizes if len(s) == 2)) > 15


@pytest.mark.parametrize(("sizes", "seed"), [((4, 4, 4, 1), 0), ((4, 3, 3, 2, 2), 0)])
def test_networks_in_general_position_are_equal_on_every_common_region(
    sizes: tuple[int, ...], seed: int
) -> None:
    network = float_network(seed, *sizes)
    assert network.domain is not None
    result = exact_form(network)
    assert compare_by_regions(network, result, network.domain).complete


def test_the_maximum_of_five_numbers_needs_16_units() -> None:
    """Two units of the vertex, five of lines, none of planes, and one for what is linear."""
    network = net(
        """
        network tournament
        input x[4] in [-1, 1]
        p = x[1] + relu(x[0] - x[1])
        q = x[3] + relu(x[2] - x[3])
        r = q + relu(p - q)
        y = relu(r)
        output y
        """
    )
    assert exact_form(network).hidden_sizes() == [8, 8]


def test_four_inputs_that_vary_of_six_are_exact() -> None:
    network = net(
        """
        network fixed
        input x[6] in [[-1, 1], [1/2, 1/2], [-1, 1], [-1, 1], [1, 1], [-1, 1]]
        h = relu([x[0] + x[1] - x[2], x[2] - x[3] + x[5], x[0] + x[4]])
        k = relu([h[0] - h[1] + x[5], h[1] - h[2] + 1/2])
        m = relu(k[0] - k[1] + x[3])
        output m - k[0]
        """
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact", seconds=60.0)
    points = points_of(network.domain, 200, 1)
    assert evaluate_points(result.network, points) == evaluate_points(network, points)


def test_a_domain_cut_by_constraints_is_exact() -> None:
    network = net(
        """
        network cut
        input x[4] in [-1, 1]
        assume x[0] + x[1] <= 1/2
        h = relu([x[0] + x[1] - x[2], x[2] - x[3], x[0] - x[3]])
        k = relu([h[0] - h[1] + x[3], h[1] - h[2]])
        m = relu(k[0] - k[1] + x[2])
        output m
        """
    )
    domain = network.domain
    assert domain is not None
    enumeration = vertex_enumeration(network, domain)
    regions = list(enumeration.regions())
    result = network_of(hyper_form(enumeration.restriction, regions))
    points = [list(v) for region in regions for v in region.vertices]
    assert evaluate_points(result, points) == evaluate_points(network, points)


def test_the_deadline_ends_the_construction_with_what_is_done() -> None:
    network = float_network(0, 4, 4, 4, 4, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    ticks = count()
    watch = Watch(Run(clock=lambda: float(next(ticks))), 5.0)
    with pytest.raises(Unfinished, match=r"exact form: vertices, \d of 14 done; allow more time"):
        hyper_form(enumeration.restriction, list(enumeration.regions()), watch)
