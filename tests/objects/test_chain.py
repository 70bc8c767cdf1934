"""A network as a chain of relu layers: the same function, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.ir.evaluate import evaluate
from rectifold.language.elaborate import parse
from rectifold.objects.chain import as_chain

POINTS = np.random.default_rng(4).integers(-12, 13, (60, 3))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("h = relu(x[0] - x[1])\ng = relu(h - 1)\noutput g - h + x[2]\n", [3, 4]),
        ("h = relu(x)\ng = relu(h - 1)\nk = relu(g + x)\noutput concat(k, [g[0], h[1]])\n", None),
        ("h = relu(x[0:2])\nm = relu(x[2] + 2 * h[0])\noutput relu(m - h[1])\n", [4, 2, 1]),
        ("h = relu(x)\ng = relu(h[0] - 1)\noutput g + h[1] + x[2]\n", [5, 4]),
        ("h = relu(x - 1/3)\noutput h[0:2] / 7\n", [3]),
        ("output 2 * x - 1\n", []),
        ("output relu(x)\n", [3]),
        ("output [0.5, 3]\n", []),
    ],
)
def test_a_chain_is_the_same_function(text: str, sizes: list[int] | None) -> None:
    network = parse(f"input x[3]\n{text}", "net.relu")
    chain = as_chain(network)
    assert chain.is_chain
    assert [layer.is_relu for layer in chain.layers] == [True] * (len(chain.layers) - 1) + [False]
    assert sizes is None or chain.hidden_sizes() == sizes
    for x in POINTS.tolist():
        point = [Fraction(v, 6) for v in x]
        assert evaluate(chain, point) == evaluate(network, point)
