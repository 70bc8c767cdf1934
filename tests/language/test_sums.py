"""Sums of plain terms, which are one token, say what they say term by term; so do their errors."""

from __future__ import annotations

from random import Random

import pytest

from rectifold.ir.network import Network
from rectifold.language.elaborate import parse
from rectifold.language.source import SourceError

BEFORE = """input x[3] in [0, 1]
const c = 3
const v = [1, 2, 3]
const W = [[1, 2, 3], [4, 5, 6]]
u = relu(x[0] - x[1])
h = relu(W @ x)
"""
NUMBERS = ("1", "2", "0", "3/4", "1.5", "0.1f32", "1e-3", "0x1p-3", ".5", "2.", "2/2", "1/3")
UNITS = ("x[0]", "x[-1]", "h[1]", "h[00]", "u", "c", "x", "v", "W[0, 1]", "h[0:1][0]", "v[2]")
LIKELY = 6  # of the units, those that are no vectors


def network(equation: str) -> Network:
    return parse(BEFORE + equation + "\noutput y\n", "n.relu")


def random_sum(random: Random) -> list[str]:
    """The pieces of a sum: between any two of them a blank may stand."""
    pieces = [random.choice(["", "-", "+"])]
    for k in range(random.randint(1, 7)):
        if k:
            pieces += [random.choice("+-"), random.choice(["", "", "-", "+"])]
        number, unit = random.choice(NUMBERS), random.choice(UNITS[: random.choice([LIKELY, 99])])
        factor = ["(", random.choice(["", "-", "+"]), number, ")"]
        pieces += random.choice(
            [[number, "*", unit], [*factor, "*", unit], [unit], [number], [unit, "/", "3"]]
        )
    return pieces


def outcome(equation: str) -> Network | str:
    try:
        return network(equation)
    except SourceError as error:
        return error.diagnostics[0].message


@pytest.mark.parametrize("seed", range(150))
def test_a_sum_on_one_line_is_the_sum_on_many(seed: int) -> None:
    pieces = random_sum(Random(seed))
    blank = Random(seed).choice(["", " ", "\t", "  "])
    many = "\n".join(piece for piece in pieces if piece)  # no two pieces are one token
    assert outcome(f"y = ({blank.join(pieces)})") == outcome(f"y = (\n{many})")


@pytest.mark.parametrize(
    ("equation", "alike"),
    [
        ("y = x[0] - 2*x[1] + 3", "y = [1, -2, 0] @ x + 3"),
        ("y = -1/2*x[0] + -3*x[0] - -x[2]", "y = [-7/2, 0, 1] @ x"),
        ("y = x[0] - (2*x[1] + 3)", "y = [1, -2, 0] @ x - 3"),
        ("y = x[0] - 2*x[1]*3 + x[1]", "y = [1, -5, 0] @ x"),
        ("y = x[0] + x[1]/2 + x[1]", "y = [1, 3/2, 0] @ x"),
        ("y = (x[0] + 2*x[1]\n)*2", "y = [2, 4, 0] @ x"),
        ("y = (x[0] + 2*x[1]\n*3)", "y = [1, 6, 0] @ x"),
        ("y = (x[0] + 2*x\n[1])", "y = [1, 2, 0] @ x"),
        ("y = x[1 + 1] + 2*x[2*1 - 2]", "y = [2, 0, 1] @ x"),
        ("y = x[c - 2] + c*x[0]", "y = [3, 1, 0] @ x"),
        ("y = (x[0]\n+ x[1] # one\n+ 2*x[2] - x[1])", "y = [1, 0, 2] @ x"),
        ("y = [x[0] - x[1], 2*x[2]]", "y = [[1, -1, 0], [0, 0, 2]] @ x"),
        ("y = 1/3*x[0] + 2/3*x[0]", "y = 1/3*(3*x[0])"),
        ("y = x[0]" + " + x[1]" * 1000, "y = [1, 1000, 0] @ x"),
        ("y = x[0] - x[1] + [1, 2, 3]", "y = [1, -1, 0] @ x + [1, 2, 3]"),
    ],
)
def test_sums_mean_what_they_say(equation: str, alike: str) -> None:
    assert network(equation) == network(alike)


def test_what_cancels_is_still_read() -> None:
    layer = network("y = u - u + 0*h[0] + x[0]").layer("y")
    assert set(layer.weights) == {"u", "h", "x"}


def test_one_unit_alone_is_no_layer_of_its_own() -> None:
    assert parse(BEFORE + "output 1*u + 0", "n.relu").output == "u"
    assert parse(BEFORE + "output - -u + 0", "n.relu").output == "y"


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("y = 2*x[0] + 3*nope - x[1]", "n.relu:7:16: error: unknown name 'nope'"),
        ("y = x[0] + (-3/4)*nope[1]", "n.relu:7:19: error: unknown name 'nope'"),
        ("y = x[0] - 2*x[-4] + 1", "n.relu:7:17: error: index -4 is out of range"),
        ("y = x[0] + 3/0*x[1]", "n.relu:7:14: error: division by zero"),
        ("y = x[0] + (1/0.0)*x[1]", "n.relu:7:15: error: division by zero"),
        ("y = x[0] + 1e9999*x[1]", "n.relu:7:12: error: exponent 9999 is too large"),
        ("y = x[0] + 2*u[0]", "n.relu:7:14: error: a single number has no entries"),
        ("y = (1)*x + 2*h + u", "n.relu:7:6: error: a vector of 3 and a vector of 2"),
        ("y = 2*x[0] - W", "n.relu:7:5: error: a number and a 2x3 matrix do not fit"),
        ("y = W + u", "n.relu:7:5: error: a 2x3 matrix and a number do not fit"),
        ("y = x[0] + 2*x[1] x[2]", "n.relu:7:19: error: 'x' does not belong here"),
        ("y = [x[0] + 1 2*x[1] + u]", "n.relu:7:15: error: a comma is missing before '2'"),
        ("y = x[0] + 2*x[1] +", "n.relu:7:20: error: the statement ends too early"),
        ("y = x[0] + 2*x[1", "n.relu:7:15: error: this '[' is never closed"),
        ("y = x[0] + 2*x[1]**2", "n.relu:7:19: error: powers are not piecewise linear"),
        ("y = x[0]\n+ 2*x[1]", "n.relu:8:1: error: '+' does not belong here"),
        ("y = x[0] + 1..2", "n.relu:7:12: error: '1..2' is no range"),
        ("assume x[0] + 2*h[0] <= 1\ny = u", "n.relu:7:8: error: an assumption may only use"),
        ("const d = 2*c - x[0]\ny = u", "n.relu:7:11: error: a constant cannot depend"),
        ("y = u" + "(" * 100 + "2*x[0] + x[1]" + ")" * 100, "nested more than 100 deep"),
    ],
)
def test_errors_in_sums_have_their_place(equation: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        network(equation)
    assert message in str(caught.value)


def test_brackets_of_a_sum_count_as_others() -> None:
    deep = "y = " + "(" * 100 + "u + 2*c" + ")" * 100
    assert network(deep) == network("y = u + 6")


def test_a_sum_of_fractions_that_grows_without_end_is_refused() -> None:
    terms = [f"1/{10**2400 + k}*x[0]" for k in range(20)]
    with pytest.raises(SourceError, match="digits would be computed here"):
        network("y = " + " + ".join(terms))


def test_long_sums_and_long_chains_are_read() -> None:
    chain = "input x[1] in [0, 1]\nh0 = relu(x)\n" + "".join(
        f"h{k} = relu(h{k - 1} - 1/{k + 1}*x[0])\n" for k in range(1, 60)
    )
    names = [f"h{k}" for k in range(60)]
    one = parse(chain + "output " + " + ".join(f"2*{name}" for name in names), "n.relu")
    two = parse(chain + "output (" + "\n+".join(f"[[2]]@{name}" for name in names) + ")[0]")
    assert one == two
