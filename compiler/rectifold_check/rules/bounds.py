"""Bounds of single units: with a proof by facts, or on somebody's word.

    ["bound", [0,1,0], "lo", "0", {"l": []}]       z ≥ 0, and that low(z) ≥ 0 is the proof
    ["trusted", [0,1,0], "lo", "0", "z3"]          z ≥ 0, says z3: counted in the verdict

Sound because what is stored is what was proved, or else is counted.
"""

from __future__ import annotations

from rectifold_check.json import Json, rational
from rectifold_check.rules.guards import Malformed, unit_of
from rectifold_check.rules.proofs import prove
from rectifold_check.state import State
from rectifold_check.terms import ONE


def bound(state: State, parts: list[Json]) -> None:
    """value ≤ z (lo) or z ≤ value (up). No proof is looked at where a bound as good is known."""
    match parts:
        case [where, ("lo" | "up") as side, number, proof]:
            unit, value = unit_of(state, where), rational(number, "bound")
            if not (isinstance(proof, dict) and state.knows(unit, side, value)):
                sign = ONE if side == "lo" else -ONE
                prove(state, [(sign, ("z", unit)), (-sign * value, None)], proof)
            state.learn_everywhere(unit, side, value)
        case _:
            raise Malformed


def trusted(state: State, parts: list[Json]) -> None:
    """The same without proof, and counted."""
    match parts:
        case [where, ("lo" | "up") as side, number, str()]:
            unit, value = unit_of(state, where), rational(number, "trusted claim")
            state.learn_everywhere(unit, side, value)
            state.trusted += 1
        case _:
            raise Malformed
