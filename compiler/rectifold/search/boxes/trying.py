"""Which input of a box to halve, by trying: both halves along every input are bounded.

    box  →  n pairs of halves  →  the pair whose open queries miss least, together

It costs 2n boxes for one, and pays where a box costs its checker much more than the search: the
trees are half to a tenth as large (docs/decisions/0070-slopes-on-boxes.md). It only steers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.effort.search import BoxEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.search.boxes.influence import BoxBatch
from rectifold.search.boxes.tree import Box

Alternatives = Sequence[Sequence[tuple[int, int]]]
"""Per query, (unit, sign) of each of its alternatives."""


@dataclass(frozen=True, eq=False)
class _Halves:
    """Both halves of boxes along inputs: number `owners[k]` along `inputs[k]`, lower ones first."""

    boxes: list[Box]
    owners: list[int]
    inputs: list[int]


def inputs_by_trying(
    bounded: BoxBatch, boxes: Sequence[Box], open_on: Mask, queries: Alternatives, effort: BoxEffort
) -> Indices:
    """Per box of the batch, the input along which the halves are best; -1 where nothing is open.

    `open_on`: boxes × queries. An input between whose ends no float lies is not tried.
    """
    halves = _halves(bounded, boxes, open_on)
    misses = np.zeros(len(halves.boxes))
    for start in range(0, len(misses), effort.batch):
        part = slice(start, start + effort.batch)
        own = BoxBatch(bounded.on_boxes, bounded.layer, halves.boxes[part])
        misses[part] = _missing(own, open_on[halves.owners[part]], queries, effort)
    best = np.full(len(boxes), np.inf)
    chosen = np.full(len(boxes), -1, dtype=np.int64)
    for k in range(0, len(misses), 2):
        owner, both = halves.owners[k], misses[k] + misses[k + 1]
        if both < best[owner]:
            best[owner], chosen[owner] = both, halves.inputs[k]
    return chosen


def _halves(bounded: BoxBatch, boxes: Sequence[Box], open_on: Mask) -> _Halves:
    found = _Halves([], [], [])
    for k in np.nonzero(open_on.any(axis=1))[0].tolist():
        known = bounded.on_boxes.of_box(bounded.boxes, k)
        for number in range(len(boxes[k].low)):
            if (cut := boxes[k].cut(number)) is not None:
                found.boxes.extend(boxes[k].halves(cut, known))
                found.owners.extend((k, k))
                found.inputs.extend((number, number))
    return found


def _missing(own: BoxBatch, open_on: Mask, queries: Alternatives, effort: BoxEffort) -> Floats:
    """Per box, by how much its open queries miss 0, together: each by its best alternative."""
    least = np.full(open_on.shape, np.inf)
    for query, alternatives in enumerate(queries):
        numbers = np.nonzero(open_on[:, query])[0]
        for unit, sign in alternatives if len(numbers) else ():
            units = np.full(len(numbers), unit, dtype=np.int64)
            upper = own.ask_with_slopes(numbers, units, sign, effort).upper
            least[numbers, query] = np.minimum(least[numbers, query], upper)
    return np.asarray(np.where(open_on, np.maximum(least, 0.0), 0.0).sum(axis=1))
