"""Bounds of the layers below a question, found afresh on each box.

    bounds on the domain  →  on a box: every unit that is still unstable, layer by layer
                             with paired layers: the differences of their units too

Sound because backward substitution with bounds that hold on a box gives bounds that hold there
(docs/mathematics.md#bounds-on-a-box).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rectifold.bounds.agreed import BOX_MARGIN
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.pairs import PairBoxes, magnitudes_of
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward, backward_difference
from rectifold.exact.conversion import Floats
from rectifold.search.boxes.tree import Box, UnitBounds

PAIR = "differences of "


class BoundsOnBoxes:
    """Bounds of the relu layers below one layer: known on the domain, and improved on boxes."""

    def __init__(self, bounds: Bounds, layer: str) -> None:
        self.bounds = bounds
        cone = bounds.network.cone(layer)
        self.cone = [v for v in bounds.network.layers if v.name in cone]
        is_relu = {v.name for v in self.cone if v.is_relu}
        groups = [tuple(v for v in group if v in is_relu) for group in bounds.groups]
        self.groups = [group for group in groups if group]
        self.pairs = {group[0]: group[1] for group in self.groups if len(group) == 2}
        self.magnitude = magnitudes_of(bounds) if self.pairs else {}

    def domain_box(self) -> Box:
        """The whole domain's box, with the bounds known there."""
        bounds = self.bounds
        known = {v: (bounds.lower[v], bounds.upper[v]) for group in self.groups for v in group}
        for first, second in self.pairs.items():
            known[PAIR + first] = _difference(*known[first], *known[second])
        return Box(*bounds.domain.float_box, known)

    def tightened(self, batch: Sequence[Box], first_group: int = 0) -> Boxes:
        """The boxes with better bounds of all units that are unstable there.

        Layers before the group of this number keep the bounds that they have.
        """
        boxes = self._together(batch)
        for group in self.groups[first_group:]:
            for name in group:
                self._tighten_layer(name, boxes)
            if isinstance(boxes, PairBoxes) and len(group) == 2:
                self._tighten_pair(group[0], group[1], boxes)
        return boxes

    def of_box(self, boxes: Boxes, k: int) -> UnitBounds:
        """The bounds on box number k."""
        bounds = {v: (boxes.lower[v][k], boxes.upper[v][k]) for v in boxes.lower}
        if isinstance(boxes, PairBoxes):
            bounds |= {
                PAIR + a: (boxes.difference_lower[a][k], boxes.difference_upper[a][k])
                for a in self.pairs
            }
        return bounds

    def _together(self, batch: Sequence[Box]) -> Boxes:
        """Arrays of boxes × units, to be changed in place."""
        low, high = np.array([box.low for box in batch]), np.array([box.high for box in batch])
        names = batch[0].bounds
        lower = {v: np.array([box.bounds[v][0] for box in batch]) for v in names}
        upper = {v: np.array([box.bounds[v][1] for box in batch]) for v in names}
        own = np.arange(len(batch)), low, high, lower, upper
        if not self.pairs:
            return Boxes(*own)
        below = {a: lower.pop(PAIR + a) for a in self.pairs}
        above = {a: upper.pop(PAIR + a) for a in self.pairs}
        return PairBoxes(*own, self.pairs, below, above, self.magnitude)

    def _tighten_layer(self, name: str, boxes: Boxes) -> None:
        lower, upper = boxes.lower[name], boxes.upper[name]
        places, units = np.nonzero(boxes.bounds(name).straddles)
        if not len(places):
            return
        own = boxes.of(places)
        up = backward(self.bounds, name, units, 1.0, cases=own).upper
        down = -backward(self.bounds, name, units, -1.0, cases=own).upper
        upper[places, units] = np.minimum(upper[places, units], up)
        lower[places, units] = np.maximum(lower[places, units], down)

    def _tighten_pair(self, first: str, second: str, boxes: PairBoxes) -> None:
        """The differences of paired units of which one is unstable.

        With x and y the units' pre-activations and d = x − y, what is known about two of them says
        something about the third: x ≤ y + d, y ≤ x − d, and so on, rounded outward.
        """
        lx, ux = boxes.lower[first], boxes.upper[first]
        ly, uy = boxes.lower[second], boxes.upper[second]
        ld, ud = boxes.difference_lower[first], boxes.difference_upper[first]
        low, high = _difference(lx, ux, ly, uy)
        np.maximum(ld, low, out=ld)
        np.minimum(ud, high, out=ud)
        places, units = np.nonzero(boxes.bounds(first).straddles | boxes.bounds(second).straddles)
        if not len(places):
            return
        own = boxes.of(places)
        up = backward_difference(self.bounds, first, units, 1.0, own).upper
        down = -backward_difference(self.bounds, first, units, -1.0, own).upper
        ud[places, units] = np.minimum(ud[places, units], up)
        ld[places, units] = np.maximum(ld[places, units], down)
        np.maximum(lx, np.nextafter(ly + ld, -np.inf), out=lx)
        np.minimum(ux, np.nextafter(uy + ud, np.inf), out=ux)
        np.maximum(ly, np.nextafter(lx - ud, -np.inf), out=ly)
        np.minimum(uy, np.nextafter(ux - ld, np.inf), out=uy)


def with_phase(bounds: UnitBounds, layer: str, unit: int, phase: int) -> UnitBounds:
    """The same bounds where z ≥ 0 (phase 1) or z ≤ 0 (phase −1) of one unit."""
    low, high = (side.copy() for side in bounds[layer])
    if phase > 0:
        low[unit] = max(low[unit], 0.0)
    else:
        high[unit] = min(high[unit], 0.0)
    return bounds | {layer: (low, high)}


def clearance(bounds: Bounds, layer: str) -> float:
    """What a bound of the layer must clear 0 by: the checker finds it again with other rounding."""
    magnitude = np.maximum(-bounds.lower[layer], bounds.upper[layer]).max(initial=0.0)
    return BOX_MARGIN * float(magnitude)


def _difference(lx: Floats, ux: Floats, ly: Floats, uy: Floats) -> tuple[Floats, Floats]:
    """Bounds of x − y from those of x and y, rounded outward."""
    return np.nextafter(lx - uy, -np.inf), np.nextafter(ux - ly, np.inf)
