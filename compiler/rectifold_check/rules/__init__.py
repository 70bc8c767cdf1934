"""The rules: the name of a certificate's step, how it is written, and the function that checks it.

    RULES["intervals"]    is    Rule('["intervals", network, layer]', substitution.intervals)

A rule reads the parts of its step, proves what they claim from what the state holds, and only then
adds it to the state; whatever does not hold raises Refusal. The order is that of FORMAT.md, which
says of each rule why it is sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rectifold_check.json import Json, Refusal
from rectifold_check.rules import allowance, bounds, final, gap, slopes, substitution, ties
from rectifold_check.rules.guards import Malformed
from rectifold_check.state import State


@dataclass(frozen=True)
class Rule:
    """`written`: a step, as in FORMAT.md. `apply`: checks its parts, which are all but the name."""

    written: str
    apply: Callable[[State, list[Json]], None]


RULES = {
    "work": Rule('["work", words]', allowance.work),
    "bound": Rule('["bound", unit, "lo"|"up", value, PROOF]', bounds.bound),
    "trusted": Rule('["trusted", unit, "lo"|"up", value, who]', bounds.trusted),
    "alias": Rule('["alias", v, w, s]', ties.alias),
    "mirror": Rule('["mirror", v, w, s]', ties.mirror),
    "precision": Rule('["precision", bits]', substitution.precision),
    "intervals": Rule('["intervals", network, layer]', substitution.intervals),
    "cases": Rule('["cases", unit, "lo"|"up", value, FRAME, CASES]', substitution.cases),
    "boxes": Rule(
        '["boxes", network, layer, [[index, "lo"|"up", value], ...], TREE]', substitution.boxes
    ),
    "pairs": Rule('["pairs", [PAIR, ...]]', gap.pairs),
    "cells": Rule('["cells", count]', gap.cells),
    "bends": Rule('["bends", count]', gap.bends),
    "slopes": Rule('["slopes", [[case, condition], ...], TREE]', slopes.slopes),
    "final": Rule('["final", {"j": {"ge": PROOF, "le": PROOF}, ...}]', final.final),
}


def apply(state: State, step: list[Json]) -> None:
    """Check one step, a list that is not empty. Raises Refusal."""
    name, *parts = step
    rule = RULES.get(name) if isinstance(name, str) else None
    if rule is None:
        raise Refusal(f"unknown step {str(name)[:40]!r}, expected one of {', '.join(RULES)}")
    try:
        rule.apply(state, parts)
    except Malformed:
        raise Refusal(f"a step {name!r} is malformed, expected {rule.written}") from None
