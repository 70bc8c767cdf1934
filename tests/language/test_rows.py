"""Rows of numbers are exact however they are written, and however many of them are floats."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.exact.literals import parse_number, parse_rational
from rectifold.ir.network import Layer
from rectifold.language.elaborate import parse
from rectifold.language.source import SourceError

KINDS = {
    "integers": ("0", "-7", "+3", " 12 ", "007", "9007199254740992", "-9007199254740993", "1" * 30),
    "floats": (
        "0.1f32",
        "-0.1f64",
        "0.5",
        "-.25",
        "3.",
        "1e400f64",
        "-0f64",
        "1e-400f64",
        "5e-324",
    ),
    "decimals": ("0.1", "-2.50", "1e-3", "-1E+2", "12.5e1", ".1", "0.1000000000000000055511151231"),
    "quotients": ("1/3", "-22/7", "4 / 8", "- 5", "-0.5/3", "+ 1/2"),
    "hexadecimal": ("0x1.8p-3", "-0xff", "0x10/3"),
}


def layer_of(rows: list[list[str]]) -> Layer:
    text = ",\n ".join(f"[{', '.join(row)}]" for row in rows)
    return parse(f"input x[{len(rows[0])}]\ny = [{text}] @ x\noutput y", "n.relu").layer("y")


def value_of(text: str) -> Fraction:
    plain = text.replace(" ", "").replace("+", "", 1 if text.strip().startswith("+") else 0)
    return parse_rational(plain)


@pytest.mark.parametrize("seed", range(40))
def test_a_matrix_has_the_numbers_that_are_written(seed: int) -> None:
    random = Random(seed)
    kinds = random.sample(list(KINDS), random.randint(1, 2))
    known = [t for kind in kinds for t in KINDS[kind] if t not in ("1e400f64")]
    rows = [[random.choice(known) for _ in range(random.choice([3, 8]))]]
    rows += [[random.choice(known) for _ in rows[0]] for _ in range(random.randint(0, 3))]
    weight = layer_of(rows).weights["x"]
    assert weight.fractions() == [[value_of(text) for text in row] for row in rows]


@pytest.mark.parametrize("text", [t for kind in KINDS.values() for t in kind])
def test_a_vector_has_the_number_that_is_written(text: str) -> None:
    if text == "1e400f64":
        with pytest.raises(SourceError, match="entry 1 of this row: .* beyond the range of f64"):
            parse(f"input x[1]\noutput x + [{text}]")
        return
    assert parse(f"input x[1]\ny = x + [{text}]\noutput y").layer("y").bias.entry(0, 0) == (
        value_of(text)
    )


def test_a_decimal_beside_a_float_is_not_rounded() -> None:
    weight = layer_of([["0.1f64", "0.1", "0.5"]]).weights["x"]
    assert weight.row(0) == [Fraction(0.1), Fraction(1, 10), Fraction(1, 2)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1, 2/0", "2:5: error: entry 2 of this row: division by zero"),
        ("1f32, 1e39f32", "2:5: error: entry 2 of this row: 1e39f32 is beyond the range of f32"),
        ("0.5, 1e1101", "2:5: error: entry 2 of this row: exponent 1101 is too large"),
        (f"1, {'1' * 2501}", "2:5: error: entry 2 of this row: a number of 2,501 characters"),
        (f"1, 0.{'1' * 2499}", "2:5: error: entry 2 of this row: a number of 2,501 characters"),
    ],
)
def test_numbers_that_are_refused_have_their_place(row: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(f"input x[1]\ny = [{row}]*x\noutput y", "n.relu")
    assert message in str(caught.value)


def test_rows_of_different_length_are_told() -> None:
    with pytest.raises(SourceError, match="this row has 1 entries, not 2"):
        layer_of([["1", "2"], ["0.5f32"]])


def test_a_number_of_many_digits_is_exact() -> None:
    digits = "1." + "3" * 2000
    assert layer_of([[digits]]).weights["x"].entry(0, 0) == parse_number(digits)
