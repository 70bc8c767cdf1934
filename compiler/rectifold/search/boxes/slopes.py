"""Conditions on a step by slopes: the box is halved until every slope that occurs will do.

    bound the units, then the slopes, on many boxes at once
    a condition that is never met by steps in a box is left out there
    few units of open sign  →  the box's cells, counted by the checker      else  →  both halves

Sound because a certificate replays the tree; nothing is claimed before. A box or cell on which all
signs are known and a condition may be met ends the search: there is a step that meets it, perhaps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from rectifold.bounds.agreed import MAX_TREE_DEPTH
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.slopes import SlopeBounds, least_left_sides, slopes_on_boxes
from rectifold.bounds.substitution import bounded
from rectifold.effort.properties import PropertyEffort
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxSplit, BoxTree
from rectifold.ir.steps_apart import StepClaims
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.tree import Box, InputCut

Corners = list[list[Fraction]]
"""Of a cell, the coordinates of each; of a box, its lower and its upper ends."""
Cut = Callable[[Corners, Sequence[int], float], "int | Corners | None"]
"""Counts the cells of a box on each of which these claims hold, before some time (monotonic
seconds): the corners of a cell on which one does not, None where there was no time."""


@dataclass(eq=False)
class _Node:
    """A box, `low` and `high` exactly, and the claims that are open on it; later what was found."""

    box: Box
    low: list[Fraction]
    high: list[Fraction]
    open: Mask
    depth: int = 0
    proved: tuple[int, ...] = ()
    cut: InputCut | None = None
    halves: tuple[_Node, _Node] | None = None
    cells: int | None = None

    def tree(self) -> BoxTree:
        if self.halves is None or self.cut is None:
            return BoxTree(self.proved, None, self.cells)
        one, other = (half.tree() for half in self.halves)
        return BoxTree(self.proved, BoxSplit(self.cut.input, self.cut.at, one, other))


@dataclass(eq=False)
class SlopesFound:
    """`proved`: every claim, by `tree`. `near`: points in whose neighbourhood one may fail."""

    proved: bool = False
    tree: BoxTree = field(default_factory=lambda: BoxTree(()))
    near: list[list[Fraction]] = field(default_factory=list)
    boxes: int = 0


class SlopeSearch:
    """One tree of boxes for all claims."""

    def __init__(self, claims: StepClaims, effort: PropertyEffort, cut: Cut) -> None:
        self.claims, self.effort, self.cut = claims, effort, cut
        self.layer = claims.rows.output
        self.on_boxes = BoundsOnBoxes(bounded(claims.rows, claims.box, {}), self.layer)
        ends = (claims.box.lower, claims.box.upper)
        low, high = ([v for v in side if v is not None] for side in ends)
        everything = np.ones(len(claims.chosen), dtype=bool)
        self.root = _Node(self.on_boxes.domain_box(), low, high, everything)
        self.waiting = [self.root]
        self.found = SlopesFound()
        self.cell_units = effort.cell_units

    def run(self, deadline: float) -> SlopesFound:
        """Until every claim is proved, one may fail, or `deadline` (monotonic seconds) passes."""
        found = self.found
        while self.waiting and not found.near and time.monotonic() < deadline:
            size = self.effort.slope_batch
            batch, self.waiting = self.waiting[-size:], self.waiting[:-size]
            self._bound(batch, deadline)
        found.proved = not self.waiting and not found.near
        if found.proved:
            found.tree = self.root.tree()
        return found

    def _bound(self, batch: list[_Node], deadline: float) -> None:
        """What holds on these boxes; their halves wait."""
        self.found.boxes += len(batch)
        bounded_on = BoxBatch(self.on_boxes, self.layer, [node.box for node in batch])
        slopes = slopes_on_boxes(self.on_boxes.bounds, self.layer, bounded_on.boxes)
        holds = least_left_sides(self.claims, slopes.lower, slopes.upper) >= self.claims.needed
        inputs = bounded_on.input_to_halve(self._influence(slopes, bounded_on))
        for k, node in enumerate(batch):
            node.proved = tuple(np.nonzero(node.open & holds[k])[0].tolist())
            left = node.open & ~holds[k]
            if left.any() and not self._by_cells(node, left, self._open_units(slopes, k), deadline):
                self._halve(node, left, int(inputs[k]), bounded_on.boxes, k)

    def _influence(self, slopes: SlopeBounds, batch: BoxBatch) -> Floats:
        """Of each input on what the units of open sign add: boxes × inputs."""
        influence = np.zeros(batch.boxes.low.shape)
        for name, width in slopes.width.items():
            influence += np.einsum("ku,kuj->kj", width, batch.fractions[name])
        return influence

    def _open_units(self, slopes: SlopeBounds, k: int) -> int:
        """Relu units of open sign that slopes on box number k depend on."""
        return sum(int((width[k] > 0).sum()) for width in slopes.width.values())

    def _by_cells(self, node: _Node, left: Mask, units: int, deadline: float) -> bool:
        """Is the box settled, by its cells or because a claim may fail there?"""
        if units > self.cell_units:
            return False
        now = time.monotonic()
        until = now + self.effort.share_of_cells * (deadline - now)
        claims = np.nonzero(left)[0].tolist()
        found = self.cut([node.low, node.high], claims, until)
        match found:
            case int():
                node.cells = found
            case None if not units:
                self.found.near.append(_mean([node.low, node.high]))
            case None:
                self.cell_units = int(self.effort.fewer_units * units)
                return False
            case corners:
                self.found.near.append(_mean(corners))
        return True

    def _halve(self, node: _Node, left: Mask, number: int, boxes: Boxes, k: int) -> None:
        cut = node.box.cut(number) if node.depth < MAX_TREE_DEPTH else None
        if cut is None:
            self.found.near.append(_mean([node.low, node.high]))
            return
        at = Fraction(cut.at)
        below, above = node.box.halves(cut, self.on_boxes.of_box(boxes, k))
        high, low = list(node.high), list(node.low)
        high[number], low[number] = min(high[number], at), max(low[number], at)
        deeper = node.depth + 1
        halves = (
            _Node(below, node.low, high, left, deeper),
            _Node(above, low, node.high, left, deeper),
        )
        node.cut, node.halves = cut, halves
        self.waiting += halves


def _mean(points: Corners) -> list[Fraction]:
    """The middle of some points."""
    return [sum(values, Fraction(0)) / len(points) for values in zip(*points, strict=True)]
