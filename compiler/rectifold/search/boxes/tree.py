"""The parts into which a search has split the domain, and the boxes that still wait.

    0   x_2 ≤ 1/4 or x_2 ≥ 1/4            a node: what is known there, and how it was cut
    ├─ 1   z ≥ 0 or z ≤ 0 of a unit
    └─ 2                                  a leaf: bounded, or still an open box

Three searches share it: for signs, for the largest value by boxes, and by phases of units. Each
keeps its own kind of knowledge at a node. Sound because both parts of a cut cover what is cut
(docs/mathematics.md#a-tree-of-boxes); whoever reads a tree bounds its boxes again (`again`, and the
checker).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, assert_never

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxSplit, BoxTree, CaseProof, UnitSplit

UnitBounds = dict[str, tuple[Floats, Floats]]
"""Lower and upper bounds of pre-activations, by relu layer, and of differences by pair of layers
(`bounds_on_boxes.PAIR` and the name of the first one)."""
Known = TypeVar("Known")
"""What a search knows at a node."""


@dataclass(frozen=True)
class InputCut:
    """The halves x ≤ at and x ≥ at of a box, where x is the input of this number."""

    input: int
    at: float


@dataclass(frozen=True)
class UnitCut:
    """The parts z ≥ 0 and z ≤ 0 of a box, where z is the pre-activation of a relu unit."""

    layer: str
    unit: int


@dataclass(frozen=True, eq=False)
class Box:
    """A box inside the domain, with bounds that were proved on it or on a box around it."""

    low: Floats
    high: Floats
    bounds: UnitBounds

    def cut(self, number: int) -> InputCut | None:
        """Through the middle of an input; None where no float lies between its ends."""
        low, high = float(self.low[number]), float(self.high[number])
        at = midpoint(low, high)
        return InputCut(number, at) if low < at < high else None

    def halves(self, cut: InputCut, bounds: UnitBounds) -> tuple[Box, Box]:
        """Both halves, with `bounds` proved on this box. A cut beside the box leaves one empty."""
        below, above = self.high.copy(), self.low.copy()
        below[cut.input] = min(self.high[cut.input], cut.at)
        above[cut.input] = max(self.low[cut.input], cut.at)
        return Box(self.low, below, bounds), Box(above, self.high, bounds)


@dataclass(frozen=True, eq=False)
class OpenBox:
    """A box that waits to be bounded, and its place in the tree."""

    place: int
    box: Box


@dataclass(eq=False)
class Node(Generic[Known]):
    """What is known on a part of the domain; once it is cut, the places of its two parts."""

    known: Known
    cut: InputCut | UnitCut | None = None
    parts: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, eq=False)
class Work(Generic[Known]):
    """Open boxes that another process goes on with, and what is known on each; picklable."""

    boxes: Sequence[OpenBox]
    known: Sequence[Known]


class SplitTree(Generic[Known]):
    """Nodes by place. A tree of the whole domain has its root at place 0."""

    def __init__(self, roots: Sequence[Known]) -> None:
        self.nodes = [Node(known) for known in roots]

    def split(
        self, place: int, cut: InputCut | UnitCut, first: Known, second: Known
    ) -> tuple[int, int]:
        """Cut the node at `place`, and what is known on its parts; their places."""
        node = self.nodes[place]
        node.cut, node.parts = cut, (len(self.nodes), len(self.nodes) + 1)
        self.nodes += [Node(first), Node(second)]
        return node.parts

    # ---- several processes ----------------------------------------------------------------------

    def deal(self, boxes: Sequence[OpenBox], parts: int) -> list[Work[Known]]:
        """The boxes dealt out like cards, to `parts` processes or as many as there are boxes."""
        hands = [boxes[k::parts] for k in range(min(parts, len(boxes)))]
        return [Work(hand, [self.nodes[v.place].known for v in hand]) for hand in hands]

    @staticmethod
    def resume(work: Work[Known]) -> tuple[SplitTree[Known], list[OpenBox]]:
        """Trees whose roots are these boxes, and the boxes: number k is at place k."""
        return SplitTree(work.known), [OpenBox(k, v.box) for k, v in enumerate(work.boxes)]

    def graft(
        self, work: Work[Known], grown: SplitTree[Known], waiting: Sequence[OpenBox]
    ) -> list[OpenBox]:
        """Put what grew from these boxes in their places; the boxes that wait there, placed
        here.
        """
        roots = [v.place for v in work.boxes]
        offset = len(self.nodes) - len(roots)

        def moved(place: int) -> int:
            return roots[place] if place < len(roots) else place + offset

        for place, node in enumerate(grown.nodes):
            one, other = node.parts
            parts = node.parts if node.cut is None else (moved(one), moved(other))
            own = replace(node, parts=parts)
            if place < len(roots):
                self.nodes[roots[place]] = own
            else:
                self.nodes.append(own)
        return [replace(v, place=moved(v.place)) for v in waiting]

    # ---- what is written down -------------------------------------------------------------------

    def proof(
        self,
        claims: int,
        proved_on: Callable[[Known], Mask],
        cases_on: Callable[[Known], Mapping[int, CaseProof]] = lambda known: {},
    ) -> BoxTree:
        """Each of so many claims where it first holds; cuts that none of them needs are left out.

        `proved_on` says which claims hold where this is known, `cases_on` which of them by cases.
        """

        def proof(place: int, pending: Mask) -> BoxTree:
            node = self.nodes[place]
            here = pending & proved_on(node.known)
            left = pending & ~here
            proved = tuple(np.nonzero(here)[0].tolist())
            cases = {k: own for k, own in cases_on(node.known).items() if k in proved}
            if node.cut is None or not left.any():
                return BoxTree(proved, cases=cases)
            one, other = (proof(part, left) for part in node.parts)
            return BoxTree(proved, _split(node.cut, one, other), cases=cases)

        return proof(0, np.ones(claims, dtype=bool))


def _split(cut: InputCut | UnitCut, one: BoxTree, other: BoxTree) -> BoxSplit | UnitSplit:
    match cut:
        case InputCut(number, at):
            return BoxSplit(number, at, one, other)
        case UnitCut(layer, unit):
            return UnitSplit(layer, unit, one, other)
        case _:
            assert_never(cut)


def midpoint(low: float, high: float) -> float:
    """A number of few digits near the middle: exact arithmetic on it stays cheap."""
    middle = 0.5 * low + 0.5 * high
    if not (high > low and np.isfinite(high - low)):
        return middle
    step = 2.0 ** np.floor(np.log2(high - low) - 4)
    if not (step > 0 and np.isfinite(middle / step)):
        return middle
    rounded = float(np.round(middle / step) * step)
    return rounded if low < rounded < high else middle
