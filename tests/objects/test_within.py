"""rectifold.compile(..., within=...): another function, told and certified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rectifold
from approximate_networks import jittery, seen_differences


def test_the_result_says_how_far_it_may_be_off(tmp_path: Path) -> None:
    source = jittery(12, 8, 6, 2)
    small = rectifold.compile(source, within="1%")
    found = small.approximation
    assert found is not None
    verdict = small.check()
    assert verdict.holds
    assert verdict.claim is not None
    assert verdict.claim.eps == found.certified
    assert small.network.sizes.weights < rectifold.compile(source).network.sizes.weights / 2
    seen = seen_differences(source, small.network)
    assert all(s <= c for s, c in zip(seen, found.certified, strict=True))
    (header, *_) = small.save(tmp_path / "small.py")
    assert "within" in header.read_text(encoding="utf-8")
    assert "equal to the source" not in header.read_text(encoding="utf-8")


def test_a_size_can_be_asked_for() -> None:
    small = rectifold.compile(jittery(12, 8, 6, 2), max_weights=50)
    assert small.network.sizes.weights <= 50


def test_the_largest_output_can_be_kept() -> None:
    source = jittery(12, 8, 6, 3)
    small = rectifold.compile(source, keep_argmax=True, margin="1/20")
    verdict = small.check()
    assert verdict.text.startswith("holds: wherever an output of A leads all others by more than")
    assert small.approximation is not None
    assert small.network.sizes.weights < rectifold.compile(source).network.sizes.weights / 2


def test_where_there_is_no_certificate_of_the_largest_output() -> None:
    source = rectifold.parse(
        "input x[1] in [-1, 1]\n"
        "h = relu([[1], [2]] @ x - [0, 1])\n"
        "output [[1, -1], [1/1000, 1/1000]] @ h + [1/20, 0]\n"
    )
    small = rectifold.compile(source, keep_argmax=True)
    assert small.approximation is not None
    assert small.approximation.guarantee.endswith("proved, no certificate")
    with pytest.raises(rectifold.InputError, match="of a margin of 0 there is no certificate"):
        small.check()


def test_without_them_it_is_the_same_function() -> None:
    assert rectifold.compile(jittery(5, 4, 2)).approximation is None


def test_what_was_not_certified_has_no_certificate() -> None:
    small = rectifold.compile(jittery(12, 8, 6, 2), within=0.01, certify=False)
    with pytest.raises(rectifold.InputError, match="certified when it is made"):
        small.check()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"within": 0}, "more than 0"),
        ({"within": []}, "no entry"),
        ({"within": "1%", "check": True}, "check=True"),
        ({"max_weights": -1}, "max_weights= is -1"),
        ({"margin": 1}, "margin= goes with keep_argmax=True"),
        ({"keep_argmax": True, "margin": -1}, "margin= is '-1'; a number from 0 on"),
        ({"keep_argmax": True, "margin": "x"}, "margin= is 'x'; a number from 0 on"),
        ({"keep_argmax": True, "within": 1}, "choose one of them"),
    ],
)
def test_what_is_no_goal_is_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(rectifold.InputError, match=message):
        rectifold.compile(jittery(5, 4, 2), **choices)
