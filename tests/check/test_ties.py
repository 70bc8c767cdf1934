"""What ties and the fact `top` prove, and what they must not: tables of titled cases.

z_v = c·z_w: the ends of one are, times or divided by c, ends of the other          top: max(0, up) − h ≥ 0
"""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lines import FINAL, verdict
from support import canonical_chain

# A: relu(2 x0 + 4) + relu(x0 + 2), both active.  B: 3 x0 + 6
ACTIVE_A = canonical_chain(("R", "0:4 1:2", ["0:2", "0:1"]), ("L", "", ["0:1 1:1"]))
ACTIVE_B = canonical_chain(("L", "0:6", ["0:3"]))
# A: relu(-x0 - 2) + relu(2 x0 + 4): inactive, active.  B: 2 x0 + 4
TURNED_A = canonical_chain(("R", "0:-2 1:4", ["0:-1", "0:2"]), ("L", "", ["0:1 1:1"]))
TURNED_B = canonical_chain(("L", "0:4", ["0:2"]))
# A: relu(1 - relu(x0)), of relu(x0) and relu(2 x0).  B: 1 - relu(x0)
ABOVE_A = canonical_chain(("R", "", ["0:1", "0:2"]), ("R", "0:1", ["0:-1"]), ("L", "", ["0:1"]))
ABOVE_B = canonical_chain(("R", "", ["0:1"]), ("L", "0:1", ["0:-1"]))
# A: relu(1 - relu(-x0)), of relu(x0) and relu(-x0).  B: 1 - relu(-x0)
BELOW_A = canonical_chain(("R", "", ["0:1", "0:-1"]), ("R", "0:1", ["1:-1"]), ("L", "", ["0:1"]))
BELOW_B = canonical_chain(("R", "", ["0:-1"]), ("L", "0:1", ["0:-1"]))
SAME = ["alias", [1, 1, 0], [0, 1, 0], "1"]
MIRRORED = [["mirror", [0, 1, 1], [0, 1, 0], "1"], ["mirror", [1, 1, 0], [0, 1, 0], "1"]]
# relu(x0 + 3) is not, relu(x0 - 2) is, never more than 0
SHIFTED_A = canonical_chain(("R", "0:-2", ["0:1"]), ("R", "0:1", ["0:1"]), ("L", "", ["0:1"]))


def lo(unit: list[int], value: str, *facts: list[Any]) -> list[Any]:
    return ["bound", unit, "lo", value, {"l": list(facts)}]


def up(unit: list[int], value: str, *facts: list[Any]) -> list[Any]:
    return ["bound", unit, "up", value, {"l": list(facts)}]


ACCEPTED = {
    "the sign of a unit is that of the unit it is tied to": verdict(
        ACTIVE_A, ACTIVE_B, lo([0, 1, 1], "0"), ["alias", [0, 1, 1], [0, 1, 0], "1/2"], FINAL,
    ),
    "a mirrored unit has the other sign": verdict(
        TURNED_A, TURNED_B, lo([0, 1, 1], "0"), ["mirror", [0, 1, 1], [0, 1, 0], "2"], FINAL,
    ),
    "a tie of a solved unit says no more": verdict(
        ACTIVE_A, ACTIVE_B, lo([0, 1, 0], "0"), lo([0, 1, 1], "0"), ["alias", [0, 1, 1], [0, 1, 0], "1/2"], FINAL,
    ),
    "a tie twice": verdict(BELOW_A, BELOW_B, up([0, 1, 1], "1"), MIRRORED[0], MIRRORED[0], MIRRORED[1],
        lo([0, 2, 0], "0", ["top", [0, 1, 1], "1"]), FINAL,
    ),
    "an upper end of the second, divided by the factor": verdict(
        ABOVE_A, ABOVE_B, up([0, 1, 1], "2"), ["alias", [0, 1, 1], [0, 1, 0], "2"], lo([0, 2, 0], "0"), SAME, FINAL,
    ),
    "an upper end of the first, times the factor": verdict(
        ABOVE_A, ABOVE_B, up([0, 1, 0], "1"), ["alias", [0, 1, 1], [0, 1, 0], "2"], lo([0, 2, 0], "0", ["up", [0, 1, 1], "0"]), SAME, FINAL,
    ),
    "a lower end becomes an upper one": verdict(
        BELOW_A, BELOW_B, lo([0, 1, 0], "-1"), MIRRORED[0], lo([0, 2, 0], "0", ["top", [0, 1, 1], "1"]), MIRRORED[1], FINAL,
    ),
    "the top of a mirrored unit": verdict(
        BELOW_A, BELOW_B, up([0, 1, 1], "1"), *MIRRORED, lo([0, 2, 0], "0", ["top", [0, 1, 1], "1"]), FINAL,
    ),
    "the top of an unsolved unit": verdict(
        ABOVE_A, ABOVE_B, up([0, 1, 0], "1"), lo([0, 2, 0], "0", ["top", [0, 1, 0], "1"]), SAME, FINAL,
    ),
}  # fmt: skip

REFUSED = {
    "a false tie of solved units": (
        verdict(ACTIVE_A, ACTIVE_B, lo([0, 1, 0], "0"), lo([0, 1, 1], "0"), ["alias", [0, 1, 1], [0, 1, 0], "1"], FINAL), "not multiples",
    ),
    "a sign that no end proves": (verdict(ACTIVE_A, ACTIVE_B, ["alias", [0, 1, 1], [0, 1, 0], "1/2"], FINAL), "no proof is given"),
    "ends that do not reach 0": (
        verdict(ACTIVE_A, ACTIVE_B, up([0, 1, 1], "3"), ["alias", [0, 1, 1], [0, 1, 0], "1/2"], FINAL), "no proof is given",
    ),
    "an end of the wrong side": (
        verdict(TURNED_A, TURNED_B, up([0, 1, 1], "6"), ["mirror", [0, 1, 1], [0, 1, 0], "2"], FINAL), "no proof is given",
    ),
    "an upper end where only the lower one is known": (
        verdict(ABOVE_A, ABOVE_B, lo([0, 1, 1], "-2"), ["alias", [0, 1, 1], [0, 1, 0], "2"], lo([0, 2, 0], "0"), SAME, FINAL),
        "no proven upper end",
    ),
    "an end that is not divided by enough": (
        verdict(ABOVE_A, ABOVE_B, up([0, 1, 1], "3"), ["alias", [0, 1, 1], [0, 1, 0], "2"], lo([0, 2, 0], "0"), SAME, FINAL), "does not hold",
    ),
    "a lower end beyond what the top gives": (
        verdict(BELOW_A, BELOW_B, up([0, 1, 1], "1"), *MIRRORED, lo([0, 2, 0], "1/100", ["top", [0, 1, 1], "1"]), FINAL), "does not hold",
    ),
    "a mirrored unit without its top": (
        verdict(BELOW_A, BELOW_B, up([0, 1, 1], "1"), lo([0, 1, 1], "-1"), *MIRRORED, lo([0, 2, 0], "0"), FINAL), "does not hold",
    ),
    "a top without an upper end": (
        verdict(ABOVE_A, ABOVE_B, lo([0, 2, 0], "0", ["top", [0, 1, 0], "1"]), SAME, FINAL), "its ends are not proved",
    ),
    "a top below 0": (
        verdict(SHIFTED_A, SHIFTED_A, up([0, 1, 0], "-1"), up([0, 2, 0], "1/2", ["top", [0, 1, 0], "1"]), FINAL), "does not hold",
    ),
    "a top with a negative multiplier": (
        verdict(ABOVE_A, ABOVE_B, up([0, 1, 0], "1"), lo([0, 2, 0], "0", ["top", [0, 1, 0], "-1"]), SAME, FINAL), "multiplier is negative",
    ),
    "the top of a linear unit": (
        verdict(ABOVE_B, ABOVE_B, up([0, 2, 0], "9", ["top", [0, 2, 0], "1"]), FINAL), "facts are about relu units",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ACCEPTED)
def test_accepted(title: str) -> None:
    assert ACCEPTED[title] == "holds"


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    got, reason = REFUSED[title]
    assert got.startswith("refused: ")
    assert reason in got
