"""One part of a property: is some case met at some point of its domain?

    margin − largest excess ≤ 0 (ir/property_network)
    few inputs    log → points → some boxes → more points → phases for a while → boxes
    many inputs   log → points → phases for a while → longer attacks → phases

Sound because the rows are proved to be ≤ 0 on the whole domain, which is the evidence; points are
floats, and whoever asked evaluates them exactly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import frexp, inf

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import threads_for
from rectifold.certificate.property import PartEvidence
from rectifold.certificate.slopes import SlopeTree
from rectifold.effort.equivalence import AttackSize
from rectifold.equivalence.certified import evidence_of
from rectifold.equivalence.question import Excess, no_points
from rectifold.equivalence.splitting import (
    Agreement,
    agreement_of,
    proof_in_log,
    prove_by_boxes,
)
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.ir.domain import Domain
from rectifold.ir.joint import LAST
from rectifold.ir.network import Network
from rectifold.ir.property import Unsafe
from rectifold.ir.property_network import property_network
from rectifold.properties.slopes import SlopeStage
from rectifold.prover.cascade import prove_layers
from rectifold.prover.state import Settings
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.search.boxes.signs import BoxSearch, Query
from rectifold.search.log import ProofLog
from rectifold.search.wandering import Climb, wander


@dataclass(frozen=True, eq=False)
class PartFound:
    """What was found of one part: `agreed` about the rows of the network with these margins.

    `proved` cases are met nowhere; `interrupted`: by Ctrl-C. `by_slopes` proves all of them another
    way; `suspects` are points, exactly, that may be unsafe.
    """

    margins: tuple[Fraction, ...]
    agreed: Agreement
    proved: int = 0
    interrupted: bool = False
    by_slopes: SlopeTree | None = None
    suspects: Sequence[list[Fraction]] = ()

    @property
    def is_proved(self) -> bool:
        """Is every case met nowhere?"""
        return self.agreed.proved or self.by_slopes is not None

    @property
    def evidence(self) -> PartEvidence:
        """What proves it. Precondition: it is proved."""
        return PartEvidence(self.margins, self.by_slopes or evidence_of(self.agreed))


class PartSearch:
    """The rows of a part on its domain, and the time for them."""

    def __init__(
        self, network: Network, part: Unsafe, run: Run, alone: Network | None = None
    ) -> None:
        """`alone`: the network that `network` is beside itself, of x and a step, if it is."""
        self.network, self.part, self.run, self.alone = network, part, run, alone
        self.deadline = run.deadline(run.effort.properties.seconds)
        self.margins = margins_for(network, part, run.effort.properties.margin_bits)
        rows = property_network(network, part.cases, self.margins)
        self.excess = PropertyExcess(rows, part.domain, run, self.deadline)
        self.queries: list[list[Query]] = [[(unit, 1)] for unit in range(len(self.margins))]

    @cached_property
    def has_few_inputs(self) -> bool:
        """Is the box split? Not where there is no input to halve."""
        domain = self.part.domain
        varying = domain.size - len(domain.fixed)
        return domain.size > 0 and varying <= self.run.effort.equivalence.few_inputs

    @property
    def nothing(self) -> PartFound:
        """Neither points nor a proof."""
        return PartFound(self.margins, Agreement(False, no_points(self.excess.bounds)))

    def stages(self) -> Iterator[PartFound]:
        """What each stage finds, the cheapest first, until one decides or the time is over."""
        effort = self.run.effort.properties
        with threads_for(self.network):
            yield from self._by_slopes()
            if self.has_few_inputs:
                yield self._from_log()
            yield self._by_points(self._attacks[:1])
            if self.has_few_inputs:
                yield self._by_some_boxes()
                yield self._by_points(self._attacks[1:])
                yield self._by_phases(effort.share_of_phases)
                yield self.by_boxes()
            else:
                yield self._by_phases(effort.share_before_attacks)
                yield self._by_points(self._attacks[1:])
                yield self._by_phases(1.0)

    def _by_slopes(self) -> Iterator[PartFound]:
        """Of a network beside itself: points whose slopes are the worst, then slopes on boxes."""
        if self.alone is None:
            return
        stage = SlopeStage.of(self.alone, self.part, self.margins, self.run, self.deadline)
        if stage is None:
            return
        yield replace(self.nothing, suspects=stage.suspects())
        tree, near = stage.prove()
        proved = 0 if tree is None else len(self.margins)
        yield replace(self.nothing, suspects=near, by_slopes=tree, proved=proved)

    @property
    def _attacks(self) -> tuple[AttackSize, ...]:
        effort = self.run.effort
        return effort.properties.wandering if self.has_few_inputs else effort.equivalence.attacks

    def _from_log(self) -> PartFound:
        """What boxes proved in an earlier run; phases read the log themselves."""
        log = self._log()
        signs = None if log is None else proof_in_log(log, self.excess.bounds, self.queries)
        if signs is None:
            return self.nothing
        proved = Agreement(True, no_points(self.excess.bounds), signs=signs)
        return PartFound(self.margins, proved, len(self.margins))

    def _log(self) -> ProofLog | None:
        file, bounds = self.run.limits.log, self.excess.bounds
        return None if file is None else ProofLog(file, bounds.network, bounds.domain)

    def _by_points(self, attacks: Sequence[AttackSize]) -> PartFound:
        for attack in attacks:
            points = self.excess.attack(attack, self.run.effort.equivalence.kept_points)
            if points is not None:
                return PartFound(self.margins, Agreement(False, points))
        return self.nothing

    def _by_phases(self, share: float) -> PartFound:
        """The rows as relu units that must be inactive, in a share of the time left.

        No boxes are split: cases of phases take the checker a fraction of what boxes take.
        """
        rows = property_network(self.network, self.part.cases, self.margins, "relu")
        until = time.monotonic() + share * time_left(self.deadline)
        effort = self.run.effort
        alone = replace(effort, prover=replace(effort.prover, box_inputs=0))
        limits = replace(self.run.limits, seconds=time_left(until), effort=alone)
        settings = Settings("bounds", replace(self.run, limits=limits), [LAST])
        facts = prove_layers(rows, self.part.domain, settings)
        known = facts.layers[LAST]
        proved, nothing = int(known.inactive.sum()), no_points(self.excess.bounds)
        is_interrupted = not facts.complete and time_left(until) > 0
        if known.seen_positive.any():
            found = Agreement(False, facts.points)
        else:
            found = Agreement(bool(known.inactive.all()), nothing, facts=facts)
        return PartFound(self.margins, found, proved, is_interrupted)

    def _by_some_boxes(self) -> PartFound:
        """The first boxes of the domain's box; `by_boxes` goes on with the others."""
        effort = self.run.effort.properties
        until = time.monotonic() + effort.share_of_first_boxes * time_left(self.deadline)
        self._boxes.go_on(until, effort.first_boxes)
        return self._found_by_boxes(agreement_of(self._boxes, self.excess))

    def by_boxes(self) -> PartFound:
        """The domain's box is split, with longer attacks in between. For few inputs."""
        equivalence = replace(self.run.effort.equivalence, attacks=self._attacks)
        effort = replace(self.run.effort, equivalence=equivalence)
        run = replace(self.run, limits=replace(self.run.limits, effort=effort))
        return self._found_by_boxes(prove_by_boxes(self._boxes, self.excess, run))

    @cached_property
    def _boxes(self) -> BoxSearch:
        search = BoxSearch(self.excess.bounds, self.excess.witnesses, LAST, self.run.effort.boxes)
        most = self.excess.effort.most_boxes
        search.begin(self.queries, limit=most, until_refuted=True, with_slopes=True)
        return search

    def _found_by_boxes(self, agreed: Agreement) -> PartFound:
        """What is agreed; a proof goes into the log."""
        log = self._log()
        if log is not None and agreed.signs is not None:
            log.append(agreed.signs)
        return PartFound(self.margins, agreed, len(self._boxes.found.proved))


class PropertyExcess(Excess):
    """The rows of a part's cases, attacked by random steps where inputs are few.

    Points at which floats see a row above 0 are answered: their error bounds may be far larger than
    what an unsafe point has to spare, and exact evaluation follows anyway.
    """

    def __init__(self, rows: Network, domain: Domain, run: Run, deadline: float) -> None:
        super().__init__(rows, domain, (), run, deadline)
        varying = domain.size - len(domain.fixed)
        self.has_few_inputs = varying <= run.effort.equivalence.few_inputs
        self.first_step = run.effort.properties.first_step

    def seen(self, points: Floats) -> Floats:
        return self.witnesses.trace(points, LAST).values[LAST]

    def climbed(self, start: Floats, units: Indices, steps: int) -> Floats:
        if not self.has_few_inputs:
            return super().climbed(start, units, steps)
        return wander(self.witnesses, Climb(LAST, units, 1.0, start), steps, self.first_step)


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
