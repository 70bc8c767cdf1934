"""The forms of units at vertices, and which way of several is chosen for a vertex."""

from __future__ import annotations

import pytest

from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.two_layers.hyper.bundles import Bundle, Bundles
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.choices import Choice
from rectifold.two_layers.hyper.corners import Corners
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.ledger import Changes
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import NO_WATCH
from support import central_network, float_network


def corners_of(*, central: bool) -> Corners:
    """Of a network with one vertex where all units meet, or in general position."""
    network = central_network(0, 4, 4, 4, 4, 1) if central else float_network(1, 4, 4, 3, 2, 1)
    assert network.domain is not None
    found = vertex_enumeration(network, network.domain)
    return Corners(Cells(found.restriction, list(found.regions())))


def left_by(placed: Placed) -> Changes:
    """What a unit leaves on lines, from its own classes ahead of its vertex and behind."""
    return [
        (
            Flat.through(placed.point, [direction]),
            {flag: tuple(-value * w for w in placed.weights) for flag, value in behind.items()},
        )
        for direction, (_, behind) in placed.rays.items()
        if behind
    ]


@pytest.mark.parametrize("central", [False, True])
def test_what_turned_units_leave_is_what_their_own_classes_say(*, central: bool) -> None:
    corners = corners_of(central=central)
    units = corners.units(NO_WATCH)
    assert units
    forms = [form for placed in units for form in corners.ledger.forms(placed)]
    assert len(forms) > len(units)
    for turned, changes in forms:
        assert dict(changes) == dict(left_by(turned))


def test_the_way_of_fewer_units_is_chosen_and_nothing_else_is_left() -> None:
    """Of a unit and the unit in two halves, the unit, and the ledger holds what it leaves."""
    corners = corners_of(central=False)
    placed = corners.units(NO_WATCH)[0]
    ledger, prices = corners.ledger, corners.prices
    before = {line: dict(own) for line, own in ledger.left.items() if own}

    def choice() -> Choice:
        return Choice(ledger.forms(placed)[:1])

    bundle = Bundle([[choice(), choice()], [choice()]])
    Bundles(ledger, prices).settle([bundle], NO_WATCH)
    assert bundle.chosen == 1
    ledger.add(bundle.choices[0].options[0][1], -1)
    assert {line: own for line, own in ledger.left.items() if own} == before
