"""Rows on sub-boxes of the domain, each relaxed with the ends on its own box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rectifold.bounds.relaxation import Lines, PairPlanes, relaxation
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices


@dataclass(frozen=True, eq=False)
class Boxes:
    """Rows on sub-boxes of the domain: row k lies in box index[k], with proven ends of the pre-activations on that box."""

    index: Indices
    low: Floats  # boxes × inputs
    high: Floats
    lower: Mapping[str, Floats]  # per relu layer, boxes × units
    upper: Mapping[str, Floats]

    def part(self, start: int, stop: int) -> Boxes:
        return self.of(self.index[start:stop])

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        slope, offset, lower_slope = relaxation(
            self.lower[name][:, live], self.upper[name][:, live]
        )
        return slope[self.index], offset[self.index], lower_slope[self.index]

    def added(self, name: str, live: Indices) -> None:
        return None

    def multipliers(self) -> None:
        return None

    def box(self) -> tuple[Floats, Floats]:
        return self.low[self.index], self.high[self.index]

    def upper_planes(self, name: str, live: Indices) -> None:
        return None

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        return None

    def of(self, index: Indices) -> Boxes:
        """Rows in these boxes."""
        return replace(self, index=index)
