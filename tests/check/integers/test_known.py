"""Bounds that are known: by intervals, by proof, and with more precision."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold_check import Replay
from rectifold_check.agreed import BITS
from rectifold_check.integers.substitution import Substitution
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain, read_domain, read_network
from support import BOX, canonical_chain

# z = relu(x0) - relu(x0 - 1/2) - 3/5
SAW = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:-3/5", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
LAYER_TOO_LARGE, NO_NETWORK, LAYER_0, LAYER_TRUE, NO_LAYER = (
    ["intervals", 0, 4],
    ["intervals", 3, 1],
    ["intervals", 0, 0],
    ["intervals", 0, True],
    ["intervals", 0],
)


def test_bounds_proved_before_tighten_the_start() -> None:
    rule = Substitution(read_network(SAW, "n"), read_domain(BOX))
    rule.known.learn(1, 0, "lo", Fraction(0))
    rule.known.learn(1, 0, "up", Fraction(1, 3))
    rule.known.learn(1, 1, "up", Fraction(0))
    third_rounded_up = -((-1 << BITS) // 3)
    assert rule.box_below(2).bounds[1] == [(0, third_rounded_up), (-3 << (BITS - 1), 0)]


def test_a_domain_without_ends_is_refused() -> None:
    half_open = Domain((None, Fraction(0)), (Fraction(1), Fraction(1)), ())
    with pytest.raises(Refusal, match="bounded"):
        Substitution(read_network(SAW, "n"), half_open)


def test_intervals_are_learnt_and_rest_on_what_was_known() -> None:
    replay = Replay(SAW, SAW, BOX)
    assert replay.accepts(["intervals", 0, 1])
    assert replay.state.upper[0, 1, 0] == 1
    assert replay.state.lower[0, 1, 1] == Fraction(-3, 2)
    assert replay.accepts(["bound", [0, 1, 0], "up", "1", {"l": []}])
    assert replay.accepts(["intervals", 0, 2])
    assert 0 <= replay.state.upper[0, 2, 0] - Fraction(2, 5) < Fraction(1, 1 << 60)


@pytest.mark.parametrize(
    "step", [LAYER_TOO_LARGE, NO_NETWORK, LAYER_0, LAYER_TRUE, NO_LAYER], ids=str
)
def test_intervals_of_no_layer_are_refused(step: list[object]) -> None:
    assert not Replay(SAW, SAW, BOX).accepts(step)


def test_intervals_decide_phases() -> None:
    network = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
    replay = Replay(network, canonical_chain(("L", "0:2", ["0:1"])), BOX)
    assert not replay.is_equal()
    assert replay.accepts(["intervals", 0, 1])
    assert replay.is_equal()


def test_more_precision_sees_small_numbers() -> None:
    tiny = canonical_chain(
        ("R", "", [f"0:1/{10**30}"]), ("R", f"0:-1/{10**31}", ["0:1"]), ("L", "", ["0:1"])
    )
    leaf = ["", [], []]
    claim = ["cases", [0, 2, 0], "up", f"91/{10**32}", [], leaf]
    coarse, fine = Replay(tiny, tiny, BOX), Replay(tiny, tiny, BOX)
    assert not coarse.accepts(claim)
    assert fine.accepts(["precision", 180])
    assert fine.accepts(claim)
    assert not fine.accepts(["cases", [0, 2, 0], "up", f"89/{10**32}", [], leaf])


@pytest.mark.parametrize("bits", [71, 5000, -1, True, "80"])
def test_precision_beyond_what_is_allowed_is_refused(bits: object) -> None:
    assert not Replay(SAW, SAW, BOX).accepts(["precision", bits])
