"""The rule `bound` where an end is known already: as good is enough, better needs its proof."""

from __future__ import annotations

from typing import Any

import pytest

import rectifold_check
from support import BOX, canonical_chain

# h1 = relu(-x0), z2 = 1 - h1 >= 0, z3 = 2 h2
NETWORK = canonical_chain(("R", "", ["0:-1"]), ("R", "0:1", ["0:-1"]), ("R", "", ["0:2"]))
ROUNDED: list[Any] = ["bound", [0, 1, 0], "up", "1000001/1000000", {"l": []}]
INTERVALS: list[list[Any]] = [["intervals", 0, 2], ["intervals", 0, 3]]


def replayed() -> rectifold_check.Replay:
    """After intervals that are better than what the proved end of h1 gives."""
    replay = rectifold_check.Replay(NETWORK, NETWORK, BOX)
    for step in (ROUNDED, *INTERVALS):
        assert replay.accepts(step)
    return replay


@pytest.mark.parametrize(
    "step",
    [
        ["bound", [0, 3, 0], "lo", "0", {"l": []}],
        ["bound", [0, 3, 0], "lo", "-1", {"l": []}],
        ["bound", [0, 3, 0], "up", "2", {"l": []}],
        ["bound", [0, 3, 0], "up", "5/2", {"l": []}],
    ],
    ids=["the same end", "a weaker lower end", "the same upper end", "a weaker upper end"],
)
def test_an_end_that_is_known_needs_no_proof(step: list[Any]) -> None:
    assert replayed().accepts(step)


@pytest.mark.parametrize(
    "step",
    [
        ["bound", [0, 3, 0], "lo", "1/1000000000", {"l": []}],
        ["bound", [0, 3, 0], "up", "1999999999/1000000000", {"l": []}],
        ["bound", [0, 3, 0], "up", "0", {"l": []}],
        ["bound", [0, 3, 0], "lo", "2", {"l": []}],
        ["bound", [0, 3, 0], "lo", "0", None],
        ["bound", [1, 3, 0], "lo", "1", {"l": []}],
    ],
    ids=[
        "a better lower end",
        "a better upper end",
        "the lower end as an upper one",
        "the upper end as a lower one",
        "no proof at all",
        "an end of the other network",
    ],
)
def test_a_better_end_is_refused_without_its_proof(step: list[Any]) -> None:
    assert not replayed().accepts(step)
