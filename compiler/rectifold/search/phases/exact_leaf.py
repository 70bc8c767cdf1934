"""A bound of exactly 0, which no rounded bound proves: slopes as simple fractions.

    α = 0.3333  →  0, then 3/8, then 1/3        until the bound, computed exactly, is ≤ 0

Sound because exact substitution is: whatever the fractions, the bound is true.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.facts.trees import ExactLeaf
from rectifold.search.phases.problem import Node, NodeBounds, PhaseProblem


def exact_leaf(problem: PhaseProblem, node: Node, bounded: NodeBounds, k: int) -> ExactLeaf | None:
    """Slopes and multipliers near those of row k that prove sign·z ≤ 0 exactly.

    None where no try succeeds, or the layer's cone has too many weights for exact arithmetic.
    """
    if problem.cone_weights > problem.effort.exact_weights:
        return None
    for limit in problem.effort.denominators:
        case = _simple_case(problem, node, bounded, k, limit)
        bound = exact_backward(problem.bounds, problem.layer, node.query, problem.sign, case=case)
        if bound <= 0:
            return ExactLeaf(case.alpha, case.beta, case.gamma)
    return None


def _simple_case(
    problem: PhaseProblem, node: Node, bounded: NodeBounds, k: int, limit: int
) -> ExactCase:
    """The node's phases, with the fractions of denominators up to `limit` next to row k."""
    units = [(v, int(u)) for v, rows in problem.frame.units.items() for u in rows]
    fixed = np.nonzero(node.phase)[0].tolist()
    free = np.nonzero(node.phase == 0)[0].tolist()
    return ExactCase(
        {units[j]: int(node.phase[j]) for j in fixed},
        {units[j]: _fraction(bounded.alpha[k][j], limit) for j in free},
        {units[j]: _fraction(bounded.beta[k][j], limit) for j in fixed},
        {j: _fraction(g, limit) for j, g in enumerate(bounded.gamma[k])},
    )


def _fraction(value: np.floating, limit: int) -> Fraction:
    return Fraction(float(value)).limit_denominator(limit)
