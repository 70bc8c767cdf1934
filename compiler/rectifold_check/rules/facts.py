"""Facts: sums of values that are at least 0 at every point (in the present case).

    h     h                                    relu is never negative
    hz    h − z                                relu(z) ≥ z
    lo    z − lo,   up    up − z               proved bounds
    top   max(0, up) − h                       relu is monotone
    ch    up (z − lo) − (up − lo) h            relu is convex: it lies below its chord
    dom   bound − c·x                          a row of the domain's constraints

z and h are a relu unit's pre-activation and value, lo ≤ z ≤ up its proved bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from rectifold_check.json import Json, Refusal
from rectifold_check.rules.guards import unit_of
from rectifold_check.state import State
from rectifold_check.terms import ONE, ZERO, Term, Unit

Bound = Fraction | None  # None: not proved


def fact(state: State, kind: Json, where: Json) -> list[Term]:
    """Terms whose sum is at least 0. `where`: a unit, or for "dom" the number of a row."""
    if kind == "dom":
        return _domain_row(state, where)
    unit = unit_of(state, where)
    if not state.layer(unit).is_relu:
        raise Refusal("facts are about relu units")
    form = FACTS.get(kind) if isinstance(kind, str) else None
    terms = form(unit, state.lower.get(unit), state.upper.get(unit)) if form is not None else None
    if terms is None:
        raise Refusal(f"fact {str(kind)[:20]!r} is unknown, or its ends are not proved")
    return terms


def _domain_row(state: State, where: Json) -> list[Term]:
    if type(where) is not int or not 0 <= where < len(state.domain.constraints):
        raise Refusal("no such constraint of the domain")
    row, bound = state.domain.constraints[where]
    return [(bound, None), *((-c, k) for k, c in row.items())]


def _h(unit: Unit, low: Bound, high: Bound) -> list[Term]:
    return [(ONE, ("h", unit))]


def _hz(unit: Unit, low: Bound, high: Bound) -> list[Term]:
    return [(ONE, ("h", unit)), (-ONE, ("z", unit))]


def _lo(unit: Unit, low: Bound, high: Bound) -> list[Term] | None:
    return None if low is None else [(ONE, ("z", unit)), (-low, None)]


def _up(unit: Unit, low: Bound, high: Bound) -> list[Term] | None:
    return None if high is None else [(high, None), (-ONE, ("z", unit))]


def _top(unit: Unit, low: Bound, high: Bound) -> list[Term] | None:
    return None if high is None else [(max(high, ZERO), None), (-ONE, ("h", unit))]


def _chord(unit: Unit, low: Bound, high: Bound) -> list[Term] | None:
    if low is None or high is None or not low < 0 < high:
        return None
    return [(high, ("z", unit)), (-high * low, None), (low - high, ("h", unit))]


FACTS: dict[str, Callable[[Unit, Bound, Bound], list[Term] | None]] = {
    "h": _h,
    "hz": _hz,
    "lo": _lo,
    "up": _up,
    "top": _top,
    "ch": _chord,
}
"""Kinds of facts about a unit and its bounds; None where those that it needs are not proved."""
