"""What a user allows becomes one exact tolerance per output."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.approximate.budget import parse_within
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network

BOX = Domain.cube(0, 1, 2)


def linear(rows: list[list[int]]) -> Network:
    """One linear layer on two inputs."""
    weight = Matrix.from_fractions(rows)
    bias = Matrix.zeros(len(rows), 1)
    return Network("x", 2, [Layer("y", "linear", bias, {"x": weight})], "y")


TWO = linear([[1, 1], [4, 0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.01", (Fraction(1, 100), Fraction(1, 100))),
        ("1/3, 2", (Fraction(1, 3), Fraction(2))),
        ("50%", (Fraction(1), Fraction(2))),
        ("0.25,25%", (Fraction(1, 4), Fraction(1))),
    ],
)
def test_entries_are_exact(text: str, expected: tuple[Fraction, ...]) -> None:
    found = parse_within(text).tolerances(TWO, BOX)
    assert all(
        Fraction(0) <= b - a < Fraction(1, 10**9) for a, b in zip(expected, found, strict=True)
    )


@pytest.mark.parametrize("text", ["", "a", "-1", "0", "1%%", "0%", "nan", "inf", "1,,2"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="within= is"):
        parse_within(text)


def test_another_number_of_entries_is_refused() -> None:
    with pytest.raises(InputError, match="3 entries, but the network has 2 outputs"):
        parse_within("1,2,3").tolerances(TWO, BOX)


def test_a_percentage_of_no_range_is_refused() -> None:
    with pytest.raises(InputError, match="no bound"):
        parse_within("1%").tolerances(TWO, Domain.everywhere(2))
    with pytest.raises(InputError, match="one point"):
        parse_within("1%").tolerances(linear([[0, 0]]), BOX)
