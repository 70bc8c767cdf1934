"""The rules: the name of a certificate's step, and the function that checks it.

A rule reads the parts of its step, proves what they claim from what the state holds, and only then
adds it to the state; whatever does not hold raises Refusal. The order is that of FORMAT.md, which
says for each rule why it is sound.
"""

from __future__ import annotations

from collections.abc import Callable

from rectifold_check.json import Json, Refusal
from rectifold_check.rules import bounds, final, gap, substitution, ties
from rectifold_check.rules.guards import Malformed
from rectifold_check.state import State

Rule = Callable[[State, list[Json]], None]

RULES: dict[str, Rule] = {
    "bound": bounds.bound,
    "trusted": bounds.trusted,
    "alias": ties.alias,
    "mirror": ties.mirror,
    "precision": substitution.precision,
    "intervals": substitution.intervals,
    "cases": substitution.cases,
    "boxes": substitution.boxes,
    "pairs": gap.pairs,
    "cells": gap.cells,
    "final": final.final,
}


def apply(state: State, step: list[Json]) -> None:
    """Check one step, a list that is not empty. Raises Refusal."""
    name, *parts = step
    rule = RULES.get(name) if isinstance(name, str) else None
    try:
        if rule is None:
            raise Malformed
        rule(state, parts)
    except Malformed:
        raise Refusal(f"unknown step {str(name)[:40]!r}") from None
