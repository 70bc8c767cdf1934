"""Proofs that a sum of values is at least 0: leaves of facts, and cases of units.

    {"l": [["hz", u, "1"]]}               low(normal(target − 1·(h_u − z_u))) ≥ 0
    {"f": […]}                            the same with target −1: nothing lies in this case
    {"s": u, "p": PROOF, "n": PROOF}      one proof where z_u ≥ 0, one where z_u ≤ 0

Sound because target = (target − Σ m·fact) + Σ m·fact, every fact is at least 0 and so is every m;
and because one of the two cases holds at every point.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold_check.json import Json, Refusal, multiplier
from rectifold_check.limits import PROOF_DEPTH
from rectifold_check.rules.facts import fact
from rectifold_check.rules.guards import unit_of
from rectifold_check.state import State
from rectifold_check.terms import ONE, Term


def prove(state: State, target: list[Term], proof: Json, depth: int = 0) -> None:
    """Σ target ≥ 0 on the domain (in the present case). `depth`: of cases above."""
    if depth > PROOF_DEPTH:
        raise Refusal("a proof is too deep")
    match proof:
        case {"l": list() as facts, **rest} if not rest:
            _leaf(state, target, facts)
        case {"f": list() as facts, **rest} if not rest:
            _leaf(state, [(-ONE, None)], facts)
        case {"s": where, "p": positive, "n": negative, **rest} if not rest:
            unit = unit_of(state, where)
            prove(state.branch(unit, "lo"), target, positive, depth + 1)
            prove(state.branch(unit, "up"), target, negative, depth + 1)
        case _:
            raise Refusal("unknown kind of proof")


def _leaf(state: State, target: list[Term], facts: list[Json]) -> None:
    """low(target − Σ m · fact) ≥ 0."""
    terms = list(target)
    for entry in facts:
        if not isinstance(entry, list) or len(entry) != 3:
            raise Refusal("a fact is [kind, unit, multiplier]")
        factor = multiplier(entry[2])
        terms += [(-factor * c, atom) for c, atom in fact(state, entry[0], entry[1])]
    slack = state.low(terms)
    if slack < 0:
        raise Refusal(f"a leaf does not hold: the bound is about {_shown(slack)}, below 0")


def _shown(value: Fraction) -> str:
    try:
        return f"{float(value):.3g}"
    except OverflowError:
        return "-inf"
