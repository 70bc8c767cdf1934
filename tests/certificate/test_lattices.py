"""Certificates of lattices and of repeated pieces hold, at any time limit.

A rewrite establishes facts about units of the source that no bound says: each case here needs one
of them said, in order.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits
from strange_networks import strange_network
from support import net

CASES = {
    "a row that becomes zero when the layer below is constant": """
        input x[1] in [-1, 1]
        a = relu([[0]] @ x + [3])
        b = relu([[2]] @ a + [-6])
        output [[5]] @ b + [1]""",
    "a row that becomes zero because two values are equal": """
        input x[2] in [[-inf, inf], [-inf, 1]]
        h = [x[0] + x[1], x[1] + x[0]]
        g = relu([h[0] - h[1] + 2, h[1] - h[0] - 2, h[0]])
        output g[0] + g[1] + g[2]""",
    "an output whose row becomes zero with a negative bias": """
        input x[1] in [-1, 1]
        h = relu([x[0], 3*x[0]])
        output relu(3*h[0] - h[1] - 1)""",
    "a unit that is a multiple of a carrier": """
        input x[1] in [-1, 1]
        a = relu([[2], [4]] @ x + [0, 0])
        b = relu([[1, 0], [-2, 1], [2, -1]] @ a + [3, 0, 0])
        output [[2, 1, -3]] @ b + [0]""",
    "a carrier that reads mirrored units": """
        input x[1] in [-2, 2]
        a = relu([[1], [-1], [2], [-2]] @ x + [1, -1, 0, 0])
        b = relu([[0, 1, 0, 1], [0, -1, 0, -1], [2, 0, 1, 0], [-2, 0, -1, 0]] @ a + [1, -1, -2, 2])
        output [[1, 2, 1, 2]] @ b + [0]""",
    "a tie of units of which one copy alone has its sign": """
        input x[1] in [-1, 1]
        a = relu([x[0] + 1/3])
        b = relu([a[0] - 4/3, 3*a[0] - 4, -a[0] - 1/5])
        output b[0] + b[1] + b[2]""",
    "an end below a linear layer": """
        input x[1] in [0, 2]
        a = relu([x[0] - 1, 1 - x[0]])
        s = relu([a[0] + a[1]])
        f = [s[0] + 1, 2 - s[0]]
        g = relu([f[0] - 1, f[1] - 1, f[0] + f[1]])
        output g[0] - g[1] + g[2]""",
    "an end that a later layer names, on half a line": """
        input x[1] in [-inf, 2]
        a = relu([x[0]])
        b = relu([3*a[0] - x[0]])
        c = relu([b[0] + 5])
        d = relu([c[0] - 2])
        output d""",
    "carriers that read carriers above mirrored units": """
        input x[2] in [-1, 1]
        a = relu([[1, 1], [-1, -1], [1, -1], [-1, 1]] @ x + [0, 0, 0, 0])
        b = relu([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, -1, -1], [-1, -1, 1, 1]] @ a + [0, 0, 0, 0])
        c = relu([[1, 1, 1, 1], [-1, -1, 1, 1], [1, 1, -1, -1]] @ b + [1, 0, 0])
        output [[1, 1, 2]] @ c + [0]""",
}


@pytest.mark.parametrize("seconds", [0.0, None])
@pytest.mark.parametrize("title", CASES)
def test_the_certificate_holds(title: str, seconds: float | None) -> None:
    compiled = compile_network(net(CASES[title]), limits=Limits(seconds=seconds), check=True)
    verdict = check_certificate(compiled, certify(compiled))
    assert verdict.holds, verdict


@pytest.mark.parametrize("batch", range(10))
def test_random_lattices_and_repeated_pieces(batch: int) -> None:
    for seed in range(batch * 20, batch * 20 + 20):
        compiled = compile_network(
            parse(strange_network(seed)), limits=Limits(seconds=0), check=True
        )
        verdict = check_certificate(compiled, certify(compiled))
        assert verdict.status == "holds", (seed, verdict)


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_the_longer_certificate_holds_as_well(seed: int) -> None:
    """It names every unit that a carrier rests on, where the other one leaves most to the checker's
    intervals.
    """
    compiled = compile_network(parse(strange_network(seed)), limits=Limits(seconds=0))
    certificate = certify(compiled, name_all=True)
    assert len(certificate.text) >= len(certify(compiled).text)
    assert check_certificate(compiled, certificate).holds


def test_a_layer_without_units_has_a_certificate() -> None:
    layers = [
        Layer("h", "relu", Matrix.zeros(0, 1), {"x": Matrix.zeros(0, 1)}),
        Layer("y", "linear", Matrix.column([3]), {"h": Matrix.zeros(1, 0)}),
    ]
    network = Network("x", 1, layers, "y", Domain((Fraction(-1),), (Fraction(1),)), "empty")
    compiled = compile_network(network)
    assert check_certificate(compiled, certify(compiled)).status == "holds"
