"""Rules about the gap network [A − B − eps; B − A − eps] alone.

    ["pairs", [[1, 1]]]       units of layer 1 of A and of layer 1 of B are close, one by one
    ["cells", 12]             the gap network is at most 0 at the vertices of all 12 cells
    ["bends", 5]              the same on 5 cells where bends of the two networks cancel

Pairs claim nothing: they say how substitution proceeds. Cells are sound because on a cell the
difference of the networks is affine, so it is largest at a vertex (cells.py, bends.py).
"""

from __future__ import annotations

from collections.abc import Callable

from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cells
from rectifold_check.gap import GAP, Arrangement
from rectifold_check.json import Json, Refusal
from rectifold_check.limits import MOST_PLACES
from rectifold_check.rules.guards import Malformed, unit_of
from rectifold_check.several import count_nonpositive
from rectifold_check.state import State
from rectifold_check.terms import ZERO


def pairs(state: State, parts: list[Json]) -> None:
    """Layers [of A, of B] whose units are compared one by one, as they are or rearranged."""
    match parts:
        case [list() as given]:
            state.arrange(_arrangement(state, given))
        case _:
            raise Malformed


def cells(state: State, parts: list[Json]) -> None:
    """The gap network is nonpositive at the vertices of exactly `count` cells."""
    _require_count(state, parts, Cells)


def bends(state: State, parts: list[Json]) -> None:
    """The same of cells on which only the gap network's outputs are affine."""
    _require_count(state, parts, BendingCells)


def _require_count(state: State, parts: list[Json], kind: type[Cells]) -> None:
    match parts:
        case [int() as count] if type(count) is int:
            found = count_cells(state, count, kind=kind)
        case _:
            raise Malformed
    if found != count:
        raise Refusal(f"there are {found} cells, not {count}")
    last = state.gap.network.layers
    for unit in range(last[-1].size):
        state.learn_in(GAP, len(last), unit, "up", ZERO)


def count_cells(
    state: State,
    most: int,
    stop: Callable[[], bool] | None = None,
    kind: type[Cells] = Cells,
) -> int:
    """How many cells there are, the gap network nonpositive at every vertex. Raises Refusal.

    `most`: cells at most; `stop`: asked at every cell, ends the count.
    """
    network, domain = state.gap.network, state.domain
    return count_nonpositive(kind(network, domain, state.work), (network, domain), most, stop)


def _arrangement(state: State, given: list[Json]) -> Arrangement:
    """Pairs [layer of A, layer of B], perhaps with the orders of their units."""
    shift = len(state.networks[0].layers)
    layers: dict[int, int] = {}
    orders: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
    for pair in given:
        match pair:
            case [int() as first, int() as second, *rest] if len(rest) in (0, 2):
                _require_pair(state, first, second, rest)
                if rest:
                    orders[0][first], orders[1][second] = map(_numbers, rest)
                if first in layers or second + shift in layers.values():
                    raise Refusal("a layer is in two pairs")
                layers[first] = second + shift
            case _:
                raise Refusal("a pair is [layer of A, layer of B], perhaps with two arrangements")
    return Arrangement(layers, orders)


def _require_pair(state: State, first: int, second: int, orders: list[Json]) -> None:
    """Relu layers of one size, counted in places where they are rearranged."""
    layers = [
        state.layer(unit_of(state, [net, number, 0])) for net, number in ((0, first), (1, second))
    ]
    sizes = [layer.size for layer in layers]
    if orders:
        sizes = [_places(order, size) for order, size in zip(orders, sizes, strict=True)]
    if not all(layer.is_relu for layer in layers) or sizes[0] != sizes[1]:
        raise Refusal("only relu layers of one size make a pair")


def _places(order: Json, size: int) -> int:
    """The number of places of an arrangement of `size` units: every unit once, -1 for no unit."""
    units = _numbers(order)
    if not all(-1 <= k < size for k in units):
        raise Refusal("an arrangement lists units, and -1 for a place without one")
    if (
        sorted(k for k in units if k >= 0) != list(range(size))
        or len(units) > 2 * size + MOST_PLACES
    ):
        raise Refusal("an arrangement names every unit once")
    return len(units)


def _numbers(order: Json) -> list[int]:
    """A list of whole numbers."""
    given = order if isinstance(order, list) else [None]
    numbers = [k for k in given if type(k) is int]
    if len(numbers) != len(given):
        raise Refusal("an arrangement lists units, and -1 for a place without one")
    return numbers
