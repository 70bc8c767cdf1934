"""Whole units first, then weights: compared with weights alone, by what is left in the end.

    weights alone   →   the price of a weight   →   units that pay at it   →   weights again
    both compiled   →   the second, where it costs less by the user's objective, and by the way
                        keeps hardly more weights

A weight costs about the same wherever the tolerance is spent, when the search is done; so units are
edited that are better at this price. Which way is answered is decided by exact compiles of both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rectifold.approximate.catalogue import Catalogue
from rectifold.approximate.edits import tied
from rectifold.approximate.known import Known
from rectifold.approximate.moves.table import MOVES
from rectifold.approximate.search import Choice, Search
from rectifold.approximate.unit_edits import EditedUnits, Prices, edit_units
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network, Sizes

Compiled = Callable[[Network], Sizes]
"""The sizes of an edited network after a quick exact compile."""

Better = Callable[[Sizes, Sizes], bool]
"""Is the second better than the first?"""


def search_units_first(
    search: Search, known_of: Callable[[Network], Known], compiled: Compiled, better: Better
) -> Choice:
    """The best of weights alone (`search`), and of units and then weights at some prices."""
    alone = best = search.run()
    if search.deadline.is_over:
        return best
    left = compiled(best.edited)
    price = search.price if best.edits else 1.0 / max(1, search.catalogue.network.sizes.weights)
    for factor in search.effort.prices:
        prices = Prices(price * factor, search.priced_with)
        units = edit_units(search.catalogue.network, known_of, prices, search.deadline)
        if not units.edits or search.deadline.is_over:
            break
        start = search.measure(units.network)
        if not bool((start <= 1.0).all()):
            continue
        found = _weights_after(search, units, start, known_of)
        after = compiled(found.edited)
        if better(left, after):
            best, left = found, after
        elif best is not alone:
            break
    return best


def smallest_by_units(
    search: Search, known_of: Callable[[Network], Known], is_small: Callable[[Network], bool]
) -> Choice | None:
    """Edits of whole units at the lowest price found at which enough of them go, bounded.

    None where no price of those tried is enough, or the deadline comes first.
    """
    network, octaves = search.catalogue.network, search.effort.price_octaves
    one = 1.0 / max(1, network.sizes.weights)
    best: EditedUnits | None = None
    low, high = -octaves, octaves
    while low <= high and not search.deadline.is_over:
        middle = (low + high) // 2
        prices = Prices(one * 2.0**middle, search.weights)
        units = edit_units(network, known_of, prices, search.deadline)
        if units.edits and is_small(units.network):
            best, high = units, middle - 1
        else:
            low = middle + 1
    if best is None or search.deadline.is_over:
        return None
    return Choice(best.network, best.edits, search.measure(best.network))


def _weights_after(
    search: Search, units: EditedUnits, start: Floats, known_of: Callable[[Network], Known]
) -> Choice:
    """These edits of units, which fit and take `start` of the tolerances, and then of weights."""
    known = known_of(units.network)
    edits = [
        edit
        for propose in MOVES.values()
        for edit in propose(units.network, known)
        if units.leaves(edit)
    ]
    later = Search(
        Catalogue.of(units.network, known, edits),
        lambda edited: search.measure(tied(edited, units.ties)),
        search.deadline,
        replace(search.effort, rounds=search.effort.rounds_after_units),
        search.history,
        start,
        search.priced_with,
    )
    found = later.run()
    return Choice(tied(found.edited, units.ties), (*units.edits, *found.edits), found.parts)
