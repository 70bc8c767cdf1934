"""A maximum of exactly 0 is proved at a leaf in fractions; no rounded bound could."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from rectifold.bounds.substitution import bounded
from rectifold.effort.search import PhaseEffort
from rectifold.facts.trees import ExactLeaf, leaves_of
from rectifold.ir.network import Network
from rectifold.search.phases.branch_and_bound import Outcome, decide_signs
from rectifold.search.phases.problem import PhaseProblem
from rectifold.search.replay import bound_of_cases
from rectifold.search.witnesses import Witnesses
from support import net

TOUCHES = """
    network touches
    input x[1] in [-1, 1]
    h = relu([x[0], x[0] - 1/3])
    y = relu(h[0] - 2/3*h[1] - x[0]/3 - {least})
    output y
    """


def decide(least: str, effort: PhaseEffort) -> tuple[Network, Outcome]:
    network = net(TOUCHES.format(least=least))
    assert network.domain is not None
    bounds = bounded(network, network.domain, {})
    problem = PhaseProblem(bounds, Witnesses(bounds, 0, []), "y", 1, effort=effort)
    return network, decide_signs(problem, np.array([0]), deadline=inf, node_limit=200)


def value(x: Fraction) -> Fraction:
    return relu(x) - Fraction(2, 3) * relu(x - Fraction(1, 3)) - x / 3


def relu(x: Fraction) -> Fraction:
    return max(x, Fraction(0))


def largest() -> Fraction:
    """At an end of the domain, or where a unit bends."""
    return max(value(x) for x in (Fraction(-1), Fraction(0), Fraction(1, 3), Fraction(1)))


@pytest.mark.parametrize("exact_weights", [0, 20_000])
def test_a_maximum_of_exactly_zero_needs_fractions(exact_weights: int) -> None:
    top = largest()
    assert top > 0
    network, outcome = decide(str(top), PhaseEffort(exact_weights=exact_weights))
    assert not outcome.refuted
    assert bool(outcome.trees) == (exact_weights > 0)
    for proof in outcome.trees.values():
        assert any(isinstance(leaf, ExactLeaf) for _, leaf in leaves_of(proof.tree))
        assert network.domain is not None
        assert bound_of_cases(bounded(network, network.domain, {}), "y", 0, 1, proof) <= 0


def test_a_maximum_just_above_zero_is_refuted_and_not_proved() -> None:
    top = largest()
    _, outcome = decide(str(top - Fraction(1, 1000)), PhaseEffort())
    assert outcome.refuted == {0}
    assert not outcome.trees
