"""What people write by habit of other languages is answered with how it is written here."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.ir.domain import Domain
from rectifold.language.elaborate import parse, parse_box
from rectifold.language.source import SourceError

WRITTEN = 'a domain is written "[0, 1]" (for every input)'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("h = relu(x[0]**2)", ":2:15: error: powers are not piecewise linear\n"),
        ("h = relu(x[0]^2)", ":2:14: error: powers are not piecewise linear\n"),
        ("h = relu(x²)", "error: powers are not piecewise linear"),
        ("h = [[1, 2], [3, 4]] * x", "help: use '@' for the matrix product"),
        ("h = x * [[1, 2], [3, 4], [5, 6]]", "help: use '@' for the matrix product"),
        ("h = relu(x − 1)", "help: write '-'"),
        ("h = relu(2 × x)", "help: write '*'"),
        ("h = relu(x);", "help: a statement ends with its line"),
        ("h = sigmoid(x)", "error: sigmoid is not piecewise linear\n"),
        (
            "h = tanh(x)",
            "help: leave tanh out at the end of a network: which output is the largest does not "
            "change",
        ),
        ("h = Softmax(x)", "error: Softmax is not piecewise linear\n"),
        ("h = gelu(x)", "help: write piecewise linear functions: relu, abs, max"),
        ("h = x[0..1]", "error: '0..1' is no range"),
        ("h = x, 1", "help: a range or a vector is written in brackets"),
        ("h = x\u2028", "error: 'U+2028' does not belong here"),
    ],
)
def test_slips_in_a_network(line: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(f"input x[2] in [0, 1]\n{line}\noutput h\n", "n.relu")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "0,1",
            "domain:1:2: error: a ',' outside of brackets\n    0,1\n     ^\nhelp: write \"[0, "
            '1]" (that range for every',
        ),
        ("-1.5, 2", 'help: write "[-1.5, 2]"'),
        (
            "0..1",
            "domain:1:1: error: '0..1' is no range\n    0..1\n    ^~~~\nhelp: write \"[0, 1]\"",
        ),
        ("0 1", 'help: write "[0, 1]"'),
        ("(0, 1)", 'help: write "[0, 1]"'),
        (
            "[0, 1",
            "domain:1:1: error: this '[' is never closed\n    [0, 1\n    ^\nhelp: write \"[0, 1]\"",
        ),
        ("[0, one]", "domain:1:5: error: an end of a range is a number"),
        ("", WRITTEN),
        ("box", WRITTEN),
        ("[0, 1] with 2 linear constraints", "domain:1:8: error: 'with' does not belong here"),
        (
            "[0, 1]^3",
            "domain:1:8: error: this domain is written for 3 inputs, but the network has 2\n    "
            "[0, 1]^3\n           ^\n",
        ),
        ("[[0, 1], [0, 1]]^2", "'^' repeats one range, these are several"),
        ("[0, 1]^x", "domain:1:8: error:"),
        ("[1, 0]", "input 0 has the empty range [1, 0]"),
        ("[1, 0]", "\nhelp: write the lower end first"),
        ("[0, 1]\x1b[31m", "[0, 1]?[31m"),
    ],
)
def test_slips_in_a_domain(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_box(text, 2)
    assert message in str(caught.value)


def test_domains_as_they_are_printed_are_read() -> None:
    several = Domain((Fraction(0), None), (Fraction(1, 3), Fraction(-2)))
    for domain in (
        Domain.cube(-1, 1, 4),
        Domain.cube(0, Fraction(1, 3), 1),
        Domain.everywhere(3),
        several,
    ):
        assert parse_box(domain.describe(), domain.size) == domain
        network = parse(f"input x[{domain.size}] in {domain.describe()}\noutput x")
        assert network.domain == domain


def test_a_tab_moves_the_caret() -> None:
    with pytest.raises(SourceError) as caught:
        parse("input x[1]\nh =\trellu(x)\noutput h")
    assert "\n    h =\trellu(x)\n       \t^~~~~\n" in str(caught.value)
