"""The worst of several outputs, for many inputs: instead of the box, the phases of units are split, with all ends on every part and with paired units.

A part is the box with one more end known: z ≥ 0 or z ≤ 0 of a relu unit. The ends of the layers from there on are bounded afresh, so differences of pairs
shrink too. What splitting a unit brings is hard to foresee, so several units are tried on the worst part, by the gaps of their relaxations, and the one
whose worse half is best is taken. That is slow where many units are unstable; it is for pairs of networks that are close to each other on small boxes.
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
from rectifold.search.boxes.largest import Node, TightestSearch
from rectifold.search.boxes.tree import Ends, RelaxationCost, of_phase

_TRIED = 12  # units whose halves are bounded together before one is split,
_MOST = 60  # at most, as long as
_ENOUGH = 3e-3  # of the bound is not gained

Unit = tuple[str, int]


@dataclass(eq=False)
class _Part:
    """A part of the box, bounded, with the units that may be worth splitting."""

    place: int
    ends: Ends
    worst: int  # the output with the largest bound
    value: float
    units: list[Unit]

    def __lt__(self, other: _Part) -> bool:
        return self.value > other.value


class PhaseSearch(TightestSearch):
    """Best-first splitting of phases for max over the units of a linear layer."""

    def begin(self) -> None:
        super().begin()
        low, high = self.bounds.domain.float_box
        self.low, self.high = low, high
        self.groups = {name: k for k, group in enumerate(self.ends.groups) for name in group}
        boxes = self._boxes([self.ends.known()])
        self.ends.tighten(boxes)
        self.seconds = time.monotonic() - self.started  # for a box, at most
        self.boxes = 1
        self.parts = self._asked(boxes, np.zeros(1, dtype=np.int64), [0])
        self.unsplit = -np.inf  # the largest bound of a part that has no unit to split
        self._note()

    @property
    def is_complete(self) -> bool:
        return self._is_near(self._worst())

    def go_on(self, deadline: float, most_boxes: int = 10**9) -> None:
        while (
            self.parts
            and not self.is_complete
            and self.boxes < most_boxes
            and time.monotonic() < deadline
        ):
            affordable = int((deadline - time.monotonic()) / (2 * self.seconds + 1e-9))
            if not affordable:
                break
            part = heapq.heappop(self.parts)
            halves = self._split(part, affordable)
            for half in halves:
                heapq.heappush(self.parts, half)
            if not halves:
                self.unsplit = max(self.unsplit, part.value)
            self._note()

    def _worst(self) -> float:
        return max([self.unsplit, *(part.value for part in self.parts[:1])])

    def _note(self) -> None:
        self.history.append(
            (time.monotonic() - self.started, self.reached, max(self._worst(), self.reached))
        )

    def _boxes(self, ends: list[Ends]) -> Boxes:
        count = len(ends)
        return self.ends.boxes(
            np.repeat(self.low[None], count, axis=0),
            np.repeat(self.high[None], count, axis=0),
            ends,
        )

    def _split(self, part: _Part, affordable: int) -> list[_Part]:
        """The halves of a part at the unit whose worse half is best for the part's worst output, among as many units as there is time for."""
        best: tuple[tuple[float, float], Boxes, int, Unit] | None = None
        units = part.units[:affordable]
        for start in range(0, len(units), _TRIED):
            tried = units[start : start + _TRIED]
            boxes = self._boxes(
                [of_phase(part.ends, *unit, phase) for unit in tried for phase in (1, -1)]
            )
            self.ends.tighten(boxes, min(self.groups[name] for name, _ in tried))
            self.boxes += 2 * len(tried)
            rows = np.full(2 * len(tried), part.worst)
            upper = backward(
                self.bounds, self.layer, rows, 1.0, None, boxes.of(np.arange(len(rows)))
            ).upper
            halves = np.minimum(upper, part.value).reshape(-1, 2)
            k = int(np.lexsort((halves.sum(axis=1), halves.max(axis=1)))[0])
            score = float(halves[k].max()), float(halves[k].sum())
            if best is None or score < best[0]:
                best = score, boxes, k, tried[k]
            if best[0][0] < part.value - _ENOUGH * abs(part.value):
                break
        if best is None:
            return []
        _, boxes, k, unit = best
        node = self.nodes[part.place]
        node.split, node.halves = unit, (len(self.nodes), len(self.nodes) + 1)
        self.nodes += [Node(node.upper, np.full(len(self.units), np.inf)) for _ in range(2)]
        return self._asked(boxes, np.array([2 * k, 2 * k + 1]), list(node.halves))

    def _asked(self, boxes: Boxes, chosen: Indices, places: list[int]) -> list[_Part]:
        """Bound all outputs on some of the boxes, which belong to these places of the tree."""
        owners = np.repeat(chosen, len(self.units))
        gaps = RelaxationCost(boxes, owners)
        result = backward(
            self.bounds, self.layer, np.tile(self.units, len(chosen)), 1.0, gaps, boxes.of(owners)
        )
        upper = result.upper.reshape(len(chosen), -1)
        parts = []
        corners: list[Floats] = []
        for k, place in enumerate(places):
            node = self.nodes[place]
            node.own, node.upper = upper[k], np.minimum(node.upper, upper[k])
            worst = int(np.argmax(node.upper))
            row = k * len(self.units) + worst
            corners.append(np.where(result.coefficients[row] > 0, self.high, self.low))
            units = self._worth_trying({name: gap[row] for name, gap in gaps.gaps.items()})
            ends = self.ends.of_box(boxes, int(chosen[k]))
            parts.append(_Part(place, ends, worst, float(node.upper[worst]), units))
        self._learn(np.array(corners))
        return parts

    @staticmethod
    def _worth_trying(gaps: dict[str, Floats]) -> list[Unit]:
        found = [
            (float(gap[j]), name, int(j))
            for name, gap in gaps.items()
            for j in np.argsort(-gap)[:_MOST]
            if gap[j] > 0
        ]
        return [(name, j) for _, name, j in sorted(found, reverse=True)[:_MOST]]
