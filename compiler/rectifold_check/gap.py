"""The gap network: one network whose outputs are at most 0 exactly where A and B agree within eps.

    A's layers, then B's, then one linear layer   [A − B − eps; B − A − eps]

Layer k of B is its layer k + (number of A's layers). Units of a layer may be rearranged, so that
units of A and B that are close have the same index; a place without a unit gets zero weights and
bias −1, so it is never active and nothing reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import lcm

from rectifold_check.networks import Layer, Network, Row
from rectifold_check.terms import Unit

GAP = 2
"""The number of the gap network, where A is 0 and B is 1."""

Order = Sequence[int]  # the unit at every place of a layer, -1 for none


@dataclass(frozen=True)
class Arrangement:
    """How the layers of A and B stand in the gap network.

    `pairs`: relu layers whose units are close one by one, layer of A → layer of B, both by their
    numbers in the gap network. `orders`: for A and for B, the order of the units of some layers.
    """

    pairs: Mapping[int, int] = field(default_factory=dict)
    orders: tuple[Mapping[int, Order], Mapping[int, Order]] = field(
        default_factory=lambda: ({}, {})
    )


class Gap:
    """The gap network of A and B as it is arranged."""

    def __init__(
        self,
        networks: tuple[Network, Network],
        tolerance: Sequence[Fraction],
        arrangement: Arrangement,
    ) -> None:
        self.networks = networks
        self.tolerance = tolerance
        self.arrangement = arrangement
        self.shifts = 0, len(networks[0].layers)
        self.places = [
            {layer: _places(order) for layer, order in orders.items()}
            for orders in arrangement.orders
        ]

    def place(self, unit: Unit) -> tuple[int, int]:
        """(layer, index) of a unit of A or B in the gap network."""
        net, layer, index = unit
        return layer + self.shifts[net], self.places[net].get(layer, {}).get(index, index)

    @cached_property
    def network(self) -> Network:
        """Made when it is first asked for."""
        layers = [
            self._moved(net, number, layer)
            for net, network in enumerate(self.networks)
            for number, layer in enumerate(network.layers, start=1)
        ]
        layers.append(self._differences())
        return Network(self.networks[0].inputs, tuple(layers), len(layers), "")

    def _moved(self, net: int, number: int, layer: Layer) -> Layer:
        """A layer of A or B, with the units that it reads where they stand now."""
        shift, places = self.shifts[net], self.places[net]

        def moved(row: Row) -> Row:
            to = places.get(row.source, {})
            entries = tuple((to.get(j, j), w) for j, w in row.entries)
            return Row(row.source + shift if row.source else 0, entries)

        rows = [tuple(map(moved, unit)) for unit in layer.rows]
        order = self.arrangement.orders[net].get(number)
        if order is None:
            return Layer(layer.is_relu, layer.den, layer.bias, tuple(rows))
        bias = tuple(layer.bias[k] if k >= 0 else -layer.den for k in order)
        arranged = tuple(rows[k] if k >= 0 else () for k in order)
        return Layer(layer.is_relu, layer.den, bias, arranged)

    def _differences(self) -> Layer:
        """A_j − B_j − eps_j for every output j, then B_j − A_j − eps_j."""
        den = lcm(*(e.denominator for e in self.tolerance)) if self.tolerance else 1
        rows, bias = [], []
        for sign in (1, -1):
            for j, eps in enumerate(self.tolerance):
                (layer_a, place_a), (layer_b, place_b) = (
                    self.place((net, network.output, j))
                    for net, network in enumerate(self.networks)
                )
                parts = (
                    Row(layer_a, ((place_a, sign * den),)),
                    Row(layer_b, ((place_b, -sign * den),)),
                )
                rows.append(parts)
                bias.append(-eps.numerator * (den // eps.denominator))
        return Layer(False, den, tuple(bias), tuple(rows))


def _places(order: Order) -> dict[int, int]:
    """Unit → its place."""
    return {unit: place for place, unit in enumerate(order) if unit >= 0}
