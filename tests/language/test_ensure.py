"""`ensure`: what it compares, as a network and a property, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.language.elaborate import parse, parse_text
from rectifold.language.ensured import Ensured
from rectifold.language.printer import print_network
from rectifold.language.source import SourceError

F = Fraction
HEAD = "input x[2] in [-1, 1]\nh = relu([[1, 2], [-1, 1]] @ x)\n"
POINTS = [[F(1), F(1, 2)], [F(-1), F(1)], [F(0), F(0)], [F(1, 3), F(-1)]]


def ensured(statements: str) -> Ensured:
    found = parse_text(f"{HEAD}{statements}\noutput h[0] - h[1]\n").ensured
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("statement", "outputs", "strict"),
    [
        ("ensure h[0] <= 3", lambda h: [h[0] - 3], [False]),
        ("ensure h[0] < 3", lambda h: [h[0] - 3], [True]),
        ("ensure h[0] >= h[1]", lambda h: [h[1] - h[0]], [False]),
        ("ensure h[0] == h[1]", lambda h: [h[0] - h[1], h[1] - h[0]], [False, False]),
        (
            "ensure 0 <= h < 4",
            lambda h: [-h[0], -h[1], h[0] - 4, h[1] - 4],
            [False] * 2 + [True] * 2,
        ),
        (
            "ensure abs(h[0] - 1) <= 2\nensure 1 > h[1]",
            lambda h: [abs(h[0] - 1) - 2, h[1] - 1],
            [False, True],
        ),
    ],
)
def test_outputs_are_left_less_right(statement: str, outputs: object, strict: list[bool]) -> None:
    found = ensured(statement)
    assert list(found.strict) == strict
    for x in POINTS:
        h = [max(x[0] + 2 * x[1], F(0)), max(x[1] - x[0], F(0))]
        assert callable(outputs)
        assert evaluate(found.network, x) == outputs(h)


def test_a_case_is_met_where_a_comparison_is_not() -> None:
    found = ensured("ensure h[0] <= 3\nensure h[1] < 2")
    (part,) = found.on(Domain.cube(-1, 1, 2)).parts
    at = [F(0), F(0)]
    assert part.case_met(at, [F(0), F(-1)]) is None
    assert part.case_met(at, [F(1, 9), F(-1)]) == 0
    assert part.case_met(at, [F(0), F(0)]) == 1


def test_the_network_is_the_same_without_it() -> None:
    plain = parse(f"{HEAD}output h[0] - h[1]\n")
    stating = parse(f"{HEAD}ensure max(h[0], h[1]) <= relu(x[0]) + 9\noutput h[0] - h[1]\n")
    assert print_network(stating) == print_network(plain)


def test_nothing_is_ensured_without_it() -> None:
    assert parse_text(f"{HEAD}output h\n").ensured is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ensure 1 <= 2", "this compares constants, whatever the input is"),
        ("ensure z <= 2", "unknown name 'z'"),
        ("ensure h[0] = 2", "write '==' for equal"),
        ("ensure h[0]", "the statement ends too early"),
        ("ensure h[0] * h[1] <= 2", "product"),
        ("ensure = relu(x)", "'=' does not belong here"),
        ("ensure h <= [1, 2, 3]", "2"),
    ],
)
def test_what_is_refused(statement: str, message: str) -> None:
    with pytest.raises(SourceError) as error:
        ensured(statement)
    assert message in str(error.value)
    assert "<text>:3:" in str(error.value)
