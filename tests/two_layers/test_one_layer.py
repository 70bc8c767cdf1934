"""One hidden layer, where it is enough, for any number of inputs."""

from __future__ import annotations

import pytest

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.two_layers.shallow import shallow_network
from support import float_network, net, points_of

WEIGHTS = "[[1, -1, 2, 1/3, 1, -2, 1], [0, 1, 1, 1, -1, 1/2, 2], [2, 1, -1, 1, 0, 1, -3]]"


def deep(inputs: int, second: str) -> Network:
    rows = [row.split(",")[:inputs] for row in WEIGHTS.strip("[]").split("], [")]
    weights = ", ".join("[" + ", ".join(row) + "]" for row in rows)
    return net(
        f"input x[{inputs}] in [-1, 1]\ng = relu([{weights}] @ x + [1/2, -1/3, 1/5])\n{second}\n"
    )


ALWAYS = (
    "h = relu([g[0] + 2*g[1] + 1, g[2] + 3, -g[0] - 1])\n"
    "k = relu(h[0] + h[1] + h[2])\noutput k - 4*h[1]"
)


LATER = (
    "p = relu(x[0]/7 - x[1]/5 + 9)\nh = relu([p - 9 + x[2]/3, p - 9 - x[1]])\noutput h[0] - h[1]"
)


TWO = "h = relu([g[0] - g[1], g[2] - g[0]])\nk = relu(h[0] - h[1])\noutput k"


@pytest.mark.parametrize("inputs", [4, 5, 6, 7])
def test_units_that_never_bend_leave_one_layer(inputs: int) -> None:
    network = deep(inputs, ALWAYS)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert result.exact
    assert len(result.hidden) == 1
    points = points_of(network.domain, 60, inputs)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)
    if inputs <= REGION_EFFORT.vertex_inputs:
        assert compare_by_regions(network, result.network, network.domain).complete


def test_a_layer_that_bends_later_is_found_by_the_walls() -> None:
    network = deep(4, LATER)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert result.hidden == [2]
    assert compare_by_regions(network, result.network, network.domain).complete


@pytest.mark.parametrize("inputs", [4, 6])
def test_a_function_of_two_layers_is_not_taken_for_one(inputs: int) -> None:
    network = deep(inputs, TWO)
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert result.kind == "exact"
    assert len(result.hidden) == 2
    points = points_of(network.domain, 30, 0)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)


def test_duplicate_and_opposite_units_share_a_hyperplane() -> None:
    network = net(
        "input x[4] in [-1, 1]\ng = relu([x[0] + x[3], 2*x[0] + 2*x[3], -x[0] - x[3], x[1], 3])\n"
        "h = relu(g + 1)\noutput [[1, 2, 3, -4, 1], [0, 1, 0, 0, 1]] @ h"
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert len(result.hidden) == 1
    points = points_of(network.domain, 60, 0)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)


def test_one_layer_stays_one_layer() -> None:
    network = float_network(0, 4, 5, 2)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert len(result.hidden) == 1
    assert compare_by_regions(network, result.network, network.domain).complete
