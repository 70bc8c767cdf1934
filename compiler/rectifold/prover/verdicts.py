"""The verdict on one claim about a unit, from facts."""

from __future__ import annotations

from fractions import Fraction

from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Claim, Facts, Phase, Proved, Refuted, Undecided, Verdict
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network


def verdict(network: Network, facts: Facts, claim: Claim) -> Verdict:
    """Proved with its method, refuted with an exact point, or undecided."""
    layer, k = facts.layers[claim.layer], claim.unit
    holds = layer.upper[k] <= 0 if claim.phase is Phase.INACTIVE else layer.lower[k] >= 0
    if holds:
        return Proved(
            claim, layer.upper_method[k] if claim.phase is Phase.INACTIVE else layer.lower_method[k]
        )
    seen = layer.seen_positive[k] if claim.phase is Phase.INACTIVE else layer.seen_negative[k]
    if seen and (point := _witness(network, facts, claim)) is not None:
        return Refuted(claim, point)
    return Undecided(claim, "no stage of the cascade settled it")


def _witness(network: Network, facts: Facts, claim: Claim) -> tuple[Fraction, ...] | None:
    """A known point of the domain at which the claim fails, exactly."""
    sign = 1 if claim.phase is Phase.INACTIVE else -1
    for point in facts.points:
        exact = facts.domain.clamp(point.tolist())
        value = trace(network, Matrix.column(exact), with_activations=False)[claim.layer].entry(
            claim.unit, 0
        )
        if sign * value > 0:
            return tuple(exact)
    return None
