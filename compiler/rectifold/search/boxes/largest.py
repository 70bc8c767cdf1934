"""How large does the worst of several outputs get? Certified upper bounds, improving with time.

    upper: proved on the leaves of a tree of boxes        reached: the value at the best point
    the box with the worst bound is split next            until the two meet

The bound is that of the worst box that waits. Sound because every box is bounded rigorously; the
value that is reached is a float's word, and whoever reports it evaluates the point exactly.
"""

from __future__ import annotations

import heapq
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.search import BoxEffort
from rectifold.exact.conversion import Floats
from rectifold.facts.trees import BoxTree
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.tree import OpenBox, SplitTree, Work
from rectifold.search.witnesses import Witnesses

Progress = tuple[float, float, float]  # (seconds, reached, upper)


@dataclass(frozen=True, eq=False)
class UpperBounds:
    """Per unit, the best upper bound on a box, and the one found on that box alone.

    `own` is infinite until the box is bounded; `best` is its parent's until then.
    """

    best: Floats
    own: Floats


@dataclass(frozen=True, eq=False)
class TightestOutcome:
    """Per unit an upper bound on the domain, and a tree of boxes whose leaves have these bounds.

    At `point` some unit has the value `reached`.
    """

    upper: Floats
    point: Floats
    reached: float
    boxes: int
    complete: bool
    tree: BoxTree
    history: list[Progress]


class LargestSearch(ABC):
    """Best-first splitting for the largest of the units of a linear layer."""

    def __init__(
        self,
        bounds: Bounds,
        witnesses: Witnesses,
        layer: str,
        start: Floats,
        target_bound: float | None = None,
        effort: BoxEffort = BoxEffort(),
    ) -> None:
        """`start` (k×n): points to begin with.

        `target_bound` ≤ 0: a bound that is wanted, and no closer one; a point at which a unit is
        clearly above 0, by more than that, ends the search too.
        """
        self.target_bound = target_bound
        self.effort = effort
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.units = np.arange(bounds.network.layer(layer).size)
        self.on_boxes = BoundsOnBoxes(bounds, layer)
        self.reached, self.point = -np.inf, np.zeros(bounds.network.input_size)
        self._learn(start)

    def begin(self) -> None:
        """Nothing is split yet."""
        endless = np.full(len(self.units), np.inf)
        self.started = time.monotonic()
        self.tree = SplitTree([UpperBounds(endless, endless)])
        self.boxes = 0
        self.history: list[Progress] = []

    @abstractmethod
    def go_on(self, deadline: float, most_boxes: int = 10**9) -> None:
        """Split the worst until the search is complete, or `deadline` (monotonic) passes."""

    @abstractmethod
    def worst_bound(self) -> float:
        """The largest bound of what waits; -inf if nothing does."""

    @property
    def is_complete(self) -> bool:
        """Have bound and point met?"""
        return self._is_near(self.worst_bound())

    def outcome(self) -> TightestOutcome:
        """What is known by now."""
        upper = self._upper(0)
        tree = self._proof(upper)
        return TightestOutcome(
            upper, self.point, self.reached, self.boxes, self.is_complete, tree, self.history
        )

    def proved_tree(self) -> BoxTree:
        """The tree that proves all units to be at most the target, once that is reached."""
        assert self.target_bound is not None
        return self._proof(np.full(len(self.units), self.target_bound))

    def _proof(self, upper: Floats) -> BoxTree:
        return self.tree.proof(len(upper), lambda known: known.own <= upper)

    def _upper(self, place: int) -> Floats:
        """Per unit: the node's own bound, or the worse of its parts if that is better."""
        node = self.tree.nodes[place]
        if node.cut is None:
            return node.known.best
        one, other = (self._upper(part) for part in node.parts)
        return np.minimum(node.known.best, np.maximum(one, other))

    def _is_near(self, value: float) -> bool:
        if self.target_bound is not None:
            return value <= self.target_bound or self.reached > -self.target_bound
        close = self.effort.close * abs(self.reached) + self.effort.least
        return value <= self.reached + close

    def _store(self, place: int, upper: Floats) -> UpperBounds:
        """Note the bounds found on a box, and what is known there with them."""
        node = self.tree.nodes[place]
        node.known = UpperBounds(np.minimum(node.known.best, upper), upper)
        return node.known

    def _unbounded(self, place: int) -> UpperBounds:
        """What is known on a part of a box before it is bounded."""
        known = self.tree.nodes[place].known
        return UpperBounds(known.best, np.full(len(self.units), np.inf))

    def _learn(self, points: Floats) -> None:
        """Keep the point with the largest value of any unit."""
        points = self.witnesses.admitted(points)
        if not len(points):
            return
        traced = self.witnesses.trace(points, self.layer).values[self.layer]
        values = traced.max(axis=1, initial=-np.inf)
        if values.max() > self.reached:
            self.reached, self.point = float(values.max()), points[np.argmax(values)]

    def _note(self) -> None:
        """Add to the history how far the search is."""
        seconds = time.monotonic() - self.started
        self.history.append((seconds, self.reached, max(self.worst_bound(), self.reached)))


TightestWork = Work[UpperBounds]


@dataclass(frozen=True, eq=False)
class TightestPart:
    """What a process made of the boxes that it was given; picklable."""

    tree: SplitTree[UpperBounds]
    waiting: list[OpenBox]
    reached: float
    point: Floats
    boxes: int


@dataclass(frozen=True, eq=False)
class _Ranked:
    """An open box with its parent's worst bound: the largest comes first."""

    value: float
    box: OpenBox

    def __lt__(self, other: _Ranked) -> bool:
        return self.value > other.value


class TightestSearch(LargestSearch):
    """Splits the box, for few inputs."""

    def begin(self) -> None:
        """The whole box waits."""
        super().begin()
        self.waiting = [self._ranked(OpenBox(0, self.on_boxes.domain_box()))]

    def worst_bound(self) -> float:
        return self.waiting[0].value if self.waiting else -np.inf

    @property
    def is_complete(self) -> bool:
        return not self.waiting or super().is_complete

    def go_on(self, deadline: float, most_boxes: int = 10**9) -> None:
        while not self.is_complete and self.boxes < most_boxes:
            count = min(self.effort.largest_batch, len(self.waiting))
            batch = [heapq.heappop(self.waiting).box for _ in range(count)]
            self.boxes += count
            self._wait_for(self._bound(batch))
            self._note()
            if time.monotonic() >= deadline:
                break

    # ---- several processes ----------------------------------------------------------------------

    def split_work(self, parts: int) -> list[TightestWork]:
        """The waiting boxes dealt out, the worst first; none waits here any more, until `merge`."""
        boxes, self.waiting = [v.box for v in sorted(self.waiting)], []
        return self.tree.deal(boxes, parts)

    def resume(self, work: TightestWork) -> None:
        """In another process: go on with these boxes."""
        self.begin()
        self.tree, boxes = SplitTree.resume(work)
        self.waiting = [self._ranked(v) for v in boxes]
        heapq.heapify(self.waiting)

    def part(self) -> TightestPart:
        """The state of this search, to be sent back."""
        waiting = [v.box for v in self.waiting]
        return TightestPart(self.tree, waiting, self.reached, self.point, self.boxes)

    def merge(self, work: TightestWork, part: TightestPart) -> None:
        """What another process made of some of our boxes; those still open wait here again."""
        self._wait_for(self.tree.graft(work, part.tree, part.waiting))
        if part.reached > self.reached:
            self.reached, self.point = part.reached, part.point
        self.boxes += part.boxes
        self._note()

    # ---- one batch ------------------------------------------------------------------------------

    def _ranked(self, box: OpenBox) -> _Ranked:
        return _Ranked(float(self.tree.nodes[box.place].known.best.max()), box)

    def _wait_for(self, boxes: Sequence[OpenBox]) -> None:
        for box in boxes:
            heapq.heappush(self.waiting, self._ranked(box))

    def _bound(self, batch: list[OpenBox]) -> list[OpenBox]:
        """Bound all units on these boxes; the halves of those that are not near enough."""
        numbers = np.arange(len(batch))
        bounded = BoxBatch(self.on_boxes, self.layer, [v.box for v in batch])
        rows = np.repeat(numbers, len(self.units))
        answer = bounded.ask(rows, np.tile(self.units, len(batch)), 1)
        upper = answer.upper.reshape(len(batch), len(self.units))
        worst = numbers * len(self.units) + np.argmax(upper, axis=1)
        self._learn(np.vstack([answer.corners[worst], bounded.centres(numbers)]))
        inputs = bounded.input_to_halve(answer.influence[worst])
        halves: list[OpenBox] = []
        for k, waiting in enumerate(batch):
            known = self._store(waiting.place, upper[k])
            if not self._is_near(float(known.best.max())):
                halves += self._halve(waiting, bounded, k, int(inputs[k]))
        return halves

    def _halve(self, waiting: OpenBox, bounded: BoxBatch, k: int, number: int) -> list[OpenBox]:
        """Both halves of a box along an input; none if it is too thin."""
        cut = waiting.box.cut(number)
        if cut is None:
            return []
        halves = waiting.box.halves(cut, self.on_boxes.of_box(bounded.boxes, k))
        unbounded = self._unbounded(waiting.place)
        places = self.tree.split(waiting.place, cut, unbounded, unbounded)
        return [OpenBox(place, half) for place, half in zip(places, halves, strict=True)]
