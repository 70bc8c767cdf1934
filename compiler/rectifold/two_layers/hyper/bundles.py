"""Several ways to take the class of one term at a vertex: each way in turn, given all others.

    a term → pulled from each of its cheapest gradients → the units of each, in their best forms
        → the way that leaves least, units counted; all again, until nothing changes

Choices prove nothing: that the units of a vertex have its class is asserted afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.two_layers.hyper.choices import Choice, Prices, choose
from rectifold.two_layers.hyper.ledger import LineLedger
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch


@dataclass(eq=False)
class Bundle:
    """Ways, each a list of units that may be bent in several forms; one is chosen (None: none)."""

    ways: Sequence[Sequence[Choice]]
    chosen: int | None = None

    @property
    def choices(self) -> Sequence[Choice]:
        """Those of the way that is chosen."""
        assert self.chosen is not None
        return self.ways[self.chosen]

    @property
    def units(self) -> list[Placed]:
        """As they are chosen."""
        return [choice.placed for choice in self.choices]


class Bundles:
    """Chooses ways of bundles, with what they leave on lines and what hinges cost."""

    def __init__(self, ledger: LineLedger, prices: Prices) -> None:
        self.ledger = ledger
        self.prices = prices

    def settle(self, bundles: Sequence[Bundle], watch: Watch) -> None:
        """Choose all, and again until nothing changes, or for so many rounds."""
        for _ in range(SHALLOW_EFFORT.pairing_rounds):
            changed = 0
            for done, bundle in enumerate(bundles):
                watch.step("ways of vertices", done, len(bundles))
                changed += self.choose(bundle)
            if not changed:
                return

    def choose(self, bundle: Bundle) -> bool:
        """The way that leaves least, given all other bundles; is it another than before?"""
        before = bundle.chosen
        if before is not None:
            self._taken_back(bundle.choices)
        costs = [self._cost(way) for way in bundle.ways]
        bundle.chosen = min(range(len(costs)), key=lambda k: (costs[k], k != before, k))
        for choice in bundle.choices:
            self.ledger.add(choice.options[choice.number][1])
            self.prices.count(choice.placed, 1)
        return bundle.chosen != before

    def _cost(self, way: Sequence[Choice]) -> int:
        """Of a way in the forms that suit each other, in halves of a plane that is left on a line.

        A new hinge counts like two units, since more is left on it.
        """
        for choice in way:
            choice.chosen = choice.chosen or 0
            self.ledger.add(choice.options[choice.chosen][1])
            self.prices.count(choice.placed, 1)
        for _ in range(SHALLOW_EFFORT.pairing_rounds):
            if not sum(choose(choice, self.ledger, self.prices) for choice in way):
                break
        return self._taken_back(way)

    def _taken_back(self, way: Sequence[Choice]) -> int:
        """What a way costs, which is not taken any more."""
        planes = SHALLOW_EFFORT.planes_like_a_unit
        cost = 2 * planes * len(way)
        for choice in way:
            placed, changes = choice.options[choice.number]
            self.ledger.add(changes, -1)
            self.prices.count(placed, -1)
            cost += 2 * planes * self.prices.of_units([placed]) - 2 * self.ledger.gain(changes)
        return cost
