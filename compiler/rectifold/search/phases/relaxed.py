"""A batch of nodes as relaxed networks in floats: bounds, what attains them, what moves them.

Row k asks about one unit of a layer where the phases of some units are fixed. Its bound goes
backward. With c the coefficient on an activation h = relu(z), s z + t the line above it and α the
slope below it,

    free unit        c h  ≤  max(c, 0) (s z + t) + min(c, 0) α z       0 ≤ α ≤ 1
    fixed active     h = z,  and  + β z is added, for z ≥ 0            β ≥ 0
    fixed inactive   h = 0,  and  − β z is added, for z ≤ 0
    constraints      + γ (g − G x), for G x ≤ g                        γ ≥ 0

and ends at a corner of the box. Any α, β, γ give a true bound, but floats round here: these are
hints that `bounding.evaluate` repeats rigorously.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.effort.search import PhaseEffort
from rectifold.exact.entries import Indices
from rectifold.search.phases.hulls import Above, Heights
from rectifold.search.phases.problem import Node, PhaseProblem
from rectifold.search.phases.skeleton import Hints


@dataclass(frozen=True, eq=False)
class RelaxedBound:
    """Per row a bound, the corner that attains it, and the coefficients on the activations.

    `above`: the planes that were taken for units of the first layer, if there are any.
    """

    value: Hints
    corners: Hints
    coefficients: Hints
    above: Above | None


@dataclass(eq=False)
class Relaxed:
    """Rows of a batch, with everything that their bounds depend on: arrays rows × units.

    `alpha`, `beta`, `gamma` and `levels` (of the planes) may move, within their ranges.
    """

    problem: PhaseProblem
    queries: Indices
    alpha: Hints
    beta: Hints
    phase: Hints
    gamma: Hints
    levels: Hints
    slope: Hints
    offset: Hints

    @staticmethod
    def of(problem: PhaseProblem, nodes: Sequence[Node]) -> Relaxed:
        """One row for each node, from the slopes and multipliers that the node starts with."""
        queries = np.array([n.query for n in nodes], dtype=np.int64)
        alpha, beta = np.array([n.alpha for n in nodes]), np.array([n.beta for n in nodes])
        phase = np.array([n.phase for n in nodes])
        gamma, levels = np.array([n.gamma for n in nodes]), np.array([n.levels for n in nodes])
        skeleton = problem.skeleton
        exact = (phase > 0).astype(skeleton.dtype)
        free = phase == 0
        slope, offset = np.where(free, skeleton.slope, exact), free * skeleton.offset
        alpha, beta = np.where(free, alpha, exact), beta * np.abs(phase)
        return Relaxed(problem, queries, alpha, beta, phase, gamma, levels, slope, offset)

    @property
    def movable(self) -> tuple[Hints, Hints, Hints, Hints]:
        """α, β, γ and the levels of planes."""
        return self.alpha, self.beta, self.gamma, self.levels

    def with_one_more(self, rows: Indices, units: Indices, phases: Hints) -> Relaxed:
        """These rows, and in each one more unit fixed."""
        parts = (*self.movable[:2], self.phase, *self.movable[2:], self.slope, self.offset)
        child = Relaxed(self.problem, self.queries[rows], *(v[rows] for v in parts))
        here, active = np.arange(len(rows)), (phases > 0).astype(self.alpha.dtype)
        child.phase[here, units], child.offset[here, units] = phases, 0
        child.slope[here, units], child.alpha[here, units] = active, active
        return child

    def bound(self) -> RelaxedBound:
        """The bound of every row, by backward substitution to the inputs."""
        problem, skeleton = self.problem, self.problem.skeleton
        sign = skeleton.dtype.type(problem.sign)
        c = sign * skeleton.target_inner[self.queries]
        on_z = np.empty_like(c)
        total = sign * skeleton.target_bias[self.queries]
        pushed = self.phase * self.beta
        above = None
        for part in reversed(skeleton.frame.slices.values()):
            here = c[:, part]
            positive = np.maximum(here, 0)
            if part.start == 0 and problem.first is not None:
                under = np.where(self.offset[:, part] > 0, positive, 0)
                above = problem.first.above(under, self.levels)
                total += above.constants
                here, positive = here - under, positive - under
            total += np.einsum("kj,kj->k", positive, self.offset[:, part])
            on_lines = positive * self.slope[:, part] + (here - positive) * self.alpha[:, part]
            relaxed = on_lines + pushed[:, part]
            on_z[:, part] = relaxed
            if part.start:
                c[:, : part.start] += relaxed @ skeleton.inner[part, : part.start]
        total += on_z @ skeleton.bias
        x = sign * skeleton.target_outer[self.queries] + on_z @ skeleton.outer
        return self._at_corners(total, x, c, above)

    def _at_corners(self, total: Hints, x: Hints, c: Hints, above: Above | None) -> RelaxedBound:
        """The bound `total` + `x` · input, with what planes and constraints add, on the box."""
        problem, skeleton = self.problem, self.problem.skeleton
        if above is not None:
            x = x + above.coefficients
        if len(problem.limits):
            x = x - self.gamma @ problem.rows
            total += self.gamma @ problem.limits
        total += x @ problem.middle + np.abs(x) @ problem.radius
        return RelaxedBound(total, np.where(x > 0, skeleton.high, skeleton.low), c, above)

    def pre_activations(self, points: Hints, c: Hints, heights: Heights | None) -> Hints:
        """At `points`, where every activation takes the value that the bound gives it.

        `c` are the coefficients on the activations: units with a positive one lie on their upper
        line or, where there are `heights`, on their plane.
        """
        skeleton = self.problem.skeleton
        z = points @ skeleton.outer.T + skeleton.bias
        after = np.empty_like(z)
        for part in skeleton.frame.slices.values():
            if part.start:
                z[:, part] += after[:, : part.start] @ skeleton.inner[part, : part.start].T
            here = z[:, part]
            upper_line: Hints = self.slope[:, part] * here + self.offset[:, part]
            if part.start == 0 and heights is not None:
                upper_line = np.where(heights.used, heights.values, upper_line)
            after[:, part] = np.where(c[:, part] > 0, upper_line, self.alpha[:, part] * here)
        return z

    def scores(self, middles: Hints, bound: RelaxedBound) -> Hints:
        """How much each unit's relaxation adds to the bound; fixed units score -1.

        The geometric mean of |c| times the gap of its lines at worst, and of the same at the
        relaxation's optimum, about `middles` (docs/mathematics.md#scores-of-units).
        """
        skeleton, c = self.problem.skeleton, bound.coefficients
        heights = None if bound.above is None else bound.above.at(middles)
        z = self.pre_activations(middles, c, heights)
        after = np.maximum(z, 0)
        magnitude = np.maximum(np.minimum(-skeleton.lower, skeleton.upper), 0)
        worst = np.where(c > 0, c * self.offset, -c * (magnitude / 2) * self.slope)
        upper = self.slope * z + self.offset
        if heights is not None and self.problem.first is not None:
            part = self.problem.first.part
            upper[:, part] = np.where(heights.used, heights.values, upper[:, part])
        here = np.where(c > 0, c * (upper - after), -c * (after - self.alpha * z))
        least = PhaseEffort.least_score
        scores = np.sqrt((np.maximum(here, 0) + least) * (worst + least))
        return np.asarray(np.where((self.phase == 0) & ~np.isnan(scores), scores, -1))
