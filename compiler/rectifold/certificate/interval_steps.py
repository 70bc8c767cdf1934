"""The bounds of whole layers by intervals, as steps.

    ["intervals", net, layer]          every unit's bounds, rounded outward
    ["bound", unit, side, value, …]    those that are 0 to the last bit, or must be ours exactly

The checker writes an active unit as the affine form it is, whose interval can be wider than the
bounds that were proved for it. Such units are *impure*; a bound that rests on theirs names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.bounds.agreed import INTERVAL_MARGIN
from rectifold.bounds.state import Bounds
from rectifold.certificate.steps import (
    BoundStep,
    CertificateStep,
    IntervalsStep,
    LeafProof,
    Numbering,
    UnitFact,
)
from rectifold.exact.conversion import Floats
from rectifold.facts.entries import IntervalBounds
from rectifold.facts.facts import Facts, Mask
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.ir.network import Layer, Network

_Named = dict[tuple[Side, str, int], Fraction]  # side, layer, unit → multiplier
_SeenEnds = dict[tuple[str, int, Side], _Named]


@dataclass(frozen=True)
class Demand:
    """Layers whose bounds later proofs need (`full`), and need to the last bit (`exact`)."""

    full: frozenset[str]
    exact: frozenset[str]


class IntervalSteps:
    """Steps for the interval bounds of one network's layers; `bounds` are those of the moment."""

    def __init__(self, facts: Facts, bounds: Bounds, numbering: Numbering, demand: Demand) -> None:
        self.facts = facts
        self.bounds = bounds
        self.network = bounds.network
        self.numbering = numbering
        self.demand = demand
        self.impure = _impure_units(self.network, facts)

    def steps(self, entry: IntervalBounds) -> Iterator[CertificateStep]:
        """One step for the layer, and one for every unit that needs its own."""
        layer, stable = self.network.layer(entry.layer), self.facts.layers[entry.layer]
        is_needed = entry.layer in self.demand.full or stable.active.any() or stable.inactive.any()
        if not layer.size or not is_needed:
            return
        is_plain = self.facts.domain.is_bounded and entry.layer not in self.demand.exact
        if is_plain:
            yield IntervalsStep(self.numbering.net, self.numbering.layer(entry.layer))
        seen: _SeenEnds = {}
        for side, values in ((Side.UPPER, entry.upper), (Side.LOWER, entry.lower)):
            chosen = self._of_their_own(entry.layer, side.sign * values, is_plain=is_plain)
            for k in np.nonzero(chosen & np.isfinite(values))[0].tolist():
                unit, value = self.numbering.unit(layer.name, k), Fraction(float(values[k]))
                yield BoundStep(unit, side, value, self._proof(layer, k, side, seen))

    def _of_their_own(self, layer: str, signed: Floats, *, is_plain: bool) -> Mask:
        """Units with a step of their own; `signed` ≤ 0 are those that give a sign."""
        has_sign = signed <= 0
        if is_plain:
            sizes = self.bounds.row_sizes(self.bounds.floats[layer])[0]
            return np.asarray(has_sign & (-signed <= INTERVAL_MARGIN * sizes))
        return np.asarray(has_sign | (layer in self.demand.full))

    def _proof(self, layer: Layer, unit: int, side: Side, seen: _SeenEnds) -> LeafProof:
        if not any(self.impure.values()):
            return LeafProof()
        named = self._named_bounds(layer, unit, side, seen)
        return LeafProof(
            tuple(
                UnitFact(side.written, self.numbering.unit(name, j), multiplier)
                for (side, name, j), multiplier in named.items()
            )
        )

    def _named_bounds(self, layer: Layer, unit: int, side: Side, seen: _SeenEnds) -> _Named:
        """The bounds of impure units on which an interval bound of `unit` rests.

        They are followed through linear layers; the rest is the checker's `low`.
        """
        key = layer.name, unit, side
        if key in seen:
            return seen[key]
        total: _Named = {}
        sources = set(layer.weights) - {self.network.input_name}
        for source in sorted(sources, key=self.numbering.layer):
            below, weight = self.network.layer(source), layer.weights[source]
            if below.is_relu and not self.impure[source]:
                continue
            for j in np.nonzero(weight.nonzero[unit])[0].tolist():
                factor = weight.entry(unit, j)
                end = side if factor > 0 else side.other
                for fact, value in self._bounds_named_for(below, j, end, seen).items():
                    total[fact] = total.get(fact, Fraction(0)) + abs(factor) * value
        seen[key] = total
        return total

    def _bounds_named_for(self, layer: Layer, unit: int, side: Side, seen: _SeenEnds) -> _Named:
        """The same for a value that is read.

        It is named itself if it is impure and known to be active by now; of a linear layer, what
        it reads is named.
        """
        if not layer.is_relu:
            return self._named_bounds(layer, unit, side, seen)
        is_named = unit in self.impure[layer.name] and self.bounds.lower[layer.name][unit] >= 0
        return {(side, layer.name, unit): Fraction(1)} if is_named else {}


def _impure_units(network: Network, facts: Facts) -> Mapping[str, set[int]]:
    """Per relu layer, the active units whose bounds were not found by intervals alone."""
    impure: dict[str, set[int]] = {}
    for layer in network.relu_layers:
        known = facts.layers[layer.name]
        below = any(impure.get(u) for u in network.cone(layer.name))
        methods = zip(known.lower_method, known.upper_method, strict=True)
        found = [below or not {low, up} <= {Method.INTERVAL} for low, up in methods]
        impure[layer.name] = {k for k in np.nonzero(known.lower >= 0)[0].tolist() if found[k]}
    return impure
