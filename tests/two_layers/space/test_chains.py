"""Chains of three units as units of a second layer."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from agreement import agree
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.two_layers.form import value_at
from rectifold.two_layers.shallow import shallow_network
from rectifold.two_layers.space.chains import pairings, three_chain
from support import net


@pytest.mark.parametrize(
    "signs", [(s, t, r) for s in (1, -1) for t in (1, 0, -1) for r in (1, 0, -1)]
)
def test_three_chains_differ_from_their_units_by_functions_of_two_forms(
    signs: tuple[int, int, int],
) -> None:
    """What relu(z + a relu(u) + b relu(w + c relu(u))) leaves after its two-bend units has a
    two-layer form: it is built and compared.
    """
    random = Random(7 * signs[0] + 3 * signs[1] + signs[2])
    b, a, c = (sign * Fraction(random.randint(1, 9), random.randint(1, 5)) for sign in signs)
    network = net(
        f"""
        network chain
        input x[3] in [-1, 1]
        u = relu(x[0])
        w = relu(x[1] + ({c})*u)
        z = relu(x[2] + ({a})*u + ({b})*w)
        output z
        """
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert agree(network, result.network, 0)
    assert compare_by_regions(network, result.network, network.domain).complete


def test_a_maximum_of_four_is_a_maximum_of_two_and_one_unit_for_every_pairing() -> None:
    random = Random(0)
    forms = [tuple(Fraction(random.randint(-5, 5)) for _ in range(4)) for _ in range(4)]
    for base, bends in pairings((forms[0], forms[1], forms[2], forms[3])):
        for _ in range(30):
            point = [Fraction(random.randint(-9, 9), 3) for _ in range(3)]
            inner = value_at(base, point) + sum(
                c * max(value_at(f, point), Fraction(0)) for c, f in bends
            )
            values = [value_at(f, point) for f in forms]
            pairs = [max(values[i], values[j]) for i in range(4) for j in range(i)]
            assert max(values) - max(inner, Fraction(0)) in pairs


def test_triangulations_of_a_chain_have_two_maxima_of_four() -> None:
    u, w, z = (tuple(Fraction(int(i == j)) for j in range(4)) for i in range(3))
    for b in (Fraction(2), Fraction(-2)):
        for a in (Fraction(3), Fraction(-3)):
            for c in (Fraction(1), Fraction(-1)):
                assert [len(t) for t in three_chain(u, w, z, a, b, c)] == [2, 2]
