"""Rows as leaves of a tree of cases: phases that are fixed, slopes and multipliers that are chosen.

    where z >= 0:  relu(z) = z, and b z may be added;     where z <= 0:  relu(z) = 0, and -b z

Sound because b >= 0, so what is added is nonnegative in the row's own case
(docs/mathematics.md#cases-by-phase).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.relaxation import Lines, PlaneChoice
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import Hull, Leaf, Path, SlopeUnits


@dataclass(frozen=True, eq=False)
class Cases:
    """Rows that choose their own relaxation of the units of a frame; a relaxation of rows.

    Arrays are rows times the frame's units: lower slopes `alpha` in [0, 1], phases (1, -1, or 0
    for none) and multipliers `beta` >= 0 of those that are fixed. `gamma` has one per row and
    linear constraint of the domain; `hulls` the planes above the frame's first layer, per row.
    """

    frame: SlopeUnits
    alpha: Floats
    beta: Floats
    phase: Floats
    gamma: Floats | None = None
    hulls: Sequence[Hull | None] = ()

    def part(self, start: int, stop: int) -> Cases:
        """The rows from `start` to before `stop`."""
        gamma = None if self.gamma is None else self.gamma[start:stop]
        rows = slice(start, stop)
        return Cases(
            self.frame, self.alpha[rows], self.beta[rows], self.phase[rows], gamma, self.hulls[rows]
        )

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """The lines per row: its own lower slopes, and z or 0 itself where a phase is fixed."""
        if name not in self.frame.units:
            return lines
        part, places = self.frame.slices[name], np.searchsorted(live, self.frame.units[name])
        phase = self.phase[:, part]
        exact = (phase > 0).astype(np.float64)
        slope, offset, lower_slope = (
            np.repeat(line[None, :], len(phase), axis=0) for line in lines
        )
        slope[:, places] = np.where(phase == 0, slope[:, places], exact)
        offset[:, places] = np.where(phase == 0, offset[:, places], 0.0)
        lower_slope[:, places] = np.where(phase == 0, np.clip(self.alpha[:, part], 0.0, 1.0), exact)
        return slope, offset, lower_slope

    def added(self, name: str, live: Indices) -> Floats | None:
        """What fixed phases add to the coefficients on z: beta where z >= 0, -beta where z <= 0."""
        if name not in self.frame.units or not self.phase.any():
            return None
        part = self.frame.slices[name]
        result = np.zeros((len(self.phase), len(live)))
        result[:, np.searchsorted(live, self.frame.units[name])] = self.phase[:, part] * np.maximum(
            self.beta[:, part], 0.0
        )
        return result

    def multipliers(self) -> Floats | None:
        """Per row, of the domain's linear constraints."""
        return None if self.gamma is None else np.maximum(self.gamma, 0.0)

    def box(self) -> None:
        """Every row is about the whole domain."""
        return None

    def upper_planes(self, name: str, live: Indices) -> PlaneChoice | None:
        """The planes of rows that have some, for units whose phase is not fixed."""
        if name != self.frame.first or all(hull is None for hull in self.hulls):
            return None
        units = self.frame.units[name]
        has_one = np.array([hull is not None for hull in self.hulls])
        used = (self.phase[:, self.frame.slices[name]] == 0) & has_one[:, None]
        return PlaneChoice(units, np.searchsorted(live, units), used, self.hulls)

    def pair_planes(self, first: str, second: str, live: Indices, c: Floats, k: Floats) -> None:
        """Each layer by itself."""
        return None


def cases_of(frame: SlopeUnits, leaves: Sequence[tuple[Path, Leaf]]) -> Cases:
    """The leaves of a tree over the frame, with the paths that lead to them, as rows."""
    where = {
        (name, int(u)): k
        for k, (name, u) in enumerate((n, u) for n, units in frame.units.items() for u in units)
    }
    shape = (len(leaves), frame.size)
    beta, phase = np.zeros(shape), np.zeros(shape)
    for row, (path, leaf) in enumerate(leaves):
        for number, (layer, unit, sign) in enumerate(path):
            phase[row, where[layer, unit]] = sign
            beta[row, where[layer, unit]] = leaf.beta[number] if leaf.beta else 0.0
    alpha = np.array([leaf.alpha for _, leaf in leaves], dtype=np.float64).reshape(shape)
    gamma = (
        np.array([leaf.gamma for _, leaf in leaves], dtype=np.float64)
        if leaves and leaves[0][1].gamma
        else None
    )
    return Cases(frame, alpha, beta, phase, gamma, [leaf.hull for _, leaf in leaves])
