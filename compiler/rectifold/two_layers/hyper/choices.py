"""Units that may be chosen in several forms: each form in turn, given all others.

unit → its forms, and what each leaves on lines or planes → the cheapest; all again; until
nothing changes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.two_layers.form import Hinge
from rectifold.two_layers.hyper.ledger import Changes, LineLedger, PlaneLedger
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch


@dataclass(eq=False)
class Choice:
    """The forms of a unit with their changes to a ledger; one is chosen (None: not yet)."""

    options: Sequence[tuple[Placed, Changes]]
    chosen: int | None = None

    @property
    def number(self) -> int:
        """Of the option that is chosen."""
        assert self.chosen is not None
        return self.chosen

    @property
    def placed(self) -> Placed:
        """The unit as it is chosen."""
        return self.options[self.number][0]


class Prices:
    """What hinges cost: those that are used already nothing, the function's `own` less."""

    def __init__(self, own: set[Hinge]) -> None:
        self.own = own
        self.used: Counter[Hinge] = Counter()

    def of(self, hinge: Hinge) -> int:
        """In halves of a unit."""
        return 0 if self.used[hinge] > 0 else 1 if hinge in self.own else 2

    def of_units(self, units: Sequence[Placed]) -> int:
        """The hinges of units, each once."""
        hinges = {hinge for placed in units for hinge, _ in placed.unit.bends}
        return sum(map(self.of, hinges))

    def count(self, placed: Placed, sign: int) -> None:
        """A unit is taken (1) or no more (−1)."""
        for hinge, _ in placed.unit.bends:
            self.used[hinge] += sign


def choose(choice: Choice, ledger: LineLedger | PlaneLedger, prices: Prices) -> bool:
    """The cheapest form, given the ledger and the hinges used; is it another than before?"""
    before = choice.chosen
    if before is not None:
        ledger.add(choice.options[before][1], -1)
        prices.count(choice.options[before][0], -1)

    def cost(k: int) -> tuple[int, bool, int]:
        placed, changes = choice.options[k]
        return prices.of_units([placed]) - 2 * ledger.gain(changes), k != before, k

    choice.chosen = min(range(len(choice.options)), key=cost)
    ledger.add(choice.options[choice.chosen][1])
    prices.count(choice.placed, 1)
    return choice.chosen != before


def settle(
    choices: Sequence[Choice],
    ledger: LineLedger | PlaneLedger,
    prices: Prices,
    watch: Watch,
) -> None:
    """Choose all again until nothing changes, or for so many rounds."""
    for _ in range(SHALLOW_EFFORT.pairing_rounds):
        watch.step("fewer units", 0, len(choices))
        if not sum(choose(choice, ledger, prices) for choice in choices):
            return
