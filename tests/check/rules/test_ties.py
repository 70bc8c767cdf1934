"""The rules `alias` and `mirror`: ties, and the bounds and signs that tied units share.

z_v = c·z_w: the bounds of one are, times or divided by c, bounds of the other.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lines import (
    FINAL,
    Table,
    Written,
    assert_refused,
    certificate,
    holding,
    lo,
    refusals,
    up,
)
from support import canonical_chain

# A: relu(2 x0) + relu(-x0).  B: 3 relu(x0) - x0 as relu(x0), linear over skip
BENT = canonical_chain(("R", "", ["0:2", "0:-1"]), ("L", "", ["0:1 1:1"]))
BENT_B = json.dumps(
    {
        "format": "rectifold-network/1",
        "inputs": 2,
        "layers": [
            {"activation": "R", "bias": "", "units": 1, "weights": [[0, ["0:1"]]]},
            {"activation": "L", "bias": "", "units": 1, "weights": [[0, ["0:-1"]], [1, ["0:3"]]]},
        ],
        "output": 2,
    },
    sort_keys=True,
    separators=(",", ":"),
)
# A: relu(2 x0 + 4) + relu(x0 + 2), both active.  B: 3 x0 + 6
ACTIVE = canonical_chain(("R", "0:4 1:2", ["0:2", "0:1"]), ("L", "", ["0:1 1:1"]))
ACTIVE_B = canonical_chain(("L", "0:6", ["0:3"]))
# A: relu(-x0 - 2) + relu(2 x0 + 4): inactive, active.  B: 2 x0 + 4
TURNED = canonical_chain(("R", "0:-2 1:4", ["0:-1", "0:2"]), ("L", "", ["0:1 1:1"]))
TURNED_B = canonical_chain(("L", "0:4", ["0:2"]))
# A: relu(1 - relu(x0)), of relu(x0) and relu(2 x0).  B: 1 - relu(x0)
ABOVE = canonical_chain(("R", "", ["0:1", "0:2"]), ("R", "0:1", ["0:-1"]), ("L", "", ["0:1"]))
ABOVE_B = canonical_chain(("R", "", ["0:1"]), ("L", "0:1", ["0:-1"]))
# A: relu(1 - relu(-x0)), of relu(x0) and relu(-x0).  B: 1 - relu(-x0)
BELOW = canonical_chain(("R", "", ["0:1", "0:-1"]), ("R", "0:1", ["1:-1"]), ("L", "", ["0:1"]))
BELOW_B = canonical_chain(("R", "", ["0:-1"]), ("L", "0:1", ["0:-1"]))


def alias(v: list[int], w: list[int], factor: str) -> list[Any]:
    return ["alias", v, w, factor]


def mirror(v: list[int], w: list[int], factor: str) -> list[Any]:
    return ["mirror", v, w, factor]


TO_B = alias([1, 1, 0], [0, 1, 0], "1/2")
HALVES = mirror([0, 1, 1], [0, 1, 0], "1/2")
SAME = alias([1, 1, 0], [0, 1, 0], "1")
TWICE = alias([0, 1, 1], [0, 1, 0], "2")
HALF = alias([0, 1, 1], [0, 1, 0], "1/2")
OPPOSITE = mirror([0, 1, 1], [0, 1, 0], "2")
MIRRORED = mirror([0, 1, 1], [0, 1, 0], "1"), mirror([1, 1, 0], [0, 1, 0], "1")
TOP = ["top", [0, 1, 1], "1"]


def bent(*steps: list[Any]) -> Written:
    return certificate(BENT, BENT_B, *steps, FINAL)


def active(*steps: list[Any]) -> Written:
    return certificate(ACTIVE, ACTIVE_B, *steps, FINAL)


def turned(*steps: list[Any]) -> Written:
    return certificate(TURNED, TURNED_B, *steps, FINAL)


def above(*steps: list[Any]) -> Written:
    return certificate(ABOVE, ABOVE_B, *steps, SAME, FINAL)


def below(*steps: list[Any]) -> Written:
    return certificate(BELOW, BELOW_B, *steps, FINAL)


TABLES = (
    Table(
        "ties",
        holds={
            "alias and mirror": bent(HALVES, TO_B),
            "of a solved unit say no more": active(lo([0, 1, 0], "0"), lo([0, 1, 1], "0"), HALF),
            "twice": below(
                up([0, 1, 1], "1"),
                MIRRORED[0],
                MIRRORED[0],
                MIRRORED[1],
                lo([0, 2, 0], "0", TOP),
            ),
        },
        refused={
            "to a later unit": (bent(mirror([0, 1, 0], [0, 1, 1], "2"), TO_B), "earlier"),
            "with the wrong factor": (
                bent(mirror([0, 1, 1], [0, 1, 0], "1/3"), TO_B),
                "not multiples",
            ),
            "with the wrong sign": (bent(HALF, TO_B), "not multiples"),
            "with a negative factor": (bent(alias([0, 1, 1], [0, 1, 0], "-1/2")), "not positive"),
            "with the factor 0": (bent(alias([0, 1, 1], [0, 1, 0], "0")), "not positive"),
            "of a linear unit": (
                bent(alias([1, 2, 0], [0, 1, 0], "1")),
                "only a relu unit may be tied",
            ),
            "of a unit to itself": (bent(HALVES, alias([0, 1, 1], [0, 1, 1], "1")), "earlier"),
            "of solved units that are false": (
                active(lo([0, 1, 0], "0"), lo([0, 1, 1], "0"), alias([0, 1, 1], [0, 1, 0], "1")),
                "not multiples",
            ),
        },
    ),
    Table(
        "signs",
        holds={
            "are those of the unit to which one is tied": active(lo([0, 1, 1], "0"), HALF),
            "of a mirrored unit are the other ones": turned(lo([0, 1, 1], "0"), OPPOSITE),
        },
        refused={
            "that no bound proves": (active(HALF), "no proof is given"),
            "where bounds do not reach 0": (
                active(up([0, 1, 1], "3"), HALF),
                "no proof is given",
            ),
            "by a bound of the wrong side": (
                turned(up([0, 1, 1], "6"), OPPOSITE),
                "no proof is given",
            ),
        },
    ),
    Table(
        "bounds",
        holds={
            "an upper one of the second, divided by the factor": above(
                up([0, 1, 1], "2"), TWICE, lo([0, 2, 0], "0")
            ),
            "an upper one of the first, times the factor": above(
                up([0, 1, 0], "1"), TWICE, lo([0, 2, 0], "0", ["up", [0, 1, 1], "0"])
            ),
            "a lower one becomes an upper one": below(
                lo([0, 1, 0], "-1"), MIRRORED[0], lo([0, 2, 0], "0", TOP), MIRRORED[1]
            ),
            "the top of a mirrored unit": below(
                up([0, 1, 1], "1"), *MIRRORED, lo([0, 2, 0], "0", TOP)
            ),
        },
        refused={
            "an upper one where only the lower one is known": (
                above(lo([0, 1, 1], "-2"), TWICE, lo([0, 2, 0], "0")),
                "no proven upper end",
            ),
            "one that is not divided by enough": (
                above(up([0, 1, 1], "3"), TWICE, lo([0, 2, 0], "0")),
                "does not hold",
            ),
            "a lower one beyond what the top gives": (
                below(up([0, 1, 1], "1"), *MIRRORED, lo([0, 2, 0], "1/100", TOP)),
                "does not hold",
            ),
            "a mirrored unit without its top": (
                below(up([0, 1, 1], "1"), lo([0, 1, 1], "-1"), *MIRRORED, lo([0, 2, 0], "0")),
                "does not hold",
            ),
        },
    ),
)


@pytest.mark.parametrize("written", holding(TABLES))
def test_holds(written: Written) -> None:
    assert written.verdict() == "holds"


@pytest.mark.parametrize(("written", "reason"), refusals(TABLES))
def test_refused(written: Written, reason: str) -> None:
    assert_refused(written, reason)
