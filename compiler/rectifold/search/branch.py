"""Branch and bound over relu phases, with optimised slopes (Wang et al. 2021, beta-CROWN).

The question is one sign: is sign·z ≤ 0 on the domain? A node fixes the phases of some units. Its bound substitutes backward

    fixed active: a = z, and + β z (z ≥ 0)       fixed inactive: a = 0, and − β z (z ≤ 0)       else the two lines of `relaxation`

with any α ∈ [0, 1] as lower slope and any β ≥ 0, so a float search may choose them. The gradient is the relaxed network
evaluated at the corner that attains the bound: ∂/∂α_j = min(C_j, 0)·z_j, ∂/∂β_j = ± z_j. What counts in the end is one rigorous
evaluation (bounds/linear) with the α and β found. A node whose bound is above 0 is split; its corner is tried as a witness. A bound that
misses 0 by a float hair may be exactly 0, which no rounded bound proves: there α and β are rounded to simple fractions and
the bound is computed exactly.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from rectifold.bounds.linear import Bounds, Cases, ExactCase, exact_backward, relaxation
from rectifold.exact import Floats, Indices
from rectifold.proof.trees import ExactLeaf, Leaf, Path, Split, Tree
from rectifold.search.witness import Witnesses

_BATCH = 128  # nodes bounded together
_QUERY_NODES = 2000  # after which a question is left open
_HAIR = 1e-2  # bounds this close to 0 (of the layer's range) are tried exactly; a hint only, nothing rests on it
_LITTLE = 1e-9  # keeps scores of free units above 0
_DENOMINATORS = (1, 8, 60)
_EXACT_WEIGHTS = 20_000  # weights in the cone up to which that is worth it
_STEPS = 24  # gradient steps for a first node, and
_CHILD_STEPS = 8  # for one that starts from its parent's slopes
_TRIES = 12  # more rounds for a node whose phases are all fixed (what is left is a linear program), each
_SLOWER = 0.5  # with steps this much smaller
_CLIMBS, _CLIMB_STEPS, _CLIMB_SCALE = 48, 12, 2.0**-4  # points climbed per batch, from near the relaxation's optimum
_RATE_ALPHA, _RATE_BETA = 0.3, 0.15


@dataclass(eq=False)
class _Node:
    """A node that waits for its bound."""

    query: int
    path: Path
    alpha: Mapping[str, Floats]
    beta: Mapping[str, Floats]
    tries: int = 0  # rounds of descent after which there was nothing left to split


_Result = tuple[_Node, Leaf | ExactLeaf | None, tuple[str, int] | None]


@dataclass(eq=False)
class Outcome:
    """Trees of the queries that are proved, and the points at which others are refuted (certain signs)."""

    trees: dict[int, Tree] = field(default_factory=dict)
    refuted: set[int] = field(default_factory=set)
    points: list[Floats] = field(default_factory=list)
    nodes: int = 0


class BranchAndBound:
    """Decides sign·z ≤ 0 for several units of one layer whose predecessors are done."""

    def __init__(self, bounds: Bounds, witnesses: Witnesses, layer: str, sign: int) -> None:
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.sign = sign
        cone = bounds.network.cone(layer)
        self.cone = [v for v in bounds.network.layers if v.name in cone]
        self.lines = {v.name: relaxation(bounds.lower[v.name], bounds.upper[v.name]) for v in self.cone if v.is_relu}
        self.unstable = {name: (bounds.lower[name] < 0) & (bounds.upper[name] > 0) for name in self.lines}

    def run(self, units: Indices, *, deadline: float, node_limit: int, query_limit: int = _QUERY_NODES) -> Outcome:
        """Until every unit is decided, `deadline` (monotonic seconds) passes, or `node_limit` nodes are bounded.

        A unit that takes `query_limit` nodes is left open.
        """
        outcome = Outcome()
        root = {name: line[2] for name, line in self.lines.items()}
        none = {name: np.zeros(len(line[2])) for name, line in self.lines.items()}
        waiting = [_Node(int(u), (), root, none) for u in units]
        leaves: dict[int, dict[Path, Leaf | ExactLeaf]] = {int(u): {} for u in units}
        splits: dict[int, dict[Path, tuple[str, int]]] = {int(u): {} for u in units}
        open_nodes = {int(u): 1 for u in units}
        asked = {int(u): 0 for u in units}
        while waiting and time.monotonic() < deadline and outcome.nodes < node_limit:
            batch = self._best(waiting)
            outcome.nodes += len(batch)
            for node in batch:
                asked[node.query] += 1
            for node, leaf, split in self._bounded(batch, outcome):
                if leaf is not None:
                    leaves[node.query][node.path] = leaf
                    open_nodes[node.query] -= 1
                elif split is None and node.tries < _TRIES:
                    waiting.append(replace(node, tries=node.tries + 1))
                elif split is not None and node.query not in outcome.refuted:
                    splits[node.query][node.path] = split
                    waiting += self._children(node, split)
                    open_nodes[node.query] += 1
            waiting = [n for n in waiting if n.query not in outcome.refuted and asked[n.query] < query_limit]
        for query, count in open_nodes.items():
            if count == 0 and query not in outcome.refuted:
                outcome.trees[query] = _tree((), leaves[query], splits[query])
        return outcome

    @staticmethod
    def _best(waiting: list[_Node]) -> list[_Node]:
        """The latest nodes of the query with the fewest so far, then the next: an easy query ends before a hard one goes on."""
        sizes = Counter(n.query for n in waiting)
        waiting.sort(key=lambda n: sizes[n.query], reverse=True)  # stable: the latest of a query stay last
        batch = waiting[-_BATCH:]
        del waiting[-_BATCH:]
        return batch

    def _children(self, node: _Node, split: tuple[str, int]) -> list[_Node]:
        layer, unit = split
        return [_Node(node.query, (*node.path, (layer, unit, phase)), node.alpha, node.beta) for phase in (1, -1)]

    def optimised(self, units: Indices) -> tuple[Floats, list[Leaf]]:
        """Rigorous upper bounds of sign·z with slopes optimised for each unit, and the slopes."""
        bounds, leaves = [], []
        for start in range(0, len(units), _BATCH):
            rows = units[start : start + _BATCH]
            root = {name: line[2] for name, line in self.lines.items()}
            none = {name: np.zeros(len(line[2])) for name, line in self.lines.items()}
            cases = self._cases([_Node(int(k), (), root, none) for k in rows])
            self._descend(rows, cases, np.ones((len(rows), 1)), _STEPS, until_negative=False)
            bounds.append(self.bounds.backward(self.layer, rows, float(self.sign), cases=cases).upper)
            leaves += [
                Leaf({v: cases.alpha[v][k].copy() for v in self.lines}, none)  # what is copied does not hold the batch
                for k in range(len(rows))
            ]
        return np.concatenate(bounds), leaves

    # ---- one batch ------------------------------------------------------------------------------

    def _bounded(self, batch: list[_Node], outcome: Outcome) -> list[_Result]:
        rows = np.array([n.query for n in batch], dtype=np.int64)
        cases = self._cases(batch)
        rates = np.array([_SLOWER**n.tries for n in batch])[:, None]
        steps = _STEPS if any(not n.path or n.tries for n in batch) else _CHILD_STEPS
        corners, middles, scores = self._descend(rows, cases, rates, steps)
        with np.errstate(over="ignore", invalid="ignore"):
            upper = self.bounds.backward(self.layer, rows, float(self.sign), cases=cases).upper
        self._try_points(rows, corners, middles, upper, outcome)
        scale = float(np.abs(self.bounds.lower[self.layer]).max(initial=1.0))
        results: list[_Result] = []
        for k, node in enumerate(batch):
            alpha = {name: cases.alpha[name][k].copy() for name in self.lines}
            beta = {name: cases.beta[name][k].copy() for name in self.lines}
            node.alpha, node.beta = alpha, beta
            if upper[k] <= 0:
                results.append((node, Leaf(alpha, beta), None))
            elif upper[k] <= _HAIR * scale and (exact := self._exact_leaf(node)) is not None:
                results.append((node, exact, None))
            else:
                results.append((node, None, _argmax({name: s[k] for name, s in scores.items()})))
        return results

    def _exact_leaf(self, node: _Node) -> ExactLeaf | None:
        """The node's slopes and multipliers as simple fractions, if they prove the bound exactly."""
        if sum(w.nonzero_count for v in self.cone for w in v.weights.values()) > _EXACT_WEIGHTS:
            return None
        phases = {(layer, unit): phase for layer, unit, phase in node.path}
        for limit in _DENOMINATORS:
            alpha = {
                (name, int(j)): Fraction(float(node.alpha[name][j])).limit_denominator(limit)
                for name, free in self.unstable.items()
                for j in np.nonzero(free)[0]
            }
            beta = {key: Fraction(float(node.beta[key[0]][key[1]])).limit_denominator(limit) for key in phases}
            case = ExactCase(phases, alpha, beta)
            if exact_backward(self.bounds, self.layer, node.query, self.sign, case=case) <= 0:
                return ExactLeaf(alpha, beta)
        return None

    def _cases(self, batch: list[_Node]) -> Cases:
        alpha = {name: np.array([n.alpha[name] for n in batch]) for name in self.lines}
        beta = {name: np.array([n.beta[name] for n in batch]) for name in self.lines}
        fixed = {name: np.zeros((len(batch), len(line[0]))) for name, line in self.lines.items()}
        for k, node in enumerate(batch):
            for layer, unit, phase in node.path:
                fixed[layer][k, unit] = phase
        return Cases(alpha, beta, fixed)

    def _try_points(self, rows: Indices, corners: Floats, middles: Floats, upper: Floats, outcome: Outcome) -> None:
        """Corners of the failing bounds, and climbs from the mean of the corners on the way: that mean tends to the relaxation's optimum."""
        failing = np.nonzero(upper > 0)[0]
        if not len(failing):
            return
        few = failing[np.argsort(-upper[failing])][:_CLIMBS]
        climbed = self.witnesses.ascend(
            self.layer, rows[few], float(self.sign), self.witnesses.clipped(middles[few]), _CLIMB_STEPS, _CLIMB_SCALE
        )
        points = np.vstack([self.witnesses.admitted(corners[failing]), climbed])
        positive, negative = self.witnesses.trace(points, self.layer).signs(self.layer)
        seen = positive if self.sign > 0 else negative
        for query in np.unique(rows).tolist():
            hits = np.nonzero(seen[:, query])[0]
            if len(hits) and query not in outcome.refuted:
                outcome.refuted.add(query)
                outcome.points.append(points[hits[0]])

    # ---- search for α and β ---------------------------------------------------------------------

    def _descend(
        self, rows: Indices, cases: Cases, rates: Floats, steps: int, *, until_negative: bool = True
    ) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Improve `cases` in place; (corner of each node's bound, mean of the later corners, split scores)."""
        first = {k: np.zeros_like(v) for k, v in self._flat(cases).items()}
        second = {k: np.zeros_like(v) for k, v in first.items()}
        best = np.full(len(rows), np.inf)
        middles = np.zeros((len(rows), self.bounds.network.input_size))
        kept = {k: v.copy() for k, v in self._flat(cases).items()}
        for step in range(1, steps + 1):
            value, corners, coefficients = self._backward(rows, cases)
            weight = 1.0 / (step + 1 - steps // 3) if step > steps // 3 else 1.0
            middles = corners if step == 1 else (1 - weight) * middles + weight * corners
            better = value < best
            best = np.where(better, value, best)
            for k, v in self._flat(cases).items():
                kept[k][better] = v[better]
            if step == steps or (until_negative and bool((best < 0).all())):
                break
            gradients = self._gradients(corners, coefficients, cases)
            self._move(cases, rates, gradients, first, second, step, coefficients)
        for k, v in self._flat(cases).items():
            v[:] = kept[k]
        _, corners, coefficients = self._backward(rows, cases)
        return corners, middles, self._scores(middles, coefficients, cases)

    def _flat(self, cases: Cases) -> dict[tuple[str, str], Floats]:
        return {("alpha", n): cases.alpha[n] for n in self.lines} | {("beta", n): cases.beta[n] for n in self.lines}

    def _backward(self, rows: Indices, cases: Cases) -> tuple[Floats, Floats, dict[str, Floats]]:
        """(bound, its corner, C per relu layer) in plain floats."""
        target = self.bounds.floats[self.layer]
        flow = {u: self.sign * w[rows] for u, w in target.weights.items()}
        total = self.sign * target.bias[rows]
        coefficients: dict[str, Floats] = {}
        for layer in reversed(self.cone):
            c = flow.pop(layer.name, None)
            if c is None:
                continue
            if layer.is_relu:
                coefficients[layer.name] = c
                c, shift = cases.relax(layer.name, c, self.lines[layer.name])
                total = total + shift
            floats = self.bounds.floats[layer.name]
            total = total + c @ floats.bias
            for source, weight in floats.weights.items():
                flow[source] = flow[source] + c @ weight if source in flow else c @ weight
        low, high = self.bounds.activation_ends(self.bounds.network.input_name)
        c = flow.get(self.bounds.network.input_name, np.zeros((len(rows), len(low))))
        corners = np.where(c > 0, high, low)
        return total + (c * corners).sum(axis=1), corners, coefficients

    def _gradients(
        self, corners: Floats, coefficients: dict[str, Floats], cases: Cases
    ) -> dict[tuple[str, str], Floats]:
        gradients: dict[tuple[str, str], Floats] = {}
        for name, z in self._relaxed(corners, coefficients, cases).items():
            free = self.unstable[name] & (cases.fixed[name] == 0)
            gradients["alpha", name] = np.where(free, np.minimum(coefficients[name], 0.0) * z, 0.0)
            gradients["beta", name] = cases.fixed[name] * z
        return gradients

    def _relaxed(self, points: Floats, coefficients: dict[str, Floats], cases: Cases) -> dict[str, Floats]:
        """Pre-activations at `points` when every activation takes the value that the bound gives it."""
        after: dict[str, Floats] = {self.bounds.network.input_name: points}
        values: dict[str, Floats] = {}
        for layer in self.cone:
            floats = self.bounds.floats[layer.name]
            z = np.broadcast_to(floats.bias, (len(points), len(floats.bias)))
            for source, weight in floats.weights.items():
                z = z + after[source] @ weight.T
            after[layer.name] = z
            if layer.is_relu and layer.name in coefficients:
                values[layer.name] = z
                after[layer.name] = cases.activation(layer.name, coefficients[layer.name], z, self.lines[layer.name])
            elif layer.is_relu:
                after[layer.name] = np.maximum(z, 0.0)
        return values

    def _move(
        self,
        cases: Cases,
        rates: Floats,
        gradients: dict[tuple[str, str], Floats],
        first: dict[tuple[str, str], Floats],
        second: dict[tuple[str, str], Floats],
        step: int,
        coefficients: dict[str, Floats],
    ) -> None:
        """Adam downhill; α stays in [0, 1], β ≥ 0. β moves on the scale of the coefficients it is added to.

        `rates` (k×1) scales the steps of each node.
        """
        flat = self._flat(cases)
        for key, g in gradients.items():
            first[key] = 0.9 * first[key] + 0.1 * g
            second[key] = 0.99 * second[key] + 0.01 * g * g
            direction = first[key] / (1 - 0.9**step) / (np.sqrt(second[key] / (1 - 0.99**step)) + 1e-12)
            if key[0] == "alpha":
                flat[key][:] = np.clip(flat[key] - rates * _RATE_ALPHA * 0.95**step * direction, 0.0, 1.0)
            else:
                scale = np.abs(coefficients[key[1]]).max(axis=1, initial=0.0)[:, None]
                flat[key][:] = np.maximum(flat[key] - rates * _RATE_BETA * 0.95**step * scale * direction, 0.0)

    def _scores(self, middles: Floats, coefficients: dict[str, Floats], cases: Cases) -> dict[str, Floats]:
        """How much a unit's relaxation adds to the bound; fixed and stable units score -1.

        The geometric mean of |C| times the gap of its lines at worst, and at the relaxation's optimum (about `middles`):
        measured on 256×4 either alone took a fifth more nodes.
        """
        scores: dict[str, Floats] = {}
        values = self._relaxed(middles, coefficients, cases)
        for name, c in coefficients.items():
            slope, offset, lower_slope = cases.slopes(name, self.lines[name])
            free = self.unstable[name] & (cases.fixed[name] == 0)
            reach = np.maximum(np.minimum(-self.bounds.lower[name], self.bounds.upper[name]), 0.0)
            worst = np.where(c > 0, c * offset, -c * reach * 0.5 * slope)
            z = values[name]
            after = np.maximum(z, 0.0)
            here = np.where(c > 0, c * (slope * z + offset - after), -c * (after - lower_slope * z))
            scores[name] = np.where(free, np.sqrt((np.maximum(here, 0.0) + _LITTLE) * (worst + _LITTLE)), -1.0)
        return scores


def _argmax(scores: dict[str, Floats]) -> tuple[str, int] | None:
    """The unit with the best score, or None when there is nothing left to split."""
    best: tuple[str, int] | None = None
    value = 0.0
    for name, row in scores.items():
        k = int(np.argmax(row)) if len(row) else 0
        if len(row) and row[k] > value:
            best, value = (name, k), float(row[k])
    return best


def _tree(path: Path, leaves: dict[Path, Leaf | ExactLeaf], splits: dict[Path, tuple[str, int]]) -> Tree:
    if path in leaves:
        return leaves[path]
    layer, unit = splits[path]
    active, inactive = (_tree((*path, (layer, unit, phase)), leaves, splits) for phase in (1, -1))
    return Split(layer, unit, active, inactive)
