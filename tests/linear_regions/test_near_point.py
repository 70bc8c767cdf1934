"""The function next to a point."""

from __future__ import annotations

from fractions import Fraction

from rectifold.linear_regions.near_point import NearPoints, homogeneous
from rectifold.linear_regions.restriction import Restriction
from support import net


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


def test_the_effects_of_an_activation_are_those_of_the_phases() -> None:
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0], x[1]])\n"
        "k = relu([3*h[0] - h[1] + 1/2, h[1] - 1])\noutput [2*k[0] + 5*k[1] - h[0], h[1]]"
    )
    assert network.domain is not None
    local = NearPoints(Restriction(network, network.domain))
    phases, _ = local.zeros((0, 0, 1))  # k[0] is active there and k[1] is not
    effects = local.effects(phases, (0, 0))
    assert effects[0] == [0, 0]
    assert effects[1] == [3, 0]
    assert effects[-1] == [5, 0]
