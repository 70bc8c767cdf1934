"""One part of a property: is some case met at some point of its domain?

    margin − largest excess ≤ 0 (ir/property_network)   →   points   →   phases   →   boxes

Sound because the rows are proved to be ≤ 0 on the whole domain, which is the evidence; points are
floats, and whoever asked evaluates them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import frexp, inf

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import threads_for
from rectifold.equivalence.question import Excess, no_points
from rectifold.equivalence.splitting import Agreement, prove_by_boxes
from rectifold.ir.joint import LAST
from rectifold.ir.network import Network
from rectifold.ir.property import Unsafe
from rectifold.ir.property_network import property_network
from rectifold.prover.cascade import prove_layers
from rectifold.prover.state import Settings
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.search.boxes.signs import BoxSearch, Query


@dataclass(frozen=True, eq=False)
class PartFound:
    """What was found of one part: `agreed` about the rows of the network with these margins."""

    margins: tuple[Fraction, ...]
    agreed: Agreement
    proved: int  # cases that are met nowhere


class PartSearch:
    """The rows of a part on its domain, and the time for them."""

    def __init__(self, network: Network, part: Unsafe, run: Run) -> None:
        self.network, self.part, self.run = network, part, run
        self.deadline = run.deadline(run.effort.properties.seconds)
        self.margins = margins_for(network, part, run.effort.properties.margin_bits)
        rows = property_network(network, part.cases, self.margins)
        self.excess = Excess(rows, part.domain, (), run, self.deadline)

    @property
    def has_few_inputs(self) -> bool:
        varying = self.part.domain.size - len(self.part.domain.fixed)
        return varying <= self.run.effort.equivalence.few_inputs

    def by_phases(self) -> PartFound:
        """Points, then phases."""
        with threads_for(self.network):
            effort = self.run.effort.equivalence
            for attack in effort.attacks[:1]:
                if (points := self.excess.attack(attack, effort.kept_points)) is not None:
                    return PartFound(self.margins, Agreement(False, points), 0)
            return self._by_phases()

    def by_boxes(self) -> PartFound:
        """The domain's box is split. For few inputs."""
        with threads_for(self.network):
            return self._by_boxes()

    def _by_phases(self) -> PartFound:
        """The rows as relu units that must be inactive."""
        rows = property_network(self.network, self.part.cases, self.margins, "relu")
        seconds = time_left(self.deadline)
        if self.has_few_inputs:
            seconds *= self.run.effort.properties.share_of_phases
        settings = Settings("bounds", self.run.with_seconds(seconds), [LAST])
        facts = prove_layers(rows, self.part.domain, settings)
        known = facts.layers[LAST]
        if known.seen_positive.any():
            return PartFound(self.margins, Agreement(False, facts.points), 0)
        proved, nothing = int(known.inactive.sum()), no_points(self.excess.bounds)
        is_proved = bool(known.inactive.all())
        return PartFound(self.margins, Agreement(is_proved, nothing, facts=facts), proved)

    def _by_boxes(self) -> PartFound:
        search = BoxSearch(self.excess.bounds, self.excess.witnesses, LAST, self.run.effort.boxes)
        queries: list[list[Query]] = [[(unit, 1)] for unit in range(len(self.margins))]
        search.begin(queries, limit=self.excess.effort.most_boxes, until_refuted=True)
        agreed = prove_by_boxes(search, self.excess, self.run)
        return PartFound(self.margins, agreed, len(search.found.proved))


def margins_for(network: Network, part: Unsafe, bits: int) -> tuple[Fraction, ...]:
    """δ per case: 0 where all conditions are strict, else a power of two.

    It is `bits` bits smaller than what the largest excess can be on the domain.
    """
    nothing = [Fraction(0)] * len(part.cases)
    bounds = bounded(property_network(network, part.cases, nothing), part.domain, {})
    ends = np.maximum(np.abs(bounds.lower[LAST]), np.abs(bounds.upper[LAST]))
    return tuple(
        Fraction(0) if case and all(c.strict for c in case) else _power_of_two(end, bits)
        for case, end in zip(part.cases, ends.tolist(), strict=True)
    )


def _power_of_two(end: float, bits: int) -> Fraction:
    exponent = frexp(end)[1] if 0 < end < inf else 0
    return Fraction(2) ** (exponent - bits)
