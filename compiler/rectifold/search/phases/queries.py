"""The open nodes of every question, worst first, and the trees that they belong to."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.facts.trees import ExactLeaf, Leaf, Split, Tree
from rectifold.search.phases.problem import Batch, Node, PhaseProblem

_WAITING = 200_000  # nodes that may wait, of all questions together: beyond this the deepest are taken first
_TRIES = (
    12  # more rounds for a node whose phases are all fixed (what is left is a linear program), each
)


@dataclass(eq=False)
class Place:
    """A node of a tree: how it was reached, and a split or a leaf."""

    parent: int
    unit: int  # flat number of the parent's split, -1 at a root
    phase: int
    split: int = -1
    children: tuple[int, int] = (-1, -1)
    leaf: Leaf | ExactLeaf | None = None


class Queries:
    """The open nodes of every query, worst first, and the trees that they belong to."""

    def __init__(self, problem: PhaseProblem, units: Indices) -> None:
        self.problem = problem
        self.places: list[Place] = []
        self.roots: dict[int, int] = {}
        self.heaps: dict[int, list[Node]] = {}
        self.asked: dict[int, int] = {}
        self.open: dict[int, int] = {}
        self.proved: list[int] = []
        for unit in units.tolist():
            self.roots[unit] = len(self.places)
            self.heaps[unit] = [problem.root(unit, len(self.places))]
            self.places.append(Place(-1, -1, 0))
            self.asked[unit], self.open[unit] = 0, 1

    def take(self, per_query: int | None = None) -> list[Node]:
        """A batch from the queries with the fewest nodes so far: an easy query ends before a hard one goes on."""
        batch: list[Node] = []
        size = self.problem.batch
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

    def divide(self, node: Node, bounded: Batch, k: int) -> None:
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
                again = Node(
                    node.query,
                    node.place,
                    alpha,
                    beta,
                    node.phase,
                    gamma,
                    levels,
                    value,
                    node.tries + 1,
                )
                heapq.heappush(heap, again)
            return
        place = self.places[node.place]
        place.split, place.children = unit, (len(self.places), len(self.places) + 1)
        for phase in (1, -1):
            fixed = node.phase.copy()
            fixed[unit] = phase
            started = (
                beta.copy()
            )  # with which the bound is the parent's, where the lower line was taken
            started[unit] = max(-bounded.coefficients[k, unit], 0) * (
                1 - alpha[unit] if phase > 0 else alpha[unit]
            )
            heapq.heappush(
                heap,
                Node(node.query, len(self.places), alpha, started, fixed, gamma, levels, value),
            )
            self.places.append(Place(node.place, unit, phase))
        self.open[node.query] += 1

    def close(self, node: Node, leaf: Leaf | ExactLeaf) -> None:
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
        layer, unit = self.problem.frame.place(place.split)
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

    def _pruned(
        self, at: int, path: list[int], values: dict[int, float]
    ) -> tuple[Tree | None, float]:
        place = self.places[at]
        own = values.get(at, np.inf)
        if place.split >= 0:
            layer, unit = self.problem.frame.place(place.split)
            deeper = [*path, place.split]
            (active, high), (inactive, low) = (
                self._pruned(c, deeper, values) for c in place.children
            )
            if active is not None and inactive is not None and max(high, low) < own:
                return Split(layer, unit, active, inactive), max(high, low)
        if place.leaf is None:
            return None, np.inf
        return self._ordered(place.leaf, path), own
