"""Conditions on a step between two points of one network, by the slopes that occur on the way.

    ["slopes", [[0, 0]], [[0]]]        condition 0 of case 0, by the bounds on the whole box
    ["slopes", [[0, 0]], [[], 1, "1/2", [[0]], [[], 12]]]
                                       where x_1 ≤ 1/2 so, else by the slopes of 12 cells

Why that proves something of a step is told in steps_apart.py, what slopes are in gradients.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from rectifold_check.cells import Cell, Cells
from rectifold_check.gradients import Signs, slopes_of
from rectifold_check.integers.boxes import BoxWalk, Cases
from rectifold_check.integers.corners import Point
from rectifold_check.integers.relaxation import Bounds
from rectifold_check.integers.substitution import Box, Substitution
from rectifold_check.json import Json, Refusal
from rectifold_check.networks import Domain, Network
from rectifold_check.property import Condition
from rectifold_check.rules.guards import Malformed
from rectifold_check.state import State
from rectifold_check.steps_apart import StepQuestion
from rectifold_check.terms import ZERO
from rectifold_check.work import Work

Ends = tuple[list[int], list[int]]


class FailingCell(Refusal):
    """A claim does not hold on the cell with these vertices."""

    def __init__(self, vertices: tuple[Point, ...]) -> None:
        super().__init__("a claim about slopes does not hold on one of the cells")
        self.vertices = vertices


def slopes(state: State, parts: list[Json]) -> None:
    """The conditions are never met, so nor are their cases: their units are at most 0."""
    match parts:
        case [list() as given, tree]:
            claims = [_claim(claim) for claim in given]
        case _:
            raise Malformed
    if state.steps_apart is None:
        raise Refusal("slopes are for one network beside itself")
    proof = SlopeProof(state.steps_apart, claims, state.bits, state.work)
    proof.walk().from_the_root(tree)
    for case, _ in claims:
        state.learn_in(0, len(state.networks[0].layers), case, "up", ZERO)


class SlopeProof:
    """Claims (case, condition), and the network whose last layer has a unit for each."""

    def __init__(
        self, asked: StepQuestion, claims: list[tuple[int, int]], bits: int, work: Work
    ) -> None:
        """Raises Refusal for a claim that is not about a step."""
        self.asked = asked
        self.work = work
        self.conditions = [asked.condition(*claim) for claim in claims]
        self.margins = [asked.margins[case] for case, _ in claims]
        self.network = asked.rows(self.conditions)
        self.rule = Substitution(self.network, asked.box, bits, None, work)

    def walk(self) -> BoxWalk:
        """Of the tree of boxes."""
        last = len(self.network.layers)
        return BoxWalk(self.rule, last, len(self.conditions), self._require, self._leave)

    def holds(self, number: int, signs: Signs) -> bool:
        """Is a claim true of steps that stay where the units have these signs?"""
        found = slopes_of(self.network, number, signs, self.work)
        condition: Condition = self.conditions[number]
        return self.asked.is_never_met(condition, self.margins[number], found)

    def count_cells(
        self,
        ends: Ends,
        claims: Iterable[int],
        most: int,
        stop: Callable[[], bool] | None = None,
    ) -> int:
        """The cells of a box on each of which all these claims hold.

        `ends`: lower and upper ones of the box, in multiples of 2^-bits. Raises Refusal for more
        cells, and FailingCell where a claim does not hold on one.
        """
        unit = 1 << self.rule.bits
        low, high = (tuple(Fraction(v, unit) for v in side) for side in ends)
        domain = Domain(low, high, ())
        rule = Substitution(self.network, domain, self.rule.bits, None, self.work)
        last, cells = len(self.network.layers), Cells(self.network, domain, self.work)
        bounds = BoxWalk(rule, last, 0, self._require).tightened(rule.box_below(last)).bounds

        def is_done(cell: Cell) -> bool:
            signs = _signs_on_cell(self.network, cells, cell, bounds)
            return all(self.holds(number, signs) for number in claims)

        for cell in cells.leaves(most, stop, is_done):
            raise FailingCell(tuple(corner.point for corner in cell.corners))
        return cells.found

    def _require(self, number: int, box: Box, cases: Cases) -> None:
        if cases is not None:
            raise Refusal("slopes on a box are not proved by cases")
        if not self.holds(number, _signs_on_box(box.bounds)):
            raise Refusal(f"claim {number} about slopes does not hold on one of the boxes")

    def _leave(self, said: Json, pending: frozenset[int], box: Box) -> None:
        """What is pending holds on every cell of the box: so many."""
        if type(said) is not int:
            raise Refusal("a leaf says how many cells it has")
        if (found := self.count_cells((box.low, box.high), sorted(pending), said)) != said:
            raise Refusal(f"there are {found} cells, not {said}")


def _claim(claim: Json) -> tuple[int, int]:
    match claim:
        case [int() as case, int() as condition] if type(case) is int and type(condition) is int:
            return case, condition
    raise Refusal("a claim about slopes is [case, condition]")


def _signs_on_box(bounds: Mapping[int, Bounds]) -> Signs:
    def sign(layer: int, unit: int) -> int:
        low, high = bounds[layer][unit]
        return 1 if low >= 0 else -1 if high <= 0 else 0

    return sign


def _signs_on_cell(
    network: Network, cells: Cells, cell: Cell, bounds: Mapping[int, Bounds]
) -> Signs:
    """By the vertices, for the layers before the first with an open sign and for that one; then by
    the bounds on the box.
    """
    positive = negative = 0
    for corner in cell.corners:
        positive |= corner.positive
        negative |= corner.negative
    layers = network.layers
    starts, last = cells.corners.starts[2:], 0  # the bits of the layers' first units
    for last, layer in enumerate(layers, start=1):
        units = (1 << starts[last]) - (1 << starts[last - 1])
        if layer.is_relu and positive & negative & units:
            break
    on_box = _signs_on_box(bounds)

    def sign(layer: int, unit: int) -> int:
        if layer > last:
            return on_box(layer, unit)
        bit = 1 << (starts[layer - 1] + unit)
        return 0 if positive & negative & bit else -1 if negative & bit else 1

    return sign
