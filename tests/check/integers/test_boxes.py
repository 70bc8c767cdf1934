"""The rule for boxes: trees that are accepted and trees that are refused."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold_check import Replay
from support import BOX, canonical_chain

# z = relu(x0) + relu(-x0) - 1 <= 0 on [-1, 1]: a chord gives 0 on the whole box.
# z - 1/4 < 0 needs nothing.
TENT = canonical_chain(
    ("R", "", ["0:1", "0:-1"]), ("R", "0:-1 1:-3/4", ["0:1 1:1", "0:1 1:1"]), ("L", "", ["0:1 1:1"])
)
# z = relu(x0) - relu(x0 - 1/2) - 3/5: at most -1/10, and the chords say more than that
SAW = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:-3/5", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
# z = (x0 + 1) / 4 - relu(x0) / 2 - 3/10: at most -1/20, at 0. Below relu(x0) the line x0 / 2 says
# so on the whole box, and neither x0, the default, nor 0.
ROOF = canonical_chain(
    ("R", "0:1", ["0:1", "0:1"]), ("R", "0:-3/10", ["0:1/4 1:-1/2"]), ("L", "", ["0:1"])
)
UNBOUNDED = BOX.replace('"lower":["-1"', '"lower":[null')

UP: list[Any] = [0, "up", "0"]
UP_1: list[Any] = [0, "up", "1"]
UP_PARTS: list[Any] = [0, "up", "9/20"]  # what the parts of unit 0 of layer 1 give
HALVES: list[Any] = [[], 0, "1/2", [[0]], [[0]]]
PARTS: list[Any] = [[], [1, 0], [[0]], [[0]]]


def boxes(net: int, layer: int, claims: list[Any], tree: Any, domain: str = BOX) -> Trial:
    """One step about SAW."""
    return Trial(SAW, (["boxes", net, layer, claims, tree],), domain=domain)


def on_roof(*named: Any, value: str = "0") -> Trial:
    """One box of ROOF, where its only claim is named in these ways."""
    return Trial(ROOF, (["boxes", 0, 2, [[0, "up", value]], [list(named)]],))


HALF, STEEP = ["AEA=", [], []], ["AIA=", [], []]  # the slopes 1/2 and 1
PUSHED = ["", ["0x1p-2"], []]  # a quarter of relu(x0)'s x0 is added, where it is of that sign
ON_1: list[Any] = [[1, [1]]]

GROUPS = (
    Group(
        "boxes",
        accepted={
            "one box": boxes(0, 2, [UP_1], [[0]]),
            "two boxes": boxes(0, 2, [UP], HALVES),
            "the other network": boxes(1, 2, [UP], HALVES),
            "no claims": boxes(0, 2, [], [[]]),
            "a split outside the box leaves one half empty": boxes(
                0, 2, [UP_1], [[], 0, "7", [[0]], [[0]]]
            ),
        },
        refused={
            "a bound that one box does not give": boxes(0, 2, [UP], [[0]]),
            "a false claim": boxes(0, 2, [[0, "up", "-1/5"]], HALVES),
            "a node with one half": boxes(0, 2, [UP], [[], 0, "1/2", [[0]]]),
            "a split of no input": boxes(0, 2, [UP], [[], 2, "1/2", [[0]], [[0]]]),
            "a split at a float": boxes(0, 2, [UP], [[], 0, "0.5", [[0]], [[0]]]),
            "no tree": boxes(0, 2, [UP], None),
            "an unbounded domain": boxes(0, 2, [UP], HALVES, domain=UNBOUNDED),
        },
    ),
    Group(
        "claims",
        accepted={
            "on different boxes": boxes(0, 2, [UP, [0, "lo", "-8"]], [[1], 0, "1/2", [[0]], [[0]]]),
            "proved twice": boxes(0, 2, [UP], [[], 0, "1/2", [[0]], [[0, 0]]]),
            "above a split of phases": boxes(0, 2, [UP_1], [[0], [1, 0], [[]], [[]]]),
        },
        refused={
            "missing on one half": boxes(0, 2, [UP], [[], 0, "1/2", [[0]], [[]]]),
            "not in the list": boxes(0, 2, [UP], [[1]]),
            "a negative number": boxes(0, 2, [UP_1], [[-1]]),
            "a truth value as a number": boxes(0, 2, [UP_1], [[False]]),
            "of another shape": boxes(0, 2, [[0, "up"]], HALVES),
            "about an unknown side": boxes(0, 2, [[0, "mid", "0"]], HALVES),
            "about an unknown unit": boxes(0, 2, [[1, "up", "0"]], HALVES),
            "about an unknown layer": boxes(0, 9, [], [[]]),
            "about layer 0": boxes(0, 0, [], [[]]),
            "about an unknown network": boxes(3, 2, [UP], HALVES),
        },
    ),
    Group(
        "parts",
        accepted={
            "where a unit is active and where it is not": boxes(0, 2, [UP_PARTS], PARTS),
            "of halves": boxes(0, 2, [UP], [[], 0, "1/2", PARTS, PARTS]),
            "by a unit of the other network": boxes(1, 2, [UP_PARTS], PARTS),
            "of which one is empty": boxes(0, 2, [UP], [[], 0, "1/2", [[0]], PARTS]),
        },
        refused={
            "a bound that they do not give": boxes(0, 2, [UP], PARTS),
            "a false claim": boxes(0, 2, [[0, "up", "-1/5"]], PARTS),
            "a claim missing on one": boxes(0, 2, [UP_PARTS], [[], [1, 0], [[0]], [[]]]),
            "one only": boxes(0, 2, [UP_PARTS], [[], [1, 0], [[0]]]),
            "by a unit of the layer itself": boxes(0, 2, [UP_PARTS], [[], [2, 0], [[0]], [[0]]]),
            "by a linear unit": boxes(0, 2, [UP_PARTS], [[], [3, 0], [[0]], [[0]]]),
            "by an unknown unit": boxes(0, 2, [UP_PARTS], [[], [1, 2], [[0]], [[0]]]),
            "by a negative unit": boxes(0, 2, [UP_PARTS], [[], [1, -1], [[0]], [[0]]]),
            "by a truth value": boxes(0, 2, [UP_PARTS], [[], [True, 0], [[0]], [[0]]]),
            "by an input": boxes(0, 2, [UP_PARTS], [[], 0, [[0]], [[0]]]),
            "by three numbers": boxes(0, 2, [UP_PARTS], [[], [0, 1, 0], [[0]], [[0]]]),
        },
    ),
)


CASES = (
    Group(
        "cases on a box",
        accepted={
            "a slope": on_roof([0, ON_1, HALF]),
            "a slope, and the default where it is enough": on_roof([0, ON_1, HALF], 0, value="1"),
            "both phases of a unit": on_roof([0, ON_1, [0, PUSHED, PUSHED]]),
            "on one half alone": Trial(
                ROOF,
                (
                    [
                        "boxes", 0, 2, [[0, "up", "0"]],
                        [[], 0, "-1/8", [[0]], [[[0, ON_1, HALF]]]],
                    ],
                ),
            ),
        },
        refused={
            "the default slope": on_roof(0),
            "no slope, which is the default": on_roof([0, ON_1, ["", [], []]]),
            "a slope that does not prove it": on_roof([0, ON_1, STEEP]),
            "a false claim": on_roof([0, ON_1, HALF], value="-1/10"),
            "a slope above 1": on_roof([0, ON_1, ["AYA=", [], []]]),
            "a slope of more units than the frame has": on_roof([0, ON_1, ["AEAAQA==", [], []]]),
            "levels of planes": on_roof([0, ON_1, [*HALF, "AAAAAAA="]]),
            "a frame of the layer itself": on_roof([0, [[2, [0]]], HALF]),
            "a frame out of order": on_roof([0, [[1, [1, 0]]], ["AEAAQA==", [], []]]),
            "a multiplier without a split": on_roof([0, ON_1, ["AEA=", ["0x1p+0"], []]]),
            "one phase of a unit": on_roof([0, ON_1, [0, PUSHED]]),
            "both phases without multipliers": on_roof([0, ON_1, [0, ["", [], []], ["", [], []]]]),
            "no cases": on_roof([0, ON_1]),
            "an unknown claim": on_roof([1, ON_1, HALF]),
            "a truth value as a number": on_roof([False, ON_1, HALF]),
        },
    ),
)  # fmt: skip


@pytest.mark.parametrize("trial", accepted_of((*GROUPS, *CASES)))
def test_accepted(trial: Trial) -> None:
    assert trial.are_accepted()


@pytest.mark.parametrize("trial", refused_of((*GROUPS, *CASES)))
def test_refused(trial: Trial) -> None:
    assert not trial.are_accepted()


def test_a_tree_that_is_too_deep_is_refused() -> None:
    tree: list[Any] = [[0]]
    for _ in range(450):
        tree = [[], 0, "1/2", tree, [[0]]]
    assert not boxes(0, 2, [UP_1], tree).are_accepted()


def test_what_a_step_proves_is_learnt_and_what_it_refuses_is_not() -> None:
    replay = Replay(TENT, TENT, BOX)
    assert not replay.accepts(["boxes", 0, 2, [[0, "up", "-1"]], [[0]]])
    assert not replay.state.upper
    assert replay.accepts(["boxes", 0, 2, [[0, "up", "1/1000"], [1, "up", "1"]], [[0, 1]]])
    assert replay.state.upper == {(0, 2, 0): Fraction(1, 1000), (0, 2, 1): Fraction(1)}


def test_trees_made_by_chance_never_prove_a_false_claim() -> None:
    random = Random(0)
    accepted = 0
    for _ in range(300):
        value = Fraction(random.randint(-30, 10), 40)
        at, inner = (str(Fraction(random.randint(-8, 8), 8)) for _ in range(2))
        tree: list[Any] = [[], 0, at, [[0]], [[], 0, inner, [[0]], [[0]]]]
        holds = boxes(0, 2, [[0, "up", str(value)]], tree).are_accepted()
        accepted += holds
        assert not holds or value >= Fraction(-1, 10)
    assert 0 < accepted < 300
