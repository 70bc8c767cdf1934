"""Which input of a box to halve: the one with the largest influence on the bounds that fail.

A bound is an affine form of the inputs plus what each relaxed unit adds. With c_i the form's
coefficient on input i, r_i the radius of the box and f_ui input i's fraction of unit u's range,

    influence of i  =  |c_i| r_i  +  Σ_u (what u's relaxation adds) f_ui         in parts of 1

It only steers (docs/mathematics.md#which-input-to-halve): every half is bounded afresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rectifold.bounds.boxes import Boxes, SlopedBoxes
from rectifold.bounds.interval import Interval
from rectifold.bounds.pairs import PairBoxes, common_part, planes_gap
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.substitution import backward
from rectifold.effort.search import BoxEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import CaseProof
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.lower_slopes import LowerSlopes, Slopes, proof_with
from rectifold.search.boxes.tree import Box


@dataclass(frozen=True, eq=False)
class Answer:
    """Per row of a question, an upper bound, the corner that attains it, the inputs' influence.

    `slopes` of rows that chose some, and the rows themselves.
    """

    upper: Floats
    corners: Floats
    influence: Floats
    slopes: Slopes = field(default_factory=dict)
    boxes: Boxes | None = None

    def rows(self, chosen: Indices) -> Answer:
        """Some rows of it. Precondition: they did not choose slopes."""
        return Answer(self.upper[chosen], self.corners[chosen], self.influence[chosen])

    def proof(self, row: int) -> CaseProof:
        """What proves the bound of a row that chose slopes."""
        assert self.boxes is not None
        return proof_with(self.slopes, self.boxes, row)


class BoxBatch:
    """Boxes that are bounded together, for questions about one layer."""

    def __init__(self, on_boxes: BoundsOnBoxes, layer: str, batch: Sequence[Box]) -> None:
        self.on_boxes = on_boxes
        self.layer = layer
        self.boxes = on_boxes.tightened(batch)
        with np.errstate(over="ignore", invalid="ignore"):  # fractions are only hints
            self.fractions = _input_fractions(on_boxes, self.boxes)

    def ask(self, numbers: Indices, units: Indices, sign: int) -> Answer:
        """Bounds of sign·z, row k on box numbers[k] for units[k] of the layer."""
        return self._ask(self.boxes.of(numbers), units, sign)

    def ask_with_slopes(
        self, numbers: Indices, units: Indices, sign: int, effort: BoxEffort
    ) -> Answer:
        """The same with lower slopes that are searched for, row by row."""
        own = self.boxes.of(numbers)
        slopes = LowerSlopes(self.on_boxes, self.layer, own, units, sign).run(effort)
        answer = self._ask(SlopedBoxes.on(own, slopes), units, sign)
        return replace(answer, slopes=slopes, boxes=own)

    def _ask(self, own: Boxes, units: Indices, sign: int) -> Answer:
        cost = RelaxationCost(self.boxes, own.index)
        found = backward(self.on_boxes.bounds, self.layer, units, float(sign), cost, own)
        low, high = own.box()
        corners = np.where(found.coefficients > 0, high, low)
        influence = cost.influence(found.coefficients, self.fractions)
        return Answer(found.upper, corners, influence)

    def centres(self, numbers: Indices) -> Floats:
        """The middles of these boxes."""
        return np.asarray(0.5 * (self.boxes.low[numbers] + self.boxes.high[numbers]))

    def input_to_halve(self, influence: Floats) -> Indices:
        """Per box, the input with the largest influence (boxes × inputs) that is not flat."""
        is_wide = self.boxes.high > self.boxes.low
        scores = np.where(is_wide, influence + BoxEffort.least_divisor, -1.0)
        return np.asarray(np.argmax(scores, axis=1))


def _input_fractions(on_boxes: BoundsOnBoxes, boxes: Boxes) -> dict[str, Floats]:
    """Per relu layer, each input's fraction of each unit's range: boxes × units × inputs.

    Units below count with the slopes of their upper lines.
    """
    count, inputs = boxes.low.shape
    network = on_boxes.bounds.network
    flow = {network.input_name: np.broadcast_to(np.eye(inputs), (count, inputs, inputs))}
    fractions: dict[str, Floats] = {}
    radius = 0.5 * (boxes.high - boxes.low)[:, None, :]
    for layer in on_boxes.cone:
        weights = on_boxes.bounds.floats[layer.name].weights
        z = np.asarray(sum(weight @ flow[source] for source, weight in weights.items()))
        if layer.is_relu:
            part = np.abs(z) * radius
            whole = np.maximum(part.sum(axis=2, keepdims=True), BoxEffort.least_divisor)
            fractions[layer.name] = part / whole
            z = z * relaxation(boxes.bounds(layer.name))[0][:, :, None]
        flow[layer.name] = z
    return fractions


class RelaxationCost:
    """What the relaxation of each unit adds to the bound of each row.

    That is the coefficient's size times the gap of the unit's lines; for the common part of a pair,
    the gap of its planes. `backward` tells the coefficients, layer by layer from the last one down.
    """

    def __init__(self, boxes: Boxes, numbers: Indices) -> None:
        """Row k is about box numbers[k]."""
        self.boxes = boxes
        self.numbers = numbers
        self.added: dict[str, Floats] = {}
        """Per relu layer, rows × units."""
        pairs = boxes.pairs if isinstance(boxes, PairBoxes) else {}
        self._first_of = {second: first for first, second in pairs.items()}
        self._on_first: dict[str, Floats] = {}  # until the coefficients on the second are known

    def __call__(self, name: str, rows: Indices, live: Indices, c: Floats) -> None:
        """Coefficients `c` of these rows on the activations of a layer's live units."""
        if name in self._first_of.values():
            self._on_first[name] = c
            return
        first = self._first_of.get(name)
        if first is None:
            self._put(name, rows, live, np.abs(c) * self._lines(name, rows, live))
            return
        on_first = self._on_first.pop(first)
        common = common_part(on_first, c)
        gap = planes_gap(self.boxes, first, live)[self.numbers[rows]]
        alone = np.abs(on_first - common) * self._lines(first, rows, live)
        self._put(first, rows, live, np.abs(common) * gap + alone)
        self._put(name, rows, live, np.abs(c + common) * self._lines(name, rows, live))

    def influence(self, coefficients: Floats, fractions: dict[str, Floats]) -> Floats:
        """Per row, what each input contributes to the width of the bound, in parts of 1.

        0 where the numbers are too large to say.
        """
        radius = 0.5 * (self.boxes.high - self.boxes.low)[self.numbers]
        with np.errstate(over="ignore", invalid="ignore"):
            score = np.abs(coefficients) * radius
            for name, added in self.added.items():
                score += np.einsum("ku,kuj->kj", added, fractions[name][self.numbers])
            whole = np.maximum(score.sum(axis=1, keepdims=True), BoxEffort.least_divisor)
            return np.asarray(np.nan_to_num(score / whole, nan=0.0))

    def _lines(self, name: str, rows: Indices, live: Indices) -> Floats:
        return _gap_of_lines(self.boxes.bounds(name))[self.numbers[rows]][:, live]

    def _put(self, name: str, rows: Indices, live: Indices, values: Floats) -> None:
        shape = (len(self.numbers), self.boxes.lower[name].shape[1])
        self.added.setdefault(name, np.zeros(shape))[rows[:, None], live] = values


def _gap_of_lines(bounds: Interval) -> Floats:
    """How far the lines of a relaxed unit are apart, about: 0 where it is stable."""
    slope, offset, _ = relaxation(bounds)
    magnitude = np.maximum(np.minimum(-bounds.lower, bounds.upper), 0.0)
    return np.asarray(0.5 * np.maximum(offset, slope * magnitude))
