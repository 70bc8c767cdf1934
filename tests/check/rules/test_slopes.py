"""The rule `slopes`: conditions on a step that are accepted, and that are refused.

The network is y_0 = relu(x_0) + x_1 / 2, y_1 = relu(x_0) − relu(−x_0) = x_0 on [-1, 1]^2.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from certificate_lines import FINAL, sha
from rectifold_check import check_property
from support import canonical_chain

NETWORK = canonical_chain(
    ("R", "", ["0:1", "0:-1", "1:1", "1:-1"]),
    ("L", "", ["0:1 2:1/2 3:-1/2", "0:1 1:-1"]),
)
OTHER = canonical_chain(("R", "", ["0:1"]), ("L", "", ["0:1", "0:2"]))
Ends = tuple[Sequence[str | None], Sequence[str | None]]
SQUARE = (["-1", "-1"], ["1", "1"])


def part(
    y: str, bound: str, steps: Ends, *rows: Any, x: str = "",
    strict: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """One condition on pairs (x, x + s), both in the square, with steps between these ends."""
    inside = [
        [{1: f"{k}:1 {k + 2}:1", -1: f"{k}:-1 {k + 2}:-1"}[sign], "1"]
        for k in (0, 1)
        for sign in (1, -1)
    ]
    domain = {
        "format": "rectifold-domain/1",
        "lower": [*SQUARE[0], *steps[0]],
        "upper": [*SQUARE[1], *steps[1]],
        "constraints": [*inside, *rows],
    }
    case = [{"x": x, "y": y, "bound": bound, "strict": strict}]
    return {"domain": domain, "cases": [case]}


@dataclass(frozen=True)
class Trial:
    """A certificate about the network beside itself."""

    part: dict[str, Any]
    step: Sequence[Any]
    margin: str = "0"
    beside: str = NETWORK
    more: Any = None

    def verdict(self) -> str:
        asked = {"format": "rectifold-property/1", "parts": [self.part]} | (self.more or {})
        text = json.dumps(asked)
        header = {
            "format": "rectifold-property-certificate/1",
            "network": sha(NETWORK),
            "beside": sha(self.beside),
            "property": sha(text),
            "margins": [[self.margin]],
        }
        lines = [json.dumps(row) for row in (header, self.step, FINAL)]
        found = check_property(NETWORK, text, lines, beside=self.beside)
        return found.status if found.holds else f"refused: {found.reason}"


ONE = (["0", "0"], ["2", "0"])  # x_0 alone rises
BOTH = (["0", "-2"], ["2", "2"])
LARGEST = (["2:-1 3:1", "0"], ["2:-1 3:-1", "0"])  # |s_1| ≤ s_0
FALLS = part("0:-1 2:1", "0", ONE)  # y_0 falls where x_0 rises
RISES = part("0:1 2:-1", "0", ONE)  # y_0 rises
OPPOSITE = part("1:1 3:-1", "0", (["-2", "0"], ["0", "0"]))  # y_1 rises where x_0 falls
STEEP = part("0:1 2:-1", "0", BOTH, *LARGEST, x="2:3/2")  # y_0 rises by more than 3/2 of |s|
WHOLE = ["slopes", [[0, 0]], [[0]]]
CELLS = ["slopes", [[0, 0]], [[], 1]]
THREE = ["slopes", [[0, 0]], [[], 3]]
HALVES = ["slopes", [[0, 0]], [[], 0, "0", [[0]], [[0]]]]
PARTS = ["slopes", [[0, 0]], [[], [1, 0], [[0]], [[0]]]]

ACCEPTED = {
    "an output that never falls": Trial(FALLS, WHOLE),
    "on both halves of the box": Trial(FALLS, HALVES),
    "on both parts of a unit": Trial(FALLS, PARTS),
    "by cells, of which the box is one": Trial(FALLS, CELLS),
    "by a step that falls": Trial(OPPOSITE, WHOLE),
    "the exact constant of Lipschitz": Trial(STEEP, THREE),
    "cells of both halves": Trial(
        part("1:-1 3:1", "0", ONE, x="2:-1"),
        ["slopes", [[0, 0]], [[], 0, "0", [[], 1], [[], 1]]],
    ),
    "a slope that is only seen on cells": Trial(
        part("1:-1 3:1", "0", ONE, x="2:-1"), ["slopes", [[0, 0]], [[], 2]]
    ),
    "a fall within the slack": Trial(part("0:1 2:-1", "-2", ONE), WHOLE),
    "a margin that is reached": Trial(
        part("0:-1 2:1", "-1/8", ONE, strict=False), WHOLE, margin="1/8"
    ),
}
REFUSED = {
    "an output that may rise": (Trial(RISES, WHOLE), "does not hold on one of the boxes"),
    "the same on cells": (Trial(RISES, ["slopes", [[0, 0]], [[], 2]]), "one of the cells"),
    "the same on halves": (Trial(RISES, HALVES), "does not hold on one of the boxes"),
    "another number of cells": (Trial(FALLS, ["slopes", [[0, 0]], [[], 2]]), "1 cells, not 2"),
    "fewer cells than there are": (
        Trial(part("1:-1 3:1", "0", ONE, x="2:-1"), CELLS),
        "more than 1 cells",
    ),
    "cells that are no number": (Trial(FALLS, ["slopes", [[0, 0]], [[], "1"]]), "how many cells"),
    "true for a number of cells": (Trial(FALLS, ["slopes", [[0, 0]], [[], True]]), "how many"),
    "a leaf that proves nothing": (Trial(FALLS, ["slopes", [[0, 0]], [[]]]), "are not proved"),
    "one half left out": (
        Trial(FALLS, ["slopes", [[0, 0]], [[], 0, "0", [[0]], [[]]]]),
        "are not proved",
    ),
    "a little less than the constant of Lipschitz": (
        Trial(part("0:1 2:-1", "0", BOTH, *LARGEST, x="2:149/100"), THREE),
        "does not hold",
    ),
    "a largest step that nothing says is one": (
        Trial(part("0:1 2:-1", "0", BOTH, LARGEST[0], x="2:3/2"), THREE),
        "does not hold",
    ),
    "a row of the largest step with room": (
        Trial(part("0:1 2:-1", "0", BOTH, LARGEST[0], ["2:-1 3:-1", "1"], x="2:3/2"), THREE),
        "does not hold",
    ),
    "a fall that is a little more than the slack": (
        Trial(part("0:1 2:-1", "-199/100", ONE), WHOLE),
        "does not hold",
    ),
    "a margin that is not reached": (
        Trial(part("0:-1 2:1", "0", ONE, strict=False), WHOLE, margin="1/8"),
        "does not hold",
    ),
    "a condition on one output alone": (Trial(part("2:1", "0", ONE), WHOLE), "a step and the"),
    "outputs that do not balance": (Trial(part("0:-2 2:1", "0", ONE), WHOLE), "a step and the"),
    "a condition on a point": (Trial(part("0:-1 2:1", "0", ONE, x="0:1"), WHOLE), "a step and"),
    "a condition that there is not": (Trial(FALLS, ["slopes", [[0, 1]], [[0]]]), "a condition of"),
    "a case that there is not": (Trial(FALLS, ["slopes", [[1, 0]], [[0]]]), "a condition of"),
    "a case by a number below 0": (Trial(FALLS, ["slopes", [[-1, 0]], [[0]]]), "a condition of"),
    "a claim that is none": (Trial(FALLS, ["slopes", [0], [[0]]]), "[case, condition]"),
    "a claim of truth values": (Trial(FALLS, ["slopes", [[False, 0]], [[0]]]), "[case, condition]"),
    "a claim with cases": (
        Trial(FALLS, ["slopes", [[0, 0]], [[[0, [], ["", [], []]]]]]),
        "not proved by cases",
    ),
    "nothing claimed": (Trial(FALLS, ["slopes", [], [[]]]), "case 0 is not proved"),
    "a step without a tree": (Trial(FALLS, ["slopes", [[0, 0]]]), "is malformed"),
    "two networks": (Trial(FALLS, WHOLE, beside=OTHER), "one network beside itself"),
    "a related point": (
        Trial(FALLS, WHOLE, more={"second": [["0:1", "1/2"], ["1:1", "0"]]}),
        "one network beside itself",
    ),
    "a constraint of zeros alone": (
        Trial(part("0:-1 2:1", "0", ONE, ["0:0 2:0", "1"]), WHOLE),
        "nonzero entries",
    ),
    "steps without an end": (
        Trial(part("0:-1 2:1", "0", (["0", "0"], [None, "0"])), WHOLE),
        "bounded",
    ),
}


@pytest.mark.parametrize("title", ACCEPTED)
def test_accepted(title: str) -> None:
    assert ACCEPTED[title].verdict() == "holds"


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    trial, reason = REFUSED[title]
    found = trial.verdict()
    assert found.startswith("refused: ")
    assert reason in found


def test_slopes_are_not_for_one_network_alone() -> None:
    text = json.dumps({"format": "rectifold-property/1", "parts": [FALLS]})
    header = {
        "format": "rectifold-property-certificate/1",
        "network": sha(NETWORK),
        "property": sha(text),
        "margins": [["0"]],
    }
    lines = [json.dumps(row) for row in (header, WHOLE, FINAL)]
    assert not check_property(NETWORK, text, lines).holds
