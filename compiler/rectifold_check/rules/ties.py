"""Ties: a unit whose pre-activation is a multiple of an earlier unit's.

    ["alias",  v, w, s]       z_v =  s·z_w       gives      h_v = s·h_w
    ["mirror", v, w, s]       z_v = −s·z_w       gives      h_v = s·(h_w − z_w)

Sound because relu(s t) = s relu(t) for s > 0 and relu(−t) = relu(t) − t. The bounds that are proved
for one unit hold, times or divided by the ratio, for the other.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold_check.json import Json, Refusal, rational
from rectifold_check.rules.guards import Malformed, unit_of
from rectifold_check.state import State
from rectifold_check.terms import Term, Unit
from rectifold_check.work import words


def alias(state: State, parts: list[Json]) -> None:
    """z_v = s·z_w, so h_v = s·h_w."""
    v, w, factor = _read(state, parts, "alias")
    _require_ratio(state, "alias", v, w, factor)
    _share_bounds(state, v, w, factor)
    _solve(state, v, [(factor, ("h", w))])


def mirror(state: State, parts: list[Json]) -> None:
    """z_v = −s·z_w, so h_v = s·(h_w − z_w)."""
    v, w, factor = _read(state, parts, "mirror")
    _require_ratio(state, "mirror", v, w, -factor)
    _share_bounds(state, v, w, -factor)
    _solve(state, v, [(factor, ("h", w)), (-factor, ("z", w))])


def _read(state: State, parts: list[Json], kind: str) -> tuple[Unit, Unit, Fraction]:
    """Two relu units, the second one earlier, and a positive factor."""
    match parts:
        case [first, second, number]:
            v, w = unit_of(state, first), unit_of(state, second)
            factor = rational(number, kind)
        case _:
            raise Malformed
    if factor <= 0:
        raise Refusal("a factor is not positive")
    if not w < v:
        raise Refusal("a unit may only be tied to an earlier one")
    if not state.layer(v).is_relu or not state.layer(w).is_relu:
        raise Refusal("only a relu unit may be tied, to a relu unit")
    return v, w, factor


def _require_ratio(state: State, kind: str, v: Unit, w: Unit, ratio: Fraction) -> None:
    """z_v = ratio · z_w, as normal forms."""
    size = len(state.forms.z(v).coefficients)
    state.work.spend(size * (words(ratio.numerator) + words(ratio.denominator)))
    if not state.forms.z(v).equals(state.forms.z(w), ratio):
        raise Refusal(f"{kind}: the pre-activations of {list(v)} and {list(w)} are not multiples")


def _share_bounds(state: State, v: Unit, w: Unit, ratio: Fraction) -> None:
    """z_v = ratio · z_w: the bounds of each bound the other; below 0 they change sides."""
    for one, other, factor in ((w, v, ratio), (v, w, 1 / ratio)):
        for side, bounds in (("lo", state.lower), ("up", state.upper)):
            if one in bounds:
                turned = side if ratio > 0 else ("up" if side == "lo" else "lo")
                state.learn_everywhere(other, turned, factor * bounds[one])


def _solve(state: State, v: Unit, value: list[Term]) -> None:
    """Unless the sign of v solves it: that says more."""
    if v not in state.forms.solved:
        state.forms.solve(v, value)
