"""The worst of several outputs, for many inputs: the phases of units are split, not the box.

    part: the box, and z ≥ 0 or z ≤ 0 of some relu units   →   bounds of all units after these

The bounds of the layers from a split on are found afresh, so differences of paired units shrink
too. What a split brings is hard to foresee: several units are tried on the worst part, those whose
relaxations cost most, and the one whose worse half is best is taken. That is slow where many units
are unstable; it is for pairs of networks that are close to each other on small boxes.

Sound because the two phases of a unit cover the part, and each half is bounded rigorously.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.search.boxes.bounds_on_boxes import with_phase
from rectifold.search.boxes.influence import RelaxationCost
from rectifold.search.boxes.largest import LargestSearch
from rectifold.search.boxes.tree import Box, UnitBounds, UnitCut


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of the box, bounded, with the units that may be worth splitting."""

    place: int
    bounds: UnitBounds
    worst: int  # the output with the largest bound
    value: float
    units: list[UnitCut]

    def __lt__(self, other: _Part) -> bool:
        return self.value > other.value


@dataclass(frozen=True, eq=False)
class _Tried:
    """The halves of a part at one unit: boxes `numbers` of `boxes`, and how good they are.

    `score`: the bound of the worse half, then the sum of both; the smaller is the better.
    """

    unit: UnitCut
    score: tuple[float, float]
    boxes: Boxes
    numbers: Indices


class PhaseSearch(LargestSearch):
    """Best-first splitting of phases for the largest of the units of a linear layer."""

    def begin(self) -> None:
        """The whole box is bounded, and waits."""
        super().begin()
        self.low, self.high = self.bounds.domain.float_box
        groups = enumerate(self.on_boxes.groups)
        self.group_of = {name: number for number, group in groups for name in group}
        boxes = self.on_boxes.tightened([self.on_boxes.domain_box()])
        self.seconds_per_box = time.monotonic() - self.started  # at most
        self.boxes = 1
        self.parts = self._bound(boxes, np.zeros(1, dtype=np.int64), (0,))
        self.unsplit = -np.inf  # the largest bound of a part that has no unit to split
        self._note()

    def worst_bound(self) -> float:
        return max([self.unsplit, *(part.value for part in self.parts[:1])])

    def go_on(self, deadline: float, most_boxes: int = 10**9) -> None:
        while self.parts and not self.is_complete and self.boxes < most_boxes:
            seconds = deadline - time.monotonic()
            affordable = int(seconds / (2 * self.seconds_per_box + 1e-9))
            if seconds <= 0 or not affordable:
                break
            part = heapq.heappop(self.parts)
            halves = self._split(part, affordable)
            for half in halves:
                heapq.heappush(self.parts, half)
            if not halves:
                self.unsplit = max(self.unsplit, part.value)
            self._note()

    def _split(self, part: _Part, affordable: int) -> list[_Part]:
        """The halves of a part at the best unit, among as many as there is time for."""
        best: _Tried | None = None
        units, size = part.units[:affordable], self.effort.units_tried
        for start in range(0, len(units), size):
            tried = self._try(part, units[start : start + size])
            if best is None or tried.score < best.score:
                best = tried
            if best.score[0] < part.value - self.effort.enough * abs(part.value):
                break
        if best is None:
            return []
        unbounded = self._unbounded(part.place)
        places = self.tree.split(part.place, best.unit, unbounded, unbounded)
        return self._bound(best.boxes, best.numbers, places)

    def _try(self, part: _Part, units: list[UnitCut]) -> _Tried:
        """Split at each of the units; the one whose worse half is best for the worst output."""
        halves = [
            Box(self.low, self.high, with_phase(part.bounds, v.layer, v.unit, phase))
            for v in units
            for phase in (1, -1)
        ]
        boxes = self.on_boxes.tightened(halves, min(self.group_of[v.layer] for v in units))
        self.boxes += len(halves)
        outputs, own = np.full(len(halves), part.worst), boxes.of(np.arange(len(halves)))
        upper = backward(self.bounds, self.layer, outputs, 1.0, cases=own).upper
        pairs = np.minimum(upper, part.value).reshape(-1, 2)
        k = int(np.lexsort((pairs.sum(axis=1), pairs.max(axis=1)))[0])
        score = float(pairs[k].max()), float(pairs[k].sum())
        return _Tried(units[k], score, boxes, np.array([2 * k, 2 * k + 1]))

    def _bound(self, boxes: Boxes, numbers: Indices, places: tuple[int, ...]) -> list[_Part]:
        """Bound all outputs on some of the boxes, which belong to these places of the tree."""
        owners, outputs = np.repeat(numbers, len(self.units)), np.tile(self.units, len(numbers))
        cost = RelaxationCost(boxes, owners)
        found = backward(self.bounds, self.layer, outputs, 1.0, cost, boxes.of(owners))
        upper = found.upper.reshape(len(numbers), -1)
        parts: list[_Part] = []
        corners: list[Floats] = []
        for k, place in enumerate(places):
            best = self._store(place, upper[k]).best
            worst = int(np.argmax(best))
            row = k * len(self.units) + worst
            corners.append(np.where(found.coefficients[row] > 0, self.high, self.low))
            costs = {name: added[row] for name, added in cost.added.items()}
            units = _costliest(costs, self.effort.most_units)
            bounds = self.on_boxes.of_box(boxes, int(numbers[k]))
            parts.append(_Part(place, bounds, worst, float(best[worst]), units))
        self._learn(np.array(corners))
        return parts


def _costliest(costs: dict[str, Floats], most: int) -> list[UnitCut]:
    """The units whose relaxations add most to a bound, `costs` by layer; the costliest first."""
    found = [
        (float(cost[unit]), name, int(unit))
        for name, cost in costs.items()
        for unit in np.argsort(-cost)[:most]
        if cost[unit] > 0
    ]
    return [UnitCut(name, unit) for _, name, unit in sorted(found, reverse=True)[:most]]
