"""Proof steps for the bounds of one network's units, in the checker's language.

    record: intervals of h1, z ≤ 0 for unit 3 of h2 by cases, …   →   steps in the same order

Bounds by substitution are steps `cases`: a tree with slopes, which the checker repeats in
outward-rounded integers. Where no rounding may happen (a bound that is exactly 0, numbers too small
for the error terms to be wider than the checker's own rounding) the proof is written as multipliers
of facts. Z3's word is a trusted claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

import numpy as np

from rectifold.bounds.exactly import ExactCase
from rectifold.bounds.phases import cases_of
from rectifold.bounds.substitution import backward
from rectifold.certificate.interval_steps import Demand, IntervalSteps
from rectifold.certificate.multipliers import (
    MultiplierRecorder,
    exact_facts,
    nested_proof,
    path_facts,
)
from rectifold.certificate.replay import BoundsReplay
from rectifold.certificate.slack import RoundingNeed, bits_for
from rectifold.certificate.steps import (
    BoundStep,
    BoxesStep,
    CasesStep,
    CertificateStep,
    Fact,
    LeafProof,
    MultiplierProof,
    Numbering,
    TrustedStep,
    UnitRef,
)
from rectifold.facts.entries import (
    BoxTreeSigns,
    Entry,
    IntervalBounds,
    ProvedBounds,
    without_superseded,
)
from rectifold.facts.facts import Facts
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import CaseProof, ExactLeaf, Leaf, Path, leaves_of
from rectifold.ir.network import Network


@dataclass(frozen=True)
class _Claim:
    """value ≤ z (side LOWER) or z ≤ value (UPPER) for one unit of a layer."""

    layer: str
    index: int
    side: Side
    value: Fraction
    unit: UnitRef


class UnitProofs:
    """Steps for network number `net` of a certificate, from what was proved about it.

    `also_full`: layers whose bounds proofs elsewhere need.
    """

    def __init__(
        self, network: Network, facts: Facts, net: int, also_full: Collection[str] = ()
    ) -> None:
        self.network = network
        self.facts = facts
        self.numbering = Numbering(network, net)
        self.replay = BoundsReplay(network, facts.domain)
        self.bounds = self.replay.bounds
        self.full = _layers_that_need_all_bounds(network, facts).union(also_full)
        exact = _layers_below_exact_proofs(network, facts)
        self.intervals = IntervalSteps(facts, self.bounds, self.numbering, Demand(self.full, exact))

    @property
    def precision(self) -> int:
        """Fractional bits with which the checker should round."""
        return bits_for(self.facts.layers.values(), self.facts.domain)

    def steps(self) -> Iterator[CertificateStep]:
        """All steps, in the order in which the bounds were found."""
        self.replay.begin()
        for entry in without_superseded(self.facts.record):
            self.replay.fill_linear_layers(entry.layer)
            yield from self._steps_of(entry)
            self.replay.learn(entry)

    def _steps_of(self, entry: Entry) -> Iterator[CertificateStep]:
        match entry:
            case IntervalBounds():
                yield from self.intervals.steps(entry)
            case ProvedBounds():
                yield from self._proved(entry)
            case BoxTreeSigns():
                yield BoxesStep(self.numbering, self.numbering.layer(entry.layer), entry.proof)
            case _:
                assert_never(entry)

    def _proved(self, entry: ProvedBounds) -> Iterator[CertificateStep]:
        wanted = [k for k in range(len(entry.units)) if self._is_wanted(entry, k)]
        claims = [self._claim(entry, k) for k in wanted]
        match entry.method:
            case Method.LINEAR:
                yield from self._linear(claims)
            case Method.Z3:
                for claim in claims:
                    yield TrustedStep(claim.unit, claim.side, claim.value, "z3")
            case Method.EXACT_LINEAR:
                for claim in claims:
                    proof = LeafProof(tuple(self._exact_facts(claim, ExactCase())))
                    yield BoundStep(claim.unit, claim.side, claim.value, proof)
            case Method.CASES:
                for k, claim in zip(wanted, claims, strict=True):
                    yield self._by_cases(claim, entry.proofs[k])
            case Method.INTERVAL | Method.BOXES | Method.CARRIER:
                raise ValueError(f"bounds by {entry.method.value} are no entry of this kind")
            case _:
                assert_never(entry.method)

    def _is_wanted(self, entry: ProvedBounds, k: int) -> bool:
        """Bounds that make a unit stable, and all bounds of layers that later proofs rest on."""
        value = entry.values[k]
        return bool(np.isfinite(value)) and (
            entry.layer in self.full or (value <= 0 if entry.side is Side.UPPER else value >= 0)
        )

    def _claim(self, entry: ProvedBounds, k: int) -> _Claim:
        index, value = int(entry.units[k]), Fraction(float(entry.values[k]))
        return _Claim(
            entry.layer, index, entry.side, value, self.numbering.unit(entry.layer, index)
        )

    # ---- one pass with the default slopes -------------------------------------------------------

    def _linear(self, claims: list[_Claim]) -> Iterator[CertificateStep]:
        """Bounds of one layer and side with the default slopes: nothing to say but the value."""
        if not claims:
            return
        layer, sign = claims[0].layer, float(claims[0].side.sign)
        rows = np.array([claim.index for claim in claims], dtype=np.int64)
        need = RoundingNeed(self.bounds, layer, len(rows), self.precision)
        enough = backward(self.bounds, layer, rows, sign, need).slack > need.total
        facts: list[list[Fact]] = [[] for _ in claims]
        if not enough.all():
            recorder = MultiplierRecorder(self.bounds, self.numbering, facts)
            backward(self.bounds, layer, rows, sign, recorder)
        for k, claim in enumerate(claims):
            if enough[k]:
                yield CasesStep(claim.unit, claim.side, claim.value)
            else:
                yield BoundStep(claim.unit, claim.side, claim.value, LeafProof(tuple(facts[k])))

    # ---- a tree of cases ------------------------------------------------------------------------

    def _by_cases(self, claim: _Claim, proof: CaseProof) -> CertificateStep:
        """One bound by a tree.

        As slopes, where the error terms leave room for the checker's rounding; else as multipliers.
        """
        leaves = list(leaves_of(proof.tree))
        rounded = [(path, leaf) for path, leaf in leaves if isinstance(leaf, Leaf)]
        if len(rounded) == len(leaves) and self._has_room(claim, proof, rounded):
            return CasesStep(claim.unit, claim.side, claim.value, proof, self.numbering)
        return BoundStep(claim.unit, claim.side, claim.value, self._in_multipliers(claim, proof))

    def _has_room(self, claim: _Claim, proof: CaseProof, leaves: list[tuple[Path, Leaf]]) -> bool:
        """Does every leaf leave the checker room to round? A hull can be written no other way."""
        rows = np.full(len(leaves), claim.index, dtype=np.int64)
        need = RoundingNeed(self.bounds, claim.layer, len(leaves), self.precision)
        cases = cases_of(proof.frame, leaves)
        slack = backward(self.bounds, claim.layer, rows, float(claim.side.sign), need, cases).slack
        return bool((slack > need.total).all()) or any(leaf.hull is not None for _, leaf in leaves)

    def _in_multipliers(self, claim: _Claim, proof: CaseProof) -> MultiplierProof:
        leaves = list(leaves_of(proof.tree))
        facts = [path_facts(self.numbering, path, leaf) for path, leaf in leaves]
        rounded = [
            (k, path, leaf) for k, (path, leaf) in enumerate(leaves) if isinstance(leaf, Leaf)
        ]
        if rounded:
            cases = cases_of(proof.frame, [(path, leaf) for _, path, leaf in rounded])
            own = [facts[k] for k, *_ in rounded]
            recorder = MultiplierRecorder(self.bounds, self.numbering, own, cases)
            rows = np.full(len(rounded), claim.index, dtype=np.int64)
            backward(self.bounds, claim.layer, rows, float(claim.side.sign), recorder, cases)
        for k, (path, leaf) in enumerate(leaves):
            if isinstance(leaf, ExactLeaf):
                phases = {(layer, j): phase for layer, j, phase in path}
                case = ExactCase(phases, leaf.alpha, leaf.beta, leaf.gamma)
                facts[k] += self._exact_facts(claim, case)
        return nested_proof(self.numbering, proof.tree, iter(facts))

    def _exact_facts(self, claim: _Claim, case: ExactCase) -> list[Fact]:
        row = claim.layer, claim.index, claim.side.sign
        return exact_facts(self.bounds, self.numbering, row, case)


def _layers_that_need_all_bounds(network: Network, facts: Facts) -> frozenset[str]:
    """Layers below one whose bounds must be proved.

    The bounds of their unsolved units enter those proofs.
    """
    full: set[str] = set()
    for layer in network.relu_layers:
        known = facts.layers[layer.name]
        if known.active.any() or known.inactive.any():
            full |= network.cone(layer.name)
    return frozenset(full)


def _layers_below_exact_proofs(network: Network, facts: Facts) -> frozenset[str]:
    """Layers whose bounds must be ours to the last bit: a proof without slack rests on them."""
    below: set[str] = set()
    for entry in facts.record:
        if isinstance(entry, ProvedBounds) and (
            entry.method is Method.EXACT_LINEAR or any(map(_has_exact_leaf, entry.proofs))
        ):
            below |= network.cone(entry.layer)
    return frozenset(below)


def _has_exact_leaf(proof: CaseProof) -> bool:
    return any(isinstance(leaf, ExactLeaf) for _, leaf in leaves_of(proof.tree))
