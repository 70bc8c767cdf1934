"""The phases of all units on a batch of boxes, each proved on its own box.

    intervals on every box  →  linear bounds of units that straddle 0  →  signs at corners

Sound because a unit is called stable by bounds that hold on its box, rounded outward, and unstable
by two exact points of its box at which the sign is beyond what rounding can change. What neither
shows is open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.bounds.boxes import Boxes
from rectifold.bounds.on_boxes import interval_on_boxes, point_errors, seen_on_boxes
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.effort.local import LocalEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask, PhaseMasks
from rectifold.local_boxes.boxes import Ends

Signs = tuple[Mask, Mask]
"""(positive at some point of the box, negative at some): boxes × units."""


@dataclass(frozen=True, eq=False)
class LayerPhases(PhaseMasks):
    """What is known of a relu layer on each box: boxes × units, bounds and seen signs."""

    lower: Floats
    upper: Floats
    seen_positive: Mask
    seen_negative: Mask


class PhasesOnBoxes:
    """Proves phases layer by layer; `boxes` ends with bounds of every layer."""

    def __init__(self, bounds: Bounds, outer: Ends, inner: Ends) -> None:
        """`bounds`: of every layer, on a domain that contains all boxes."""
        self.bounds = bounds
        self.inner = inner
        self.errors = point_errors(bounds)
        self.boxes = Boxes(np.arange(len(outer[0])), *outer, {}, {})

    def run(self) -> dict[str, LayerPhases]:
        """The phases of each relu layer; bounds of linear layers are intervals."""
        found: dict[str, LayerPhases] = {}
        for layer in self.bounds.network.layers:
            own = interval_on_boxes(self.bounds, layer.name, self.boxes)
            self._set(layer.name, own.lower, own.upper)
            if not layer.is_relu:
                continue
            signs = self._settled(layer.name)
            known = self.boxes.bounds(layer.name)
            found[layer.name] = LayerPhases(known.lower, known.upper, *signs)
        return found

    def _set(self, name: str, lower: Floats, upper: Floats) -> None:
        arrays = dict(self.boxes.lower) | {name: lower}, dict(self.boxes.upper) | {name: upper}
        self.boxes = Boxes(self.boxes.index, self.boxes.low, self.boxes.high, *arrays)

    def _settled(self, name: str) -> Signs:
        """Tightens the bounds of a layer in place; the signs that are seen."""
        if set(self.bounds.floats[name].weights) <= {self.bounds.network.input_name}:
            points = Boxes(self.boxes.index, *self.inner, {}, {})
            return seen_on_boxes(self.bounds, name, points)
        places, units = np.nonzero(self.boxes.bounds(name).straddles)
        lower, upper = self.boxes.lower[name], self.boxes.upper[name]
        own = self.boxes.of(places)
        up = backward(self.bounds, name, units, 1.0, cases=own)
        down = backward(self.bounds, name, units, -1.0, cases=own)
        upper[places, units] = np.minimum(upper[places, units], up.upper)
        lower[places, units] = np.maximum(lower[places, units], -down.upper)
        seen = np.zeros(lower.shape, bool), np.zeros(lower.shape, bool)
        for sign, form in ((1, up), (-1, down)):
            self._see(name, seen, _Corners(sign, places, units, form.coefficients))
        return seen

    def _see(self, name: str, seen: Signs, corners: _Corners) -> None:
        """Marks the signs of units at the corners that the forms of open rows point at.

        A corner shows signs of all units of its box: so a few are tried first, then what they
        leave.
        """
        wanted = seen[0] if corners.sign > 0 else seen[1]
        for step in (LocalEffort.first_corners, 1):
            open_rows = self.boxes.bounds(name).straddles & ~wanted
            rows = np.nonzero(open_rows[corners.places, corners.units])[0][::step]
            if not len(rows):
                return
            places = corners.places[rows]
            low, high = self.inner[0][places], self.inner[1][places]
            values = self.values(name, np.where(corners.coefficients[rows] > 0, high, low))
            np.logical_or.at(seen[0], places, values > self.errors[name])
            np.logical_or.at(seen[1], places, values < -self.errors[name])

    def values(self, name: str, points: Floats) -> Floats:
        """Pre-activations of a layer at points, in floats: off by at most `errors`."""
        after = {self.bounds.network.input_name: points}
        with np.errstate(over="ignore", invalid="ignore"):  # such values show no sign
            for layer in self.bounds.network.layers:
                own = self.bounds.floats[layer.name]
                z = np.repeat(own.bias[None, :], len(points), axis=0)
                for source, weight in own.weights.items():
                    z += after[source] @ weight.T
                if layer.name == name:
                    return z
                after[layer.name] = np.maximum(z, 0.0) if own.is_relu else z
        raise KeyError(name)


@dataclass(frozen=True, eq=False)
class _Corners:
    """Rows (a box and a unit each), and forms in the inputs: where one is largest, sign z is."""

    sign: int
    places: Indices
    units: Indices
    coefficients: Floats
