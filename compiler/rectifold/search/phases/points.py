"""Points that refute: corners of failing bounds, and climbs from near the relaxations' optima."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.search.phases.problem import Node, NodeBounds, PhaseProblem


def find_refutations(
    problem: PhaseProblem, nodes: Sequence[Node], bounded: NodeBounds
) -> dict[int, Floats]:
    """Query → a point of the domain where sign·z is certainly above 0.

    What looks like a witness in floats is confirmed; nothing else is answered.
    """
    failing = np.nonzero(bounded.value > 0)[0]
    if not len(failing):
        return {}
    effort, skeleton, sign = problem.effort, problem.skeleton, problem.sign
    rows = np.array([n.query for n in nodes], dtype=np.int64)
    few = failing[np.argsort(-bounded.value[failing])][: effort.climbs]
    middles = np.asarray(bounded.middles[few], dtype=np.float64)
    start = problem.witnesses.clipped(middles)
    climbed = skeleton.climb(start, rows[few], sign, effort.climb_steps, effort.climb_scale)
    points = np.vstack([bounded.corners[failing], climbed])
    owners = np.concatenate([rows[failing], rows[few]])
    value = sign * skeleton.values(points, owners)
    best = np.argsort(-value)[: effort.confirmed]
    if not problem.bounds.domain.constraints:
        best = best[value[best] > 0]  # else points are moved, and may be witnesses only afterwards
    return _confirm(problem, problem.witnesses.admitted(points[best]), np.unique(rows).tolist())


def _confirm(problem: PhaseProblem, points: Floats, queries: list[int]) -> dict[int, Floats]:
    """The first of the points at which each query has a certain sign."""
    if not len(points):
        return {}
    traced = problem.witnesses.trace(points, problem.layer)
    positive, negative = traced.signs(problem.layer)
    seen = positive if problem.sign > 0 else negative
    hits = {query: np.nonzero(seen[:, query])[0] for query in queries}
    return {query: points[found[0]] for query, found in hits.items() if len(found)}
