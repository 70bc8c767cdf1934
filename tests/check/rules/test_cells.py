"""The rule `cells`: numbers of cells that are accepted, and that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from certificate_lines import box
from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold.ir.canonical import canonical_text
from rectifold_check import Replay
from support import BOX, canonical_chain, net

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

LESS = "1048575/1048576"  # of one weight: a millionth less


def maximum(order: str, weight: str = "1") -> str:
    """The canonical text of max(0, x_i, …) over inputs in this order, as a tournament.

    `weight`: of the last match, which is right with 1.
    """
    rounds = [f"x[{k}]" for k in order] + ["0*x[0]"]
    lines = [f"network m\ninput x[{len(order)}] in [-1, 1]"]
    while len(rounds) > 1:
        names = [f"v{len(lines) + k}" for k in range(len(rounds) // 2)]
        factor = weight if len(rounds) == 2 else "1"
        for k, name in enumerate(names):
            left, right = rounds[2 * k : 2 * k + 2]
            lines.append(f"{name}d = relu({left} - {right})")
            lines.append(f"{name} = {right} + {factor}*{name}d")
        rounds = names + rounds[2 * len(names) :]
    return canonical_text(net("\n".join([*lines, f"output {rounds[0]}"])))


def maxima(a: str, b: str, count: int) -> Trial:
    """Two tournaments of the same inputs."""
    inputs = json.loads(a)["inputs"]
    return Trial(a, (["cells", count],), b, box(["-1"] * inputs, ["1"] * inputs), ("0",))


def cells(b: str, count: Any, domain: str = BOX, eps: str = "0", step: str = "cells") -> Trial:
    """That 2 relu(x0) is b up to eps, at the vertices of so many cells."""
    return Trial(HALF, ([step, count],), b, domain, (eps,))


def rearranged(first: str, second: str, order: list[int]) -> Trial:
    """Two sums of relu(±x0), relu(±x1) by their weights; A's units stand in this order."""
    units = ("R", "", ["0:1", "1:1", "0:-1", "1:-1"])
    a, b = (canonical_chain(units, ("L", "", [weights])) for weights in (first, second))
    return Trial(a, (["pairs", [[1, 1, order, [0, 1, 2, 3]]]], ["cells", 4]), b, BOX, ("0",))


ONE_WAY, OTHER_WAY = "0:1 1:10 2:100 3:1000", "0:1 1:100 2:10 3:1000"
FOUR, FIVE = maximum("3120"), maximum("40213")
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
        "four to seven inputs",
        accepted={
            "a maximum of five numbers in another order": maxima(maximum("0123"), FOUR, 32),
            "of six": maxima(maximum("01234"), FIVE, 128),
            "of seven": maxima(maximum("012345"), maximum("012354"), 64),
            "of eight": maxima(maximum("0123456"), maximum("0123465"), 256),
        },
        refused={
            "one weight a millionth less": maxima(maximum("0123"), maximum("3120", LESS), 32),
            "the same in five inputs": maxima(maximum("01234"), maximum("40213", LESS), 128),
            "the same in six": maxima(maximum("012345"), maximum("012354", LESS), 64),
            "one cell too few": maxima(maximum("01234"), FIVE, 127),
            "one cell too many": maxima(maximum("01234"), FIVE, 129),
        },
    ),
    Group(
        "units that a step before has rearranged",
        accepted={
            "in their order": rearranged(ONE_WAY, ONE_WAY, [0, 1, 2, 3]),
            "two of them changed": rearranged(ONE_WAY, ONE_WAY, [0, 2, 1, 3]),
            "turned round": rearranged(ONE_WAY, ONE_WAY, [3, 2, 1, 0]),
        },
        refused={
            "with the weights of the two changed": rearranged(ONE_WAY, OTHER_WAY, [0, 2, 1, 3]),
            "the same in their order": rearranged(ONE_WAY, OTHER_WAY, [0, 1, 2, 3]),
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


def count_of(inputs: int, directions: int, units: int | None = None) -> int | None:
    """The cells of so many relus that read inputs in so many directions, on [0, 1] each."""
    count = units or directions
    rows = [
        " ".join(f"{j}:{1 + (j == k % directions)}" for j in range(inputs)) for k in range(count)
    ]
    last = " ".join(f"{k}:1" for k in range(count))
    network = canonical_chain(("R", "", rows), ("L", "", [last]), inputs=inputs)
    return Replay(network, network, box(["0"] * inputs, ["1"] * inputs)).count_cells(10)


def test_inputs_count_as_the_directions_in_which_they_are_read() -> None:
    assert count_of(7, 7) == count_of(20, 3) == count_of(12, 11) == 1
    assert count_of(13, 12) is count_of(12, 12) is None


def test_a_box_of_more_values_than_are_kept_is_refused() -> None:
    assert count_of(6, 6, 1_100) == 1
    assert count_of(11, 11, 1_100) is None
