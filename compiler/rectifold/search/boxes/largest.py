"""How large does the worst of several outputs get on a box? Certified upper bounds, and points that come close, improving with time.

Boxes wait in order of their worst bound; the worst is split, so the certified value is that of the first in the queue. Every bound is rigorous
(bounds/linear, bounds/pairs); lower values come from points and are evaluated exactly by whoever reports them.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxSplit, BoxTree, UnitSplit
from rectifold.search.boxes.tree import Ends, RelaxationCost, Tightening, midpoint
from rectifold.search.witnesses import Witnesses

_BATCH = 64  # boxes bounded together: fewer than in a search for signs, because the worst ones are wanted
_CLOSE = 1e-3  # of the value: bounds that near to a point's value are near enough


@dataclass(eq=False)
class _Waiting:
    """A box with the bounds of its parent."""

    place: int
    low: Floats
    high: Floats
    ends: Ends
    value: float

    def __lt__(self, other: _Waiting) -> bool:
        return self.value > other.value


@dataclass(eq=False)
class Node:
    """`upper` per unit: the node's own bounds, or its parent's where those are better. `own` are infinite until it is bounded."""

    upper: Floats
    own: Floats
    split: tuple[int, float] | tuple[str, int] | None = None  # an input and where, or a relu unit
    halves: tuple[int, int] = (-1, -1)


@dataclass(eq=False)
class TightestOutcome:
    """Per unit of the layer, an upper bound on the domain; the best point; and the tree of boxes whose leaves have these bounds."""

    upper: Floats
    point: Floats
    reached: float
    boxes: int
    complete: bool
    tree: BoxTree
    history: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # (seconds, reached, upper)


Shares = list[
    tuple[int, Floats, Floats, Ends, Floats]
]  # place, low, high, ends, upper of boxes given away


@dataclass(eq=False)
class TightestPart:
    """What a process made of the boxes it was given; picklable."""

    nodes: list[Node]
    waiting: list[_Waiting]
    reached: float
    point: Floats
    boxes: int


class TightestSearch:
    """Best-first splitting for max over the units of a linear layer."""

    def __init__(
        self,
        bounds: Bounds,
        witnesses: Witnesses,
        layer: str,
        start: Floats,
        goal: float | None = None,
    ) -> None:
        """`start` (k×n): points to begin with. `goal` ≤ 0: a bound that is wanted, and no closer one; a point clearly above 0 ends the search too."""
        self.goal = goal
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.units = np.arange(bounds.network.layer(layer).size)
        self.ends = Tightening(bounds, layer)
        self.reached, self.point = -np.inf, np.zeros(bounds.network.input_size)
        self._learn(start)

    def run(self, deadline: float, most_boxes: int = 10**9) -> TightestOutcome:
        """Until bound and point meet, `deadline` (monotonic seconds) passes, or so many boxes are bounded."""
        self.begin()
        self.go_on(deadline, most_boxes)
        return self.outcome()

    def begin(self) -> None:
        """The whole box waits."""
        low, high = self.bounds.domain.float_box
        endless = np.full(len(self.units), np.inf)
        self.started = time.monotonic()
        self.nodes = [Node(endless, endless)]
        self.waiting = [_Waiting(0, low, high, self.ends.known(), np.inf)]
        self.boxes = 0
        self.history: list[tuple[float, float, float]] = []

    @property
    def is_complete(self) -> bool:
        """Have bound and point met?"""
        return not self.waiting or self._is_near(self.waiting[0].value)

    def proved_tree(self) -> BoxTree:
        """The tree that proves all units to be at most the goal."""
        assert self.goal is not None
        return self._tree(
            0, np.full(len(self.units), self.goal), np.ones(len(self.units), dtype=bool)
        )

    def go_on(self, deadline: float, most_boxes: int = 10**9) -> None:
        """Bound the worst boxes until the end, or `deadline` passes."""
        while not self.is_complete and self.boxes < most_boxes:
            batch = [heapq.heappop(self.waiting) for _ in range(min(_BATCH, len(self.waiting)))]
            self.boxes += len(batch)
            for box in self._bounded(batch):
                heapq.heappush(self.waiting, box)
            self._note()
            if time.monotonic() >= deadline:
                break

    def outcome(self) -> TightestOutcome:
        """What is known by now."""
        upper = self._upper(0)
        tree = self._tree(0, upper, np.ones(len(upper), dtype=bool))
        return TightestOutcome(
            upper, self.point, self.reached, self.boxes, self.is_complete, tree, self.history
        )

    def _note(self) -> None:
        worst = max((box.value for box in self.waiting), default=self.reached)
        self.history.append(
            (time.monotonic() - self.started, self.reached, max(worst, self.reached))
        )

    # ---- several processes ----------------------------------------------------------------------

    def split_work(self, parts: int) -> list[Shares]:
        """The waiting boxes dealt out, the worst first; this search waits for none of them any more, until `merge`."""
        boxes, self.waiting = sorted(self.waiting), []
        return [
            [
                (box.place, box.low, box.high, box.ends, self.nodes[box.place].upper)
                for box in boxes[k::parts]
            ]
            for k in range(min(parts, len(boxes)))
        ]

    def resume(self, shares: Shares) -> None:
        """In another process: go on with these boxes; box k is at place k."""
        self.begin()
        self.nodes, self.waiting = [], []
        for _, low, high, ends, upper in shares:
            self.waiting.append(_Waiting(len(self.nodes), low, high, ends, float(upper.max())))
            self.nodes.append(Node(upper, np.full(len(self.units), np.inf)))
        heapq.heapify(self.waiting)

    def part(self) -> TightestPart:
        """The state of this search, to be sent back."""
        return TightestPart(self.nodes, self.waiting, self.reached, self.point, self.boxes)

    def merge(self, shares: Shares, other: TightestPart) -> None:
        """What another process made of some of our boxes: its trees are grafted on, its open boxes wait here again."""
        offset = len(self.nodes) - len(shares)
        places = {k: place for k, (place, *_) in enumerate(shares)}

        def moved(place: int) -> int:
            return places.get(place, place + offset)

        for place, node in enumerate(other.nodes):
            if node.split is not None:
                node.halves = moved(node.halves[0]), moved(node.halves[1])
            if place in places:
                self.nodes[places[place]] = node
            else:
                self.nodes.append(node)
        for box in other.waiting:
            box.place = moved(box.place)
            heapq.heappush(self.waiting, box)
        if other.reached > self.reached:
            self.reached, self.point = other.reached, other.point
        self.boxes += other.boxes
        self._note()

    # ---- one batch ------------------------------------------------------------------------------

    def _is_near(self, value: float) -> bool:
        if self.goal is not None:
            return value <= self.goal or self.reached > -self.goal
        return value <= self.reached + _CLOSE * abs(self.reached) + 1e-12

    def _bounded(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Bound the boxes; the halves of all that are not near enough."""
        boxes = self.ends.boxes(
            np.array([b.low for b in batch]),
            np.array([b.high for b in batch]),
            [b.ends for b in batch],
        )
        self.ends.tighten(boxes)
        shares = self.ends.shares(boxes)
        places = np.repeat(np.arange(len(batch)), len(self.units))
        gaps = RelaxationCost(boxes, places)
        result = backward(
            self.bounds, self.layer, np.tile(self.units, len(batch)), 1.0, gaps, boxes.of(places)
        )
        upper = result.upper.reshape(len(batch), len(self.units))
        score = gaps.influence(result.coefficients, shares).reshape(len(batch), len(self.units), -1)
        worst = np.argmax(upper, axis=1)
        here = np.arange(len(batch))
        corner = np.where(result.coefficients > 0, boxes.high[places], boxes.low[places])
        corner = corner.reshape(len(batch), len(self.units), -1)[here, worst]
        self._learn(np.vstack([corner, 0.5 * (boxes.low + boxes.high)]))
        influence = np.where(boxes.high > boxes.low, score[here, worst] + 1e-300, -1.0)
        halves: list[_Waiting] = []
        for k, box in enumerate(batch):
            node = self.nodes[box.place]
            node.own, node.upper = upper[k], np.minimum(node.upper, upper[k])
            if not self._is_near(float(node.upper.max())):
                halves += self._halves(
                    box, self.ends.of_box(boxes, k), int(np.argmax(influence[k])), node
                )
        return halves

    def _halves(self, box: _Waiting, ends: Ends, j: int, node: Node) -> list[_Waiting]:
        at = midpoint(float(box.low[j]), float(box.high[j]))
        if not box.low[j] < at < box.high[j]:
            return []
        node.split, node.halves = (j, at), (len(self.nodes), len(self.nodes) + 1)
        below, above = box.high.copy(), box.low.copy()
        below[j] = above[j] = at
        result = []
        for low, high in ((box.low, below), (above, box.high)):
            result.append(_Waiting(len(self.nodes), low, high, ends, float(node.upper.max())))
            self.nodes.append(Node(node.upper, np.full(len(self.units), np.inf)))
        return result

    def _learn(self, points: Floats) -> None:
        """Keep the point with the largest value of any unit."""
        points = self.witnesses.admitted(points)
        if len(points):
            values = (
                self.witnesses.trace(points, self.layer)
                .values[self.layer]
                .max(axis=1, initial=-np.inf)
            )
            if values.max() > self.reached:
                self.reached, self.point = float(values.max()), points[np.argmax(values)]

    # ---- the tree -------------------------------------------------------------------------------

    def _upper(self, place: int) -> Floats:
        """Per unit: the node's own bound, or the worse of its halves if that is better."""
        node = self.nodes[place]
        if node.split is None:
            return node.upper
        low, high = (self._upper(half) for half in node.halves)
        return np.minimum(node.upper, np.maximum(low, high))

    def _tree(self, place: int, upper: Floats, pending: Mask) -> BoxTree:
        """Each claim z ≤ upper where it first holds; splits that no claim needs are left out."""
        node = self.nodes[place]
        here = pending & (node.own <= upper)
        left = pending & ~here
        proved = tuple(np.nonzero(here)[0].tolist())
        if node.split is None or not left.any():
            return BoxTree(proved)
        one, other = (self._tree(half, upper, left) for half in node.halves)
        match node.split:
            case (str() as layer, int() as unit):
                return BoxTree(proved, UnitSplit(layer, unit, one, other))
            case (int() as j, float() as at):
                return BoxTree(proved, BoxSplit(j, at, one, other))
        raise AssertionError("a node is split at an input or at a unit")
