"""Bounds by substitution in outward-rounded integers, in A, B or the gap network.

    ["precision", 96]                              fractional bits from here on
    ["intervals", 0, 2]                            the bounds of a layer from those of what it reads
    ["cases", [0,2,1], "up", "0", FRAME, CASES]    one bound, in every case of a tree of phases
    ["boxes", 0, 2, [[1,"up","0"]], TREE]          bounds of one layer, on every box of a tree

How the integers are found and why their rounding is sound is told in the package integers.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold_check.agreed import BITS, MOST_BITS
from rectifold_check.gap import GAP
from rectifold_check.integers.boxes import prove_boxes
from rectifold_check.integers.cases import prove_cases
from rectifold_check.json import Json, Refusal, rational, whole
from rectifold_check.rules.guards import Malformed, layer_size
from rectifold_check.state import State

Claim = tuple[int, str, Fraction]  # (index, side, value)


def precision(state: State, parts: list[Json]) -> None:
    """Rounding is to multiples of 2^-bits from here on."""
    match parts:
        case [int() as bits] if type(bits) is int:
            state.round_to(whole(bits, BITS, MOST_BITS, "precision"))
        case _:
            raise Malformed


def intervals(state: State, parts: list[Json]) -> None:
    """The bounds of a layer's units by intervals, from the bounds of what it reads."""
    match parts:
        case [int() as net, int() as layer]:
            layer_size(state, net, layer)
        case _:
            raise Malformed
    bounds = state.substitution(net).known.take_intervals(layer)
    if net == GAP:
        return  # the gap network's own substitution keeps them
    for index, (low, high) in enumerate(bounds):
        state.learn((net, layer, index), "up", high)
        state.learn((net, layer, index), "lo", low)


def cases(state: State, parts: list[Json]) -> None:
    """value ≤ z (lo) or z ≤ value (up), by substitution in every case of a tree."""
    match parts:
        case [where, ("lo" | "up") as side, number, frame, tree]:
            value = rational(number, "bound")
            net, layer, index = _place(state, where)
        case _:
            raise Malformed
    sign = 1 if side == "up" else -1
    target = layer, index, sign
    prove_cases(state.substitution(net), target, sign * value, (frame, tree))
    state.learn_in(net, layer, index, side, value)


def boxes(state: State, parts: list[Json]) -> None:
    """Bounds of units of one layer, proved on every box of a tree."""
    match parts:
        case [int() as net, int() as layer, list() as given, tree]:
            size = layer_size(state, net, layer)
            claims = [_claim(claim, size) for claim in given]
        case _:
            raise Malformed
    wanted = [
        (index, 1 if side == "up" else -1, value if side == "up" else -value)
        for index, side, value in claims
    ]
    prove_boxes(state.substitution(net), layer, wanted, tree)
    for index, side, value in claims:
        state.learn_in(net, layer, index, side, value)


def _place(state: State, where: Json) -> tuple[int, int, int]:
    """A unit of A, B or the gap network."""
    match where:
        case [int() as net, int() as layer, int() as index] if (
            0 <= index < layer_size(state, net, layer)
        ):
            return net, layer, index
    raise Refusal(f"{str(where)[:40]} is no unit")


def _claim(claim: Json, size: int) -> Claim:
    """About a unit of a layer with so many."""
    match claim:
        case [int() as index, ("lo" | "up") as side, value] if (
            type(index) is int and 0 <= index < size
        ):
            return index, side, rational(value, "bound")
    raise Refusal("a claim is [index, side, value]")
