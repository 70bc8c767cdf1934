"""VNN-LIB files as properties: which cases they have, on which domains, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.errors import InputError
from rectifold.formats.vnnlib_property import parse_property
from rectifold.ir.domain import Domain
from rectifold.ir.property import Condition

F = Fraction
BOX = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n"
UNIT = Domain.cube(0, 1, 2)


def at_most(outputs: tuple[tuple[int, int], ...], bound: int, *, strict: bool = False) -> Condition:
    return Condition((), tuple((j, F(c)) for j, c in outputs), F(bound), strict)


@pytest.mark.parametrize(
    ("formula", "cases"),
    [
        ("(>= Y_0 3)", [[at_most(((0, -1),), -3)]]),
        ("(< Y_0 Y_1)", [[at_most(((0, 1), (1, -1)), 0, strict=True)]]),
        ("(= Y_0 2)", [[at_most(((0, 1),), 2), at_most(((0, -1),), -2)]]),
        ("(or (<= Y_0 0) (<= Y_1 0))", [[at_most(((0, 1),), 0)], [at_most(((1, 1),), 0)]]),
        (
            "(and (<= Y_0 0) (or (<= Y_1 0) (and (<= Y_1 1) (<= Y_0 1))))",
            [
                [at_most(((0, 1),), 0), at_most(((1, 1),), 0)],
                [at_most(((0, 1),), 0), at_most(((1, 1),), 1), at_most(((0, 1),), 1)],
            ],
        ),
        ("(<= (+ Y_0 (* 2 Y_1) (- 3)) 0)", [[at_most(((0, 1), (1, 2)), 3)]]),
        ("(<= X_0 Y_0)", [[Condition(((0, F(1)),), ((0, F(-1)),), F(0))]]),
        ("(<= Y_0 Y_0)", [[Condition((), (), F(0))]]),
    ],
)
def test_cases_of_one_domain(formula: str, cases: list[list[Condition]]) -> None:
    (part,) = parse_property(f"{BOX}(assert {formula})", 2, 2).parts
    assert part.domain == UNIT
    assert [list(case) for case in part.cases] == cases


def test_asserts_hold_together() -> None:
    text = BOX + "(assert (or (<= Y_0 0) (<= Y_1 0))) (assert (or (>= Y_0 5) (>= Y_1 5)))"
    (part,) = parse_property(text, 2, 2).parts
    assert [len(case) for case in part.cases] == [2, 2, 2, 2]


def test_cases_on_several_domains_are_parts() -> None:
    one, two = "(and (<= X_0 1/2) (<= Y_0 0))", "(and (>= X_0 1/2) (>= Y_0 1))"
    text = f"{BOX}(assert (or {one} {two} (and (>= Y_0 2) (<= X_0 0.5))))".replace("1/2", "0.5")
    parts = parse_property(text, 2, 1).parts
    assert [len(part.cases) for part in parts] == [2, 1]
    assert [part.domain.upper[0] for part in parts] == [F(1, 2), F(1)]
    assert [part.domain.lower[0] for part in parts] == [F(0), F(1, 2)]


def test_a_strict_inequality_of_inputs_is_kept_as_a_condition() -> None:
    (part,) = parse_property(f"{BOX}(assert (and (< X_0 0.5) (>= Y_0 0)))", 2, 1).parts
    assert part.domain.upper[0] == F(1, 2)
    assert part.cases[0][0] == Condition(((0, F(1)),), (), F(1, 2), strict=True)
    assert part.case_met([F(1, 2), F(0)], [F(1)]) is None
    assert part.case_met([F(1, 3), F(0)], [F(1)]) == 0


def test_without_a_word_about_outputs_every_point_is_unsafe() -> None:
    (part,) = parse_property(BOX, 2, 1).parts
    assert part.cases == ((),)
    assert part.case_met([F(0), F(1)], [F(7)]) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOX + "(assert (>= Y_2 0))", "Y_2, but the network has 2 outputs"),
        (BOX + "(assert (>= (* Y_0 Y_1) 0))", "is not linear"),
        (BOX + "(assert (not (>= Y_0 0)))", "is no linear constraint; comparisons"),
        (BOX + "(assert (=> (>= Y_0 0) (>= Y_1 0)))", "is no linear constraint"),
        (BOX + "(assert (or))", "an 'or' without cases is never met, so nothing is asked"),
        ("(assert (>= Y_0 0))", "has no constraints on the inputs"),
        (BOX + "(assert (<= X_0 -1)) (assert (>= Y_0 0))", "input 0 has the empty range"),
        (BOX + "(push 1)", "is not known"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        parse_property(text, 2, 2)


def test_a_file_that_multiplies_out_to_too_much_is_refused_before_it_does() -> None:
    clause = "(assert (or (<= Y_0 0) (<= Y_0 1) (<= Y_0 2) (<= Y_0 3)))\n"
    with pytest.raises(InputError, match="cases with .* conditions together"):
        parse_property(BOX + 40 * clause, 2, 1)


NEVER = [  # of X_0, X_1 in the box: what no input meets, and why
    ("(<= X_0 -1)", "input 0 has the empty range"),
    ("(and (>= X_0 0.75) (<= X_0 0.5))", "input 0 has the empty range [3/4, 1/2]"),
    ("(> X_0 1)", "-1 X_0 is never less than -1"),
    ("(> (+ X_0 X_1) 2)", "-1 X_0 + -1 X_1 is never less than -2"),
]


@pytest.mark.parametrize(("empty", "why"), NEVER)
def test_a_case_that_no_input_meets_is_left_out_and_said(empty: str, why: str) -> None:
    text = f"{BOX}(assert (or (and {empty} (>= Y_0 0)) (>= Y_1 3) (and {empty} (<= Y_1 0))))"
    asked = parse_property(text, 2, 2, "p.vnnlib")
    assert asked.parts == parse_property(f"{BOX}(assert (>= Y_1 3))", 2, 2).parts
    (note,) = asked.notes
    assert note.startswith(f"p.vnnlib: case 1 of 3 is met by no input ({why}")
    assert note.endswith(
        "), and 1 more case likewise; left out, and the others are numbered without"
    )


def test_an_end_that_a_case_reaches_is_not_empty() -> None:
    text = "(assert (or (and (>= X_0 1) (>= Y_0 0)) (and (> X_0 0.999) (> (+ X_0 X_1) 1.999))))"
    asked = parse_property(BOX + text, 2, 2)
    assert (asked.cases, asked.notes) == (2, ())


def test_an_or_without_cases_is_one_that_is_never_met() -> None:
    asked = parse_property(BOX + "(assert (or (or) (>= Y_1 3)))", 2, 2)
    assert asked.parts == parse_property(BOX + "(assert (>= Y_1 3))", 2, 2).parts


def test_where_no_case_is_left_nothing_is_asked() -> None:
    text = BOX + "(assert (or (and (<= X_0 -1) (>= Y_0 0)) (and (>= X_1 2) (>= Y_0 0))))"
    with pytest.raises(InputError, match="case 1 of 2 is met by no input .*so nothing is asked"):
        parse_property(text, 2, 2)
