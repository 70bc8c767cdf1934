"""Proofs by facts and by cases: certificates that hold, and that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lines import (
    FINAL,
    LEAF,
    Table,
    Written,
    assert_refused,
    box,
    certificate,
    holding,
    lo,
    refusals,
    up,
    verdict,
)
from support import canonical_chain

ZERO = canonical_chain(("L", "", [""]))
# relu(relu(x0) - relu(x0) / 2 - 1) is 0: inactive by the chord or by h - z
CHORD = canonical_chain(("R", "", ["0:1"]), ("R", "0:-1/2", ["0:1/2"]), ("L", "", ["0:1"]))
# relu(relu(x0 - 1/2) - relu(x0)) is 0, which needs cases
SPLIT = canonical_chain(
    ("R", "0:-1/2", ["0:1", "0:1"]), ("R", "", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
# relu(x0 + 2) + relu(x1 - 3) is x0 + 2
SUM = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
SHIFT = canonical_chain(("L", "0:2", ["0:1"]))
# relu(x0 + x1 - 1) is 0 where x0 + x1 <= 1
CORNER = canonical_chain(("R", "0:-1", ["0:1 1:1"]), ("L", "", ["0:1"]))
# relu(1 - relu(x0)), of relu(x0) and relu(2 x0), is 1 - relu(x0)
ABOVE = canonical_chain(("R", "", ["0:1", "0:2"]), ("R", "0:1", ["0:-1"]), ("L", "", ["0:1"]))
ABOVE_B = canonical_chain(("R", "", ["0:1"]), ("L", "0:1", ["0:-1"]))
# relu(relu(x0 - 2) + 1): unit 0 is never more than 0
SHIFTED = canonical_chain(("R", "0:-2", ["0:1"]), ("R", "0:1", ["0:1"]), ("L", "", ["0:1"]))

ENDS = [lo([0, 1, 0], "-1"), up([0, 1, 0], "1")]
SPLIT_ENDS = [
    lo([0, 1, 0], "-3/2"),
    up([0, 1, 0], "1/2"),
    lo([0, 1, 1], "-1"),
    up([0, 1, 1], "1"),
]
SAME = ["alias", [1, 1, 0], [0, 1, 0], "1"]


def inactive(*facts: list[Any], before: list[list[Any]] | None = None) -> Written:
    """That unit 0 of layer 2 of CHORD is inactive, hence CHORD is 0."""
    return certificate(CHORD, ZERO, *(before or []), up([0, 2, 0], "0", *facts), FINAL)


def of_h(multiplier: str) -> Written:
    """The same by so many times h >= 0."""
    return inactive(["h", [0, 1, 0], multiplier])


def split(positive: Any, negative: Any, *more: Any) -> Written:
    """That SPLIT is 0, by cases of its first unit."""
    proof = {"s": [0, 1, 0], "p": positive, "n": negative}
    step = ["bound", [0, 2, 0], "up", "0", proof]
    return certificate(SPLIT, ZERO, *SPLIT_ENDS, step, *more, FINAL)


def summed(proof: Any) -> Written:
    """That unit 1 of SUM is inactive, by this proof."""
    step = ["bound", [0, 1, 1], "up", "0", proof]
    return certificate(SUM, SHIFT, lo([0, 1, 0], "0"), step, FINAL)


def top(value: str, *facts: list[Any], bound: str | None = "1") -> Written:
    """That unit 0 of layer 2 of ABOVE is at least value, after an upper bound of unit 0."""
    before = [] if bound is None else [up([0, 1, 0], bound)]
    return certificate(ABOVE, ABOVE_B, *before, lo([0, 2, 0], value, *facts), SAME, FINAL)


HZ = {"l": [["hz", [0, 1, 1], "1"]]}

TABLES = (
    Table(
        "the chord",
        holds={"between its bounds": inactive(["ch", [0, 1, 0], "1/4"], before=ENDS)},
        refused={
            "without bounds": (inactive(["ch", [0, 1, 0], "1/4"]), "its ends are not proved"),
            "without an upper bound": (
                inactive(["ch", [0, 1, 0], "1/4"], before=ENDS[:1]),
                "its ends are not proved",
            ),
        },
    ),
    Table(
        "the top",
        holds={"of an unsolved unit": top("0", ["top", [0, 1, 0], "1"])},
        refused={
            "without an upper bound": (
                top("0", ["top", [0, 1, 0], "1"], bound=None),
                "its ends are not proved",
            ),
            "below 0": (
                certificate(
                    SHIFTED,
                    SHIFTED,
                    up([0, 1, 0], "-1"),
                    up([0, 2, 0], "1/2", ["top", [0, 1, 0], "1"]),
                    FINAL,
                ),
                "does not hold",
            ),
            "with a negative multiplier": (
                top("0", ["top", [0, 1, 0], "-1"]),
                "multiplier is negative",
            ),
            "of a linear unit": (
                certificate(ABOVE_B, ABOVE_B, up([0, 2, 0], "9", ["top", [0, 2, 0], "1"]), FINAL),
                "facts are about relu units",
            ),
        },
    ),
    Table(
        "rows of the domain",
        holds={
            "as a fact": certificate(
                CORNER,
                ZERO,
                up([0, 1, 0], "0", ["dom", 0, "1"]),
                FINAL,
                domain=box(["-1", "-1"], ["1", "1"], ("0:1 1:1", "1")),
            ),
        },
        refused={
            "that are not there": (summed({"l": [["dom", 0, "1"]]}), "no such constraint"),
        },
    ),
    Table(
        "facts",
        refused={
            "left out where an upper bound is needed": (inactive(), "no proven upper end"),
            "of no kind": (inactive(["magic", [0, 1, 0], "1"]), "is unknown"),
            "about a linear unit": (
                certificate(SHIFT, SUM, up([0, 1, 0], "9", ["h", [0, 1, 0], "1"]), FINAL),
                "facts are about relu units",
            ),
        },
    ),
    Table(
        "multipliers",
        holds={
            "as a hexadecimal float": inactive(["ch", [0, 1, 0], "0x1.0p-2"], before=ENDS),
        },
        refused={
            "below 0": (of_h("-1"), "multiplier is negative"),
            "below 0 as a float": (of_h("-0x1.0p+0"), "multiplier is negative"),
            "beyond the floats": (of_h("0x1.0p+9999"), "beyond the range"),
            "that are no number": (of_h("nan"), "is not a number"),
        },
    ),
    Table(
        "cases",
        holds={"of one unit": split(HZ, LEAF)},
        refused={
            "of which one is missing": (
                certificate(
                    SPLIT,
                    ZERO,
                    *SPLIT_ENDS,
                    ["bound", [0, 2, 0], "up", "0", {"s": [0, 1, 0], "p": LEAF}],
                    FINAL,
                ),
                "unknown kind of proof",
            ),
            "of which one is not proved": (split(LEAF, LEAF), "does not hold"),
            "what one learnt does not leave it": (
                split(HZ, LEAF, lo([0, 1, 0], "0")),
                "does not hold",
            ),
            "called empty that are not": (summed({"f": []}), "does not hold"),
        },
    ),
)


@pytest.mark.parametrize("written", holding(TABLES))
def test_holds(written: Written) -> None:
    assert written.verdict() == "holds"


@pytest.mark.parametrize(("written", "reason"), refusals(TABLES))
def test_refused(written: Written, reason: str) -> None:
    assert_refused(written, reason)


def test_depth_is_capped() -> None:
    proof: Any = LEAF
    for _ in range(300):
        proof = {"s": [0, 1, 0], "p": proof, "n": LEAF}
    got = verdict(SUM, SHIFT, ["bound", [0, 1, 1], "up", "0", proof], FINAL)
    assert "too deep" in got
