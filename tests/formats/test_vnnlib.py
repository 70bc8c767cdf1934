"""VNN-LIB files: what is a domain, what is said about the rest, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.errors import InputError
from rectifold.formats.vnnlib import parse_vnnlib
from rectifold.ir.domain import Domain

F = Fraction
TWO = "(declare-const X_0 Real) (declare-const X_1 Real)\n"
BOX = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n"


def test_box_and_linear_constraints() -> None:
    domain, notes = parse_vnnlib(
        """
        ; a comment (with brackets
        (set-logic QF_LRA) (set-info :source "a; (string")
        (declare-const X_0 Real) (declare-fun X_1 () Real) (declare-const Y_0 Real)
        (assert (>= X_0 -0.1)) (assert (<= X_0 1e-1)) (assert (<= 0 X_1))
        (assert (and (<= X_1 3) (<= X_1 2.5)))
        (assert (or (and (<= (+ X_0 (* 2 X_1)) 4) (>= (- X_1 X_0) (- 1)))))
        (assert (or (and (>= Y_0 0)) (and (<= Y_0 3))))
        (assert (and (<= X_0 Y_0) (<= X_0 0.05)))
        (check-sat) ; the end""",
        2,
    )
    assert domain.lower == (F(-1, 10), F(0))
    assert domain.upper == (F(1, 20), F(5, 2))
    assert [(c.coefficients, c.bound) for c in domain.constraints] == [
        ((F(1), F(2)), F(4)),
        ((F(1), F(-1)), F(1)),
    ]
    assert notes == [
        "<vnnlib>: 2 assertions about outputs not used: the domain is about the inputs"
    ]


def test_equality_and_scaled_inputs() -> None:
    text = "(assert (= X_0 (/ 1 3))) (assert (<= (* -2 X_1) 1)) (assert (<= X_1 1))"
    assert parse_vnnlib(text, 2) == (Domain((F(1, 3), F(-1, 2)), (F(1, 3), F(1))), [])


def test_an_or_whose_cases_state_the_same_box_states_that_box() -> None:
    """The cases differ in what they say of the output, in order, and in how an end is written."""
    text = """(assert (or
        (and (>= X_0 -1) (<= X_0 0.5) (<= Y_0 0) (>= X_1 2) (<= X_1 3))
        (and (>= Y_0 1) (<= (* 2 X_0) 1) (<= X_0 7) (<= 2 X_1) (<= X_1 3) (<= -1 X_0))))"""
    domain, notes = parse_vnnlib(text, 2)
    assert domain == Domain((F(-1), F(2)), (F(1, 2), F(3)))
    assert notes == ["<vnnlib>: 1 assertion about outputs not used: the domain is about the inputs"]


def test_an_or_whose_cases_state_the_same_constraint_states_it() -> None:
    case = "(and (<= (+ X_0 X_1) 1) (>= Y_0 {}))"
    text = BOX + f"(assert (or {case.format(0)} {case.format(1)} {case.format(2)}))"
    (row,) = parse_vnnlib(text, 2)[0].constraints
    assert (row.coefficients, row.bound) == ((F(1), F(1)), F(1))


@pytest.mark.parametrize(
    "second",
    [
        "(and (>= X_0 0) (<= X_0 2) (>= Y_0 3))",
        "(and (>= X_0 0) (>= Y_0 3))",
        "(and (>= X_0 0) (<= X_0 1) (<= X_1 1) (>= Y_0 3))",
        "(>= Y_0 3)",
        "(or (and (>= X_0 0) (<= X_0 1)) (>= Y_0 3))",
    ],
)
def test_an_or_whose_cases_state_different_boxes_is_refused(second: str) -> None:
    text = f"(assert (or (and (>= X_0 0) (<= X_0 1) (<= Y_0 2)) {second}))"
    with pytest.raises(InputError, match="'or' of 2 cases .* not the same in every case"):
        parse_vnnlib(text, 2)


@pytest.mark.parametrize("first", [True, False])
def test_a_case_that_the_rest_leaves_no_input_for_is_not_used(first: bool) -> None:
    cases = "(assert (or (and (>= X_0 2) (>= Y_0 3)) (and (<= X_0 0.5) (>= Y_0 1))))"
    domain, notes = parse_vnnlib(cases + BOX if first else BOX + cases, 2)
    assert domain == Domain((F(0), F(0)), (F(1, 2), F(1)))
    line = 1 if first else 1 + BOX.count("\n")
    assert notes[0] == (
        f"<vnnlib>:{line}: case 1 of 2 is met by no input (input 0 has the empty range [2, 1]: its "
        "lower end is above its upper end); not used"
    )


def test_where_no_case_leaves_an_input_the_box_is_empty() -> None:
    with pytest.raises(InputError, match="input 0 has the empty range"):
        parse_vnnlib(
            BOX + "(assert (or (and (>= X_0 2) (>= Y_0 3)) (and (>= X_0 2) (<= Y_0 1))))", 2
        )


def test_a_missing_end_is_said() -> None:
    domain, notes = parse_vnnlib("(assert (<= X_0 1)) (assert (>= X_1 0))", 3)
    assert domain == Domain((None, F(0), None), (F(1), None, None))
    assert notes == ["<vnnlib>: X_0 has no lower end, and 2 more inputs likewise"]


def test_a_comment_at_the_end_is_no_word() -> None:
    assert parse_vnnlib(TWO + BOX + "; done", 2)[0] == Domain.cube(0, 1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(assert (or (<= X_0 1) (>= X_0 2)))", ":1: the inputs lie in a union of 2 sets"),
        (
            "\n(assert (or (and (<= X_0 1) (>= Y_0 2)) (and (>= X_0 2) (>= Y_0 3))))",
            r"<vnnlib>:2: .*'or' of 2 cases together with outputs.*give the box itself: domain=",
        ),
        ("(assert (<= (* X_0 X_0) 1))", "is not linear"),
        ("(assert (<= X_5 1))", "X_5, but the network has 2 inputs"),
        ("(assert (<= 1 2))", "does not mention an input"),
        ("(assert (<= X_0 X_0))", "does not mention an input"),
        ("(assert\n(<= X_0 abc))", "<vnnlib>:2: 'abc' is not a number"),
        ("(assert (<= X_01 1))", "'X_01' is not a number"),
        ("(assert (<= X_0 1)", r":1: this '\(' is never closed"),
        ("(assert (<= X_0 1)))", "closes nothing"),
        ("(assert (not (<= X_0 1)))", "is not a linear constraint"),
        ("(assert (<= X_0 1 2))", "is not a linear constraint"),
        ("(assert)", "needs one formula"),
        ("(assert (<= X_0 1) (<= X_1 1))", "needs one formula"),
        ("(assert (>= Y_0 1))", "has no constraints on the inputs"),
        ("(" * 200, "nested more than 100 deep"),
        ("(assert (<= X_0 0)) (assert (>= X_0 1))", "empty range"),
        (TWO + BOX + "(push 1)(assert (<= X_0 0.1))(pop 1)", r":3: \(push 1\) is not known"),
        (TWO + BOX + "(define-fun f () Real X_0)", "is not known"),
        (TWO + BOX + "(check-sat)(assert (<= X_0 0.1))", r"comes after \(check-sat\)"),
        (TWO + BOX + "surplus", ":3: surplus is not known"),
        (TWO + BOX + "(declare-const X_1 Real)", ":3: X_1 is declared twice"),
        (TWO + "(declare-const X_2 Real)", "X_2 is declared, but the network has 2 inputs"),
        ("(declare-const X_0 Real)" + BOX, "X_1 is not declared"),
        ("(declare-const X_0 Real)(assert (<= X_0 1))", "declares 1 input, but the network has 2"),
        ("(declare-const X_0 Int)", "is not"),
        ("(declare-const Z_0 Real)", "is not"),
        ("(declare-fun X_0 (Real) Real)", "is not"),
        ('(set-info :source "never', 'this " is never closed'),
        (
            "(assert (<= X_0 " + "(* 1e1000 " * 60 + "1" + ")" * 60 + "))",
            "longer than 30,000 digits",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_vnnlib(text, 2)


def test_many_constraints_of_many_inputs_are_refused() -> None:
    text = "(assert (<= (+ X_0 X_1) 1))" * 21
    assert len(parse_vnnlib(text, 10_000)[0].constraints) == 21
    with pytest.raises(InputError, match="has 21 constraints of several inputs; 20 can be read"):
        parse_vnnlib(text, 1_000_000)
