"""Step 1 of four inputs: units for all vertices, sharing hinges, their classes asserted.

Derivation: docs/mathematics.md#four-inputs.

    parts of every vertex (pulling.py) → units on its forms → class of the vertex, exactly
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import Weights, unit_of
from rectifold.two_layers.hyper.bundles import Bundle, Bundles
from rectifold.two_layers.hyper.cells import Cells, Class, add_weights, form_through
from rectifold.two_layers.hyper.choices import Choice, Prices
from rectifold.two_layers.hyper.germs import Term, Terms
from rectifold.two_layers.hyper.ledger import LineLedger
from rectifold.two_layers.hyper.parts import Lifted, Part
from rectifold.two_layers.hyper.pulling import Pulling
from rectifold.two_layers.hyper.units import Placed, merged
from rectifold.two_layers.hyper.watch import Watch


class Corners:
    """The units of all vertices, and what they leave along lines; `prices` knows the hinges."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.terms = Terms(cells)
        self.prices = Prices({wall.hinge for wall in cells.walls.values() if any(wall.jump)})
        self.ledger = LineLedger(cells)

    def units(self, watch: Watch) -> list[Placed]:
        """Units that take the class of every vertex."""
        bundles: list[Bundle] = []
        chooser = Bundles(self.ledger, self.prices)
        classes = sorted(self.cells.classes[0].items())
        for done, ((vertex,), _) in enumerate(classes):
            watch.step("vertices", done, len(classes))
            for bundle in self._bundles_at(vertex):
                chooser.choose(bundle)
                bundles.append(bundle)
        chooser.settle(bundles, watch)
        found = [placed for bundle in bundles for placed in bundle.units]
        for (vertex,), own in classes:
            point = self.cells.points[vertex]
            self._require(vertex, own, [placed for placed in found if placed.point == point])
        return found

    def _bundles_at(self, vertex: int) -> Iterator[Bundle]:
        """One for each term at a vertex."""
        point = self.cells.points[vertex]
        for term in self.terms.at(vertex):
            ways = []
            for parts in term.ways or self._pulled(vertex, term):
                units = self._units_of(parts, point, term.weights)
                ways.append([Choice(self.ledger.forms(placed)) for placed in merged(units)])
            if ways:
                yield Bundle(ways)

    def _pulled(self, vertex: int, term: Term) -> Iterator[Iterator[Part]]:
        """The parts of a term, pulled from each of its cheapest gradients."""
        pullings = [Pulling(self.cells, vertex, field) for field in term.fields]
        options = sorted(
            (cost, k, v) for k, own in enumerate(pullings) for v, cost in own.costs.items()
        )
        for cost, k, v in options[: SHALLOW_EFFORT.ways_of_a_vertex]:
            if cost == options[0][0]:
                yield pullings[k].parts(v)

    def _units_of(
        self, parts: Iterable[Part | Lifted], point: Vertex, weights: Weights
    ) -> list[Placed]:
        """Units for all parts, sharing hinges."""
        units: list[Placed] = []
        for part in parts:
            own = self._chosen(part, point, weights)
            for placed in own:
                self.prices.count(placed, 1)
            units += own
        for placed in units:
            self.prices.count(placed, -1)
        return units

    def _chosen(self, part: Part | Lifted, point: Vertex, weights: Weights) -> list[Placed]:
        """The units of one part: those with the fewest new hinges."""
        options = [
            [
                Placed(
                    unit_of(
                        tuple(factor * w for w in weights),
                        form_through(base, point),
                        [(Fraction(c), form_through(side, point)) for c, side in bends],
                    ),
                    point,
                )
                for factor, base, bends in option
            ]
            for option in part.options()
        ]
        return min(options, key=self.prices.of_units)

    def _require(self, vertex: int, own: Class, units: Sequence[Placed]) -> None:
        """Raises AssertionError unless units have the class of their vertex."""
        left = dict(own)
        for placed in units:
            for direction, (ahead, behind) in placed.rays.items():
                for numbers, sign in ((ahead, -1), (behind, 1)):
                    for flag, value in numbers.items():
                        add_weights(left, (direction, *flag), placed.weights, sign * value)
        if left:
            at = self.cells.points[vertex]
            raise AssertionError(f"units do not have the class of the vertex {at}")
