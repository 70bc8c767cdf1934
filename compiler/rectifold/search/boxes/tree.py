"""Splitting of the box, for few inputs: one tree of sub-boxes settles many units of a layer together.

On a sub-box the layers below are bounded afresh, layer by layer, by rigorous backward substitution (bounds/linear) with the ends found
on that box. A unit whose sign is proved on every leaf of the tree has it on the domain. Only the units that are still unstable on a box are
bounded on its halves, so the work shrinks with the boxes.

Which input is halved decides the speed (docs/mathematics.md#which-input-to-halve): the one with the largest influence on the bounds that fail. Influence is
|coefficient| · radius for the bounding form itself, plus what each relaxed unit adds to the bound (|C| times the gap of its lines),
shared out over the inputs in proportion to their part in that unit's own range.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.pairs import PairBoxes, common_part, planes_gap, reach_of
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward, backward_difference
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxProof, BoxSplit, BoxTree, UnitSplit
from rectifold.search.witnesses import Witnesses

_BATCH = 128  # boxes bounded together
_POINTS = 256  # corners tried per batch
_MARGIN = 1e-9  # of the layer's range, by which a bound must clear 0: the checker's slopes are rounded to 40 bits

Query = tuple[int, int]  # (unit, sign): is sign·z ≤ 0?
Ends = dict[
    str, tuple[Floats, Floats]
]  # per relu layer, and per pair of layers under PAIR + the first one's name
Refuter = Callable[[Floats], Mask]  # points (k×n) → k×queries
PAIR = "differences of "


@dataclass(eq=False)
class _Box:
    """A box that waits: proven ends on its parent, and the queries that are open there."""

    place: int  # in the list of tree nodes
    low: Floats
    high: Floats
    ends: Ends
    pending: Mask
    share: float = 1.0  # of the domain's box


@dataclass(eq=False)
class _Node:
    """A node of the tree: the queries proved on it, those that stay open, and its split, if any."""

    proved: Mask
    pending: Mask
    split: tuple[int, float] | None = None
    halves: tuple[int, int] = (-1, -1)


@dataclass(eq=False)
class BoxOutcome:
    """`proved` queries hold on every leaf of `tree`; `refuted` ones fail at one of `points`."""

    tree: BoxTree = field(default_factory=lambda: BoxTree(()))
    proved: list[Query] = field(default_factory=list)
    refuted: list[Query] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)
    boxes: int = 0
    share: float = 0.0  # of the box, where every query is proved


Handed = list[
    tuple[int, Floats, Floats, Ends, Mask, float]
]  # place, low, high, ends, pending, share of boxes given away


@dataclass(eq=False)
class SubSearch:
    """What a process made of the boxes it was given; picklable."""

    nodes: list[_Node]
    waiting: list[_Box]
    refuted: Mask
    given_up: Mask
    points: list[Floats]
    boxes: int
    share: float


class BoxSearch:
    """Decides signs of units of one layer whose predecessors are done, on a bounded box."""

    def __init__(self, bounds: Bounds, witnesses: Witnesses, layer: str) -> None:
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.ends = Tightening(bounds, layer)
        self.margin = clearance(bounds, layer)

    def run(self, queries: Sequence[Query], *, deadline: float, limit: int) -> BoxOutcome:
        """Until every query is decided, or `deadline` (monotonic seconds) passes; one pending in `limit` boxes is given up."""
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
    ) -> None:
        """Each query is a list of alternatives: it holds on a box where one of them does.

        `until_refuted`: one point that refutes a query ends the search. `refutes` says which queries some points refute; without it, those
        whose first alternative fails.
        """
        self.refutes = refutes or self._by_signs
        self.queries = [tuple(query) for query in queries]
        self.limit = limit
        self.until_refuted = until_refuted
        count = len(queries)
        self.given_up, self.refuted = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self.asked = np.zeros(count, dtype=np.int64)
        low, high = self.bounds.domain.float_box
        self.waiting = [_Box(0, low, high, self.ends.known(), np.ones(count, dtype=bool))]
        self.nodes = [_Node(np.zeros(count, dtype=bool), np.ones(count, dtype=bool))]
        self.found = BoxOutcome()

    def go_on(self, deadline: float) -> bool:
        """Bound boxes until nothing waits (True) or `deadline` passes (False)."""
        while self.waiting and not (self.until_refuted and self.refuted.any()):
            if time.monotonic() >= deadline:
                return False
            batch = self.waiting[-_BATCH:]
            del self.waiting[-_BATCH:]
            self.found.boxes += len(batch)
            self.waiting += self._halved(batch, self.found)
            dropped = self.refuted | self.given_up
            self.waiting = [box for box in self.waiting if (box.pending & ~dropped).any()]
        return True

    def split_work(self, parts: int) -> list[Handed]:
        """The waiting boxes dealt out in parts; this search waits for none of them any more, until `merge`."""
        boxes, self.waiting = self.waiting, []
        return [
            [
                (box.place, box.low, box.high, box.ends, box.pending, box.share)
                for box in boxes[k::parts]
            ]
            for k in range(min(parts, len(boxes)))
        ]

    def resume(self, handed: Handed) -> None:
        """In another process: go on with these boxes; box k is at place k."""
        self.nodes, self.waiting = [], []
        for _, low, high, ends, pending, share in handed:
            self.waiting.append(_Box(len(self.nodes), low, high, ends, pending, share))
            self.nodes.append(_Node(np.zeros_like(pending), pending))

    def merge(self, handed: Handed, other: SubSearch) -> None:
        """What another process made of some of our boxes: its trees are grafted on, its open boxes wait here again."""
        offset = len(self.nodes) - len(handed)
        places = {k: place for k, (place, *_) in enumerate(handed)}

        def moved(place: int) -> int:
            return places.get(place, place + offset)

        for place, node in enumerate(other.nodes):
            halves = (
                (moved(node.halves[0]), moved(node.halves[1]))
                if node.split is not None
                else (-1, -1)
            )
            own = _Node(node.proved, node.pending, node.split, halves)
            if place in places:
                self.nodes[places[place]] = own
            else:
                self.nodes.append(own)
        for box in other.waiting:
            self.waiting.append(replace(box, place=moved(box.place)))
        self.refuted |= other.refuted
        self.given_up |= other.given_up
        self.found.points += other.points
        self.found.boxes += other.boxes
        self.found.share += other.share

    def sub_search(self) -> SubSearch:
        """The state of this search, to be sent back."""
        found = self.found
        return SubSearch(
            self.nodes,
            self.waiting,
            self.refuted,
            self.given_up,
            found.points,
            found.boxes,
            found.share,
        )

    def outcome(self) -> BoxOutcome:
        """What is known by now."""
        unproved = self.refuted | self.given_up
        for box in self.waiting:
            unproved = unproved | box.pending
        self.found.proved = [q[0] for q, bad in zip(self.queries, unproved, strict=True) if not bad]
        self.found.refuted = [
            q[0] for q, bad in zip(self.queries, self.refuted, strict=True) if bad
        ]
        self.found.tree = self._tree(0, np.nonzero(~unproved)[0])
        return self.found

    # ---- one batch ------------------------------------------------------------------------------

    def _halved(self, batch: list[_Box], outcome: BoxOutcome) -> list[_Box]:
        """Bound the boxes of a batch; the halves of those with open queries."""
        dropped = self.refuted | self.given_up
        for box in batch:
            box.pending = box.pending & ~dropped
            self.asked += box.pending
        boxes = self.ends.boxes(
            np.array([b.low for b in batch]),
            np.array([b.high for b in batch]),
            [b.ends for b in batch],
        )
        self.ends.tighten(boxes)
        influence = self._ask(batch, boxes, outcome)
        left = np.logical_or.reduce([box.pending for box in (*batch, *self.waiting)])
        self.given_up |= left & (self.asked >= self.limit)
        halves: list[_Box] = []
        for k, box in enumerate(batch):
            open_queries = box.pending & ~self.refuted
            node = self.nodes[box.place]
            node.proved, node.pending = node.pending & ~box.pending, open_queries
            if open_queries.any():
                halves += self._halves(box, k, boxes, open_queries, int(np.argmax(influence[k])))
            elif not self.refuted.any():
                outcome.share += box.share
        return halves

    def _halves(self, box: _Box, k: int, boxes: Boxes, open_queries: Mask, j: int) -> list[_Box]:
        at = midpoint(float(box.low[j]), float(box.high[j]))
        if not box.low[j] < at < box.high[j]:
            self.given_up |= open_queries
            return []
        node = self.nodes[box.place]
        node.split, node.halves = (j, at), (len(self.nodes), len(self.nodes) + 1)
        below, above = box.high.copy(), box.low.copy()
        below[j] = above[j] = at
        result = []
        part = float((at - box.low[j]) / (box.high[j] - box.low[j]))
        for low, high, share in ((box.low, below, part), (above, box.high, 1.0 - part)):
            ends = self.ends.of_box(boxes, k)
            result.append(_Box(len(self.nodes), low, high, ends, open_queries, box.share * share))
            self.nodes.append(_Node(np.zeros_like(open_queries), open_queries))
        return result

    def _ask(self, batch: list[_Box], boxes: Boxes, outcome: BoxOutcome) -> Floats:
        """Bound the open queries of every box, in place; the influence of each input on the failing ones."""
        influence = np.zeros(boxes.low.shape)
        shares = self.ends.shares(boxes)
        pending = np.array([box.pending for box in batch])
        corners: list[Floats] = []
        for sign in (1, -1):
            asked = [
                (q, unit) for q, query in enumerate(self.queries) for unit, s in query if s == sign
            ]
            owner, units = (
                np.array([pair[side] for pair in asked], dtype=np.int64) for side in (0, 1)
            )
            places, which = np.nonzero(pending[:, owner])
            if not len(places):
                continue
            own, gaps = boxes.of(places), RelaxationCost(boxes, places)
            result = backward(self.bounds, self.layer, units[which], float(sign), gaps, own)
            holds = result.upper <= -self.margin
            for k in np.nonzero(holds)[0]:
                batch[places[k]].pending[owner[which[k]]] = False
            open_now = np.array([box.pending for box in batch])
            failing = open_now[places, owner[which]]
            score = gaps.influence(result.coefficients, shares)
            np.add.at(influence, places[failing], score[failing])
            chosen = np.nonzero(failing)[0][:_POINTS]
            box_low, box_high = own.box()
            corners.append(np.where(result.coefficients > 0, box_high, box_low)[chosen])
            corners.append(0.5 * (box_low + box_high)[chosen])
        self._try(corners, outcome)
        return np.where(boxes.high > boxes.low, influence + 1e-300, -1.0)

    def _try(self, corners: list[Floats], outcome: BoxOutcome) -> None:
        points = self.witnesses.admitted(np.vstack(corners)) if corners else np.zeros((0, 1))
        if not len(points):
            return
        hits = self.refutes(points)
        for q in np.nonzero(hits.any(axis=0) & ~self.refuted)[0]:
            self.refuted[q] = True
            outcome.points.append(points[np.argmax(hits[:, q])])

    def _by_signs(self, points: Floats) -> Mask:
        positive, negative = self.witnesses.trace(points, self.layer).signs(self.layer)
        first = [query[0] for query in self.queries]
        return np.array([(positive if sign > 0 else negative)[:, unit] for unit, sign in first]).T

    # ---- the tree -------------------------------------------------------------------------------

    def _tree(self, place: int, proved: Indices) -> BoxTree:
        """The tree without the splits that only unproved queries needed; claims are numbered as in `proved`."""
        node = self.nodes[place]
        here = tuple(np.nonzero(node.proved[proved])[0].tolist())
        if node.split is None or not node.pending[proved].any():
            return BoxTree(here)
        low, high = (self._tree(k, proved) for k in node.halves)
        return BoxTree(here, BoxSplit(node.split[0], node.split[1], low, high))


def clearance(bounds: Bounds, layer: str) -> float:
    """What a bound must clear 0 by."""
    return _MARGIN * float(np.maximum(-bounds.lower[layer], bounds.upper[layer]).max(initial=0.0))


def proved_again(
    bounds: Bounds, layer: str, proof: BoxProof, queries: Sequence[Sequence[Query]] | None = None
) -> list[bool]:
    """Which claims of a tree hold on every path of it, with every box bounded afresh.

    `queries`: the alternatives of each claim, one of which must hold at the node that names it; without it, the claim alone.
    """
    low, high = bounds.domain.float_box
    ends = Tightening(bounds, layer)
    claims = queries or [[(unit, 1 if side == "up" else -1)] for unit, side in proof.claims]
    margin = clearance(bounds, layer)
    failed = np.zeros(len(claims), dtype=bool)
    waiting = [(proof.tree, low, high, ends.known(), np.ones(len(claims), dtype=bool))]
    while waiting:
        batch, waiting = waiting[-_BATCH:], waiting[:-_BATCH]
        boxes = ends.boxes(
            np.array([b[1] for b in batch]), np.array([b[2] for b in batch]), [b[3] for b in batch]
        )
        ends.tighten(boxes)
        proved = np.zeros((len(batch), len(claims)), dtype=bool)
        for sign in (1, -1):
            asked = [
                (k, q, unit)
                for k, box in enumerate(batch)
                for q in box[0].proved
                for unit, s in claims[q]
                if s == sign
            ]
            places, which, rows = (
                np.array([row[side] for row in asked], dtype=np.int64) for side in range(3)
            )
            own = boxes.of(places)
            holds = backward(bounds, layer, rows, float(sign), cases=own).upper <= -0.5 * margin
            proved[places[holds], which[holds]] = True
        for k, (tree, low, high, _, pending) in enumerate(batch):
            left = pending & ~proved[k]
            if tree.split is None or not left.any():
                failed |= left
                continue
            here = ends.of_box(boxes, k)
            if isinstance(tree.split, UnitSplit):
                for phase, part in ((1, tree.split.active), (-1, tree.split.inactive)):
                    waiting.append(
                        (
                            part,
                            low,
                            high,
                            of_phase(here, tree.split.layer, tree.split.unit, phase),
                            left,
                        )
                    )
                continue
            below, above = high.copy(), low.copy()
            below[tree.split.input] = min(high[tree.split.input], tree.split.at)
            above[tree.split.input] = max(low[tree.split.input], tree.split.at)
            waiting += [
                (tree.split.low, low, below, here, left),
                (tree.split.high, above, high, here, left),
            ]
    return [not bad for bad in failed]


class Tightening:
    """Ends of the layers below one layer, on boxes: what is known at first, and how it is improved."""

    def __init__(self, bounds: Bounds, layer: str) -> None:
        self.bounds = bounds
        cone = bounds.network.cone(layer)
        self.cone = [v for v in bounds.network.layers if v.name in cone]
        is_relu = {v.name for v in self.cone if v.is_relu}
        self.groups = [tuple(v for v in group if v in is_relu) for group in bounds.groups]
        self.groups = [group for group in self.groups if group]
        self.pairs = {group[0]: group[1] for group in self.groups if len(group) == 2}
        self.reach = reach_of(bounds) if self.pairs else {}

    def known(self) -> Ends:
        """On the whole domain."""
        bounds = self.bounds
        ends = {v: (bounds.lower[v], bounds.upper[v]) for group in self.groups for v in group}
        for first, second in self.pairs.items():
            ends[PAIR + first] = _apart(*ends[first], *ends[second])
        return ends

    def boxes(self, low: Floats, high: Floats, ends: Sequence[Ends]) -> Boxes:
        """Several boxes with the ends known on each."""
        lower = {v: np.array([e[v][0] for e in ends]) for v in ends[0]}
        upper = {v: np.array([e[v][1] for e in ends]) for v in ends[0]}
        index = np.arange(len(ends))
        if not self.pairs:
            return Boxes(index, low, high, lower, upper)
        difference_lower, difference_upper = (
            {a: side.pop(PAIR + a) for a in self.pairs} for side in (lower, upper)
        )
        return PairBoxes(
            index,
            low,
            high,
            lower,
            upper,
            self.pairs,
            difference_lower,
            difference_upper,
            self.reach,
        )

    def of_box(self, boxes: Boxes, k: int) -> Ends:
        """The ends of one of the boxes."""
        ends = {v: (boxes.lower[v][k], boxes.upper[v][k]) for v in boxes.lower}
        if isinstance(boxes, PairBoxes):
            ends |= {
                PAIR + a: (boxes.difference_lower[a][k], boxes.difference_upper[a][k])
                for a in self.pairs
            }
        return ends

    def tighten(self, boxes: Boxes, first: int = 0) -> None:
        """Bound every unit that is still unstable on a box, layer by layer from group `first`; `boxes` is changed in place."""
        for group in self.groups[first:]:
            for name in group:
                self._layer(name, boxes)
            if isinstance(boxes, PairBoxes) and len(group) == 2:
                self._pair(group[0], group[1], boxes)

    def shares(self, boxes: Boxes) -> dict[str, Floats]:
        """Per unit, the part of each input in its range: boxes × units × inputs, by the slopes of the upper lines."""
        count, inputs = boxes.low.shape
        flow = {
            self.bounds.network.input_name: np.broadcast_to(np.eye(inputs), (count, inputs, inputs))
        }
        shares: dict[str, Floats] = {}
        radius = 0.5 * (boxes.high - boxes.low)[:, None, :]
        for layer in self.cone:
            weights = self.bounds.floats[layer.name].weights
            z = np.asarray(sum(weight @ flow[source] for source, weight in weights.items()))
            if layer.is_relu:
                size = np.abs(z) * radius
                shares[layer.name] = size / np.maximum(size.sum(axis=2, keepdims=True), 1e-300)
                z = z * relaxation(boxes.lower[layer.name], boxes.upper[layer.name])[0][:, :, None]
            flow[layer.name] = z
        return shares

    def _layer(self, name: str, boxes: Boxes) -> None:
        lower, upper = boxes.lower[name], boxes.upper[name]
        places, rows = np.nonzero((lower < 0) & (upper > 0))
        if not len(places):
            return
        own = boxes.of(places)
        up = backward(self.bounds, name, rows, 1.0, cases=own).upper
        down = -backward(self.bounds, name, rows, -1.0, cases=own).upper
        upper[places, rows] = np.minimum(upper[places, rows], up)
        lower[places, rows] = np.maximum(lower[places, rows], down)

    def _pair(self, first: str, second: str, boxes: PairBoxes) -> None:
        """The differences of units of which one is unstable, and what they say about the units themselves."""
        lx, ux, ly, uy = (
            boxes.lower[first],
            boxes.upper[first],
            boxes.lower[second],
            boxes.upper[second],
        )
        ld, ud = boxes.difference_lower[first], boxes.difference_upper[first]
        low, high = _apart(lx, ux, ly, uy)
        np.maximum(ld, low, out=ld)
        np.minimum(ud, high, out=ud)
        places, rows = np.nonzero(((lx < 0) & (ux > 0)) | ((ly < 0) & (uy > 0)))
        if not len(places):
            return
        own = boxes.of(places)
        up = backward_difference(self.bounds, first, rows, 1.0, own).upper
        down = -backward_difference(self.bounds, first, rows, -1.0, own).upper
        ud[places, rows] = np.minimum(ud[places, rows], up)
        ld[places, rows] = np.maximum(ld[places, rows], down)
        np.maximum(lx, np.nextafter(ly + ld, -np.inf), out=lx)
        np.minimum(ux, np.nextafter(uy + ud, np.inf), out=ux)
        np.maximum(ly, np.nextafter(lx - ud, -np.inf), out=ly)
        np.minimum(uy, np.nextafter(ux - ld, np.inf), out=uy)


def of_phase(ends: Ends, layer: str, unit: int, phase: int) -> Ends:
    """The ends where z ≥ 0 (phase 1) or z ≤ 0 (−1)."""
    low, high = (side.copy() for side in ends[layer])
    if phase > 0:
        low[unit] = max(low[unit], 0.0)
    else:
        high[unit] = min(high[unit], 0.0)
    return ends | {layer: (low, high)}


def _apart(lx: Floats, ux: Floats, ly: Floats, uy: Floats) -> tuple[Floats, Floats]:
    """Ends of x − y, rounded outward."""
    return np.nextafter(lx - uy, -np.inf), np.nextafter(ux - ly, np.inf)


class RelaxationCost:
    """Records, per row and unit, how much its relaxation adds to the bound: |coefficient| times the gap of its lines, of the planes for the
    common part of a pair."""

    def __init__(self, boxes: Boxes, places: Indices) -> None:
        self.boxes = boxes
        self.places = places
        self.gaps: dict[str, Floats] = {}
        self.firsts: dict[str, str] = {}  # second layer → first
        if isinstance(boxes, PairBoxes):
            self.firsts = {b: a for a, b in boxes.pairs.items()}
        self.waiting: dict[
            str, Floats
        ] = {}  # coefficients on a first layer until those on the second are known

    def __call__(self, name: str, positions: Indices, live: Indices, c: Floats) -> None:
        if name in self.firsts.values():
            self.waiting[name] = c
            return
        first = self.firsts.get(name)
        if first is None:
            self._put(name, positions, live, np.abs(c) * self._lines(name, positions, live))
            return
        on_first = self.waiting.pop(first)
        common = common_part(on_first, c)
        gap = planes_gap(self.boxes, first, live)[self.places[positions]]
        alone = np.abs(on_first - common) * self._lines(first, positions, live)
        self._put(first, positions, live, np.abs(common) * gap + alone)
        self._put(name, positions, live, np.abs(c + common) * self._lines(name, positions, live))

    def influence(self, coefficients: Floats, shares: dict[str, Floats]) -> Floats:
        """Per row, what each input contributes to the width of the bound, as parts of 1."""
        score = np.abs(coefficients) * 0.5 * (self.boxes.high - self.boxes.low)[self.places]
        for name, weighted in self.gaps.items():
            score += np.einsum("ku,kuj->kj", weighted, shares[name][self.places])
        return np.asarray(score / np.maximum(score.sum(axis=1, keepdims=True), 1e-300))

    def _lines(self, name: str, positions: Indices, live: Indices) -> Floats:
        return _gap(self.boxes.lower[name], self.boxes.upper[name])[self.places[positions]][:, live]

    def _put(self, name: str, positions: Indices, live: Indices, values: Floats) -> None:
        shape = (len(self.places), self.boxes.lower[name].shape[1])
        self.gaps.setdefault(name, np.zeros(shape))[positions[:, None], live] = values


def midpoint(low: float, high: float) -> float:
    """A number of few digits near the middle: exact arithmetic on it stays cheap."""
    middle = 0.5 * low + 0.5 * high
    step = (
        2.0 ** np.floor(np.log2(high - low) - 4) if high > low and np.isfinite(high - low) else 0.0
    )
    rounded = (
        float(np.round(middle / step) * step) if step > 0 and np.isfinite(middle / step) else middle
    )
    return rounded if low < rounded < high else middle


def _gap(lower: Floats, upper: Floats) -> Floats:
    """How far the lines of a relaxed unit are apart, about: 0 where it is stable."""
    slope, offset, _ = relaxation(lower, upper)
    reach = np.maximum(np.minimum(-lower, upper), 0.0)
    return np.asarray(0.5 * np.maximum(offset, slope * reach))
