"""A tree of boxes that was written down is bounded again; only what comes out counts.

    (tree, box, claims still open)  →  the claims that hold there, and both parts for the others

Sound because every box is bounded afresh, and the parts of a cut cover what is cut. It takes as
long as the search did, less the boxes that the search needed for what it did not prove.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.boxes import Boxes, SlopedBoxes
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.effort.search import BoxEffort
from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxProof, BoxTree, UnitSplit
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes, clearance, with_phase
from rectifold.search.boxes.lower_slopes import slopes_of
from rectifold.search.boxes.signs import Query
from rectifold.search.boxes.tree import Box, InputCut, UnitBounds


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A part of the tree, the box that it is about, and which claims are open there."""

    tree: BoxTree
    box: Box
    open: Mask


def prove_again(
    bounds: Bounds,
    layer: str,
    proof: BoxProof,
    queries: Sequence[Sequence[Query]] | None = None,
    batch_size: int = BoxEffort().batch,
) -> list[bool]:
    """Which claims of a tree hold on every path of it.

    `queries`: the alternatives of each claim, one of which must hold at the node that names it;
    without it, the claim alone.
    """
    claims = queries or [[(unit, side.sign)] for unit, side in proof.claims]
    on_boxes = BoundsOnBoxes(bounds, layer)
    failed = np.zeros(len(claims), dtype=bool)
    waiting = [_Waiting(proof.tree, on_boxes.domain_box(), ~failed)]
    while waiting:
        batch, waiting = waiting[-batch_size:], waiting[:-batch_size]
        boxes = on_boxes.tightened([v.box for v in batch])
        proved = _proved_on(bounds, layer, boxes, [v.tree for v in batch], claims)
        for k, one in enumerate(batch):
            left = one.open & ~proved[k]
            if one.tree.split is None or not left.any():
                failed |= left
            else:
                waiting += _parts(one, on_boxes.of_box(boxes, k), left)
    return [not bad for bad in failed]


def _proved_on(
    bounds: Bounds,
    layer: str,
    boxes: Boxes,
    trees: Sequence[BoxTree],
    claims: Sequence[Sequence[Query]],
) -> Mask:
    """Boxes × claims: those that the box's node names, and that hold on the box."""
    proved = np.zeros((len(trees), len(claims)), dtype=bool)
    least = 0.5 * clearance(bounds, layer)  # less than a search asks: batches round otherwise
    named = [(number, claim) for number, tree in enumerate(trees) for claim in tree.proved]
    sizes = {name: own.shape[1] for name, own in boxes.lower.items()}
    for sign in (1, -1):
        for by_cases in (False, True):
            asked = [
                (number, claim, unit)
                for number, claim in named
                for unit, s in claims[claim]
                if s == sign and (claim in trees[number].cases) == by_cases
            ]
            numbers, which, units = np.array(asked, dtype=np.int64).reshape(len(asked), 3).T
            own = boxes.of(numbers)
            if by_cases:
                proofs = [trees[number].cases[claim] for number, claim, _ in asked]
                own = SlopedBoxes.on(own, slopes_of(proofs, sizes))
            upper = backward(bounds, layer, units, float(sign), cases=own).upper
            holds = upper <= -least
            proved[numbers[holds], which[holds]] = True
    return proved


def _parts(whole: _Waiting, bounds: UnitBounds, left: Mask) -> Iterator[_Waiting]:
    """Both parts of a box at the tree's split, with `bounds` proved on the box."""
    split, box = whole.tree.split, whole.box
    assert split is not None
    if isinstance(split, UnitSplit):
        for phase, tree in ((1, split.active), (-1, split.inactive)):
            known = with_phase(bounds, split.layer, split.unit, phase)
            yield _Waiting(tree, Box(box.low, box.high, known), left)
        return
    halves = box.halves(InputCut(split.input, split.at), bounds)
    for tree, half in zip((split.low, split.high), halves, strict=True):
        yield _Waiting(tree, half, left)
