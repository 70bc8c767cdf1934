"""Points that show a unit on one side of zero, with a rigorous error bound.

    z = 0.31 ± 2e-15   →   certainly positive          z = 1e-16 ± 2e-15   →   nothing is certain

A float point stands for the exact point `domain.clamp(point)`; where an end of the box is no float
the two may differ by an ulp, which enters as an error of the input. Sound because the error goes
along the layers, each sum's rounding included (docs/mathematics.md#points-in-floats).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.rounding import TINY, gamma
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.ir.domain import Domain
from rectifold.ir.sampling import sampling_box


@dataclass(frozen=True, eq=False)
class Traced:
    """Pre-activations of a batch of points: layer → (k×m values, k×m error bounds)."""

    values: dict[str, Floats]
    errors: dict[str, Floats]

    def signs(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """(certainly positive, certainly negative), each k×m."""
        z, e = self.values[layer], self.errors[layer]
        return z > e, z < -e


class Witnesses:
    """A pool of points of the domain, and certain signs at them."""

    def __init__(self, bounds: Bounds, seed: int, start: list[Floats]) -> None:
        self.bounds = bounds
        self.random = np.random.default_rng(seed)
        self.low, self.high = sampling_box(bounds.domain)
        self.points = np.zeros((0, len(self.low)))
        self.points = self.admitted(np.array(start).reshape(len(start), len(self.low)))

    def fresh(self, count: int) -> Floats:
        """`count` points: half uniform, half corners."""
        uniform = self.low + (self.high - self.low) * self.random.random(
            (count - count // 2, len(self.low))
        )
        corners = np.where(
            self.random.random((count // 2, len(self.low))) < 0.5, self.low, self.high
        )
        return self.admitted(np.vstack([uniform, corners]))

    def clipped(self, points: Floats) -> Floats:
        """Into the box that points are drawn from."""
        return np.asarray(np.clip(points, self.low, self.high))

    def admitted(self, points: Floats) -> Floats:
        """Points of the domain: clipped into the box.

        Where there are linear constraints, points are moved towards one that keeps them, and only
        those that then keep them exactly are answered.
        """
        clipped = self.clipped(points)
        domain = self.bounds.domain
        if not domain.constraints:
            return clipped
        moved = self.clipped(self._draw_in(clipped))
        kept = [k for k, p in enumerate(moved) if domain.contains(domain.clamp(p.tolist()))]
        return np.asarray(moved[kept])

    def _draw_in(self, points: Floats) -> Floats:
        """Points that break a constraint, moved towards the pool's first point until they do not.

        As floats see it. A point that keeps all of them stays what it is, to the last bit.
        """
        rows = self.bounds.constraints
        if not len(self.points):
            return points
        centre = self.points[0]
        room, excess = rows.ends - rows.rows @ centre, (points - centre) @ rows.rows.T
        with np.errstate(divide="ignore", invalid="ignore"):
            allowed = np.where(excess > room, np.maximum(room, 0.0) / excess, 1.0)
        fraction = allowed.min(axis=1, initial=1.0)
        fraction = np.where(fraction < 1.0, fraction * (1.0 - 2.0**-40), fraction)
        moved = centre + fraction[:, None] * (points - centre)
        return np.where(fraction[:, None] < 1.0, moved, points)

    def add(self, points: Floats, keep: int) -> None:
        """Keep the last `keep` of these for later layers."""
        self.points = np.vstack([self.points, points[:keep]])

    def corners(self, coefficients: Floats) -> Floats:
        """The maximising corner of each affine form."""
        return self.admitted(np.where(coefficients > 0, self.high, self.low))

    def trace(self, points: Floats, upto: str) -> Traced:
        """Values and error bounds of `upto`, and of every layer that it depends on."""
        domain, network = self.bounds.domain, self.bounds.network
        needed = {*network.cone(upto), upto}
        values: dict[str, Floats] = {}
        errors: dict[str, Floats] = {}
        after: dict[str, tuple[Floats, Floats]] = {
            network.input_name: (points, _input_error(domain, points))
        }
        for layer in network.layers:
            if layer.name not in needed:
                continue
            with np.errstate(over="ignore", invalid="ignore"):  # such values get an infinite error
                z, e = _affine(self.bounds.floats[layer.name], after)
            values[layer.name], errors[layer.name] = z, e
            after[layer.name] = (np.maximum(z, 0.0), e) if layer.is_relu else (z, e)
            if layer.name == upto:
                break
        return Traced(values, errors)

    def ascend(
        self, layer: str, units: Indices, sign: float, start: Floats, steps: int, scale: float = 0.5
    ) -> Floats:
        """From start[k], climb sign·z of units[k] by projected sign gradients.

        The best point of each climb. `scale`: the first step, as part of the box's width.
        """
        points, best = start.copy(), start.copy()
        best_value = np.full(len(units), -np.inf)
        width = self.high - self.low
        rows = np.arange(len(units))
        for step in range(steps):
            values = self.trace(points, layer).values
            reached = sign * values[layer][rows, units]
            better = reached > best_value
            best[better], best_value[better] = points[better], reached[better]
            with np.errstate(over="ignore", invalid="ignore"):  # a gradient is only a hint
                gradient = np.nan_to_num(self._gradient(layer, units, sign, values))
            points = np.clip(
                points + np.sign(gradient) * width * scale * 0.5 ** (step // 3), self.low, self.high
            )
        return self.admitted(best)

    def _gradient(
        self, layer: str, units: Indices, sign: float, values: dict[str, Floats]
    ) -> Floats:
        network = self.bounds.network
        floats = self.bounds.floats
        flow: dict[str, Floats] = {u: sign * w[units] for u, w in floats[layer].weights.items()}
        for passed in reversed(network.layers):
            g = flow.pop(passed.name, None)
            if g is None:
                continue
            if passed.is_relu:
                g = g * (values[passed.name] > 0)
            for source, weight in floats[passed.name].weights.items():
                flow[source] = flow[source] + g @ weight if source in flow else g @ weight
        return flow.get(network.input_name, np.zeros((len(units), network.input_size)))


def _input_error(domain: Domain, points: Floats) -> Floats:
    if domain.is_float_box:
        return np.zeros_like(points)
    with np.errstate(over="ignore"):  # at the largest float: such an error is infinite
        return np.asarray(np.spacing(np.abs(points)) + TINY)


def _affine(layer: FloatLayer, after: dict[str, tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    count = len(next(iter(after.values()))[0])
    total = np.broadcast_to(layer.bias, (count, len(layer.bias)))
    magnitude = np.broadcast_to(np.abs(layer.bias), total.shape)
    error = np.broadcast_to(layer.bias_radius, total.shape)
    for source, weight in layer.weights.items():
        a, e = after[source]
        absolute = np.abs(weight)
        total = total + a @ weight.T
        magnitude = magnitude + np.abs(a) @ absolute.T
        if e.any():
            error = error + e @ absolute.T
        radius = layer.radii[source]
        if radius is not None:
            error = error + np.abs(a) @ radius.T
    error = 2.0 * (error + gamma(layer.terms + 4) * magnitude + (layer.terms + 2) * TINY)
    return total, np.where(np.isfinite(error), error, np.inf)
