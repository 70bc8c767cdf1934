"""The rules `bound` and `trusted`: certificates that hold, and that are refused."""

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
)
from certificate_steps import Group, Trial, accepted_of, refused_of
from support import canonical_chain

# relu(x0 + 2) + relu(x1 - 3) is x0 + 2: unit 0 is active, unit 1 inactive
SUM = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
SHIFT = canonical_chain(("L", "0:2", ["0:1"]))
ACTIVE, INACTIVE = lo([0, 1, 0], "0"), up([0, 1, 1], "0")


def claimed(*steps: Any, **changes: Any) -> Written:
    """That the sum is the shift, by these steps."""
    return certificate(SUM, SHIFT, *steps, FINAL, **changes)


TABLES = (
    Table(
        "bounds",
        holds={
            "that make units stable": claimed(ACTIVE, INACTIVE),
            "tighter than the sign": claimed(up([0, 1, 1], "-2"), ACTIVE),
        },
        refused={
            "left out": (claimed(), "no proof is given"),
            "that are false": (claimed(ACTIVE, up([0, 1, 1], "-21/10")), "does not hold"),
            "on the wrong side": (claimed(ACTIVE, lo([0, 1, 1], "0")), "does not hold"),
            "that call a positive unit inactive": (claimed(up([0, 1, 0], "0")), "does not hold"),
            "where B has another weight": (
                certificate(
                    SUM,
                    canonical_chain(("L", "0:2", ["0:1 1:1/1000000"])),
                    ACTIVE,
                    INACTIVE,
                    FINAL,
                ),
                "no proof is given",
            ),
        },
    ),
    Table(
        "units",
        refused={
            "that do not exist": (claimed(up([0, 1, 2], "0")), "is no unit"),
            "with a negative index": (claimed(up([0, 1, -1], "0")), "is no unit"),
            "with a truth value as index": (claimed(up([0, 1, True], "0")), "is no unit"),
        },
    ),
    Table(
        "numbers",
        refused={
            "written as floats": (claimed(["bound", [0, 1, 1], "up", 0.5, LEAF]), "float"),
        },
    ),
    Table(
        "domains",
        refused={
            "without an end that counts": (
                claimed(ACTIVE, INACTIVE, domain=box([None, "-1"], ["1", "1"])),
                "input 0 has no lower end",
            ),
            "that are larger": (
                claimed(ACTIVE, INACTIVE, domain=box(["-3", "-1"], ["1", "1"])),
                "does not hold",
            ),
        },
    ),
    Table(
        "trusted claims",
        refused={
            "about a unit that does not exist": (
                claimed(ACTIVE, ["trusted", [0, 1, 2], "up", "0", "z3"]),
                "is no unit",
            ),
            "with a number as a float": (
                claimed(ACTIVE, ["trusted", [0, 1, 1], "up", "0.0", "z3"]),
                "is not a number",
            ),
            "that nobody made": (
                claimed(ACTIVE, ["trusted", [0, 1, 1], "up", "0", None]),
                "malformed",
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


def test_trusted_claims_are_counted() -> None:
    written = claimed(ACTIVE, ["trusted", [0, 1, 1], "up", "0", "z3"])
    assert written.verdict() == "holds given trusted claims"


# h1 = relu(-x0), z2 = 1 - h1 >= 0, z3 = 2 h2
DEEP = canonical_chain(("R", "", ["0:-1"]), ("R", "0:1", ["0:-1"]), ("R", "", ["0:2"]))
ROUNDED: list[Any] = ["bound", [0, 1, 0], "up", "1000001/1000000", LEAF]
INTERVALS: list[list[Any]] = [["intervals", 0, 2], ["intervals", 0, 3]]


def known(step: list[Any]) -> Trial:
    """After intervals that are better than what the proved bound of h1 gives."""
    return Trial(DEEP, (ROUNDED, *INTERVALS, step))


GROUPS = (
    Group(
        "a bound that is known needs no proof",
        accepted={
            "the same": known(lo([0, 3, 0], "0")),
            "a weaker lower one": known(lo([0, 3, 0], "-1")),
            "the same upper one": known(up([0, 3, 0], "2")),
            "a weaker upper one": known(up([0, 3, 0], "5/2")),
        },
    ),
    Group(
        "a better bound is refused without its proof",
        refused={
            "a lower one": known(lo([0, 3, 0], "1/1000000000")),
            "an upper one": known(up([0, 3, 0], "1999999999/1000000000")),
            "the lower one as an upper one": known(up([0, 3, 0], "0")),
            "the upper one as a lower one": known(lo([0, 3, 0], "2")),
            "no proof at all": known(["bound", [0, 3, 0], "lo", "0", None]),
            "of the other network": known(lo([1, 3, 0], "1")),
        },
    ),
)


@pytest.mark.parametrize("trial", accepted_of(GROUPS))
def test_accepted_after_intervals(trial: Trial) -> None:
    assert trial.are_accepted()


@pytest.mark.parametrize("trial", refused_of(GROUPS))
def test_refused_after_intervals(trial: Trial) -> None:
    *before, last = trial.steps
    replay = trial.replay()
    assert all(replay.accepts(step) for step in before)
    assert not replay.accepts(last)
