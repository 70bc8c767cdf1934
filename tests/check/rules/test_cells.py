"""The rule `cells`: numbers of cells that are accepted, and that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lines import box
from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold_check import Replay
from support import BOX, canonical_chain

# 2 relu(x0); the same with two bends more; the same and 1/1000
HALF = canonical_chain(("R", "", ["0:1"]), ("L", "", ["0:2"]))
SAME = canonical_chain(("R", "", ["0:2", "1:1"]), ("R", "0:1", ["0:1"]), ("L", "0:-1", ["0:1"]))
OFF = canonical_chain(("R", "", ["0:1"]), ("L", "0:1/1000", ["0:2"]))
SQUARE: tuple[list[str | None], list[str | None]] = (["-1", "-1"], ["1", "1"])
ROW = box(*SQUARE, ("0:1", "1/2"))
EMPTY = box(*SQUARE, ("0:1", "-2"))
EDGE = box(*SQUARE, ("0:1", "-1"))
OPEN = box(["-1", None], ["1", "1"])
FLAT = box(["-1", "0"], ["1", "0"])
POINT = box(["1", "0"], ["1", "0"])


def cells(b: str, count: Any, domain: str = BOX, eps: str = "0", step: str = "cells") -> Trial:
    """That 2 relu(x0) is b up to eps, at the vertices of so many cells."""
    return Trial(HALF, ([step, count],), b, domain, (eps,))


GROUPS = (
    Group(
        "equal networks",
        accepted={
            "a copy": cells(HALF, 2),
            "a bend that only one network has": cells(SAME, 4),
            "within eps, with nothing to spare": cells(OFF, 2, eps="1/1000"),
        },
        refused={
            "another function": cells(OFF, 2),
            "a little less than eps": cells(OFF, 2, eps="1/1001"),
            "another name": cells(HALF, 2, step="cell"),
        },
    ),
    Group(
        "domains",
        accepted={
            "with a row": cells(SAME, 4, ROW),
            "with a row that leaves an edge of the box, on which both are 0": cells(SAME, 2, EDGE),
            "with a row that leaves nothing": cells(OFF, 0, EMPTY),
            "with an input that does not vary": cells(SAME, 2, FLAT),
            "of one point": cells(SAME, 1, POINT),
        },
        refused={
            "another function on one edge": cells(OFF, 1, EDGE),
            "without an end": cells(HALF, 2, OPEN),
        },
    ),
    Group(
        "counts",
        refused={
            "one too few": cells(SAME, 3),
            "one too many": cells(SAME, 5),
            "as a text": cells(SAME, "4"),
            "as a truth value": cells(HALF, True, POINT),
            "below 0": cells(HALF, -1),
        },
    ),
)


@pytest.mark.parametrize("trial", accepted_of(GROUPS))
def test_accepted(trial: Trial) -> None:
    assert trial.show_equality()


@pytest.mark.parametrize("trial", refused_of(GROUPS))
def test_refused(trial: Trial) -> None:
    assert not trial.show_equality()


def test_seven_inputs_are_too_many() -> None:
    row = " ".join(f"{k}:1" for k in range(7))
    network = canonical_chain(("R", "", [row]), ("L", "", ["0:1"]), inputs=7)
    assert Replay(network, network, box(["0"] * 7, ["1"] * 7)).count_cells(10) is None
