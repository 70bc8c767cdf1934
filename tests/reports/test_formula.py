"""Formulas have the value of the network, and long ones are refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate
from rectifold.reports.formula import as_latex, formulas
from support import net, points_of, random_network


@pytest.mark.parametrize("seed", range(20))
def test_formula_has_the_value_of_the_network(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    try:
        written = formulas(network)
    except InputError as error:
        assert "terms" in str(error)  # noqa: PT017  # some random networks are too long, and say so
        return
    for point in points_of(network.domain, 3, seed):
        values = {
            sympy.Symbol(f"x{k}", real=True): sympy.Rational(v.numerator, v.denominator)
            for k, v in enumerate(point)
        }
        got = [expression.subs(values) for expression in written]
        assert [Fraction(int(g.p), int(g.q)) for g in got] == evaluate(network, point)


def test_printed_forms() -> None:
    (expression,) = formulas(net("input x[2] in [0, 1]\ny = 3*relu(2*x[0] - 1) + x[1]/3\noutput y"))
    assert str(expression) == "x1/3 + 3*Max(0, 2*x0 - 1)"
    assert "\\max" in as_latex(expression)


def test_long_formulas_are_refused() -> None:
    rows = ", ".join(f"[{k}, 1]" for k in range(1, 60))
    deep = net(
        f"input x[2] in [0, 1]\nh = relu([{rows}] @ x)\nk = relu(ones(59, 59) @ h)\n"
        "y = ones(59) @ k\noutput y"
    )
    with pytest.raises(InputError, match="terms; up to 2,000 are written out"):
        formulas(deep)
