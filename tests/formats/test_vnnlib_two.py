"""VNN-LIB 2.0: the same property as version 1.0 writes it, and what is refused by name."""

from __future__ import annotations

import gzip
import re
from fractions import Fraction
from pathlib import Path

import pytest

from rectifold.errors import InputError
from rectifold.formats.load import read_domain
from rectifold.formats.vnnlib import parse_vnnlib
from rectifold.formats.vnnlib_commands import vnnlib_file
from rectifold.formats.vnnlib_property import parse_property, property_of
from rectifold.ir.domain import Domain
from support import net

F = Fraction
HEAD = (
    "(vnnlib-version <2.0>)\n"
    "(declare-network f (declare-input X real [1,2]) (declare-output Y real [2]))\n"
)
BOX = (
    "(assert (and (>= X[0,0] 0) (<= X[0,0] 1.0)))\n"
    "(assert (and (>= X[0, 1] 0.0) (<= X [ 0,1 ] 1)))\n"
)
OLD_BOX = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n"
SECOND = "(declare-network g {}(declare-input Z real [1,2]) (declare-output W real [2]))\n"


@pytest.mark.parametrize(
    ("formula", "old"),
    [
        ("(>= Y[0] 3)", "(>= Y_0 3)"),
        ("(< Y[0] Y[1])", "(< Y_0 Y_1)"),
        ("(== Y[0] (+ X[0,1] 0.5))", "(= Y_0 (+ X_1 0.5))"),
        ("(= Y[0] 2.0)", "(= Y_0 2)"),
        ("(!= Y[0] 2.0)", "(or (< Y_0 2) (> Y_0 2))"),
        ("(<= (* 2.0 0.5 Y[1] -3.0) 1.0)", "(<= (* -3 Y_1) 1)"),
        ("(<= (- Y[0] Y[1] 1.0) (- X[0,0]))", "(<= (- Y_0 Y_1 1) (- X_0))"),
        ("(or (<= Y[0] -1.5) (and (>= Y[1] 1e-3) (> Y[0] 0)))",
         "(or (<= Y_0 -1.5) (and (>= Y_1 0.001) (> Y_0 0)))"),
        ("(or (and (<= X[0,0] 0.5) (<= Y[0] 0)) (>= Y[1] 9))",
         "(or (and (<= X_0 0.5) (<= Y_0 0)) (>= Y_1 9))"),
        ("(<= Y[0] 0.1234567890123456789012345678901234567890)",
         "(<= Y_0 0.1234567890123456789012345678901234567890)"),
    ],
)  # fmt: skip
def test_the_same_property_as_in_version_one(formula: str, old: str) -> None:
    new = parse_property(f"{HEAD}{BOX}(assert {formula})", 2, 2)
    assert new.parts == parse_property(f"{OLD_BOX}(assert {old})", 2, 2).parts


def test_no_number_is_rounded() -> None:
    (part,) = parse_property(f"{HEAD}{BOX}(assert (<= Y[0] 0.10000000000000000000001))", 2, 2).parts
    assert part.cases[0][0].bound == F(1, 10) + F(1, 10**23)


def test_tensors_are_numbered_one_after_the_other_and_row_by_row() -> None:
    text = """(vnnlib-version <2.1>)
    (declare-network net ; two inputs, and a number as an output
        (declare-input image float32 [2,3])
        (declare-input meta float32 [1])
        (declare-output box float32 [1,2])
        (declare-output score float32 []))
    (assert (<= image[1,2] 1.0)) (assert (<= meta[0] 2.0))
    (assert (>= score (+ box[0,1] image[1,0])))"""
    (part,) = parse_property(text, 7, 3).parts
    assert part.domain.upper == (None,) * 5 + (F(1), F(2))
    ((condition,),) = part.cases
    assert condition.inputs == ((3, F(1)),)
    assert condition.outputs == ((1, F(1)), (2, F(-1)))


@pytest.mark.parametrize("relation", ["", "(equal-to f)", "(isomorphic-to f)"])
def test_a_second_network_has_the_next_numbers(relation: str) -> None:
    text = f"{HEAD}{SECOND.format(relation)}{BOX}(assert (== X[0,1] Z[0,1])) (assert (> W[0] Y[1]))"
    (part,) = parse_property(text, 4, 4).parts
    assert [c.coefficients for c in part.domain.constraints] == [
        (F(0), F(1), F(0), F(-1)),
        (F(0), F(-1), F(0), F(1)),
    ]
    ((condition,),) = part.cases
    assert (condition.outputs, condition.strict) == (((1, F(1)), (2, F(-1))), True)


def test_a_name_as_in_version_one_is_a_name() -> None:
    """X_1 is a number of its own here, the first input, and not the second."""
    text = """(vnnlib-version <2.0>)
    (declare-network f (declare-input X_1 real []) (declare-input X_0 real [])
                       (declare-output Y_0 real []))
    (assert (<= X_1 1.0)) (assert (>= Y_0 X_1))"""
    (part,) = parse_property(text, 2, 1).parts
    assert part.domain.upper == (F(1), None)


def test_a_domain_is_read_from_such_a_file_too() -> None:
    domain, notes = parse_vnnlib(f"{HEAD}{BOX}(assert (>= Y[0] 3.0))", 2, "p.vnnlib")
    assert domain == Domain.cube(0, 1, 2)
    assert notes == ["p.vnnlib: 1 assertion about outputs not used: the domain is about the inputs"]


F_NET = "(declare-network f (declare-input X real [2]) (declare-output Y real [2]))"
REFUSED = [
    ("(vnnlib-version <1.0>)", ":1: (vnnlib-version <1.0>): versions 1.0, which is not stated"),
    ("(vnnlib-version 2.0)", "write (vnnlib-version <2.0>)"),
    ("(vnnlib-version <3.0>)", "write (vnnlib-version <2.0>)"),
    (F_NET, "declare-network is of VNN-LIB 2.0; begin the file with (vnnlib-version <2.0>)"),
    ("(vnnlib-version <2.0>)", "declares no network"),
    (HEAD + "(declare-const X_0 Real)", ":3: (declare-const X_0 Real) is no command of VNN-LIB 2"),
    (HEAD + "(check-sat)", "(check-sat) is no command"),
    (HEAD + "(assert)", "an assert needs one formula"),
    (HEAD + "(assert (<= X[0,2] 1.0))", ":3: X[0,2]: X has the shape [1,2], counted from 0: "
     "index 2 lies outside"),
    (HEAD + "(assert (<= X[1] 1.0))", "X has the shape [1,2]: one index for each"),
    (HEAD + "(assert (<= X 1.0))", "X has the shape [1,2]: one index for each"),
    (HEAD + "(assert (<= X[0,1.9] 1.0))", "X[0,1.9]: an element is written as X[0,1], with whole"),
    (HEAD + "(assert (<= X[0,-1] 1.0))", "X[0,-1]: an element is written as X[0,1]"),
    (HEAD + "(assert (<= X[] 1.0))", "X[]: an element is written"),
    (HEAD + "(assert (<= X[0,99999999999999999999] 1.0))", "an element is written"),
    (HEAD + "(assert (<= X_0 1.0))", "X_0 is not declared; declared are X, Y"),
    (HEAD + "(assert (<= inf Y[0]))", "inf is not declared"),
    (HEAD + "(assert (<= -Y[0] 1.0))", "-Y[0]: a sign is written as (- Y[0])"),
    (HEAD + "(assert (<= (* X[0,0] Y[0]) 1.0))", ":3: (* X[0,0] Y[0]) is not linear"),
    (HEAD + BOX + "(assert (not (<= Y[0] 1.0)))", "(not (<= Y[0] 1.0)) is no linear constraint"),
    (HEAD + BOX + "(assert (=> (<= Y[0] 1.0) (<= Y[1] 1.0)))", "is no linear constraint"),
    (HEAD + F_NET, ":3: the network f is declared twice"),
    (HEAD + SECOND.format("").replace("Z", "X"), "X is declared twice"),
    (HEAD + SECOND.format("(equal-to h)"), "g is equal-to h, which is not declared before"),
    (HEAD + SECOND.format("(equal-to f)(isomorphic-to f)"), "g has more than one of equal-to and"),
    (HEAD + SECOND.format("(equal-to f)") + SECOND.format("(equal-to g)").replace("g (e", "h (e")
     .replace("Z", "Z2").replace("W", "W2"), "h is equal-to g, which is itself declared by"),
    (HEAD + SECOND.format("(equal-to f)").replace("[1,2]", "[2]"),
     "Z is real [2], but g is equal-to f, where X is real [1,2]"),
    (HEAD + SECOND.format("(equal-to f)").replace("W real", "W float32"),
     "W is float32 [2], but g is equal-to f, where Y is real [2]"),
    (HEAD.replace("(declare-output", '(declare-hidden H real [3] "relu1") (declare-output'),
     '(declare-hidden H real [3] "relu1"): hidden nodes are not read; make the node an output'),
    (HEAD.replace("[1,2])", "[1,2] initialized)"), "X is initialized: defaults are not read"),
    (HEAD.replace("X real", "X int8"), "X has elements of type int8; real, float16, bfloat16"),
    (HEAD.replace("[1,2]", "[1,0]"), "with a shape of whole numbers above 0"),
    (HEAD.replace("[1,2]", "[n,2]"), "with a shape of whole numbers above 0"),
    (HEAD.replace("[1,2]", ""), "with a shape of whole numbers above 0"),
    (HEAD.replace("network f", "network f-copy"), "with a name of letters, digits and _"),
    (HEAD.replace("(declare-output Y real [2])", ""), "f declares no outputs"),
    (HEAD.replace("(declare-output", "(declare-thing"), "(declare-thing Y real [2]) is no part of"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parse_property(text, 2, 2, "p.vnnlib")


def test_a_declaration_with_another_number_of_inputs_is_refused() -> None:
    with pytest.raises(InputError, match="declares 2 inputs, but the network has 3"):
        parse_vnnlib(HEAD + BOX, 3, "p.vnnlib")


def test_a_compressed_file(tmp_path: Path) -> None:
    text = f"{HEAD}{BOX}(assert (>= Y[0] 3.0))"
    data = gzip.compress(text.encode())
    (tmp_path / "p.vnnlib.gz").write_bytes(data)
    read = property_of(vnnlib_file(tmp_path / "p.vnnlib.gz"), 2, 2)
    assert (read.parts, read.name) == (parse_property(text, 2, 2).parts, "p")
    network = net("input x[2]\noutput x\n")
    assert read_domain(str(tmp_path / "p.vnnlib.gz"), network) == Domain.cube(0, 1, 2)
    for damaged in (data[:-9], data[:20] + b"?" + data[21:], b"plain"):
        (tmp_path / "p.vnnlib.gz").write_bytes(damaged)
        with pytest.raises(InputError, match="p.vnnlib.gz is no readable VNN-LIB file"):
            vnnlib_file(tmp_path / "p.vnnlib.gz")


def test_a_side_of_unequal_that_no_input_meets_is_left_out() -> None:
    asked = parse_property(f"{HEAD}{BOX}(assert (and (!= X[0,0] 1.0) (>= Y[0] 3)))", 2, 2, "p")
    old = parse_property(f"{OLD_BOX}(assert (and (< X_0 1) (>= Y_0 3)))", 2, 2)
    assert asked.parts == old.parts
    assert "case 2 of 2 is met by no input (-1 X_0 is never less than -1)" in asked.notes[0]
