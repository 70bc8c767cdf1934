"""A relation of two points of one network, by the slopes that occur between them.

    monotone x[0] y[0]     every slope of y_0 on x_0 is at least 0
    lipschitz L            every row of slopes has |g_1| + … + |g_n| ≤ L

    points whose slopes are the worst → steps from there, exactly → boxes and cells → steps again

Sound because a step is judged by exact arithmetic, and a proof by the checker. It is complete for
conditions on single steps of few inputs but for time: a cell on which one fails has such a step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from rectifold.bounds.slopes import slopes_at
from rectifold.bounds.threads import threads_for
from rectifold.certificate.slopes import CellCounter, SlopeTree
from rectifold.effort.search import PointEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network
from rectifold.ir.property import Unsafe
from rectifold.ir.steps_apart import StepClaims
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.search.boxes.slopes import SlopeSearch

Pair = list[Fraction]
"""(x, s) of a part of a property of a network beside itself."""


class SlopeStage:
    """The claims of one part, the points at which they may fail, and the search for a proof."""

    def __init__(self, claims: StepClaims, run: Run, deadline: float) -> None:
        self.claims, self.run, self.deadline = claims, run, deadline
        self.effort = run.effort.properties

    @staticmethod
    def of(
        network: Network, part: Unsafe, margins: Sequence[Fraction], run: Run, deadline: float
    ) -> SlopeStage | None:
        """None where a case has no condition on a step alone."""
        claims = StepClaims.of(network, part, margins)
        return None if claims is None else SlopeStage(claims, run, deadline)

    def suspects(self) -> Iterator[Pair]:
        """Pairs that may be unsafe: from points at which slopes are the worst, in rounds."""
        random = np.random.default_rng(self.run.seed)
        low, high = self.claims.box.float_box
        spread, effort = 1.0, self.effort
        best, count = np.zeros((0, len(low))), self._points_at_once()
        for _ in range(effort.slope_rounds):
            points = _around(best, low, high, spread, random, count)
            slopes = slopes_at(self.claims.rows, points)
            least = self.claims.least(slopes, slopes)
            order = np.argsort(least, axis=0, kind="stable")[: effort.slope_starts]
            best, spread = points[np.unique(order)], spread * effort.slope_shrinking
        for point in best:
            yield from self.steps_from(self.claims.box.clamp(point.tolist()))

    def _points_at_once(self) -> int:
        """As many as asked for, but fewer for large networks."""
        rows = self.claims.rows
        widest = max(rows.input_size, *(v.size for v in rows.layers))
        most = PointEffort.values_at_once // (widest * rows.output_size)
        return max(1, min(self.effort.slope_points, most))

    def steps_from(self, point: list[Fraction]) -> Iterator[Pair]:
        """Steps from a point, and to it, along which some left side falls the most."""
        at = np.array([[float(v) for v in point]])
        slopes = slopes_at(self.claims.rows, at)[0] + self.claims.on_steps
        for step in self._worst_steps(slopes):
            exact = [Fraction(v) for v in step.tolist()]
            for _ in range(self.effort.step_halvings):
                yield [*point, *exact]
                yield [*(a - s for a, s in zip(point, exact, strict=True)), *exact]
                exact = [s / 2 for s in exact]

    def _worst_steps(self, slopes: Floats) -> Iterator[Floats]:
        """Per condition the step that makes its left side least; on the box, and for each largest
        step.
        """
        low, high = self.claims.steps
        for slope in slopes:
            yield np.where(slope > 0, low, high)
            for k in self.claims.largest:
                step = np.clip(-np.sign(slope) * high[k], low, high)
                step[k] = high[k]
                yield step

    def prove(self) -> tuple[SlopeTree | None, list[list[Fraction]]]:
        """The tree, if every claim is proved; and points near which one may fail."""
        until = time.monotonic() + self.effort.share_of_slopes * time_left(self.deadline)
        counter = CellCounter(self.claims, self.effort.most_cells)
        with threads_for(self.claims.network):
            found = SlopeSearch(self.claims, self.effort, counter).run(until)
        tree = SlopeTree(self.claims.chosen, found.tree) if found.proved else None
        return tree, found.near


def _around(
    best: Floats, low: Floats, high: Floats, spread: float, random: np.random.Generator, count: int
) -> Floats:
    """Points of the box: anywhere at first, then near the best."""
    uniform = random.random((count, len(low)))
    if not len(best):
        return np.asarray(low + (high - low) * uniform)
    centres = best[random.integers(len(best), size=count)]
    return np.vstack([best, np.clip(centres + (high - low) * spread * (uniform - 0.5), low, high)])
