"""The bounds of one network as they stood after each entry of its record.

    entries of the record, in order   →   after each one, the bounds on which later may rest

A bound was proved with those that were known at that time, and the same slopes with tighter ones
may prove less (docs/mathematics.md#proofs-in-order). So whoever writes down why it holds needs the
bounds of that time, not those at the end.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.facts.entries import BoxTreeSigns, Entry, IntervalBounds, ProvedBounds
from rectifold.facts.side import Side
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


class BoundsReplay:
    """`bounds`, to which `begin` and `learn` add what was known at that time."""

    def __init__(self, network: Network, domain: Domain) -> None:
        self.network = network
        self.bounds = Bounds(network, domain)

    def begin(self) -> None:
        """The bounds of the linear layers that read inputs only."""
        for layer in self.network.layers:
            if not layer.is_relu and set(layer.weights) <= {self.network.input_name}:
                self._take_interval(layer.name)

    def fill_linear_layers(self, upto: str) -> None:
        """Linear layers below this one have their bounds by intervals."""
        cone = self.network.cone(upto)
        for layer in self.network.layers:
            if layer.name in cone and not layer.is_relu:
                self._take_interval(layer.name)

    def learn(self, entry: Entry) -> None:
        """The bounds as they stood after this entry."""
        match entry:
            case IntervalBounds(layer):
                lower, upper = entry.lower.copy(), entry.upper.copy()
                if layer in self.bounds.lower:
                    lower = np.maximum(lower, self.bounds.lower[layer])
                    upper = np.minimum(upper, self.bounds.upper[layer])
            case ProvedBounds(layer, side, units, values):
                lower, upper = self._copies(layer)
                if side is Side.UPPER:
                    upper[units] = np.minimum(upper[units], values)
                else:
                    lower[units] = np.maximum(lower[units], values)
            case BoxTreeSigns(layer, proof):
                lower, upper = self._copies(layer)
                for unit, side in proof.claims:
                    if side is Side.UPPER:
                        upper[unit] = min(upper[unit], 0.0)
                    else:
                        lower[unit] = max(lower[unit], 0.0)
            case _:
                assert_never(entry)
        self.bounds.set(entry.layer, lower, upper)

    def _copies(self, layer: str) -> tuple[Floats, Floats]:
        return self.bounds.lower[layer].copy(), self.bounds.upper[layer].copy()

    def _take_interval(self, layer: str) -> None:
        self.bounds.set(layer, *self.bounds.interval(layer))
