"""Branch and bound over relu phases, with optimised slopes (Wang et al. 2021, beta-CROWN).

    is sign·z ≤ 0 on the domain?     bound ≤ 0: a leaf      a point above 0: refuted
                                     else: split a unit into z ≥ 0 and z ≤ 0, the worst node first

The search runs on the layer's skeleton, in single precision. Sound because a leaf is one rigorous
evaluation with the slopes and multipliers found (docs/mathematics.md#cases-by-phase), the
two phases of a unit cover the domain, and a bound that misses 0 by a float hair is computed
exactly. Only points with certain signs refute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import CaseProof, ExactLeaf, Leaf
from rectifold.search.phases.bounding import bound_nodes, evaluate_hopeful
from rectifold.search.phases.exact_leaf import exact_leaf
from rectifold.search.phases.points import find_refutations
from rectifold.search.phases.problem import Node, NodeBounds, PhaseProblem
from rectifold.search.phases.queries import Queries


@dataclass(eq=False)
class Outcome:
    """Trees of the queries that are proved; the points that refute others, with certain signs."""

    trees: dict[int, CaseProof] = field(default_factory=dict)
    refuted: set[int] = field(default_factory=set)
    points: list[Floats] = field(default_factory=list)
    nodes: int = 0


def decide_signs(
    problem: PhaseProblem,
    units: Indices,
    *,
    deadline: float,
    node_limit: int,
    query_limit: int | None = None,
) -> Outcome:
    """Is sign·z ≤ 0 on the domain, for each of these units?

    Until every unit is decided, `deadline` (monotonic seconds) passes, or `node_limit` nodes are
    bounded. A unit that takes `query_limit` nodes is left open.
    """
    most = problem.effort.query_nodes if query_limit is None else query_limit
    outcome = Outcome()
    search = Queries(problem, units)
    while search.heaps and time.monotonic() < deadline and outcome.nodes < node_limit:
        nodes = search.take()
        outcome.nodes += len(nodes)
        bounded = bound_nodes(problem, nodes, 0.0)
        for query, point in find_refutations(problem, nodes, bounded).items():
            if query not in outcome.refuted:
                outcome.refuted.add(query)
                outcome.points.append(point)
        upper = evaluate_hopeful(problem, nodes, bounded)
        for k, node in enumerate(nodes):
            leaf = _leaf(problem, node, bounded, k, float(upper[k]))
            if leaf is not None:
                search.close(node, leaf)
            else:
                search.divide(node, bounded, k)
        search.drop(outcome.refuted)
        search.drop({q for q in search.heaps if search.asked[q] >= most})
    proved = [query for query in search.proved if query not in outcome.refuted]
    outcome.trees = {query: CaseProof(problem.frame, search.tree(query)) for query in proved}
    return outcome


def _leaf(
    problem: PhaseProblem, node: Node, bounded: NodeBounds, k: int, upper: float
) -> Leaf | ExactLeaf | None:
    """What proves the node, if it is proved: its rigorous bound `upper`, or an exact one."""
    if upper <= 0:
        return problem.leaf(bounded, k)
    near_zero = problem.effort.near_zero * problem.scale
    if problem.first is None and min(upper, float(bounded.value[k])) <= near_zero:
        return exact_leaf(problem, node, bounded, k)
    return None
