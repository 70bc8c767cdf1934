"""Branch and bound over relu phases, with optimised slopes (Wang et al. 2021, beta-CROWN).

The question is one sign: is sign·z ≤ 0 on the domain? A node fixes the phases of some units. Its bound substitutes backward

    fixed active: a = z, and + β z (z ≥ 0)       fixed inactive: a = 0, and − β z (z ≤ 0)       else the two lines of `relaxation`

with any α ∈ [0, 1] as lower slope and any β ≥ 0, so a float search may choose them; linear constraints G x ≤ g of the domain enter
with any γ ≥ 0. The gradient is the relaxed network evaluated at the corner that attains the bound: ∂/∂α_j = min(C_j, 0)·z_j,
∂/∂β_j = ± z_j, ∂/∂γ = g − G x. A new case starts from β = |C| (1 − α) or |C| α where C < 0: with that its bound is its parent's, and the descent goes on from there.

Hard questions are searched `with_hull`: each node then has its own planes above the units of the first layer (search/hull), chosen in the same
descent. Nodes cost ten to fifteen times as much, and there are far fewer: 784-100×5-10, L1 2e-4, third layer's unit 91: 644,000 nodes in 181 s
without, 1,600 in 5 s with them.

The search runs on the layer's skeleton (single precision, stable units gone). What counts in the end is one
rigorous evaluation (bounds/linear) with the α, β and γ found. A node whose bound is above 0 is split; its corner is tried as a witness. A
bound that misses 0 by a float hair may be exactly 0, which no rounded bound proves: there α, β and γ are rounded to simple fractions
and the bound is computed exactly.

The same search tightens ends that are not 0: the worst node is split until the time is up, and the bound is the worst of what is left.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import Cases
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import SLOPE_UNITS, CaseProof, ExactLeaf, Leaf
from rectifold.search.phases.descent import Descent
from rectifold.search.phases.problem import Batch, Node, PhaseProblem
from rectifold.search.phases.queries import Queries
from rectifold.search.phases.skeleton import Hints
from rectifold.search.witnesses import Witnesses

_QUERY_NODES = 2000  # after which a question is left open
_HAIR = 1e-2  # bounds this close to 0 (of the layer's range) are tried exactly; a hint only, nothing rests on it
_CLEAR = 1e-6  # of the layer's range, by which a search tries to pass its goal before it stops
_DENOMINATORS = (1, 8, 60)
EXACT_LEAF_WEIGHTS = 20_000  # weights in the cone up to which that is worth it
_SLOWER = 0.5  # with steps this much smaller
_CLIMBS, _CLIMB_STEPS, _CLIMB_SCALE = (
    32,
    12,
    2.0**-4,
)  # points climbed per batch, from near the relaxation's optimum
_CONFIRMED = (
    64  # points per batch that a search believes to be witnesses and that are evaluated rigorously
)


@dataclass(eq=False)
class Outcome:
    """Trees of the queries that are proved, and the points at which others are refuted (certain signs)."""

    trees: dict[int, CaseProof] = field(default_factory=dict)
    refuted: set[int] = field(default_factory=set)
    points: list[Floats] = field(default_factory=list)
    nodes: int = 0


class BranchAndBound:
    """Bounds sign·z for several units of one layer whose predecessors are done."""

    def __init__(
        self,
        bounds: Bounds,
        witnesses: Witnesses,
        layer: str,
        sign: int,
        *,
        with_hull: bool = False,
    ) -> None:
        self.problem = PhaseProblem(bounds, witnesses, layer, sign, with_hull=with_hull)

    # ---- questions about a sign -----------------------------------------------------------------

    def run(
        self, units: Indices, *, deadline: float, node_limit: int, query_limit: int = _QUERY_NODES
    ) -> Outcome:
        """Until every unit is decided, `deadline` (monotonic seconds) passes, or `node_limit` nodes are bounded.

        A unit that takes `query_limit` nodes is left open.
        """
        outcome = Outcome()
        search = Queries(self.problem, units)
        while search.heaps and time.monotonic() < deadline and outcome.nodes < node_limit:
            batch = search.take()
            outcome.nodes += len(batch)
            bounded = self._bound(batch, goal=0.0)
            self._try_points(batch, bounded, outcome)
            proved = self._rigorous(batch, bounded)
            for k, node in enumerate(batch):
                leaf = self._leaf(node, bounded, k, proved[k])
                if leaf is not None:
                    search.close(node, leaf)
                else:
                    search.divide(node, bounded, k)
            search.drop(outcome.refuted)
            search.drop({q for q in search.heaps if search.asked[q] >= query_limit})
        for query in search.proved:
            if query not in outcome.refuted:
                outcome.trees[query] = CaseProof(self.problem.frame, search.tree(query))
        return outcome

    def _leaf(self, node: Node, bounded: Batch, k: int, upper: float) -> Leaf | ExactLeaf | None:
        if upper <= 0:
            return self.problem.leaf(node, bounded, k)
        if (
            self.problem.first is None
            and min(upper, float(bounded.value[k])) <= _HAIR * self.problem.scale
        ):
            return self._exact_leaf(node, bounded, k)
        return None

    # ---- ends -----------------------------------------------------------------------------------

    def optimised(self, units: Indices) -> tuple[Floats, list[CaseProof]]:
        """Rigorous upper bounds of sign·z with slopes optimised for each unit, and the slopes."""
        bounds: list[Floats] = [np.zeros(0)]
        proofs: list[CaseProof] = []
        for start in range(0, len(units), self.problem.batch):
            rows = units[start : start + self.problem.batch]
            nodes = [self.problem.root(int(k), 0) for k in rows]
            bounded = self._bound(nodes, goal=-np.inf, is_split_next=False)
            bounds.append(self._evaluate(rows, bounded, np.zeros_like(bounded.alpha)))
            proofs += [
                CaseProof(self.problem.frame, self._root_leaf(bounded, k)) for k in range(len(rows))
            ]
        return np.concatenate(bounds), proofs

    def _root_leaf(self, bounded: Batch, k: int) -> Leaf:
        return Leaf(
            bounded.alpha[k].copy(),
            (),
            tuple(bounded.gamma[k].tolist()),
            self.problem.hull(bounded, k),
        )

    def tightened(
        self, units: Indices, known: Floats, *, deadline: float, nodes: int
    ) -> tuple[Floats, dict[int, CaseProof]]:
        """Rigorous upper bounds of sign·z for units, each from at most `nodes` nodes: the worst node is split as long as there is time.

        `known` are values that are reached (no bound below them is possible).
        """
        search = Queries(self.problem, units)
        floor = {int(u): float(v) for u, v in zip(units, known, strict=True)}
        values: dict[int, float] = {}  # per place, the rigorous bound of a leaf
        while search.heaps and time.monotonic() < deadline:
            batch = search.take(per_query=max(1, self.problem.batch // max(1, len(search.heaps))))
            bounded = self._bound(batch, goal=-np.inf)
            upper = self._evaluate(
                np.array([n.query for n in batch]), bounded, np.array([n.phase for n in batch])
            )
            for k, node in enumerate(batch):
                values[node.place] = float(upper[k])
                search.places[node.place].leaf = self.problem.leaf(node, bounded, k)
                if (
                    upper[k] > floor[node.query] + _CLEAR * self.problem.scale
                    and search.asked[node.query] < nodes
                ):
                    search.divide(node, bounded, k)
            search.drop(set())
        result = np.full(len(units), np.inf)
        proofs: dict[int, CaseProof] = {}
        for k, unit in enumerate(units.tolist()):
            tree, value = search.pruned(unit, values)
            if tree is not None:
                result[k], proofs[unit] = value, CaseProof(self.problem.frame, tree)
        return result, proofs

    # ---- one batch ------------------------------------------------------------------------------

    def _bound(self, batch: Sequence[Node], goal: float, *, is_split_next: bool = True) -> Batch:
        rows = np.array([n.query for n in batch], dtype=np.int64)
        rates = np.array([_SLOWER**n.tries for n in batch], dtype=self.problem.skeleton.dtype)[
            :, None
        ]
        first = any(n.tries or not n.phase.any() for n in batch)
        descent = Descent.of(
            self.problem, rows, np.array([n.alpha for n in batch]), np.array([n.beta for n in batch]),
            np.array([n.phase for n in batch]), np.array([n.gamma for n in batch]),
            np.array([n.levels for n in batch]),
        )  # fmt: skip
        with np.errstate(all="ignore"):
            bounded = descent.run(
                first, rates, goal - _CLEAR * self.problem.scale, is_split_next=is_split_next
            )
        bounded.alpha = np.round(bounded.alpha * SLOPE_UNITS) / self.problem.skeleton.dtype.type(
            SLOPE_UNITS
        )
        return bounded

    def _rigorous(self, batch: Sequence[Node], bounded: Batch) -> Floats:
        """Rigorous bounds of the nodes that the search believes in; infinity for the others."""
        upper = np.full(len(batch), np.inf)
        hopeful = np.nonzero(bounded.value <= _CLEAR * self.problem.scale)[0].tolist()
        if hopeful:
            rows = np.array([batch[k].query for k in hopeful], dtype=np.int64)
            part = Batch(*(v[hopeful] for v in vars(bounded).values()))
            upper[hopeful] = self._evaluate(rows, part, np.array([batch[k].phase for k in hopeful]))
        return upper

    def _evaluate(self, rows: Indices, bounded: Batch, phase: Hints) -> Floats:
        gamma = bounded.gamma.astype(np.float64) if len(self.problem.ends) else None
        alpha, beta = bounded.alpha.astype(np.float64), bounded.beta.astype(np.float64)
        hulls = [self.problem.hull(bounded, k) for k in range(len(rows))]
        cases = Cases(self.problem.frame, alpha, beta, phase.astype(np.float64), gamma, hulls)
        with np.errstate(over="ignore", invalid="ignore"):
            return backward(
                self.problem.bounds, self.problem.layer, rows, float(self.problem.sign), cases=cases
            ).upper

    def _exact_leaf(self, node: Node, bounded: Batch, k: int) -> ExactLeaf | None:
        """The node's slopes and multipliers as simple fractions, if they prove the bound exactly."""
        if self.problem.weights > EXACT_LEAF_WEIGHTS:
            return None
        fixed = {j: int(node.phase[j]) for j in np.nonzero(node.phase)[0].tolist()}
        where = [(name, int(u)) for name, units in self.problem.frame.units.items() for u in units]
        phases = {where[j]: p for j, p in fixed.items()}
        for limit in _DENOMINATORS:
            alpha = {
                where[j]: Fraction(float(a)).limit_denominator(limit)
                for j, a in enumerate(bounded.alpha[k])
                if j not in fixed
            }
            beta = {
                where[j]: Fraction(float(bounded.beta[k][j])).limit_denominator(limit)
                for j in fixed
            }
            gamma = {
                j: Fraction(float(g)).limit_denominator(limit)
                for j, g in enumerate(bounded.gamma[k])
            }
            case = ExactCase(phases, alpha, beta, gamma)
            if (
                exact_backward(
                    self.problem.bounds,
                    self.problem.layer,
                    node.query,
                    self.problem.sign,
                    case=case,
                )
                <= 0
            ):
                return ExactLeaf(alpha, beta, gamma)
        return None

    def _try_points(self, batch: Sequence[Node], bounded: Batch, outcome: Outcome) -> None:
        """Corners of the failing bounds, and climbs from near the relaxation's optimum; what looks like a witness is confirmed."""
        failing = np.nonzero(bounded.value > 0)[0]
        if not len(failing):
            return
        rows = np.array([n.query for n in batch], dtype=np.int64)
        few = failing[np.argsort(-bounded.value[failing])][:_CLIMBS]
        climbed = self.problem.skeleton.climbed(
            self.problem.witnesses.clipped(np.asarray(bounded.middles[few], dtype=np.float64)),
            rows[few],
            self.problem.sign,
            _CLIMB_STEPS,
            _CLIMB_SCALE,
        )
        points = np.vstack([bounded.corners[failing], climbed])
        owners = np.concatenate([rows[failing], rows[few]])
        value = self.problem.sign * self.problem.skeleton.values(points, owners)
        best = np.argsort(-value)[:_CONFIRMED]
        cut = bool(
            self.problem.bounds.domain.constraints
        )  # then these points are moved, and may be witnesses only afterwards
        points = self.problem.witnesses.admitted(
            points[best] if cut else points[best][value[best] > 0]
        )
        if not len(points):
            return
        positive, negative = self.problem.witnesses.trace(points, self.problem.layer).signs(
            self.problem.layer
        )
        seen = positive if self.problem.sign > 0 else negative
        for query in np.unique(rows).tolist():
            hits = np.nonzero(seen[:, query])[0]
            if len(hits) and query not in outcome.refuted:
                outcome.refuted.add(query)
                outcome.points.append(points[hits[0]])
