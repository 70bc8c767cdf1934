"""Adam on the slopes and multipliers of a batch of nodes, in floats: hints that a rigorous pass evaluates.

The gradient is the relaxed network evaluated at the corner that attains the bound:
∂/∂α_j = min(C_j, 0)·z_j,  ∂/∂β_j = ± z_j,  ∂/∂γ = g − G x.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.search.phases.hulls import Above, Heights
from rectifold.search.phases.problem import Batch, PhaseProblem
from rectifold.search.phases.skeleton import Hints

_LOOKED_AT = 8  # units whose cases are bounded before one of them is split
_NOTHING = 1e-30  # keeps a quotient finite
_LITTLE = 1e-9  # keeps scores of free units above 0
_STEPS = 24  # gradient steps for a first node, and
_CHILD_STEPS = 8  # for one that starts from its parent's slopes
_CONSTRAINED = (
    4  # times as many where the domain has linear constraints: their multipliers start from 0
)
_RATES = (
    (0.3, 0.15),
    (0.1, 0.05),
)  # of α and of β and γ: for a first node, and for one that starts from its parent's
_LEVEL_RATES = (0.1, 0.05)  # of the planes' levels


@dataclass(eq=False)
class Descent:
    """Adam on α, β and γ of one batch of nodes; α stays in [0, 1], β and γ ≥ 0. β moves on the scale of the coefficients it is added to."""

    problem: PhaseProblem
    rows: Indices
    alpha: Hints
    beta: Hints
    phase: Hints
    gamma: Hints
    levels: Hints
    slope: Hints
    offset: Hints
    above: Above | None = field(
        init=False, default=None
    )  # the planes that the last `_backward` took

    @staticmethod
    def of(
        problem: PhaseProblem,
        rows: Indices,
        alpha: Hints,
        beta: Hints,
        phase: Hints,
        gamma: Hints,
        levels: Hints,
    ) -> Descent:
        skeleton = problem.skeleton
        exact = (phase > 0).astype(skeleton.dtype)
        free = phase == 0
        slope, offset = np.where(free, skeleton.slope, exact), free * skeleton.offset
        alpha, beta = np.where(free, alpha, exact), beta * np.abs(phase)
        return Descent(problem, rows, alpha, beta, phase, gamma, levels, slope, offset)

    def with_one_more(self, rows: Indices, units: Indices, phases: Hints) -> Descent:
        """These rows, and in each one more unit fixed."""
        parts = (
            self.alpha,
            self.beta,
            self.phase,
            self.gamma,
            self.levels,
            self.slope,
            self.offset,
        )
        child = Descent(self.problem, self.rows[rows], *(v[rows] for v in parts))
        here, active = np.arange(len(rows)), (phases > 0).astype(self.alpha.dtype)
        child.phase[here, units], child.offset[here, units] = phases, 0
        child.slope[here, units], child.alpha[here, units] = active, active
        return child

    def run(self, first: bool, rates: Hints, goal: float, *, is_split_next: bool) -> Batch:
        steps = (_STEPS if first else _CHILD_STEPS) * (
            _CONSTRAINED if len(self.problem.ends) else 1
        )
        count = len(self.alpha)
        best = np.full(count, np.inf, dtype=self.alpha.dtype)
        kept = [v.copy() for v in self._chosen()]
        moments = [(np.zeros_like(v), np.zeros_like(v)) for v in kept]
        corners = middles = np.zeros((count, len(self.problem.middle)), dtype=best.dtype)
        for step in range(1, steps + 1):
            value, corners, c = self._backward()
            weight = 1.0 / (step + 1 - steps // 3) if step > steps // 3 else 1.0
            middles = (
                corners
                if step == 1
                else middles + self.alpha.dtype.type(weight) * (corners - middles)
            )
            better = value < best
            best = np.where(better, value, best)
            for mine, now in zip(kept, self._chosen(), strict=True):
                mine[better] = now[better]
            if step == steps or bool((best < goal).all()):
                break
            self._move(step, rates, first, corners, c, moments)
        self.alpha, self.beta, self.gamma, self.levels = kept
        if self.problem.first is not None:
            self.levels = self.problem.first.rounded(self.levels)
        _, corners, c = self._backward()
        scores = self._scores(middles, c)
        if is_split_next:
            scores = self._looked_ahead(scores, best, np.nonzero(best > goal)[0])
        return Batch(
            best, self.alpha, self.beta, self.gamma, corners, middles, scores, c, self.levels
        )

    def _chosen(self) -> tuple[Hints, ...]:
        """What the descent moves."""
        return self.alpha, self.beta, self.gamma, self.levels

    def _looked_ahead(self, scores: Hints, value: Hints, failing: Indices) -> Hints:
        """The best of a few units by the bounds of both their cases, before any descent there (the product of the gains)."""
        count = min(_LOOKED_AT, scores.shape[1])
        if not len(failing) or count < 2:
            return scores
        units = np.argpartition(-scores[failing], count - 1, axis=1)[:, :count]
        rows, flat = np.repeat(failing, 2 * count), np.repeat(units.ravel(), 2)
        sides = np.tile(np.array([1, -1], dtype=scores.dtype), len(failing) * count)
        after = self.with_one_more(rows, flat, sides)._backward()[0].reshape(len(failing), count, 2)
        before = value[failing][:, None, None]
        gains = np.maximum(before - after, _LITTLE * np.abs(before)).prod(axis=2)
        free = np.take_along_axis(scores[failing], units, axis=1) > 0
        result = np.full_like(scores, -1)
        result[failing[:, None], units] = np.where(free, gains + _NOTHING, -1)
        return result

    def _backward(self) -> tuple[Hints, Hints, Hints]:
        """(bound, its corner, coefficients on the activations)."""
        skeleton, rows = self.problem.skeleton, self.rows
        sign = skeleton.dtype.type(self.problem.sign)
        c = sign * skeleton.target_inner[rows]
        on_z = np.empty_like(c)
        total = sign * skeleton.target_bias[rows]
        pushed = self.phase * self.beta
        for part in reversed(skeleton.frame.slices.values()):
            here = c[:, part]
            positive = np.maximum(here, 0)
            if part.start == 0 and self.problem.first is not None:
                under = np.where(self.offset[:, part] > 0, positive, 0)
                self.above = self.problem.first.above(under, self.levels)
                total += self.above.constants
                here, positive = here - under, positive - under
            total += np.einsum("kj,kj->k", positive, self.offset[:, part])
            relaxed = (
                positive * self.slope[:, part]
                + (here - positive) * self.alpha[:, part]
                + pushed[:, part]
            )
            on_z[:, part] = relaxed
            if part.start:
                c[:, : part.start] += relaxed @ skeleton.inner[part, : part.start]
        total += on_z @ skeleton.bias
        x = sign * skeleton.target_outer[rows] + on_z @ skeleton.outer
        if self.above is not None:
            x = x + self.above.coefficients
        if len(self.problem.ends):
            x = x - self.gamma @ self.problem.rows
            total += self.gamma @ self.problem.ends
        total += x @ self.problem.middle + np.abs(x) @ self.problem.radius
        return total, np.where(x > 0, skeleton.high, skeleton.low), c

    def _relaxed(self, points: Hints, c: Hints, heights: Heights | None) -> Hints:
        """Pre-activations at `points` when every activation takes the value that the bound gives it."""
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

    def _move(
        self, step: int, rates: Hints, is_first: bool, corners: Hints, c: Hints, moments: list[tuple[Hints, Hints]]
    ) -> None:  # fmt: skip
        heights = None if self.above is None else self.above.at(corners)
        z = self._relaxed(corners, c, heights)
        dtype = z.dtype.type
        gradients = [np.where(self.phase == 0, np.minimum(c, 0) * z, 0), self.phase * z]
        if len(self.problem.ends):
            gradients.append(self.problem.ends - corners @ self.problem.rows.T)
        else:
            gradients.append(np.zeros_like(self.gamma))
        gradients.append(np.zeros_like(self.levels) if heights is None else heights.gradient)
        moves = []
        for g, (first, second) in zip(gradients, moments, strict=True):
            first += dtype(0.1) * (g - first)
            second += dtype(0.01) * (g * g - second)
            root = np.sqrt(second) * dtype((1 - 0.9**step) / np.sqrt(1 - 0.99**step)) + dtype(
                _NOTHING
            )
            moves.append(first / root)
        alpha_rate, beta_rate = (dtype(size * 0.95**step) * rates for size in _RATES[not is_first])
        self.alpha = np.clip(self.alpha - alpha_rate * moves[0], 0, 1)
        largest = np.abs(c).max(axis=1, initial=0.0)[:, None]
        self.beta = np.maximum(self.beta - beta_rate * largest * moves[1], 0)
        if len(self.problem.ends):
            outer = np.abs(self.problem.skeleton.target_outer[self.rows]).max(axis=1, initial=0.0)[
                :, None
            ]
            self.gamma = np.maximum(self.gamma - beta_rate * (outer + largest) * moves[2], 0)
        self.levels = self.levels - dtype(_LEVEL_RATES[not is_first] * 0.95**step) * moves[3]

    def _scores(self, middles: Hints, c: Hints) -> Hints:
        """How much a unit's relaxation adds to the bound; fixed units score -1.

        The geometric mean of |C| times the gap of its lines at worst, and at the relaxation's optimum (about `middles`):
        measured on 256×4 either alone took a fifth more nodes.
        """
        skeleton = self.problem.skeleton
        heights = None if self.above is None else self.above.at(middles)
        z = self._relaxed(middles, c, heights)
        after = np.maximum(z, 0)
        reach = np.maximum(np.minimum(-skeleton.lower, skeleton.upper), 0)
        worst = np.where(c > 0, c * self.offset, -c * (reach / 2) * self.slope)
        upper = self.slope * z + self.offset
        if heights is not None and self.problem.first is not None:
            part = self.problem.first.part
            upper[:, part] = np.where(heights.used, heights.values, upper[:, part])
        here = np.where(c > 0, c * (upper - after), -c * (after - self.alpha * z))
        scores = np.sqrt((np.maximum(here, 0) + _LITTLE) * (worst + _LITTLE))
        return np.asarray(np.where((self.phase == 0) & ~np.isnan(scores), scores, -1))
