"""Between which ends the slopes of a layer's units lie on boxes, in floats rounded outward.

    y = 2 relu(x) − relu(x − 1)     on a box in x ≥ 0 where x − 1 has both signs     2 + [−1, 0]

From the units down to the inputs: times 1 where a relu unit is active on the box, 0 where it is
inactive, [0, 1] else; then times the weights. Sound by docs/mathematics.md#steps-by-slopes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.bounds.agreed import BOX_MARGIN
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.rounding import UNIT, gamma
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.ir.network import Network
from rectifold.ir.steps_apart import StepClaims


@dataclass(frozen=True, eq=False)
class SlopeBounds:
    """Ends of the slopes on the inputs (boxes × units × inputs); and, per relu layer, what a unit
    of open sign adds to the width: boxes × units of that layer.
    """

    lower: Floats
    upper: Floats
    width: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class _Part:
    """Ends, rounded outward."""

    lower: Floats
    upper: Floats

    def plus(self, other: _Part | None) -> _Part:
        if other is None:
            return self
        low, high = self.lower + other.lower, self.upper + other.upper
        below, above = (
            4 * UNIT * (np.abs(a) + np.abs(b))
            for a, b in ((self.lower, other.lower), (self.upper, other.upper))
        )
        return _Part(low - below, high + above)


def slopes_on_boxes(bounds: Bounds, layer: str, boxes: Boxes) -> SlopeBounds:
    """Of all units of a linear layer that nothing else reads.

    A unit counts as stable where its bounds clear 0 by what the checker's may differ.
    """
    network = bounds.network
    count, units = len(boxes.low), network.layer(layer).size
    start = np.broadcast_to(np.eye(units), (count, units, units))
    parts: dict[str, _Part] = {layer: _Part(start, start)}
    width: dict[str, Floats] = {}
    for v in reversed(network.layers):
        if v.name not in parts:
            continue
        part = parts.pop(v.name)
        if v.is_relu:
            is_active, is_open = _signs(bounds, v.name, boxes)
            part, width[v.name] = _through(part, is_active, is_open)
        for source, weight in bounds.floats[v.name].weights.items():
            parts[source] = _read(part, weight).plus(parts.get(source))
    shape = (count, units, network.input_size)
    found = parts.get(network.input_name) or _Part(np.zeros(shape), np.zeros(shape))
    return SlopeBounds(found.lower, found.upper, width)


def least_left_sides(claims: StepClaims, lower: Floats, upper: Floats) -> Floats:
    """What the left sides of the claims are at least, with slopes of their rows between these ends:
    parts × claims × inputs. The answer is parts × claims, rounded down; -inf beyond the floats.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = _least(claims, lower, upper)
    return np.where(np.isfinite(found), found, -np.inf)


def _least(claims: StepClaims, lower: Floats, upper: Floats) -> Floats:
    """The same, not finite where a number overflows."""
    low, high = claims.steps
    error = 4 * UNIT * np.where(claims.on_steps == 0, 0.0, np.abs(claims.on_steps))
    a = lower + claims.on_steps - error - 4 * UNIT * np.abs(lower) * (claims.on_steps != 0)
    b = upper + claims.on_steps + error + 4 * UNIT * np.abs(upper) * (claims.on_steps != 0)
    terms = np.minimum(np.minimum(a * low, a * high), np.minimum(b * low, b * high))
    rounding = gamma(len(low) + 4)
    found = terms.sum(axis=2) - rounding * np.abs(terms).sum(axis=2)
    size = np.where((low != 0) | (high != 0), np.maximum(np.abs(a), np.abs(b)), 0.0)
    for k in claims.largest:
        others = np.where(np.arange(len(low)) == k, 0.0, size).sum(axis=2)
        slope = a[:, :, k] - others - rounding * (np.abs(a[:, :, k]) + others)
        reached = np.where(slope > 0, low[k] * (1 - 4 * UNIT), high[k] * (1 + 4 * UNIT))
        found = np.maximum(found, slope * reached)
    return np.asarray(found)


def values_at(network: Network, points: Floats) -> dict[str, Floats]:
    """The pre-activations of every layer at points, in floats that are not rounded outward."""
    passed: dict[str, Floats] = {network.input_name: points}
    values: dict[str, Floats] = {}
    for layer in network.layers:
        z = layer.bias.approximation[0].ravel() + np.zeros((len(points), layer.size))
        for source, weight in layer.weights.items():
            z = z + passed[source] @ weight.approximation[0].T
        values[layer.name] = z
        passed[layer.name] = np.maximum(z, 0.0) if layer.is_relu else z
    return values


def slopes_at(network: Network, points: Floats) -> Floats:
    """The slopes of the outputs on the inputs at points, in floats that are not rounded outward:
    points × outputs × inputs. The output is a linear layer that nothing else reads.
    """
    values, start = values_at(network, points), np.eye(network.output_size)
    slopes: dict[str, Floats] = {network.output: start + np.zeros((len(points), *start.shape))}
    for layer in reversed(network.layers):
        if layer.name not in slopes:
            continue
        own = slopes.pop(layer.name)
        if layer.is_relu:
            own = own * (values[layer.name] > 0)[:, None, :]
        for source, weight in layer.weights.items():
            slopes[source] = own @ weight.approximation[0] + slopes.get(source, 0.0)
    nothing = np.zeros((len(points), network.output_size, network.input_size))
    return np.asarray(slopes.get(network.input_name, nothing))


def _signs(bounds: Bounds, name: str, boxes: Boxes) -> tuple[Mask, Mask]:
    """(active, of open sign), boxes × 1 × units."""
    clear = BOX_MARGIN * float(bounds.of(name).magnitude.max(initial=0.0))
    low, high = boxes.lower[name][:, None, :], boxes.upper[name][:, None, :]
    is_active = (low >= clear) | (low == 0.0)
    is_inactive = ((high <= -clear) | (high == 0.0)) & ~is_active
    return is_active, ~is_active & ~is_inactive


def _through(part: _Part, is_active: Mask, is_open: Mask) -> tuple[_Part, Floats]:
    """Past a relu layer; and what its open units add."""
    low = np.where(is_open, np.minimum(part.lower, 0.0), np.where(is_active, part.lower, 0.0))
    high = np.where(is_open, np.maximum(part.upper, 0.0), np.where(is_active, part.upper, 0.0))
    added = np.where(is_open, np.maximum(-part.lower, part.upper), 0.0).max(axis=1, initial=0.0)
    return _Part(low, high), np.maximum(added, 0.0)


def _read(part: _Part, weight: Floats) -> _Part:
    """Slopes on what is read. A weight is off its midpoint by at most UNIT of it, which counts as
    one more term; sums of zeros stay exactly 0.
    """
    positive, rounding = np.maximum(weight, 0.0), 2.0 * gamma(len(weight) + 4)
    negative = weight - positive
    low, high = np.abs(part.lower), np.abs(part.upper)
    return _Part(
        part.lower @ positive
        + part.upper @ negative
        - rounding * (low @ positive - high @ negative),
        part.upper @ positive
        + part.lower @ negative
        + rounding * (high @ positive - low @ negative),
    )
