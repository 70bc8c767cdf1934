"""Where activations lie: no place is used again while somebody reads what is in it."""

from __future__ import annotations

import pytest

from rectifold.emitters.c.slots import slots_of
from support import float_network, net, random_network


def test_a_chain_needs_the_two_layers_that_meet() -> None:
    assert slots_of(float_network(0, 5, 50, 50, 50, 50, 5)).size == 100
    assert slots_of(float_network(0, 5, 10, 40, 20, 3)).size == 60
    assert slots_of(float_network(0, 5, 7, 3)).size == 7
    assert slots_of(float_network(0, 5, 3)).size == 0


def test_what_is_read_later_keeps_its_place() -> None:
    network = net(
        "input x[2] in [0, 1]\nh = relu(x)\ng = relu([[1, 1], [2, 1], [3, 1]] @ h)\n"
        "f = relu([[1, 1, 1]] @ g)\noutput f[0] + h[0] + h[1]"
    )
    assert slots_of(network).size == 6


@pytest.mark.parametrize("seed", range(20))
def test_no_two_layers_in_use_overlap(seed: int) -> None:
    network = random_network(seed)
    slots = slots_of(network)
    places = {
        layer.name: range(slots.offsets[layer.name], slots.offsets[layer.name] + layer.size)
        for layer in network.layers
        if layer.name != network.output
    }
    for k, layer in enumerate(network.layers):
        read = {name for later in network.layers[k:] for name in later.weights}
        done = {before.name for before in network.layers[:k]}
        for name in read & done & set(places):
            if layer.name in places:
                assert not set(places[name]) & set(places[layer.name])
    assert all(place.stop <= slots.size for place in places.values())
