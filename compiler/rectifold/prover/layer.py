"""The facts of one layer while its stages run.

    bounds lower ≤ z ≤ upper, proved       signs seen at points       the stage that settled a unit

Sound because a bound is replaced by a better proved one only, and its evidence is recorded before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.entries import Entry, IntervalBounds, ProvedBounds
from rectifold.facts.facts import LayerFacts, Mask
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import CaseProof


@dataclass(eq=False)
class LayerState:
    """Bounds, seen signs and stages of one layer's units, and the record that all layers share."""

    name: str
    lower: Floats
    upper: Floats
    positive: Mask
    negative: Mask
    lower_method: list[Method]
    upper_method: list[Method]
    stage: list[str]
    record: Callable[[Entry], None]

    @staticmethod
    def started(
        name: str, lower: Floats, upper: Floats, record: Callable[[Entry], None]
    ) -> LayerState:
        """Bounds by intervals, and no sign seen yet; `record` takes every proof."""
        size = len(lower)
        methods = [Method.INTERVAL] * size
        unseen = np.zeros(size, dtype=bool)
        return LayerState(
            name, lower, upper, unseen, unseen.copy(), methods, list(methods), [""] * size, record
        )

    def settled(self) -> Mask:
        """Per unit: is it proved stable, or are both its signs seen?"""
        return np.asarray((self.lower >= 0) | (self.upper <= 0) | (self.positive & self.negative))

    def open(self) -> Indices:
        """The units that are not settled."""
        return np.nonzero(~self.settled())[0]

    def straddling(self) -> Indices:
        """Units whose bounds have both signs."""
        return np.nonzero(Interval(self.lower, self.upper).straddles)[0]

    def label(self, stage: str) -> None:
        """Name the stage for the units that have been settled since the last call."""
        for k in np.nonzero(self.settled())[0]:
            if not self.stage[k]:
                self.stage[k] = stage

    def see(self, positive: Mask, negative: Mask) -> None:
        """Take over which units are positive, and negative, at some point of the domain."""
        self.positive |= positive
        self.negative |= negative

    def seen(self, sign: int) -> Mask:
        """Per unit: was this sign of z seen at a point? The array itself, to be set."""
        return self.positive if sign > 0 else self.negative

    def intervals(self, lower: Floats, upper: Floats) -> None:
        """The bounds of all units by intervals."""
        self.record(IntervalBounds(self.name, lower, upper))
        self.lower, self.upper = np.maximum(self.lower, lower), np.minimum(self.upper, upper)

    def tighten(
        self,
        sign: int,
        units: Indices,
        bounds: Floats,
        method: Method,
        proofs: Sequence[CaseProof] = (),
    ) -> None:
        """sign·z ≤ bounds: kept where it is better than what is known.

        Recorded first: an interrupt may leave evidence that nothing rests on, never the reverse.
        """
        known, methods = (
            (self.upper, self.upper_method) if sign > 0 else (self.lower, self.lower_method)
        )
        better = [
            k
            for k, (u, v) in enumerate(zip(units.tolist(), bounds.tolist(), strict=True))
            if v < sign * known[u]
        ]
        if not better:
            return
        chosen, values = units[better], sign * bounds[better]
        if method is not Method.BOXES:
            side = Side.of_sign(sign)
            kept = tuple(proofs[k] for k in better) if proofs else ()
            self.record(ProvedBounds(self.name, side, chosen, values, method, kept))
        for unit in chosen.tolist():
            methods[unit] = method
        known[chosen] = values

    def facts(self) -> LayerFacts:
        """What is known now; a unit that nothing settled is open."""
        return LayerFacts(
            self.lower,
            self.upper,
            tuple(self.lower_method),
            tuple(self.upper_method),
            self.positive,
            self.negative,
            tuple(stage or "open" for stage in self.stage),
            np.arange(len(self.lower)),
        )
