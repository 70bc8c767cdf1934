"""The network of a property's cases: each output is the margin less the case's largest excess."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import LAST
from rectifold.ir.property import Case, Condition
from rectifold.ir.property_network import property_network
from support import net, points_of, random_network

F = Fraction


def random_case(random: Random, inputs: int, outputs: int) -> Case:
    def terms(size: int) -> tuple[tuple[int, Fraction], ...]:
        chosen = sorted(random.sample(range(size), random.randint(0, size)))
        return tuple((k, F(random.randint(1, 9), random.randint(-5, -1))) for k in chosen)

    return tuple(
        Condition(terms(inputs), terms(outputs), F(random.randint(-9, 9), 4), random.random() < 0.3)
        for _ in range(random.randint(1, 5))
    )


@pytest.mark.parametrize("seed", range(25))
def test_outputs_are_margins_less_largest_excesses(seed: int) -> None:
    random = Random(seed)
    network = random_network(seed)
    cases = [
        random_case(random, network.input_size, network.output_size)
        for _ in range(random.randint(1, 4))
    ]
    margins = [F(random.randint(0, 3), 8) for _ in cases]
    built = property_network(network, cases, margins)
    assert [v.name for v in built.layers][-1] == LAST
    assert network.domain is not None
    for x in points_of(network.domain, 5, seed):
        y = evaluate(network, x)
        largest = [max(c.excess(x, y) for c in case) for case in cases]
        expected = [m - g for m, g in zip(margins, largest, strict=True)]
        assert evaluate(built, x) == expected


def test_the_layers_of_the_network_come_first_and_in_their_order() -> None:
    network = net("input x[1] in [0, 1]\nz = relu(x)\nb = relu(2*z)\na = relu(b - z)\noutput a\n")
    built = property_network(network, [((Condition(((0, F(1)),), (), F(0))),)], [F(1)])
    count = len(network.layers)
    assert [v.bias for v in built.layers[:count]] == [v.bias for v in network.layers]
    assert [set(v.weights.values()) for v in built.layers[:count]] == [
        set(v.weights.values()) for v in network.layers
    ]


def test_a_case_without_conditions_is_met_everywhere() -> None:
    network = net("input x[1] in [0, 1]\noutput relu(x)\n")
    assert evaluate(property_network(network, [()], [F(1, 8)]), [F(1)]) == [F(1, 8)]


@pytest.mark.parametrize(
    ("excess", "strict", "met"),
    [(-1, False, True), (0, False, True), (1, False, False), (0, True, False), (-1, True, True)],
)
def test_conditions_at_their_ends(excess: int, strict: bool, met: bool) -> None:
    condition = Condition((), ((0, F(1)),), F(3), strict)
    assert condition.is_met([], [F(3 + excess)]) is met
