"""Decides signs by splitting the box, for few inputs: one tree settles many units together.

    bound every unit below, then the open queries, on many boxes at once
    a query that holds on a box is open no longer there; the others are asked on both its halves

Sound because a query that holds on some box of every path of the tree holds on the domain. Only
points with certain signs refute. The work shrinks with the boxes: fewer units are unstable there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.search import BoxEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxTree, CaseProof
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes, clearance
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.tree import OpenBox, SplitTree, Work
from rectifold.search.boxes.trying import inputs_by_trying
from rectifold.search.witnesses import Witnesses

Query = tuple[int, int]  # (unit, sign): is sign·z ≤ 0?
Refuter = Callable[[Floats], Mask]  # points (k×n) → k×queries


@dataclass(frozen=True, eq=False)
class Signs:
    """Per query, whether it was proved on a box, and whether it is open there.

    `cases` has proofs of those that were proved with slopes of their own. `fraction`: the box's
    part of the domain's box.
    """

    proved: Mask
    open: Mask
    fraction: float = 1.0
    cases: Mapping[int, CaseProof] = field(default_factory=dict)


@dataclass(eq=False)
class BoxOutcome:
    """`proved` queries hold on every leaf of `tree`; `refuted` ones fail at one of `points`."""

    tree: BoxTree = field(default_factory=lambda: BoxTree(()))
    proved: list[Query] = field(default_factory=list)
    refuted: list[Query] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)
    boxes: int = 0
    settled_fraction: float = 0.0  # of the box, where every query is proved


SignsWork = Work[Signs]


@dataclass(frozen=True, eq=False)
class SignsPart:
    """What a process made of the boxes that it was given; picklable."""

    tree: SplitTree[Signs]
    waiting: list[OpenBox]
    refuted: Mask
    given_up: Mask
    found: BoxOutcome


class BoxSearch:
    """Decides signs of units of one layer whose predecessors are done, on a bounded box."""

    def __init__(
        self, bounds: Bounds, witnesses: Witnesses, layer: str, effort: BoxEffort = BoxEffort()
    ) -> None:
        self.effort = effort
        self.witnesses = witnesses
        self.layer = layer
        self.on_boxes = BoundsOnBoxes(bounds, layer)
        self.clearance = clearance(bounds, layer)

    def run(self, queries: Sequence[Query], *, deadline: float, limit: int) -> BoxOutcome:
        """Until every query is decided, or `deadline` (monotonic seconds) passes.

        One that is open on `limit` boxes is given up.
        """
        self.begin([(query,) for query in queries], limit=limit)
        self.go_on(deadline)
        return self.outcome()

    def begin(
        self,
        queries: Sequence[Sequence[Query]],
        *,
        limit: int,
        until_refuted: bool = False,
        refutes: Refuter | None = None,
        with_slopes: bool = False,
    ) -> None:
        """Each query is a list of alternatives: it holds on a box where one of them does.

        `until_refuted`: one point that refutes a query ends the search. `refutes` says which
        queries some points refute; without it, those whose first alternative fails. `with_slopes`:
        where the default slopes do not prove a query, others are searched for, and the input to
        halve is found by trying, on the first boxes.
        """
        self.with_slopes = with_slopes
        self.refutes = refutes or self._by_signs
        self.queries = [tuple(query) for query in queries]
        self.limit = limit
        self.until_refuted = until_refuted
        count = len(queries)
        self.given_up, self.refuted = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self.asked = np.zeros(count, dtype=np.int64)
        self.tree = SplitTree([Signs(np.zeros(count, dtype=bool), np.ones(count, dtype=bool))])
        self.waiting = [OpenBox(0, self.on_boxes.domain_box())]
        self.found = BoxOutcome()

    def go_on(self, deadline: float, most_boxes: int | None = None) -> bool:
        """Until nothing waits (True), or `deadline` passes or so many are bounded (False)."""
        most = np.inf if most_boxes is None else most_boxes
        while self.waiting and not (self.until_refuted and self.refuted.any()):
            if time.monotonic() >= deadline or self.found.boxes >= most:
                return False
            size = self.effort.batch
            batch, self.waiting = self.waiting[-size:], self.waiting[:-size]
            self.found.boxes += len(batch)
            self.waiting += self._bound(batch)
            dropped = self.refuted | self.given_up
            self.waiting = [v for v in self.waiting if (self._open(v) & ~dropped).any()]
        return True

    def outcome(self) -> BoxOutcome:
        """What is known by now."""
        unproved = self.refuted | self.given_up
        for waiting in self.waiting:
            unproved = unproved | self._open(waiting)
        first = [query[0] for query in self.queries]
        claims = np.nonzero(~unproved)[0]
        self.found.proved = [first[k] for k in claims]
        self.found.refuted = [first[k] for k in np.nonzero(self.refuted)[0]]
        number = {int(query): k for k, query in enumerate(claims)}
        self.found.tree = self.tree.proof(
            len(claims),
            lambda known: known.proved[claims],
            lambda known: {number[q]: own for q, own in known.cases.items() if q in number},
        )
        return self.found

    # ---- several processes ----------------------------------------------------------------------

    def split_work(self, parts: int) -> list[SignsWork]:
        """The waiting boxes dealt out; none of them waits here any more, until `merge`."""
        boxes, self.waiting = self.waiting, []
        return self.tree.deal(boxes, parts)

    def resume(self, work: SignsWork) -> None:
        """In another process, after `begin` with the same queries: go on with these boxes."""
        self.tree, self.waiting = SplitTree.resume(work)

    def part(self) -> SignsPart:
        """The state of this search, to be sent back."""
        return SignsPart(self.tree, self.waiting, self.refuted, self.given_up, self.found)

    def merge(self, work: SignsWork, part: SignsPart) -> None:
        """What another process made of some of our boxes; those still open wait here again."""
        self.waiting += self.tree.graft(work, part.tree, part.waiting)
        self.refuted |= part.refuted
        self.given_up |= part.given_up
        self.found.points += part.found.points
        self.found.boxes += part.found.boxes
        self.found.settled_fraction += part.found.settled_fraction

    # ---- one batch ------------------------------------------------------------------------------

    def _open(self, waiting: OpenBox) -> Mask:
        return self.tree.nodes[waiting.place].known.open

    def _bound(self, batch: list[OpenBox]) -> list[OpenBox]:
        """Ask the open queries on these boxes; the halves of those where some stay open."""
        asked = np.array([self._open(v) for v in batch]) & ~(self.refuted | self.given_up)
        self.asked += asked.sum(axis=0)
        bounded = BoxBatch(self.on_boxes, self.layer, [v.box for v in batch])
        still_open, influence, cases = self._ask(bounded, asked)
        left = np.logical_or.reduce([*still_open, *map(self._open, self.waiting)])
        self.given_up |= left & (self.asked >= self.limit)
        inputs = bounded.input_to_halve(influence)
        if self.with_slopes and self.found.boxes <= self.effort.tried_boxes:
            boxes = [v.box for v in batch]
            tried = inputs_by_trying(bounded, boxes, still_open, self.queries, self.effort)
            inputs = np.where(tried < 0, inputs, tried)
        halves: list[OpenBox] = []
        for k, waiting in enumerate(batch):
            node = self.tree.nodes[waiting.place]
            proved, is_open = node.known.open & ~still_open[k], still_open[k] & ~self.refuted
            node.known = Signs(proved, is_open, node.known.fraction, cases[k])
            if is_open.any():
                halves += self._halve(waiting, bounded, k, int(inputs[k]))
            elif not self.refuted.any():
                self.found.settled_fraction += node.known.fraction
        return halves

    def _ask(
        self, bounded: BoxBatch, asked: Mask
    ) -> tuple[Mask, Floats, list[dict[int, CaseProof]]]:
        """Which queries (boxes × queries) stay open; each input's influence on the failing bounds;
        and the proofs that have slopes of their own, by query, box by box.

        An alternative that fails is looked at only while no other one has held on that box.
        """
        still_open = asked.copy()
        influence = np.zeros(bounded.boxes.low.shape)
        cases: list[dict[int, CaseProof]] = [{} for _ in asked]
        points: list[Floats] = []
        for sign in (1, -1):
            owners, units = _alternatives(self.queries, sign)
            numbers, which = np.nonzero(asked[:, owners])
            if not len(numbers):
                continue
            answer = bounded.ask(numbers, units[which], sign)
            holds = answer.upper <= -self.clearance
            still_open[numbers[holds], owners[which[holds]]] = False
            left = np.nonzero(still_open[numbers, owners[which]])[0]
            numbers, which = numbers[left], which[left]
            answer = answer.rows(left)
            if self.with_slopes and len(left):
                answer = bounded.ask_with_slopes(numbers, units[which], sign, self.effort)
                for k in np.nonzero(answer.upper <= -self.clearance)[0].tolist():
                    cases[numbers[k]][int(owners[which[k]])] = answer.proof(k)
                    still_open[numbers[k], owners[which[k]]] = False
            failing = still_open[numbers, owners[which]]
            np.add.at(influence, numbers[failing], answer.influence[failing])
            chosen = np.nonzero(failing)[0][: self.effort.points]
            points += [answer.corners[chosen], bounded.centres(numbers[chosen])]
        self._try(points)
        return still_open, influence, cases

    def _halve(self, waiting: OpenBox, bounded: BoxBatch, k: int, number: int) -> list[OpenBox]:
        """Both halves of a box along an input; none, and its queries given up, if it is too
        thin.
        """
        box, known = waiting.box, self.tree.nodes[waiting.place].known
        cut = box.cut(number)
        if cut is None:
            self.given_up |= known.open
            return []
        below = float((cut.at - box.low[number]) / (box.high[number] - box.low[number]))
        halves = box.halves(cut, self.on_boxes.of_box(bounded.boxes, k))
        nothing = np.zeros_like(known.open)
        one, other = (
            Signs(nothing, known.open, known.fraction * part) for part in (below, 1.0 - below)
        )
        places = self.tree.split(waiting.place, cut, one, other)
        return [OpenBox(place, half) for place, half in zip(places, halves, strict=True)]

    def _try(self, corners: list[Floats]) -> None:
        """Look for refutations at these points."""
        points = self.witnesses.admitted(np.vstack(corners)) if corners else np.zeros((0, 1))
        if not len(points):
            return
        hits = self.refutes(points)
        for q in np.nonzero(hits.any(axis=0) & ~self.refuted)[0]:
            self.refuted[q] = True
            self.found.points.append(points[np.argmax(hits[:, q])])

    def _by_signs(self, points: Floats) -> Mask:
        positive, negative = self.witnesses.trace(points, self.layer).signs(self.layer)
        first = [query[0] for query in self.queries]
        return np.array([(positive if sign > 0 else negative)[:, unit] for unit, sign in first]).T


def _alternatives(queries: Sequence[Sequence[Query]], sign: int) -> tuple[Indices, Indices]:
    """(query, unit) of every alternative with this sign."""
    pairs = [(q, k) for q, query in enumerate(queries) for k, s in query if s == sign]
    table = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    return table[:, 0], table[:, 1]
