"""What the moves may look at: bounds of every unit on the domain, and what a change of it costs.

    edit → its shifts of pre-activations → influence on every output → parts of the tolerances

The bounds are proved; the influence is an estimate that only ranks edits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import Edit
from rectifold.approximate.influence import influences
from rectifold.bounds.interval import Interval
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import bounded
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.sampling import sampling_box


@dataclass(frozen=True, eq=False)
class Known:
    """A network on a bounded domain, with what ranks its edits.

    `influence`: per layer, outputs × units: how much each output changes at most (about) when the
    pre-activation of a unit changes by 1. `values`: per layer and for the input, points × units:
    what it passes on at random points of the domain's box (floats). `tolerance`: per output.
    """

    network: Network
    domain: Domain
    bounds: Bounds
    influence: Mapping[str, Floats]
    values: Mapping[str, Floats]
    tolerance: Floats

    @staticmethod
    def of(network: Network, domain: Domain, tolerance: Floats, points: int, seed: int) -> Known:
        """Bounds on the whole domain, influences, and so many random points."""
        bounds = bounded(network, domain, {})
        values = values_at(network, _points(domain, points, seed))
        return Known(network, domain, bounds, influences(bounds), values, tolerance)

    def range_of(self, name: str) -> Interval:
        """Proved bounds of what a layer, or the input, passes on (after the activation)."""
        return self.bounds.passed_on(name)

    def pre_activations(self, name: str) -> Interval:
        """Proved bounds of a layer before its activation."""
        return self.bounds.of(name)

    def costs(self, edit: Edit) -> Floats:
        """Per output, about how much of its tolerance the edit takes (1: all of it)."""
        total = np.zeros(len(self.tolerance))
        for shift in edit.shifts:
            total += self.influence[shift.layer][:, shift.units] @ shift.size
        return np.asarray(total / self.tolerance)


def _points(domain: Domain, count: int, seed: int) -> Floats:
    """Points of the domain's box, half of them corners."""
    low, high = sampling_box(domain)
    random = np.random.default_rng(seed)
    shares = random.random((count, len(low)))
    shares[count // 2 :] = np.round(shares[count // 2 :])
    return np.asarray(low + (high - low) * shares)


def values_at(network: Network, points: Floats) -> dict[str, Floats]:
    """What each layer passes on, points × units, in floats."""
    values = {network.input_name: points}
    for layer in network.layers:
        total = np.repeat(layer.bias.approximation[0].T, len(points), axis=0)
        for source, weight in layer.weights.items():
            with np.errstate(over="ignore", invalid="ignore"):
                total = total + values[source] @ weight.approximation[0].T
        values[layer.name] = np.maximum(total, 0.0) if layer.is_relu else total
    return values
