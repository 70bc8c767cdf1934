"""Lower slopes of a claim on a box, searched for by gradients: hints, not bounds.

    sign z ≤ Σ c h + …      c < 0:  c h ≤ c α z      ∂/∂α = c z,  z at the corner that attains it

All rows of a batch descend together, whatever their boxes: the weights are the same. What a claim
gains is most where the network ends in a maximum: its slopes weigh the terms. Bounds that are found
here round; whoever asked bounds the rows rigorously with the slopes that come out
(bounds/boxes.SlopedBoxes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rectifold.bounds.agreed import SLOPE_UNITS
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.floats import FloatLayer
from rectifold.bounds.relaxation import relaxation
from rectifold.effort.search import BoxEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.facts.trees import CaseProof, Leaf, SlopeUnits
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes

Slopes = dict[str, Floats]
"""Per relu layer, rows × units: multiples of 1/SLOPE_UNITS."""


@dataclass(eq=False)
class _Lines:
    """A relu layer in every row: its lines, which slopes may move, and their moments."""

    slope: Floats
    offset: Floats
    alpha: Floats
    free: Mask
    pushed: Floats  # negative coefficients on the activations, of the last bound
    on_upper: Mask  # whose coefficient is positive there
    mean: Floats = field(init=False)
    square: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.square = np.zeros_like(self.alpha), np.zeros_like(self.alpha)


class LowerSlopes:
    """Slopes for rows of one layer: row k is about units[k] on the box of its index."""

    def __init__(
        self, on_boxes: BoundsOnBoxes, layer: str, rows: Boxes, units: Indices, sign: int
    ) -> None:
        self.floats = on_boxes.bounds.floats
        self.input = on_boxes.bounds.network.input_name
        self.cone = [self.floats[v.name] for v in on_boxes.cone]
        self.target = self.floats[layer]
        self.units, self.sign = units, float(sign)
        low, high = rows.box()
        self.middle, self.radius = 0.5 * (low + high), 0.5 * (high - low)
        self.lines = {v.name: _lines(rows, v.name) for v in on_boxes.cone if v.is_relu}

    def run(self, effort: BoxEffort) -> Slopes:
        """The best slopes of so many steps, row by row."""
        best = np.full(len(self.units), np.inf)
        kept = {name: own.alpha.copy() for name, own in self.lines.items()}
        with np.errstate(all="ignore"):  # only hints
            for step in range(1, effort.slope_steps + 1):
                value, corners = self._bound()
                better = value < best
                best = np.where(better, value, best)
                for name, own in self.lines.items():
                    kept[name][better] = own.alpha[better]
                if step < effort.slope_steps:
                    self._move(corners, step, effort.slope_rate)
        return {name: np.round(own * SLOPE_UNITS) / SLOPE_UNITS for name, own in kept.items()}

    def _bound(self) -> tuple[Floats, Floats]:
        """Per row the bound at these slopes, and the corner that attains it."""
        flow: dict[str, Floats] = {}
        total = self.sign * self.target.bias[self.units]
        for source, weight in self.target.weights.items():
            flow[source] = self.sign * weight[self.units]
        for layer in reversed(self.cone):
            if (c := flow.pop(layer.name, None)) is None:
                continue
            if layer.name in self.lines:
                c, added = _relaxed(self.lines[layer.name], c)
                total = total + added
            total = total + c @ layer.bias
            for source, weight in layer.weights.items():
                flow[source] = flow[source] + c @ weight if source in flow else c @ weight
        x = flow.get(self.input, np.zeros_like(self.middle))
        total = total + (x * self.middle).sum(axis=1) + (np.abs(x) * self.radius).sum(axis=1)
        return total, self.middle + np.sign(x) * self.radius

    def _move(self, corners: Floats, step: int, rate: float) -> None:
        """One step of Adam against the gradient, which is that of the relaxed network there."""
        after = {self.input: corners}
        for layer in self.cone:
            z = _affine(layer, after)
            own = self.lines.get(layer.name)
            after[layer.name] = z
            if own is not None:
                upper_line = own.slope * z + own.offset
                after[layer.name] = np.where(own.on_upper, upper_line, own.alpha * z)
                _descend(own, own.pushed * z, step, rate)


def proof_with(slopes: Slopes, boxes: Boxes, row: int) -> CaseProof:
    """The slopes of a row as a proof: of the units that are unstable on its box."""
    units = {name: np.nonzero(boxes.bounds(name).straddles[boxes.index[row]])[0] for name in slopes}
    parts = [slopes[name][row, own] for name, own in units.items()]
    return CaseProof(SlopeUnits(units), Leaf(np.concatenate([np.zeros(0), *parts])))


def slopes_of(proofs: Sequence[CaseProof], sizes: Mapping[str, int]) -> Slopes:
    """The slopes of proofs of one leaf each as rows, for all units of layers of these `sizes`.

    0 for units of which a proof does not speak.
    """
    result = {name: np.zeros((len(proofs), size)) for name, size in sizes.items()}
    for row, proof in enumerate(proofs):
        assert isinstance(proof.tree, Leaf)
        for name, part in proof.frame.slices.items():
            result[name][row, proof.frame.units[name]] = proof.tree.alpha[part]
    return result


def _lines(rows: Boxes, name: str) -> _Lines:
    bounds = rows.bounds(name)
    slope, offset, lower_slope = (own[rows.index] for own in relaxation(bounds))
    free = bounds.straddles[rows.index]
    nothing = np.zeros_like(slope)
    return _Lines(slope, offset, lower_slope, free, nothing, np.zeros_like(free))


def _relaxed(own: _Lines, c: Floats) -> tuple[Floats, Floats]:
    """Coefficients on z from those on relu(z), and the constant of the upper lines."""
    positive = np.maximum(c, 0.0)
    own.pushed, own.on_upper = c - positive, c > 0
    on_z = positive * own.slope + own.pushed * own.alpha
    return on_z, (positive * own.offset).sum(axis=1)


def _affine(layer: FloatLayer, after: dict[str, Floats]) -> Floats:
    count = len(next(iter(after.values())))
    z = np.repeat(layer.bias[None, :], count, axis=0)
    for source, weight in layer.weights.items():
        z += after[source] @ weight.T
    return z


def _descend(own: _Lines, gradient: Floats, step: int, rate: float) -> None:
    own.mean += 0.1 * (gradient - own.mean)
    own.square += 0.01 * (gradient * gradient - own.square)
    unbiased = (1 - 0.9**step) / np.sqrt(1 - 0.99**step)
    move = own.mean / (np.sqrt(own.square) * unbiased + BoxEffort.least_divisor)
    moved = np.clip(own.alpha - rate * 0.95**step * move, 0.0, 1.0)
    own.alpha = np.where(own.free, moved, own.alpha)
