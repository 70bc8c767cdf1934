"""Adam on the slopes and multipliers of a batch of nodes, in floats: hints, not bounds.

The gradient is the relaxed network evaluated at the corner that attains the bound. With c the
coefficients on the activations and z the pre-activations there, G x ≤ g the domain's constraints,

    ∂/∂α_j = min(c_j, 0) z_j        ∂/∂β_j = ± z_j        ∂/∂γ = g − G x

(docs/mathematics.md#cases-by-phase). What the descent ends with is bounded rigorously by
whoever asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.effort.search import PhaseEffort
from rectifold.exact.entries import Indices
from rectifold.search.phases.problem import NodeBounds
from rectifold.search.phases.relaxed import Relaxed, RelaxedBound
from rectifold.search.phases.skeleton import Hints


@dataclass(eq=False)
class Descent:
    """α stays in [0, 1], β and γ stay ≥ 0. β and γ move on the scale of what they are added to.

    `is_first`: some node starts without a parent's slopes, so steps are longer and more of them.
    `rates`: per row, a factor of the step sizes.
    """

    relaxed: Relaxed
    is_first: bool
    rates: Hints

    def __post_init__(self) -> None:
        self.moments = [(np.zeros_like(v), np.zeros_like(v)) for v in self.relaxed.movable]

    def run(self, target_bound: float, *, is_split_next: bool) -> NodeBounds:
        """The best bounds on the way, until all rows are below the target or the steps are over.

        `is_split_next`: the scores look ahead at both cases of a few units.
        """
        relaxed, steps = self.relaxed, self._steps()
        best = np.full(len(relaxed.alpha), np.inf, dtype=relaxed.alpha.dtype)
        kept = [v.copy() for v in relaxed.movable]
        middles = np.zeros((len(best), len(relaxed.problem.middle)), dtype=best.dtype)
        for step in range(1, steps + 1):
            bound = relaxed.bound()
            middles = _mean(middles, bound.corners, step, steps)
            better = bound.value < best
            best = np.where(better, bound.value, best)
            for mine, now in zip(kept, relaxed.movable, strict=True):
                mine[better] = now[better]
            if step == steps or bool((best < target_bound).all()):
                break
            self._move(step, bound)
        relaxed.alpha, relaxed.beta, relaxed.gamma, relaxed.levels = kept
        if relaxed.problem.first is not None:
            relaxed.levels = relaxed.problem.first.rounded(relaxed.levels)
        last = relaxed.bound()
        scores = relaxed.scores(middles, last)
        if is_split_next:
            scores = self._look_ahead(scores, best, np.nonzero(best > target_bound)[0])
        return NodeBounds(best, *relaxed.movable, last.corners, middles, scores, last.coefficients)

    def _steps(self) -> int:
        effort = self.relaxed.problem.effort
        steps = effort.steps if self.is_first else effort.child_steps
        return steps * (effort.constrained if len(self.relaxed.problem.limits) else 1)

    def _look_ahead(self, scores: Hints, value: Hints, failing: Indices) -> Hints:
        """Scores of the best few units by the bounds of both their cases: the gains' product.

        Before any descent there, and for the rows `failing` only.
        """
        count = min(self.relaxed.problem.effort.looked_at, scores.shape[1])
        if not len(failing) or count < 2:
            return scores
        units = np.argpartition(-scores[failing], count - 1, axis=1)[:, :count]
        rows, flat = np.repeat(failing, 2 * count), np.repeat(units.ravel(), 2)
        phases = np.tile(np.array([1, -1], dtype=scores.dtype), len(failing) * count)
        cases = self.relaxed.with_one_more(rows, flat, phases).bound().value
        after = cases.reshape(len(failing), count, 2)
        before = value[failing][:, None, None]
        gains = np.maximum(before - after, PhaseEffort.least_gain * np.abs(before)).prod(axis=2)
        free = np.take_along_axis(scores[failing], units, axis=1) > 0
        result = np.full_like(scores, -1)
        result[failing[:, None], units] = np.where(free, gains + PhaseEffort.least_divisor, -1)
        return result

    def _move(self, step: int, bound: RelaxedBound) -> None:
        """One step of Adam: against the gradient, and back into the ranges."""
        relaxed, problem, c = self.relaxed, self.relaxed.problem, bound.coefficients
        moves = [self._adam(step, k, gradient) for k, gradient in enumerate(self._gradients(bound))]
        relaxed.alpha = np.clip(
            relaxed.alpha - self._rate(step, problem.effort.slope_rates) * moves[0], 0, 1
        )
        rate = self._rate(step, problem.effort.multiplier_rates)
        largest = np.abs(c).max(axis=1, initial=0.0)[:, None]
        relaxed.beta = np.maximum(relaxed.beta - rate * largest * moves[1], 0)
        if len(problem.limits):
            targets = np.abs(problem.skeleton.target_outer[relaxed.queries])
            outer = targets.max(axis=1, initial=0.0)[:, None]
            relaxed.gamma = np.maximum(relaxed.gamma - rate * (outer + largest) * moves[2], 0)
        level_rate = self._size(step, problem.effort.level_rates)
        relaxed.levels = relaxed.levels - c.dtype.type(level_rate) * moves[3]

    def _gradients(self, bound: RelaxedBound) -> tuple[Hints, Hints, Hints, Hints]:
        """By α, β, γ and the levels of planes, at the corners."""
        relaxed, problem, c = self.relaxed, self.relaxed.problem, bound.coefficients
        heights = None if bound.above is None else bound.above.at(bound.corners)
        z = relaxed.pre_activations(bound.corners, c, heights)
        by_alpha = np.where(relaxed.phase == 0, np.minimum(c, 0) * z, 0)
        by_gamma = np.zeros_like(relaxed.gamma)
        if len(problem.limits):
            by_gamma = problem.limits - bound.corners @ problem.rows.T
        by_levels = np.zeros_like(relaxed.levels) if heights is None else heights.gradient
        return by_alpha, relaxed.phase * z, by_gamma, by_levels

    def _adam(self, step: int, k: int, gradient: Hints) -> Hints:
        """The direction to move in: the mean gradient over the root of the mean square."""
        dtype = self.relaxed.alpha.dtype.type
        first, second = self.moments[k]
        first += dtype(0.1) * (gradient - first)
        second += dtype(0.01) * (gradient * gradient - second)
        unbiased = dtype((1 - 0.9**step) / np.sqrt(1 - 0.99**step))
        return np.asarray(first / (np.sqrt(second) * unbiased + dtype(PhaseEffort.least_divisor)))

    def _rate(self, step: int, sizes: tuple[float, float]) -> Hints:
        """Per row; `sizes` as in `_size`."""
        return np.asarray(self.relaxed.alpha.dtype.type(self._size(step, sizes)) * self.rates)

    def _size(self, step: int, sizes: tuple[float, float]) -> float:
        """How far a step goes: `sizes` for a first node, and for one with a parent's slopes."""
        first, later = sizes
        return float((first if self.is_first else later) * 0.95**step)


def _mean(middles: Hints, corners: Hints, step: int, steps: int) -> Hints:
    """The mean of the corners since the first third of the steps; until then the last corner.

    It tends to the relaxation's optimum.
    """
    if step == 1:
        return corners
    weight = 1.0 / (step + 1 - steps // 3) if step > steps // 3 else 1.0
    return np.asarray(middles + corners.dtype.type(weight) * (corners - middles))
