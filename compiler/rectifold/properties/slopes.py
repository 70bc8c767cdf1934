"""A relation of two points of one network, by the slopes that occur between them.

    monotone x[0] y[0]     every slope of y_0 on x_0 is at least 0
    lipschitz L            every row of slopes has |g_1| + … + |g_n| ≤ L

    points whose slopes are the worst → steps from there, exactly → boxes and cells → steps again

Sound because a step is judged by exact arithmetic, and a proof by the checker. It is complete for
conditions on single steps of few inputs but for time: a cell on which one fails has such a step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rectifold.bounds.floats import float_constraints
from rectifold.bounds.slopes import least_left_sides, slopes_at, values_at
from rectifold.bounds.threads import threads_for
from rectifold.certificate.slopes import CellCounter, SlopeTree
from rectifold.effort.search import PointEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
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
        """None where a case has no condition on a step alone, or the box is none of floats."""
        claims = StepClaims.of(network, part, margins)
        if claims is None or not _has_float_sides(claims.box):
            return None
        return SlopeStage(claims, run, deadline)

    def suspects(self) -> list[Pair]:
        """Pairs that may be unsafe, from points at which slopes are the worst, found in rounds."""
        random, effort = np.random.default_rng(self.run.seed), self.effort
        low, high = self.claims.box.float_box
        best, spread, count = np.zeros((0, len(low))), 1.0, self._points_at_once()
        for _ in range(effort.slope_rounds):
            points = _around(best, low, high, spread, random, count)
            slopes = slopes_at(self.claims.rows, points)
            least = least_left_sides(self.claims, slopes, slopes)
            order = np.argsort(least, axis=0, kind="stable")[: effort.slope_starts]
            best, spread = points[np.unique(order)], spread * effort.slope_shrinking
        return self.pairs_from(best)

    def pairs_from(self, points: Floats) -> list[Pair]:
        """Steps from points, and to them, along which some left side falls the most; of each also
        shorter ones. Those are answered that seem to fall too far, at most a few.
        """
        steps = self._worst_steps(slopes_at(self.claims.rows, points) + self.claims.on_steps)
        starts = np.repeat(points, len(steps) // len(points), axis=0)
        shorter = 0.5 ** np.arange(self.effort.step_halvings)
        s = (shorter[:, None, None] * steps).reshape(-1, points.shape[1])
        x = np.tile(starts, (len(shorter), 1))
        return self._likely(np.vstack([x, x - s]), np.vstack([s, s]))

    def _worst_steps(self, slopes: Floats) -> Floats:
        """For each point and condition the step that makes its left side least: in the box of the
        steps, and for each largest step. Rows: all those of the first point, then the next.
        """
        low, high = self.claims.steps
        found = [np.where(slopes > 0, low, high)]
        for k in self.claims.largest:
            step = np.clip(-np.sign(slopes) * high[k], low, high)
            step[:, :, k] = high[k]
            found.append(step)
        return np.concatenate(found, axis=1).reshape(-1, len(low))

    def _likely(self, x: Floats, s: Floats) -> list[Pair]:
        """The pairs of the box that seem to meet a condition, by floats, the clearest first."""
        low, high = self.claims.box.float_box
        inside = ((x >= low) & (x <= high) & (x + s >= low) & (x + s <= high)).all(axis=1)
        rules = float_constraints(self.claims.part.domain)
        inside &= (np.hstack([x, s]) @ rules.rows.T <= rules.ends).all(axis=1)
        x, s = x[inside], s[inside]
        rows = self.claims.rows
        before, after = (values_at(rows, points)[rows.output] for points in (x, x + s))
        left = after - before + s @ self.claims.on_steps.T - self.claims.needed
        worst = left.min(axis=1)
        order = np.argsort(worst, kind="stable")[: self.effort.slope_exact]
        chosen = [k for k in order.tolist() if worst[k] <= 0]
        steps = [[Fraction(v) for v in s[k].tolist()] for k in chosen]
        return [
            [*self.claims.box.clamp(x[k].tolist()), *step]
            for k, step in zip(chosen, steps, strict=True)
        ]

    def _points_at_once(self) -> int:
        """As many as asked for, but fewer for large networks."""
        rows = self.claims.rows
        widest = max(rows.input_size, *(v.size for v in rows.layers))
        most = PointEffort.values_at_once // (widest * rows.output_size)
        return max(1, min(self.effort.slope_points, most))

    def prove(self) -> tuple[SlopeTree | None, list[Pair]]:
        """The tree, if every claim is proved; and pairs near where one may fail."""
        until = time.monotonic() + self.effort.share_of_slopes * time_left(self.deadline)
        counter = CellCounter(self.claims, self.effort.most_cells)
        with threads_for(self.claims.network):
            found = SlopeSearch(self.claims, self.effort, counter).run(until)
        if found.proved:
            return SlopeTree(self.claims.chosen, found.tree), []
        near = np.array([[float(v) for v in point] for point in found.near])
        return None, self.pairs_from(near) if len(near) else []


def _has_float_sides(box: Domain) -> bool:
    """Are all ends of the box, and the sums and differences of two, floats that are finite?"""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(4 * np.abs(np.array(box.float_box))).all())


def _around(
    best: Floats, low: Floats, high: Floats, spread: float, random: np.random.Generator, count: int
) -> Floats:
    """Points of the box: anywhere at first, then near the best."""
    uniform = random.random((count, len(low)))
    if not len(best):
        return np.asarray(low + (high - low) * uniform)
    centres = best[random.integers(len(best), size=count)]
    return np.vstack([best, np.clip(centres + (high - low) * spread * (uniform - 0.5), low, high)])
