"""The open nodes of every question, worst first, and the trees that they belong to."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.facts.trees import ExactLeaf, Leaf, Split, Tree
from rectifold.search.phases.problem import Node, NodeBounds, PhaseProblem


@dataclass(eq=False)
class Place:
    """A node of a tree: a split or a leaf, or neither yet."""

    split: int = -1  # flat number of the unit
    children: tuple[int, int] = (-1, -1)
    leaf: Leaf | ExactLeaf | None = None


class Queries:
    """One tree per query: `heaps` has its open nodes, `asked` how many nodes were bounded for it.

    A query without a heap is over: proved, refuted, or given up.
    """

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
            self.places.append(Place())
            self.asked[unit], self.open[unit] = 0, 1

    def take(self, per_query: int | None = None) -> list[Node]:
        """A batch from the queries with the fewest nodes so far, `per_query` of each at most.

        So an easy query ends before a hard one goes on.
        """
        batch: list[Node] = []
        size = self.problem.batch
        is_full = sum(map(len, self.heaps.values())) > self.problem.effort.waiting
        for query in sorted(self.heaps, key=lambda q: self.asked[q]):
            heap = self.heaps[query]
            count = min(len(heap), size - len(batch), size if per_query is None else per_query)
            if is_full:  # depth first: the list's end holds late and small nodes
                taken, self.heaps[query] = heap[len(heap) - count :], heap[: len(heap) - count]
            else:
                taken = [heapq.heappop(heap) for _ in range(count)]
            self.asked[query] += count
            batch += taken
            if len(batch) >= size:
                break
        return batch

    def divide(self, node: Node, bounded: NodeBounds, k: int) -> None:
        """Split the node by the unit with the best score, or try again where no unit is left.

        The bounds of the node are those of row k.
        """
        heap = self.heaps.get(node.query)
        if heap is None:
            return
        parent = _after_descent(node, bounded, k)
        scores = bounded.scores[k]
        unit = int(np.argmax(scores)) if len(scores) else -1
        if unit >= 0 and scores[unit] > 0:
            self._split(heap, parent, unit, max(-bounded.coefficients[k, unit], 0))
        elif node.tries < self.problem.effort.tries:
            parent.tries = node.tries + 1
            heapq.heappush(heap, parent)

    def _split(self, heap: list[Node], parent: Node, unit: int, weight: np.floating | int) -> None:
        """Both cases of a unit; `weight` is that of its lower line, 0 where that was not taken.

        With the multiplier that a case starts from its bound is its parent's
        (docs/mathematics.md#cases-by-phase).
        """
        place = self.places[parent.place]
        place.split, place.children = unit, (len(self.places), len(self.places) + 1)
        alpha = parent.alpha[unit]
        for phase, beta in ((1, weight * (1 - alpha)), (-1, weight * alpha)):
            heapq.heappush(heap, parent.case(unit, phase, beta, len(self.places)))
            self.places.append(Place())
        self.open[parent.query] += 1

    def close(self, node: Node, leaf: Leaf | ExactLeaf) -> None:
        """The node is proved; the query is, when no other node of it is open."""
        self.places[node.place].leaf = leaf
        self.open[node.query] -= 1
        if self.open[node.query] == 0:
            self.proved.append(node.query)
            self.heaps.pop(node.query, None)

    def drop(self, queries: set[int]) -> None:
        """Give up these queries, and those for which nothing waits.

        Nothing waits where what is left is a linear program that the search does not solve.
        """
        for query in [q for q, heap in self.heaps.items() if q in queries or not heap]:
            del self.heaps[query]

    # ---- trees ----------------------------------------------------------------------------------

    def tree(self, query: int) -> Tree:
        """The tree of a proved query."""
        return self._tree(self.roots[query], [])

    def _tree(self, at: int, path: list[int]) -> Tree:
        place = self.places[at]
        if place.split < 0:
            assert place.leaf is not None
            return _on_path(place.leaf, path)
        layer, unit = self.problem.frame.place(place.split)
        deeper = [*path, place.split]
        active, inactive = (self._tree(child, deeper) for child in place.children)
        return Split(layer, unit, active, inactive)

    def pruned(self, query: int, values: dict[int, float]) -> tuple[Tree | None, float]:
        """The tree of nodes that have a bound (`values` by place), and the worst of its leaves.

        A split stays only if both halves have a bound and it helps.
        """
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
        return _on_path(place.leaf, path), own


def _after_descent(node: Node, bounded: NodeBounds, k: int) -> Node:
    """The node with what the descent of row k came to."""
    alpha, beta, gamma = bounded.alpha[k], bounded.beta[k], bounded.gamma[k]
    value, levels = float(bounded.value[k]), bounded.levels[k]
    return Node(node.query, node.place, alpha, beta, node.phase, gamma, levels, value)


def _on_path(leaf: Leaf | ExactLeaf, path: list[int]) -> Leaf | ExactLeaf:
    """The leaf with β of the path's units only, in the order of the path."""
    if isinstance(leaf, ExactLeaf):
        return leaf
    return replace(leaf, beta=tuple(leaf.beta[j] for j in path))
