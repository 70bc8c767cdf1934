"""Bounds of a batch of nodes: searched in floats, then evaluated rigorously.

    nodes  →  descent on slopes and multipliers (hints)  →  one rigorous substitution with these

Only what `evaluate` answers counts: a true bound for any slopes in [0, 1] and multipliers ≥ 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rectifold.bounds.agreed import SLOPE_UNITS
from rectifold.bounds.phases import Cases
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.search.phases.descent import Descent
from rectifold.search.phases.problem import Node, NodeBounds, PhaseProblem
from rectifold.search.phases.relaxed import Relaxed
from rectifold.search.phases.skeleton import Hints


def bound_nodes(
    problem: PhaseProblem,
    nodes: Sequence[Node],
    target_bound: float,
    *,
    is_split_next: bool = True,
) -> NodeBounds:
    """Slopes and multipliers for each node, tried until its bound is clearly below the target.

    Slopes are multiples of 1/SLOPE_UNITS, as a proof writes them. `is_split_next`: scores of units
    are wanted that tell which one to split.
    """
    effort, dtype = problem.effort, problem.skeleton.dtype
    rates = np.array([effort.slower**n.tries for n in nodes], dtype=dtype)[:, None]
    is_first = any(n.tries or not n.phase.any() for n in nodes)
    descent = Descent(Relaxed.of(problem, nodes), is_first, rates)
    with np.errstate(all="ignore"):
        target = target_bound - effort.clear * problem.scale
        bounded = descent.run(target, is_split_next=is_split_next)
    units = dtype.type(SLOPE_UNITS)
    return replace(bounded, alpha=np.round(bounded.alpha * SLOPE_UNITS) / units)


def evaluate(problem: PhaseProblem, rows: Indices, bounded: NodeBounds, phase: Hints) -> Floats:
    """Rigorous upper bounds of sign·z for units `rows` with what a descent found.

    `phase` (rows × units of the frame): 1 and −1 where a unit is fixed, 0 elsewhere.
    """
    gamma = bounded.gamma.astype(np.float64) if len(problem.limits) else None
    alpha, beta = bounded.alpha.astype(np.float64), bounded.beta.astype(np.float64)
    hulls = [problem.hull(bounded, k) for k in range(len(rows))]
    cases = Cases(problem.frame, alpha, beta, phase.astype(np.float64), gamma, hulls)
    sign = float(problem.sign)
    with np.errstate(over="ignore", invalid="ignore"):
        return backward(problem.bounds, problem.layer, rows, sign, cases=cases).upper


def evaluate_hopeful(problem: PhaseProblem, nodes: Sequence[Node], bounded: NodeBounds) -> Floats:
    """Rigorous bounds of the nodes that the search believes in; infinity for the others."""
    upper = np.full(len(nodes), np.inf)
    hopeful = np.nonzero(bounded.value <= problem.effort.clear * problem.scale)[0].tolist()
    if hopeful:
        rows = np.array([nodes[k].query for k in hopeful], dtype=np.int64)
        phase = np.array([nodes[k].phase for k in hopeful])
        upper[hopeful] = evaluate(problem, rows, bounded.rows(hopeful), phase)
    return upper
