"""Units of two hinges at vertices of three inputs in one of their forms, given all others.

    a unit → its forms of the same class at the vertex, with sheets on other sides of its hinges
        → the one that leaves least along lines and has the fewest new hinges; until nothing changes

Derivation: docs/mathematics.md#which-units-are-chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import Hinge, Unit, Weights, unit_of
from rectifold.two_layers.hyper.cells import form_through
from rectifold.two_layers.hyper.choices import Prices
from rectifold.two_layers.hyper.elimination import Quad
from rectifold.two_layers.hyper.ledger import flipped
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.space.incidence import Line
from rectifold.two_layers.space.merging import Effect, Ledger
from rectifold.two_layers.space.sheets import Sheet


@dataclass(eq=False)
class Choice:
    """The forms of a unit at a vertex: sheets and weights. One is chosen."""

    vertex: Vertex
    options: Sequence[tuple[Sheet, Weights]]
    chosen: int = 0


def choices_of(vertex: Vertex, quads: Sequence[Quad]) -> list[Choice]:
    """All forms of the same class of every unit."""
    return [
        Choice(
            vertex,
            [
                _on_sheet(turned)
                for form in quad.forms()
                for turned in flipped(_unit(form, vertex), len(vertex) - 1)
            ],
        )
        for quad in quads
    ]


def _unit(quad: Quad, vertex: Vertex) -> Unit:
    bends = [(Fraction(c), form_through(normal, vertex)) for normal, c in quad.bends]
    return unit_of(quad.weights, form_through(quad.base, vertex), bends)


def _on_sheet(unit: Unit) -> tuple[Sheet, Weights]:
    sheet, factor = Sheet.of_unit(unit)
    return sheet, tuple(w * factor for w in unit.weights)


def settle(choices: Sequence[Choice], ledger: Ledger, prices: Prices, watch: Watch) -> None:
    """Choose every form again, given all others, until nothing changes, or for so many rounds.

    The chosen forms are in the ledger, before and after.
    """
    for _ in range(SHALLOW_EFFORT.pairing_rounds):
        changed = False
        for done, choice in enumerate(choices):
            watch.step("fewer units", done, len(choices))
            changed = _choose(choice, ledger, prices) or changed
        if not changed:
            return


def _choose(choice: Choice, ledger: Ledger, prices: Prices) -> bool:
    """The cheapest form, given the ledger and the hinges used; is it another than before?"""
    before = choice.chosen
    put(choice, ledger, prices, -1)

    def cost(k: int) -> tuple[int, bool, int]:
        sheet, weights = choice.options[k]
        price = sum(prices.of(hinge) for hinge, _ in sheet.bends)
        return price - 2 * ledger.gain(_along_lines(ledger, sheet), weights), k != before, k

    choice.chosen = min(range(len(choice.options)), key=cost)
    put(choice, ledger, prices, 1)
    return choice.chosen != before


def put(choice: Choice, ledger: Ledger, prices: Prices, sign: int) -> None:
    """The chosen form into the ledger (1), or out of it (−1)."""
    sheet, weights = choice.options[choice.chosen]
    ledger.add_corner(choice.vertex, sheet, tuple(sign * w for w in weights))
    for hinge, _ in sheet.bends:
        prices.used[hinge] += sign


def _along_lines(ledger: Ledger, sheet: Sheet) -> Effect:
    """What a sheet takes where lines begin, but no corner."""
    lines: dict[Line, dict[Hinge, Fraction]] = defaultdict(dict)
    for seam in ledger.begun(sheet):
        kind = lines[seam.line]
        for plane, value in seam.kind.items():
            kind[plane] = kind.get(plane, Fraction(0)) - value
    return Effect(sheet, (), lines)
