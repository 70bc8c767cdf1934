"""Splitting of the box, for few inputs: one tree of sub-boxes settles many units of a layer together.

On a sub-box the layers below are bounded afresh, layer by layer, by rigorous backward substitution (bounds/linear) with the ends found
on that box. A unit whose sign is proved on every leaf of the tree has it on the domain. Only the units that are still unstable on a box are
bounded on its halves, so the work shrinks with the boxes.

Which input is halved decides the speed (mathematics §4.3): the one with the largest influence on the bounds that fail. Influence is
|coefficient| · radius for the bounding form itself, plus what each relaxed unit adds to the bound (|C| times the gap of its lines),
shared out over the inputs in proportion to their part in that unit's own range.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rectifold.bounds.linear import Bounds, Boxes, relaxation
from rectifold.exact import Floats, Indices
from rectifold.proof.facts import Mask
from rectifold.proof.trees import BoxProof, BoxSplit, BoxTree
from rectifold.search.witness import Witnesses

_BATCH = 128  # boxes bounded together
_POINTS = 256  # corners tried per batch
_MARGIN = 1e-9  # of the layer's range, by which a bound must clear 0: the checker's slopes are rounded to 40 bits

Query = tuple[int, int]  # (unit, sign): is sign·z ≤ 0?


@dataclass(eq=False)
class _Box:
    """A box that waits: proven ends on its parent, and the queries that are open there."""

    place: int  # in the list of tree nodes
    low: Floats
    high: Floats
    lower: dict[str, Floats]
    upper: dict[str, Floats]
    pending: Mask


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


class BoxSearch:
    """Decides signs of units of one layer whose predecessors are done, on a bounded box."""

    def __init__(self, bounds: Bounds, witnesses: Witnesses, layer: str) -> None:
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        cone = bounds.network.cone(layer)
        self.cone = [v for v in bounds.network.layers if v.name in cone]
        self.relu = [v.name for v in self.cone if v.is_relu]
        self.margin = clearance(bounds, layer)

    def run(self, queries: Sequence[Query], *, deadline: float, limit: int) -> BoxOutcome:
        """Until every query is decided, or `deadline` (monotonic seconds) passes; one pending in `limit` boxes is given up."""
        self.queries = list(queries)
        self.limit = limit
        self.given_up = np.zeros(len(queries), dtype=bool)
        self.refuted = np.zeros(len(queries), dtype=bool)
        self.asked = np.zeros(len(queries), dtype=np.int64)
        low, high = self.bounds.domain.float_box
        root = _Box(
            0, low, high,
            {v: self.bounds.lower[v] for v in self.relu}, {v: self.bounds.upper[v] for v in self.relu},
            np.ones(len(queries), dtype=bool),
        )  # fmt: skip
        none = np.zeros(len(queries), dtype=bool)
        self.nodes = [_Node(none, root.pending)]
        outcome = BoxOutcome()
        waiting = [root]
        while waiting and time.monotonic() < deadline:
            batch = waiting[-_BATCH:]
            del waiting[-_BATCH:]
            outcome.boxes += len(batch)
            waiting += self._halved(batch, outcome)
            dropped = self.refuted | self.given_up
            waiting = [box for box in waiting if (box.pending & ~dropped).any()]
        unproved = self.refuted | self.given_up
        for box in waiting:
            unproved = unproved | box.pending
        outcome.proved = [q for q, bad in zip(self.queries, unproved, strict=True) if not bad]
        outcome.refuted = [q for q, bad in zip(self.queries, self.refuted, strict=True) if bad]
        outcome.tree = self._tree(0, np.nonzero(~unproved)[0])
        return outcome

    # ---- one batch ------------------------------------------------------------------------------

    def _halved(self, batch: list[_Box], outcome: BoxOutcome) -> list[_Box]:
        """Bound the boxes of a batch; the halves of those with open queries."""
        dropped = self.refuted | self.given_up
        for box in batch:
            box.pending = box.pending & ~dropped
            self.asked += box.pending
        boxes = Boxes(
            np.arange(len(batch)),
            np.array([b.low for b in batch]),
            np.array([b.high for b in batch]),
            {v: np.array([b.lower[v] for b in batch]) for v in self.relu},
            {v: np.array([b.upper[v] for b in batch]) for v in self.relu},
        )
        for name in self.relu:
            tighten(self.bounds, name, boxes)
        influence = self._ask(batch, boxes, outcome)
        self.given_up |= self.asked >= self.limit
        halves: list[_Box] = []
        for k, box in enumerate(batch):
            open_queries = box.pending & ~self.refuted
            node = self.nodes[box.place]
            node.proved, node.pending = node.pending & ~box.pending, open_queries
            if open_queries.any():
                halves += self._halves(box, k, boxes, open_queries, int(np.argmax(influence[k])))
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
        for low, high in ((box.low, below), (above, box.high)):
            lower = {v: boxes.lower[v][k] for v in self.relu}
            upper = {v: boxes.upper[v][k] for v in self.relu}
            result.append(_Box(len(self.nodes), low, high, lower, upper, open_queries))
            self.nodes.append(_Node(np.zeros_like(open_queries), open_queries))
        return result

    def _ask(self, batch: list[_Box], boxes: Boxes, outcome: BoxOutcome) -> Floats:
        """Bound the open queries of every box, in place; the influence of each input on the failing ones."""
        influence = np.zeros(boxes.low.shape)
        shares = self._shares(boxes)
        corners: list[Floats] = []
        for sign in (1, -1):
            mine = np.array([s == sign for _, s in self.queries])
            places, which = np.nonzero(np.array([b.pending & mine for b in batch]))
            if not len(places):
                continue
            rows = np.array([self.queries[q][0] for q in which], dtype=np.int64)
            own = Boxes(places, boxes.low, boxes.high, boxes.lower, boxes.upper)
            gaps: dict[str, Floats] = {}

            def record(
                name: str, positions: Indices, c: Floats, own: Boxes = own, gaps: dict[str, Floats] = gaps
            ) -> None:
                gaps.setdefault(name, np.zeros((len(own.index), c.shape[1])))[positions] = np.abs(c)

            result = self.bounds.backward(self.layer, rows, float(sign), record, own)
            failing = result.upper > -self.margin
            for k in np.nonzero(~failing)[0]:
                batch[places[k]].pending[which[k]] = False
            radius = 0.5 * (boxes.high - boxes.low)[places]
            score = np.abs(result.coefficients) * radius
            for name, size in gaps.items():
                weighted = size * _gap(boxes.lower[name], boxes.upper[name])[places]
                score += np.einsum("ku,kuj->kj", weighted, shares[name][places])
            scale = np.maximum(score.sum(axis=1, keepdims=True), 1e-300)
            np.add.at(influence, places[failing], (score / scale)[failing])
            chosen = np.nonzero(failing)[0][:_POINTS]
            box_low, box_high = own.box()
            corners.append(np.where(result.coefficients > 0, box_high, box_low)[chosen])
        self._try(corners, outcome)
        return np.where(boxes.high > boxes.low, influence + 1e-300, -1.0)

    def _shares(self, boxes: Boxes) -> dict[str, Floats]:
        """Per unit, the part of each input in its range: boxes × units × inputs, by the slopes of the upper lines."""
        flow = {self.bounds.network.input_name: np.broadcast_to(
            np.eye(boxes.low.shape[1]), (len(boxes.low), boxes.low.shape[1], boxes.low.shape[1])
        )}  # fmt: skip
        shares: dict[str, Floats] = {}
        radius = 0.5 * (boxes.high - boxes.low)[:, None, :]
        for layer in self.cone:
            z = sum(weight @ flow[source] for source, weight in self.bounds.floats[layer.name].weights.items())
            z = np.asarray(z)
            if layer.is_relu:
                size = np.abs(z) * radius
                shares[layer.name] = size / np.maximum(size.sum(axis=2, keepdims=True), 1e-300)
                z = z * relaxation(boxes.lower[layer.name], boxes.upper[layer.name])[0][:, :, None]
            flow[layer.name] = z
        return shares

    def _try(self, corners: list[Floats], outcome: BoxOutcome) -> None:
        points = self.witnesses.admitted(np.vstack(corners)) if corners else np.zeros((0, 1))
        if not len(points):
            return
        positive, negative = self.witnesses.trace(points, self.layer).signs(self.layer)
        for q, (unit, sign) in enumerate(self.queries):
            hits = np.nonzero((positive if sign > 0 else negative)[:, unit])[0]
            if len(hits) and not self.refuted[q]:
                self.refuted[q] = True
                outcome.points.append(points[hits[0]])

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


def proved_again(bounds: Bounds, layer: str, proof: BoxProof) -> list[bool]:
    """Which claims of a tree hold on every path of it, with every box bounded afresh."""
    cone = bounds.network.cone(layer)
    relu = [v.name for v in bounds.network.relu_layers if v.name in cone]
    low, high = bounds.domain.float_box
    ends = {v: (bounds.lower[v], bounds.upper[v]) for v in relu}
    claims = [(unit, 1 if side == "up" else -1) for unit, side in proof.claims]
    margin = clearance(bounds, layer)
    failed = np.zeros(len(claims), dtype=bool)
    waiting = [(proof.tree, low, high, ends, np.ones(len(claims), dtype=bool))]
    while waiting:
        batch, waiting = waiting[-_BATCH:], waiting[:-_BATCH]
        boxes = Boxes(
            np.arange(len(batch)), np.array([b[1] for b in batch]), np.array([b[2] for b in batch]),
            {v: np.array([b[3][v][0] for b in batch]) for v in relu},
            {v: np.array([b[3][v][1] for b in batch]) for v in relu},
        )  # fmt: skip
        for name in relu:
            tighten(bounds, name, boxes)
        proved = np.zeros((len(batch), len(claims)), dtype=bool)
        for sign in (1, -1):
            asked = [(k, q) for k, box in enumerate(batch) for q in box[0].proved if claims[q][1] == sign]
            places, which = (np.array([pair[side] for pair in asked], dtype=np.int64) for side in (0, 1))
            rows = np.array([claims[q][0] for _, q in asked], dtype=np.int64)
            own = Boxes(places, boxes.low, boxes.high, boxes.lower, boxes.upper)
            proved[places, which] = bounds.backward(layer, rows, float(sign), cases=own).upper <= -0.5 * margin
        for k, (tree, low, high, _, pending) in enumerate(batch):
            left = pending & ~proved[k]
            if tree.split is None or not left.any():
                failed |= left
                continue
            here = {v: (boxes.lower[v][k], boxes.upper[v][k]) for v in relu}
            below, above = high.copy(), low.copy()
            below[tree.split.input] = min(high[tree.split.input], tree.split.at)
            above[tree.split.input] = max(low[tree.split.input], tree.split.at)
            waiting += [(tree.split.low, low, below, here, left), (tree.split.high, above, high, here, left)]
    return [not bad for bad in failed]


def tighten(bounds: Bounds, name: str, boxes: Boxes) -> None:
    """Backward bounds, on each box, of the units of `name` that are unstable there; `boxes` is changed in place."""
    lower, upper = boxes.lower[name], boxes.upper[name]
    places, rows = np.nonzero((lower < 0) & (upper > 0))
    if not len(places):
        return
    own = Boxes(places, boxes.low, boxes.high, boxes.lower, boxes.upper)
    up = bounds.backward(name, rows, 1.0, cases=own).upper
    down = -bounds.backward(name, rows, -1.0, cases=own).upper
    upper[places, rows] = np.minimum(upper[places, rows], up)
    lower[places, rows] = np.maximum(lower[places, rows], down)


def midpoint(low: float, high: float) -> float:
    """A number of few digits near the middle: exact arithmetic on it stays cheap."""
    middle = 0.5 * low + 0.5 * high
    step = 2.0 ** np.floor(np.log2(high - low) - 4) if high > low and np.isfinite(high - low) else 0.0
    rounded = float(np.round(middle / step) * step) if step > 0 and np.isfinite(middle / step) else middle
    return rounded if low < rounded < high else middle


def _gap(lower: Floats, upper: Floats) -> Floats:
    """How far the lines of a relaxed unit are apart, about: 0 where it is stable."""
    slope, offset, _ = relaxation(lower, upper)
    reach = np.maximum(np.minimum(-lower, upper), 0.0)
    return np.asarray(0.5 * np.maximum(offset, slope * reach))
