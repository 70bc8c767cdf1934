"""Gated forms: exact away from walls, and wrong on no more than they say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.linear_regions.summary import linear_regions
from rectifold.two_layers.form import value_at
from rectifold.two_layers.shallow import Kind, shallow_network
from support import float_network, net, points_of


@pytest.mark.parametrize("kind", ["classic", "centred", "core"])
@pytest.mark.parametrize("inputs", [1, 2, 4])
def test_gated_forms_are_exact_away_from_walls_and_wrong_on_no_more_than_they_say(
    kind: Kind, inputs: int
) -> None:
    network = float_network(inputs, inputs, 4, 3, 2)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind=kind, accuracy=Fraction(1, 20))
    assert not result.exact
    assert "of the box's volume" in result.statement
    walls = {wall for region in linear_regions(network, network.domain) for wall, _ in region.walls}
    walls -= {
        (*(int(j == k) for j in range(inputs)), end) for k in range(inputs) for end in (-1, 1)
    }  # the border
    strip = Fraction(1, 2)
    while 2 * strip * len(walls) > Fraction(1, 20):
        strip /= 2
    wrong = 0
    points = points_of(network.domain, 120, 5)[::2]
    for point in points:
        (ours,), (exact,) = (
            evaluate_points(result.network, [point]),
            evaluate_points(network, [point]),
        )
        distance = min(
            (abs(value_at(w, point)) / max(2 * abs(v) for v in w[:-1]) for w in walls),
            default=Fraction(1),
        )
        wrong += ours != exact
        assert ours == exact or distance < strip
        if kind == "core":
            assert all(a <= b for a, b in zip(ours, exact, strict=True))
    assert wrong <= len(points) // 2


def test_four_inputs_get_the_centred_gate_and_every_count() -> None:
    network = float_network(1, 4, 3, 3, 3, 1)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="centred")
    assert (result.kind, result.exact) == ("centred", False)
    assert {"classic, all patterns", "classic", "core", "centred"} <= set(result.alternatives)
    assert result.alternatives["classic, all patterns"][1] == 2 * 2**9
    assert result.alternatives["centred"] == result.hidden


def test_the_closed_corner_of_the_classic_gate_returns_multiples() -> None:
    """Where m closed regions meet, all their gates are open and the classic network gives m·f for
    every M.
    """
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0], x[1]])\nk = relu(h[0] + h[1] + 1)\n"
        "m = relu(k)\noutput m"
    )
    assert network.domain is not None
    for accuracy in (Fraction(1, 10), Fraction(1, 1000)):
        result = shallow_network(network, network.domain, kind="classic", accuracy=accuracy)
        assert evaluate_points(result.network, [[Fraction(0), Fraction(0)]]) == [[Fraction(4)]]


def test_a_gated_network_of_seven_inputs_is_built_on_these_regions() -> None:
    network = float_network(6, 7, 4, 3, 2, 1)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="centred", accuracy=Fraction(1, 10))
    assert len(result.hidden) == 2
    random = np.random.default_rng(0)
    points = [
        [Fraction(int(v), 1000) for v in row] for row in random.integers(-1000, 1001, (60, 7))
    ]
    close = sum(evaluate(network, p) == evaluate(result.network, p) for p in points)
    assert close >= 50


@pytest.mark.parametrize("kind", ["classic", "centred", "core"])
def test_a_network_that_is_zero_has_gates_of_every_gain(kind: Kind) -> None:
    network = net("network n\ninput x[2] in [-1, 1]\nh = relu(x[0] - x[1])\noutput 0*h")
    assert network.domain is not None
    for gain in (None, Fraction(10)):
        result = shallow_network(network, network.domain, kind=kind, gain=gain)
        assert gain is None or result.statement.partition("M = ")[2].startswith("10")
        for point in points_of(network.domain, 20, 0):
            assert evaluate(result.network, point) == [0]
