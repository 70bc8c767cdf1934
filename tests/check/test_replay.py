"""A Replay: a step that does not hold leaves no trace, and the work is counted."""

from __future__ import annotations

from typing import Any

from certificate_lines import LEAF, lo, up
from rectifold_check import Replay
from support import BOX, canonical_chain

# relu(relu(x0 - 1/2) - relu(x0)) is 0, which needs cases
SPLIT = canonical_chain(
    ("R", "0:-1/2", ["0:1", "0:1"]), ("R", "", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
ZERO = canonical_chain(("L", "", [""]))
HZ = {"l": [["hz", [0, 1, 1], "1"]]}
BOUNDS = [lo([0, 1, 0], "-3/2"), up([0, 1, 0], "1/2"), lo([0, 1, 1], "-1"), up([0, 1, 1], "1")]


def split(positive: Any, negative: Any) -> list[Any]:
    """That unit 0 of layer 2 is inactive, by cases of the first unit."""
    return ["bound", [0, 2, 0], "up", "0", {"s": [0, 1, 0], "p": positive, "n": negative}]


def test_a_refused_step_leaves_no_trace() -> None:
    replay = Replay(SPLIT, ZERO, BOX)
    assert all(replay.accepts(step) for step in BOUNDS)
    state = replay.state
    before = dict(state.lower), dict(state.upper), dict(state.forms.solved)
    assert not replay.accepts(split(LEAF, LEAF))
    assert (state.lower, state.upper, state.forms.solved) == before
    assert not replay.is_equal()
    assert replay.accepts(split(HZ, LEAF))
    assert replay.is_equal()


def test_refused_pairs_leave_what_is_known_of_the_gap_network() -> None:
    deep = canonical_chain(("R", "", ["0:1"]), ("R", "0:1", ["0:1"]), ("L", "", ["0:1"]))
    other = canonical_chain(("R", "", ["0:1"]), ("R", "0:2", ["0:1"]), ("L", "", ["0:1"]))
    replay = Replay(deep, other, BOX, ["3/2"])
    halves: list[Any] = [[], 0, "0", [[0, 1]], [[0, 1]]]
    assert replay.accepts(["boxes", 2, 7, [[0, "up", "0"], [1, "up", "0"]], halves])
    assert replay.is_equal()
    assert not replay.accepts(["pairs", [[1, 2], [2, 1]]])  # they cross
    assert replay.is_equal()
    assert replay.accepts(["pairs", [[1, 1]]])  # what was known of the other arrangement is not
    assert not replay.is_equal()


def test_substitution_does_not_begin_for_a_refused_step() -> None:
    """Intervals close this gap once it has begun, and no step of a certificate says so."""
    replay = Replay(canonical_chain(("L", "", ["0:1/4"])), ZERO, BOX, ["1/2"])
    for step in (
        ["cases", [2, 3, 0], "up", "-9", [], ["", [], []]],
        ["boxes", 2, 3, [[0, "up", "-9"]], [[0]]],
    ):
        assert not replay.accepts(step)
        assert not replay.is_equal()
    assert replay.accepts(["intervals", 2, 3])
    assert not replay.accepts(["intervals", 2, 9])
    assert replay.is_equal()


def test_the_final_comparison_is_no_step() -> None:
    replay = Replay(ZERO, ZERO, BOX)
    assert replay.is_equal()
    assert not replay.accepts(["final", {}])


def test_no_certificate_asks_for_more_work_than_the_checker_takes() -> None:
    network = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1"]))
    replay = Replay(network, network, BOX)
    assert replay.count_cells(10) == 4
    assert replay.is_allowed(len(network))
    replay.state.work.done = 10**12
    assert not replay.is_allowed(len(network))
    assert replay.is_allowed(10**9)
