"""Which units of two networks stand for each other, and both networks with these in one order.

    a unit i of A is close to unit p(i) of B     becomes     unit i of A is close to unit i of B

Sound because the order of a layer's units does not change what the network computes, and a unit
that is never active adds 0. Pairs only steer a search: any pairing is sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network


@dataclass(frozen=True)
class Pair:
    """Layer `first` of A and `second` of B (numbers from 0), and how their units are arranged so
    that unit i of one is close to unit i of the other.

    An arrangement lists units, -1 for a place without one; both have one length. Empty: as they
    are.
    """

    first: int
    second: int
    of_first: tuple[int, ...] = ()
    of_second: tuple[int, ...] = ()


Pairing = tuple[Pair, ...]


def same_shape(a: Network, b: Network) -> Pairing:
    """The pairing of unit with unit, if A and B are chains of one shape, as when B is A retrained,
    rounded or pruned. Empty otherwise.
    """
    shapes = [[(v.activation, v.size) for v in n.layers] for n in (a, b)]
    if not (a.is_chain and b.is_chain) or shapes[0] != shapes[1]:
        return ()
    return tuple(Pair(k, k) for k, v in enumerate(a.layers) if v.is_relu)


def arrange(a: Network, b: Network, pairing: Pairing) -> tuple[Network, Network]:
    """A and B with the units of paired relu layers in the order of the pairing; a place without a
    unit gets one that is never active.
    """
    return (
        _reordered(a, {pair.first: pair.of_first for pair in pairing if pair.of_first}),
        _reordered(b, {pair.second: pair.of_second for pair in pairing if pair.of_second}),
    )


def _reordered(network: Network, orders: Mapping[int, Sequence[int]]) -> Network:
    draft = Draft(network)
    for number, order in orders.items():
        name = network.layers[number].name
        own = draft.layers[name]
        places = [k if k >= 0 else own.size for k in order]
        minus_one = Matrix.column([-1])
        weights = {
            u: vstack([w, Matrix.zeros(1, w.shape[1])]).select_rows(places)
            for u, w in own.weights.items()
        }
        draft.put(
            Layer(name, own.activation, vstack([own.bias, minus_one]).select_rows(places), weights)
        )
        for successor in draft.successors(name):
            after = dict(draft.layers[successor].weights)
            wider = hstack([after[name], Matrix.zeros(after[name].shape[0], 1)])
            draft.edit(successor, weights=after | {name: wider.select_columns(places)})
    return draft.freeze()
