"""Bounds of units that need not be 0: slopes optimised for each, then the worst node split.

    optimise_slopes     one node per unit, without a case           z_7 ≤ 0.81
    tighten_bounds      a tree of cases while there is time         z_7 ≤ 0.34, the worst leaf

Sound because every bound is one rigorous evaluation with the slopes found, and the bound of a tree
is the worst of its leaves.
"""

from __future__ import annotations

import time

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import CaseProof, Leaf
from rectifold.search.phases.bounding import bound_nodes, evaluate
from rectifold.search.phases.problem import NodeBounds, PhaseProblem
from rectifold.search.phases.queries import Queries


def optimise_slopes(problem: PhaseProblem, units: Indices) -> tuple[Floats, list[CaseProof]]:
    """Rigorous upper bounds of sign·z with slopes optimised for each unit, and the slopes."""
    bounds: list[Floats] = [np.zeros(0)]
    proofs: list[CaseProof] = []
    for start in range(0, len(units), problem.batch):
        rows = units[start : start + problem.batch]
        nodes = [problem.root(int(k), 0) for k in rows]
        bounded = bound_nodes(problem, nodes, -np.inf, is_split_next=False)
        bounds.append(evaluate(problem, rows, bounded, np.zeros_like(bounded.alpha)))
        leaves = [_root_leaf(problem, bounded, k) for k in range(len(rows))]
        proofs += [CaseProof(problem.frame, leaf) for leaf in leaves]
    return np.concatenate(bounds), proofs


def tighten_bounds(
    problem: PhaseProblem, units: Indices, reached: Floats, *, deadline: float, nodes: int
) -> tuple[Floats, dict[int, CaseProof]]:
    """Rigorous upper bounds of sign·z per unit, infinite without one; and their proofs.

    Each has at most `nodes` nodes; the worst are split until `deadline` (monotonic seconds).
    `reached` are values of sign·z that occur, so no bound below them is possible.
    """
    search = Queries(problem, units)
    floor = {int(u): float(v) for u, v in zip(units, reached, strict=True)}
    values: dict[int, float] = {}  # per place, the rigorous bound of a leaf
    close = problem.effort.clear * problem.scale
    while search.heaps and time.monotonic() < deadline:
        batch = search.take(per_query=max(1, problem.batch // max(1, len(search.heaps))))
        bounded = bound_nodes(problem, batch, -np.inf)
        rows, phase = np.array([n.query for n in batch]), np.array([n.phase for n in batch])
        upper = evaluate(problem, rows, bounded, phase)
        for k, node in enumerate(batch):
            values[node.place] = float(upper[k])
            search.places[node.place].leaf = problem.leaf(bounded, k)
            if upper[k] > floor[node.query] + close and search.asked[node.query] < nodes:
                search.divide(node, bounded, k)
        search.drop(set())
    result = np.full(len(units), np.inf)
    proofs: dict[int, CaseProof] = {}
    for k, unit in enumerate(units.tolist()):
        tree, value = search.pruned(unit, values)
        if tree is not None:
            result[k], proofs[unit] = value, CaseProof(problem.frame, tree)
    return result, proofs


def _root_leaf(problem: PhaseProblem, bounded: NodeBounds, k: int) -> Leaf:
    """Without cases there are no β."""
    gamma = tuple(bounded.gamma[k].tolist())
    return Leaf(bounded.alpha[k].copy(), (), gamma, problem.hull(bounded, k))
