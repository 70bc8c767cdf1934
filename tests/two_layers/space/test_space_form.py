"""Three inputs: few units, and two hidden layers found again."""

from __future__ import annotations

import pytest

from rectifold.errors import Unfinished
from rectifold.ir.evaluate import evaluate_points
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Run
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from rectifold.two_layers.space.space_form import space_form
from support import float_network, net, points_of


def test_a_deep_network_of_three_inputs_needs_three_chains() -> None:
    network = float_network(11, 3, 5, 5, 5, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    assert any(len(unit.bends) == 2 for unit in form.units)
    for point in points_of(network.domain, 30, 0):
        assert form.evaluate(point) == evaluate_points(network, [point])[0]


@pytest.mark.parametrize("sizes", [(3, 4, 4, 1), (3, 5, 6, 2)])
def test_two_hidden_layers_are_found_again(sizes: tuple[int, ...]) -> None:
    """The network's own second layer takes every corner and every seam, so no unit is left over."""
    network = float_network(5, *sizes)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    assert len(form.units) <= sizes[2]


def test_merging_halves_the_units_of_a_deep_network() -> None:
    network = float_network(0, 3, 6, 6, 6, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    many = space_form(enumeration.restriction, regions, merge=False)
    few = space_form(enumeration.restriction, regions)
    assert 2 * len(few.units) < len(many.units)
    assert sum(network_of(few).hidden_sizes()) < sum(network_of(many).hidden_sizes())


@pytest.mark.parametrize(
    "text",
    [
        # the second layer reads the inputs alone
        "h = relu(x[0] + x[1])\nk = relu(x[2] - x[0])\noutput h - 2*k",
        # a unit that is constant
        "h = relu([x[0] + x[1], x[2], 1/3])\nk = relu([h[0] - h[1] + h[2], h[2] + x[0]])\n"
        "m = relu(k[0] - k[1]/2 + x[1]/7 - 1/9)\noutput m",
    ],
)
def test_second_layers_of_another_kind(text: str) -> None:
    network = net(f"input x[3] in [-1, 1]\n{text}\n")
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    points = points_of(network.domain, 40, 0)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)
    assert compare_by_regions(network, result.network, network.domain).complete


def test_the_deadline_ends_the_construction() -> None:
    network = float_network(1, 3, 4, 4, 4, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    with pytest.raises(Unfinished, match=r"ended the exact form: vertices, 0 of \d+ done"):
        space_form(enumeration.restriction, regions, Watch(Run(), deadline=0.0))
