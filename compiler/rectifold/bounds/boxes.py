"""Rows on boxes inside the domain: each is relaxed with the bounds that are proved on its own box.

    row k lies in box number index[k]; a box has ends of the inputs, and bounds of each relu layer

Sound because backward substitution with bounds that hold on a box gives bounds that hold there
(docs/mathematics.md#bounds-on-a-box).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.relaxation import Lines, PairPlanes, relaxation
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes, and the rows that lie in them; a relaxation of rows.

    `low` and `high` are boxes times inputs; `lower` and `upper` have, per relu layer, boxes times
    units.
    """

    index: Indices
    low: Floats
    high: Floats
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]

    def of(self, index: Indices) -> Boxes:
        """Other rows, in these boxes."""
        return replace(self, index=index)

    def bounds(self, name: str) -> Interval:
        """The bounds of a layer's pre-activations: boxes times units."""
        return Interval(self.lower[name], self.upper[name])

    def part(self, start: int, stop: int) -> Boxes:
        """The rows from `start` to before `stop`."""
        return self.of(self.index[start:stop])

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """The lines on each row's own box."""
        slope, offset, lower_slope = relaxation(self.bounds(name).columns(live))
        return slope[self.index], offset[self.index], lower_slope[self.index]

    def added(self, name: str, live: Indices) -> None:
        """Nothing is added on a box."""
        return None

    def multipliers(self) -> None:
        """Constraints of the domain are not used on a box."""
        return None

    def box(self) -> tuple[Floats, Floats]:
        """The ends of each row's box."""
        return self.low[self.index], self.high[self.index]

    def upper_planes(self, name: str, live: Indices) -> None:
        """Every unit has its line."""
        return None

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        """Each layer by itself."""
        return None


@dataclass(frozen=True, eq=False)
class SlopedBoxes(Boxes):
    """The same with lower slopes that each row chooses by itself.

    `alpha` has, per relu layer, rows times units; only those of units that are unstable on the
    row's box count.
    """

    alpha: Mapping[str, Floats]

    @staticmethod
    def on(boxes: Boxes, alpha: Mapping[str, Floats]) -> SlopedBoxes:
        """The rows of these boxes, with their slopes. Pairs of layers are not replaced together."""
        return SlopedBoxes(boxes.index, boxes.low, boxes.high, boxes.lower, boxes.upper, alpha)

    def part(self, start: int, stop: int) -> SlopedBoxes:
        """The rows from `start` to before `stop`."""
        alpha = {name: own[start:stop] for name, own in self.alpha.items()}
        return replace(self, index=self.index[start:stop], alpha=alpha)

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """The lines on each row's own box, with its own lower slopes."""
        slope, offset, lower_slope = super().slopes(name, live, lines)
        is_free = self.bounds(name).columns(live).straddles[self.index]
        own = np.clip(self.alpha[name][:, live], 0.0, 1.0)
        return slope, offset, np.where(is_free, own, lower_slope)
