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

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import Cases
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import SLOPE_UNITS, CaseProof, ExactLeaf, Hull, Leaf, Split, Tree
from rectifold.search.phases.hulls import Above, FirstLayer, Heights
from rectifold.search.phases.skeleton import Hints, Skeleton, skeleton_of
from rectifold.search.witnesses import Witnesses

_BATCH = 256  # nodes bounded together,
_HULL_BATCH = 64  # and with planes, which cost more
_QUERY_NODES = 2000  # after which a question is left open
_WAITING = 200_000  # nodes that may wait, of all questions together: beyond this the deepest are taken first
_HAIR = 1e-2  # bounds this close to 0 (of the layer's range) are tried exactly; a hint only, nothing rests on it
_CLEAR = 1e-6  # of the layer's range, by which a search tries to pass its goal before it stops
_LOOKED_AT = 8  # units whose cases are bounded before one of them is split
_NOTHING = 1e-30  # keeps a quotient finite
_LITTLE = 1e-9  # keeps scores of free units above 0
_DENOMINATORS = (1, 8, 60)
EXACT_LEAF_WEIGHTS = 20_000  # weights in the cone up to which that is worth it
_STEPS = 24  # gradient steps for a first node, and
_CHILD_STEPS = 8  # for one that starts from its parent's slopes
_CONSTRAINED = 4  # times as many where the domain has linear constraints: their multipliers start from 0
_TRIES = 12  # more rounds for a node whose phases are all fixed (what is left is a linear program), each
_SLOWER = 0.5  # with steps this much smaller
_CLIMBS, _CLIMB_STEPS, _CLIMB_SCALE = 32, 12, 2.0**-4  # points climbed per batch, from near the relaxation's optimum
_RATES = ((0.3, 0.15), (0.1, 0.05))  # of α and of β and γ: for a first node, and for one that starts from its parent's
_LEVEL_RATES = (0.1, 0.05)  # of the planes' levels
_CONFIRMED = 64  # points per batch that a search believes to be witnesses and that are evaluated rigorously


@dataclass(eq=False)
class _Node:
    """A node that waits for its bound. α and β start from its parent's."""

    query: int
    place: int  # in the list of tree nodes
    alpha: Hints
    beta: Hints
    phase: Hints
    gamma: Hints
    levels: Hints  # of the first layer's planes; none without a hull
    value: float = np.inf  # its parent's bound
    tries: int = 0  # rounds of descent after which there was nothing left to split

    def __lt__(self, other: _Node) -> bool:
        return self.value > other.value


@dataclass(eq=False)
class _Place:
    """A node of a tree: how it was reached, and a split or a leaf."""

    parent: int
    unit: int  # flat number of the parent's split, -1 at a root
    phase: int
    split: int = -1
    children: tuple[int, int] = (-1, -1)
    leaf: Leaf | ExactLeaf | None = None


@dataclass(eq=False)
class Outcome:
    """Trees of the queries that are proved, and the points at which others are refuted (certain signs)."""

    trees: dict[int, CaseProof] = field(default_factory=dict)
    refuted: set[int] = field(default_factory=set)
    points: list[Floats] = field(default_factory=list)
    nodes: int = 0


@dataclass(eq=False)
class _Bounded:
    """What one batch of nodes came to."""

    value: Hints  # the searched bound
    alpha: Hints
    beta: Hints
    gamma: Hints
    corners: Hints
    middles: Hints  # mean of the corners on the way: tends to the relaxation's optimum
    scores: Hints
    coefficients: Hints  # on the activations, at these slopes
    levels: Hints


class BranchAndBound:
    """Bounds sign·z for several units of one layer whose predecessors are done."""

    def __init__(self, bounds: Bounds, witnesses: Witnesses, layer: str, sign: int, *, with_hull: bool = False) -> None:
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.sign = sign
        self.skeleton: Skeleton = skeleton_of(bounds, layer)
        self.frame = self.skeleton.frame
        self.first = self._first_layer() if with_hull else None
        self.batch = _BATCH if self.first is None else _HULL_BATCH
        dtype = self.skeleton.dtype
        self.rows = bounds.constraints.rows.astype(dtype)
        self.ends = bounds.constraints.ends.astype(dtype)
        self.middle = (self.skeleton.low + self.skeleton.high) / 2
        self.radius = (self.skeleton.high - self.skeleton.low) / 2
        self.scale = float(np.maximum(-bounds.lower[layer], bounds.upper[layer]).max(initial=0.0))
        self.weights = sum(
            w.nonzero_count for v in bounds.network.cone(layer) if v != bounds.network.input_name
            for w in bounds.network.layer(v).weights.values()
        )  # fmt: skip

    def _first_layer(self) -> FirstLayer | None:
        """The first layer of the frame, if it reads the inputs alone and has unstable units."""
        name = self.frame.first
        if name is None or not len(self.frame.units[name]):
            return None
        if set(self.bounds.network.layer(name).weights) != {self.bounds.network.input_name}:
            return None
        return FirstLayer(self.skeleton, self.frame.slices[name])

    # ---- questions about a sign -----------------------------------------------------------------

    def run(self, units: Indices, *, deadline: float, node_limit: int, query_limit: int = _QUERY_NODES) -> Outcome:
        """Until every unit is decided, `deadline` (monotonic seconds) passes, or `node_limit` nodes are bounded.

        A unit that takes `query_limit` nodes is left open.
        """
        outcome = Outcome()
        search = _Queries(self, units)
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
                outcome.trees[query] = CaseProof(self.frame, search.tree(query))
        return outcome

    def _leaf(self, node: _Node, bounded: _Bounded, k: int, upper: float) -> Leaf | ExactLeaf | None:
        if upper <= 0:
            return self._rounded_leaf(node, bounded, k)
        if self.first is None and min(upper, float(bounded.value[k])) <= _HAIR * self.scale:
            return self._exact_leaf(node, bounded, k)
        return None

    def _rounded_leaf(self, node: _Node, bounded: _Bounded, k: int) -> Leaf:
        """β by unit; `_Queries.tree` puts them in the order of the path."""
        return Leaf(
            bounded.alpha[k].copy(),
            tuple(bounded.beta[k].tolist()),
            tuple(bounded.gamma[k].tolist()),
            self._hull(bounded, k),
        )

    # ---- ends -----------------------------------------------------------------------------------

    def optimised(self, units: Indices) -> tuple[Floats, list[CaseProof]]:
        """Rigorous upper bounds of sign·z with slopes optimised for each unit, and the slopes."""
        bounds: list[Floats] = [np.zeros(0)]
        proofs: list[CaseProof] = []
        for start in range(0, len(units), self.batch):
            rows = units[start : start + self.batch]
            nodes = [self._root(int(k), 0) for k in rows]
            bounded = self._bound(nodes, goal=-np.inf, is_split_next=False)
            bounds.append(self._evaluate(rows, bounded, np.zeros_like(bounded.alpha)))
            proofs += [CaseProof(self.frame, self._root_leaf(bounded, k)) for k in range(len(rows))]
        return np.concatenate(bounds), proofs

    def _hull(self, bounded: _Bounded, k: int) -> Hull | None:
        return None if self.first is None else self.first.hull(bounded.levels[k])

    def _root_leaf(self, bounded: _Bounded, k: int) -> Leaf:
        return Leaf(bounded.alpha[k].copy(), (), tuple(bounded.gamma[k].tolist()), self._hull(bounded, k))

    def tightened(
        self, units: Indices, known: Floats, *, deadline: float, nodes: int
    ) -> tuple[Floats, dict[int, CaseProof]]:
        """Rigorous upper bounds of sign·z for units, each from at most `nodes` nodes: the worst node is split as long as there is time.

        `known` are values that are reached (no bound below them is possible).
        """
        search = _Queries(self, units)
        floor = {int(u): float(v) for u, v in zip(units, known, strict=True)}
        values: dict[int, float] = {}  # per place, the rigorous bound of a leaf
        while search.heaps and time.monotonic() < deadline:
            batch = search.take(per_query=max(1, self.batch // max(1, len(search.heaps))))
            bounded = self._bound(batch, goal=-np.inf)
            upper = self._evaluate(np.array([n.query for n in batch]), bounded, np.array([n.phase for n in batch]))
            for k, node in enumerate(batch):
                values[node.place] = float(upper[k])
                search.places[node.place].leaf = self._rounded_leaf(node, bounded, k)
                if upper[k] > floor[node.query] + _CLEAR * self.scale and search.asked[node.query] < nodes:
                    search.divide(node, bounded, k)
            search.drop(set())
        result = np.full(len(units), np.inf)
        proofs: dict[int, CaseProof] = {}
        for k, unit in enumerate(units.tolist()):
            tree, value = search.pruned(unit, values)
            if tree is not None:
                result[k], proofs[unit] = value, CaseProof(self.frame, tree)
        return result, proofs

    # ---- one batch ------------------------------------------------------------------------------

    def _root(self, query: int, place: int) -> _Node:
        n, dtype = self.frame.size, self.skeleton.dtype
        zeros = np.zeros(n, dtype=dtype)
        levels = zeros[:0] if self.first is None else self.first.lines()
        return _Node(query, place, self.skeleton.default, zeros, zeros, np.zeros(len(self.ends), dtype=dtype), levels)

    def _bound(self, batch: Sequence[_Node], goal: float, *, is_split_next: bool = True) -> _Bounded:
        rows = np.array([n.query for n in batch], dtype=np.int64)
        rates = np.array([_SLOWER**n.tries for n in batch], dtype=self.skeleton.dtype)[:, None]
        first = any(n.tries or not n.phase.any() for n in batch)
        descent = _Descent.of(
            self, rows, np.array([n.alpha for n in batch]), np.array([n.beta for n in batch]),
            np.array([n.phase for n in batch]), np.array([n.gamma for n in batch]),
            np.array([n.levels for n in batch]),
        )  # fmt: skip
        with np.errstate(all="ignore"):
            bounded = descent.run(first, rates, goal - _CLEAR * self.scale, is_split_next=is_split_next)
        bounded.alpha = np.round(bounded.alpha * SLOPE_UNITS) / self.skeleton.dtype.type(SLOPE_UNITS)
        return bounded

    def _rigorous(self, batch: Sequence[_Node], bounded: _Bounded) -> Floats:
        """Rigorous bounds of the nodes that the search believes in; infinity for the others."""
        upper = np.full(len(batch), np.inf)
        hopeful = np.nonzero(bounded.value <= _CLEAR * self.scale)[0].tolist()
        if hopeful:
            rows = np.array([batch[k].query for k in hopeful], dtype=np.int64)
            part = _Bounded(*(v[hopeful] for v in vars(bounded).values()))
            upper[hopeful] = self._evaluate(rows, part, np.array([batch[k].phase for k in hopeful]))
        return upper

    def _evaluate(self, rows: Indices, bounded: _Bounded, phase: Hints) -> Floats:
        gamma = bounded.gamma.astype(np.float64) if len(self.ends) else None
        alpha, beta = bounded.alpha.astype(np.float64), bounded.beta.astype(np.float64)
        hulls = [self._hull(bounded, k) for k in range(len(rows))]
        cases = Cases(self.frame, alpha, beta, phase.astype(np.float64), gamma, hulls)
        with np.errstate(over="ignore", invalid="ignore"):
            return backward(self.bounds, self.layer, rows, float(self.sign), cases=cases).upper

    def _exact_leaf(self, node: _Node, bounded: _Bounded, k: int) -> ExactLeaf | None:
        """The node's slopes and multipliers as simple fractions, if they prove the bound exactly."""
        if self.weights > EXACT_LEAF_WEIGHTS:
            return None
        fixed = {j: int(node.phase[j]) for j in np.nonzero(node.phase)[0].tolist()}
        where = [(name, int(u)) for name, units in self.frame.units.items() for u in units]
        phases = {where[j]: p for j, p in fixed.items()}
        for limit in _DENOMINATORS:
            alpha = {
                where[j]: Fraction(float(a)).limit_denominator(limit)
                for j, a in enumerate(bounded.alpha[k])
                if j not in fixed
            }
            beta = {where[j]: Fraction(float(bounded.beta[k][j])).limit_denominator(limit) for j in fixed}
            gamma = {j: Fraction(float(g)).limit_denominator(limit) for j, g in enumerate(bounded.gamma[k])}
            case = ExactCase(phases, alpha, beta, gamma)
            if exact_backward(self.bounds, self.layer, node.query, self.sign, case=case) <= 0:
                return ExactLeaf(alpha, beta, gamma)
        return None

    def _try_points(self, batch: Sequence[_Node], bounded: _Bounded, outcome: Outcome) -> None:
        """Corners of the failing bounds, and climbs from near the relaxation's optimum; what looks like a witness is confirmed."""
        failing = np.nonzero(bounded.value > 0)[0]
        if not len(failing):
            return
        rows = np.array([n.query for n in batch], dtype=np.int64)
        few = failing[np.argsort(-bounded.value[failing])][:_CLIMBS]
        climbed = self.skeleton.climbed(
            self.witnesses.clipped(np.asarray(bounded.middles[few], dtype=np.float64)),
            rows[few],
            self.sign,
            _CLIMB_STEPS,
            _CLIMB_SCALE,
        )
        points = np.vstack([bounded.corners[failing], climbed])
        owners = np.concatenate([rows[failing], rows[few]])
        value = self.sign * self.skeleton.values(points, owners)
        best = np.argsort(-value)[:_CONFIRMED]
        cut = bool(self.bounds.domain.constraints)  # then these points are moved, and may be witnesses only afterwards
        points = self.witnesses.admitted(points[best] if cut else points[best][value[best] > 0])
        if not len(points):
            return
        positive, negative = self.witnesses.trace(points, self.layer).signs(self.layer)
        seen = positive if self.sign > 0 else negative
        for query in np.unique(rows).tolist():
            hits = np.nonzero(seen[:, query])[0]
            if len(hits) and query not in outcome.refuted:
                outcome.refuted.add(query)
                outcome.points.append(points[hits[0]])


class _Queries:
    """The open nodes of every query, worst first, and the trees that they belong to."""

    def __init__(self, owner: BranchAndBound, units: Indices) -> None:
        self.owner = owner
        self.places: list[_Place] = []
        self.roots: dict[int, int] = {}
        self.heaps: dict[int, list[_Node]] = {}
        self.asked: dict[int, int] = {}
        self.open: dict[int, int] = {}
        self.proved: list[int] = []
        for unit in units.tolist():
            self.roots[unit] = len(self.places)
            self.heaps[unit] = [owner._root(unit, len(self.places))]
            self.places.append(_Place(-1, -1, 0))
            self.asked[unit], self.open[unit] = 0, 1

    def take(self, per_query: int | None = None) -> list[_Node]:
        """A batch from the queries with the fewest nodes so far: an easy query ends before a hard one goes on."""
        batch: list[_Node] = []
        size = self.owner.batch
        waiting = sum(map(len, self.heaps.values()))
        for query in sorted(self.heaps, key=lambda q: self.asked[q]):
            heap = self.heaps[query]
            count = min(len(heap), size - len(batch), size if per_query is None else per_query)
            if waiting > _WAITING:  # depth first: the list's end holds late and small nodes
                taken, self.heaps[query] = heap[len(heap) - count :], heap[: len(heap) - count]
            else:
                taken = [heapq.heappop(heap) for _ in range(count)]
            self.asked[query] += count
            batch += taken
            if len(batch) >= size:
                break
        return batch

    def divide(self, node: _Node, bounded: _Bounded, k: int) -> None:
        """Split the node by the unit with the best score, or try again where no unit is left."""
        heap = self.heaps.get(node.query)
        if heap is None:
            return
        alpha, beta, gamma = bounded.alpha[k], bounded.beta[k], bounded.gamma[k]
        value, levels = float(bounded.value[k]), bounded.levels[k]
        scores = bounded.scores[k]
        unit = int(np.argmax(scores)) if len(scores) else -1
        if unit < 0 or scores[unit] <= 0:
            if node.tries < _TRIES:
                again = _Node(node.query, node.place, alpha, beta, node.phase, gamma, levels, value, node.tries + 1)
                heapq.heappush(heap, again)
            return
        place = self.places[node.place]
        place.split, place.children = unit, (len(self.places), len(self.places) + 1)
        for phase in (1, -1):
            fixed = node.phase.copy()
            fixed[unit] = phase
            started = beta.copy()  # with which the bound is the parent's, where the lower line was taken
            started[unit] = max(-bounded.coefficients[k, unit], 0) * (1 - alpha[unit] if phase > 0 else alpha[unit])
            heapq.heappush(heap, _Node(node.query, len(self.places), alpha, started, fixed, gamma, levels, value))
            self.places.append(_Place(node.place, unit, phase))
        self.open[node.query] += 1

    def close(self, node: _Node, leaf: Leaf | ExactLeaf) -> None:
        self.places[node.place].leaf = leaf
        self.open[node.query] -= 1
        if self.open[node.query] == 0:
            self.proved.append(node.query)
            self.heaps.pop(node.query, None)

    def drop(self, queries: set[int]) -> None:
        """What is refuted or given up; and what has nothing waiting (a linear program that the search does not solve)."""
        for query in [q for q, heap in self.heaps.items() if q in queries or not heap]:
            del self.heaps[query]

    # ---- trees ----------------------------------------------------------------------------------

    def tree(self, query: int) -> Tree:
        return self._tree(self.roots[query], [])

    def _tree(self, at: int, path: list[int]) -> Tree:
        place = self.places[at]
        if place.split < 0:
            assert place.leaf is not None
            return self._ordered(place.leaf, path)
        layer, unit = self.owner.frame.place(place.split)
        deeper = [*path, place.split]
        active, inactive = (self._tree(child, deeper) for child in place.children)
        return Split(layer, unit, active, inactive)

    @staticmethod
    def _ordered(leaf: Leaf | ExactLeaf, path: list[int]) -> Leaf | ExactLeaf:
        """β in the order of the path."""
        if isinstance(leaf, ExactLeaf):
            return leaf
        return replace(leaf, beta=tuple(leaf.beta[j] for j in path))

    def pruned(self, query: int, values: dict[int, float]) -> tuple[Tree | None, float]:
        """The tree of nodes that have a bound, and the worst of its leaves. A split stays only if both halves have one and it helps."""
        return self._pruned(self.roots[query], [], values)

    def _pruned(self, at: int, path: list[int], values: dict[int, float]) -> tuple[Tree | None, float]:
        place = self.places[at]
        own = values.get(at, np.inf)
        if place.split >= 0:
            layer, unit = self.owner.frame.place(place.split)
            deeper = [*path, place.split]
            (active, high), (inactive, low) = (self._pruned(c, deeper, values) for c in place.children)
            if active is not None and inactive is not None and max(high, low) < own:
                return Split(layer, unit, active, inactive), max(high, low)
        if place.leaf is None:
            return None, np.inf
        return self._ordered(place.leaf, path), own


@dataclass(eq=False)
class _Descent:
    """Adam on α, β and γ of one batch of nodes; α stays in [0, 1], β and γ ≥ 0. β moves on the scale of the coefficients it is added to."""

    owner: BranchAndBound
    rows: Indices
    alpha: Hints
    beta: Hints
    phase: Hints
    gamma: Hints
    levels: Hints
    slope: Hints
    offset: Hints
    above: Above | None = field(init=False, default=None)  # the planes that the last `_backward` took

    @staticmethod
    def of(
        owner: BranchAndBound, rows: Indices, alpha: Hints, beta: Hints, phase: Hints, gamma: Hints, levels: Hints
    ) -> _Descent:
        skeleton = owner.skeleton
        exact = (phase > 0).astype(skeleton.dtype)
        free = phase == 0
        slope, offset = np.where(free, skeleton.slope, exact), free * skeleton.offset
        alpha, beta = np.where(free, alpha, exact), beta * np.abs(phase)
        return _Descent(owner, rows, alpha, beta, phase, gamma, levels, slope, offset)

    def with_one_more(self, rows: Indices, units: Indices, phases: Hints) -> _Descent:
        """These rows, and in each one more unit fixed."""
        parts = (self.alpha, self.beta, self.phase, self.gamma, self.levels, self.slope, self.offset)
        child = _Descent(self.owner, self.rows[rows], *(v[rows] for v in parts))
        here, active = np.arange(len(rows)), (phases > 0).astype(self.alpha.dtype)
        child.phase[here, units], child.offset[here, units] = phases, 0
        child.slope[here, units], child.alpha[here, units] = active, active
        return child

    def run(self, first: bool, rates: Hints, goal: float, *, is_split_next: bool) -> _Bounded:
        steps = (_STEPS if first else _CHILD_STEPS) * (_CONSTRAINED if len(self.owner.ends) else 1)
        count = len(self.alpha)
        best = np.full(count, np.inf, dtype=self.alpha.dtype)
        kept = [v.copy() for v in self._chosen()]
        moments = [(np.zeros_like(v), np.zeros_like(v)) for v in kept]
        corners = middles = np.zeros((count, len(self.owner.middle)), dtype=best.dtype)
        for step in range(1, steps + 1):
            value, corners, c = self._backward()
            weight = 1.0 / (step + 1 - steps // 3) if step > steps // 3 else 1.0
            middles = corners if step == 1 else middles + self.alpha.dtype.type(weight) * (corners - middles)
            better = value < best
            best = np.where(better, value, best)
            for mine, now in zip(kept, self._chosen(), strict=True):
                mine[better] = now[better]
            if step == steps or bool((best < goal).all()):
                break
            self._move(step, rates, first, corners, c, moments)
        self.alpha, self.beta, self.gamma, self.levels = kept
        if self.owner.first is not None:
            self.levels = self.owner.first.rounded(self.levels)
        _, corners, c = self._backward()
        scores = self._scores(middles, c)
        if is_split_next:
            scores = self._looked_ahead(scores, best, np.nonzero(best > goal)[0])
        return _Bounded(best, self.alpha, self.beta, self.gamma, corners, middles, scores, c, self.levels)

    def _chosen(self) -> tuple[Hints, ...]:
        """What the descent moves."""
        return self.alpha, self.beta, self.gamma, self.levels

    def _looked_ahead(self, scores: Hints, value: Hints, failing: Indices) -> Hints:
        """The best of a few units by the bounds of both their cases, before any descent there (the product of the gains)."""
        count = min(_LOOKED_AT, scores.shape[1])
        if not len(failing) or count < 2:
            return scores
        units = np.argpartition(-scores[failing], count - 1, axis=1)[:, :count]
        rows, flat = np.repeat(failing, 2 * count), np.repeat(units.ravel(), 2)
        sides = np.tile(np.array([1, -1], dtype=scores.dtype), len(failing) * count)
        after = self.with_one_more(rows, flat, sides)._backward()[0].reshape(len(failing), count, 2)
        before = value[failing][:, None, None]
        gains = np.maximum(before - after, _LITTLE * np.abs(before)).prod(axis=2)
        free = np.take_along_axis(scores[failing], units, axis=1) > 0
        result = np.full_like(scores, -1)
        result[failing[:, None], units] = np.where(free, gains + _NOTHING, -1)
        return result

    def _backward(self) -> tuple[Hints, Hints, Hints]:
        """(bound, its corner, coefficients on the activations)."""
        skeleton, rows = self.owner.skeleton, self.rows
        sign = skeleton.dtype.type(self.owner.sign)
        c = sign * skeleton.target_inner[rows]
        on_z = np.empty_like(c)
        total = sign * skeleton.target_bias[rows]
        pushed = self.phase * self.beta
        for part in reversed(skeleton.frame.slices.values()):
            here = c[:, part]
            positive = np.maximum(here, 0)
            if part.start == 0 and self.owner.first is not None:
                under = np.where(self.offset[:, part] > 0, positive, 0)
                self.above = self.owner.first.above(under, self.levels)
                total += self.above.constants
                here, positive = here - under, positive - under
            total += np.einsum("kj,kj->k", positive, self.offset[:, part])
            relaxed = positive * self.slope[:, part] + (here - positive) * self.alpha[:, part] + pushed[:, part]
            on_z[:, part] = relaxed
            if part.start:
                c[:, : part.start] += relaxed @ skeleton.inner[part, : part.start]
        total += on_z @ skeleton.bias
        x = sign * skeleton.target_outer[rows] + on_z @ skeleton.outer
        if self.above is not None:
            x = x + self.above.coefficients
        if len(self.owner.ends):
            x = x - self.gamma @ self.owner.rows
            total += self.gamma @ self.owner.ends
        total += x @ self.owner.middle + np.abs(x) @ self.owner.radius
        return total, np.where(x > 0, skeleton.high, skeleton.low), c

    def _relaxed(self, points: Hints, c: Hints, heights: Heights | None) -> Hints:
        """Pre-activations at `points` when every activation takes the value that the bound gives it."""
        skeleton = self.owner.skeleton
        z = points @ skeleton.outer.T + skeleton.bias
        after = np.empty_like(z)
        for part in skeleton.frame.slices.values():
            if part.start:
                z[:, part] += after[:, : part.start] @ skeleton.inner[part, : part.start].T
            here = z[:, part]
            upper_line: Hints = self.slope[:, part] * here + self.offset[:, part]
            if part.start == 0 and heights is not None:
                upper_line = np.where(heights.used, heights.values, upper_line)
            after[:, part] = np.where(c[:, part] > 0, upper_line, self.alpha[:, part] * here)
        return z

    def _move(
        self, step: int, rates: Hints, is_first: bool, corners: Hints, c: Hints, moments: list[tuple[Hints, Hints]]
    ) -> None:  # fmt: skip
        heights = None if self.above is None else self.above.at(corners)
        z = self._relaxed(corners, c, heights)
        dtype = z.dtype.type
        gradients = [np.where(self.phase == 0, np.minimum(c, 0) * z, 0), self.phase * z]
        if len(self.owner.ends):
            gradients.append(self.owner.ends - corners @ self.owner.rows.T)
        else:
            gradients.append(np.zeros_like(self.gamma))
        gradients.append(np.zeros_like(self.levels) if heights is None else heights.gradient)
        moves = []
        for g, (first, second) in zip(gradients, moments, strict=True):
            first += dtype(0.1) * (g - first)
            second += dtype(0.01) * (g * g - second)
            root = np.sqrt(second) * dtype((1 - 0.9**step) / np.sqrt(1 - 0.99**step)) + dtype(_NOTHING)
            moves.append(first / root)
        alpha_rate, beta_rate = (dtype(size * 0.95**step) * rates for size in _RATES[not is_first])
        self.alpha = np.clip(self.alpha - alpha_rate * moves[0], 0, 1)
        largest = np.abs(c).max(axis=1, initial=0.0)[:, None]
        self.beta = np.maximum(self.beta - beta_rate * largest * moves[1], 0)
        if len(self.owner.ends):
            outer = np.abs(self.owner.skeleton.target_outer[self.rows]).max(axis=1, initial=0.0)[:, None]
            self.gamma = np.maximum(self.gamma - beta_rate * (outer + largest) * moves[2], 0)
        self.levels = self.levels - dtype(_LEVEL_RATES[not is_first] * 0.95**step) * moves[3]

    def _scores(self, middles: Hints, c: Hints) -> Hints:
        """How much a unit's relaxation adds to the bound; fixed units score -1.

        The geometric mean of |C| times the gap of its lines at worst, and at the relaxation's optimum (about `middles`):
        measured on 256×4 either alone took a fifth more nodes.
        """
        skeleton = self.owner.skeleton
        heights = None if self.above is None else self.above.at(middles)
        z = self._relaxed(middles, c, heights)
        after = np.maximum(z, 0)
        reach = np.maximum(np.minimum(-skeleton.lower, skeleton.upper), 0)
        worst = np.where(c > 0, c * self.offset, -c * (reach / 2) * self.slope)
        upper = self.slope * z + self.offset
        if heights is not None and self.owner.first is not None:
            part = self.owner.first.part
            upper[:, part] = np.where(heights.used, heights.values, upper[:, part])
        here = np.where(c > 0, c * (upper - after), -c * (after - self.alpha * z))
        scores = np.sqrt((np.maximum(here, 0) + _LITTLE) * (worst + _LITTLE))
        return np.asarray(np.where((self.phase == 0) & ~np.isnan(scores), scores, -1))
