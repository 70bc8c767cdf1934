"""The least width of a layer: met, missed, and where nothing is said."""

from __future__ import annotations

import pytest

from rectifold.operations.compiling import compile_network
from rectifold.operations.widths import Width, widths
from rectifold.passes.result import Options
from support import net

MAX = "h = relu([[1, 0], [0, 1], [-1, 1]] @ x)"  # x0 - x1 + relu(x1 - x0) is relu(x0 - x1)


@pytest.mark.parametrize(
    ("text", "least"),
    [
        # the absolute value: a kink, and what is linear on both sides
        ("input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\noutput h[0] + h[1]", 2),
        # the maximum of two numbers, one of which goes past the layer
        ("input x[2] in [-1, 1]\noutput max(x[0], x[1])", 1),
        ("input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\noutput h[0] - 3*h[1]", 2),
        # the identity
        ("input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\noutput [h[0] - h[1], h[0]]", 2),
        (f"input x[2] in [0, 1]\n{MAX}\noutput h[0] - h[1] + h[2]", 1),
        (f"input x[2] in [0, 1]\n{MAX}\noutput [h[0] - h[1] + h[2], h[0] + h[1]]", 2),
    ],
)
def test_the_least_width_is_reached_and_said(text: str, least: int) -> None:
    (width,) = widths(compile_network(net(text)))
    assert (width.units, width.least) == (least, least)
    assert str(width) == f"width of {width.layer}: {least}, the least for what it gives"


def test_a_layer_that_stays_wider_says_so() -> None:
    network = net(f"input x[2] in [0, 1]\n{MAX}\noutput h[0] - h[1] + h[2]")
    compiled = compile_network(network, options=Options(frozen=frozenset({"h"})))
    assert widths(compiled) == [Width("h", 3, 1)]
    assert str(widths(compiled)[0]) == "width of h: 3; at least 1 is needed for what it gives"
    assert str(Width("h", 3, 2)) == "width of h: 3; at least 2 are needed for what it gives"


@pytest.mark.parametrize(
    "text",
    [
        "input x[2] in [0, 1]\nassume x[0] - x[1] <= 0\nh = relu(x[0] + x[1] - 1)\noutput h",
        "input x[2] in [0, 1]\nh = relu(x[0] - x[1])",  # the output's own layer
        "input x[2] in [[0, 1], [1/2, 1/2]]\nh = relu(x[0] - x[1])\noutput 2*h",
    ],
)
def test_where_no_bound_is_known_nothing_is_said(text: str) -> None:
    network = net(text if "output" in text else f"{text}\noutput h")
    assert widths(compile_network(network, options=Options(frozen=frozenset({"h"})))) == []


def test_deeper_layers_have_no_bound() -> None:
    network = net("input x[1] in [-1, 1]\nh = relu(x)\nk = relu(h - 1/2)\noutput concat(k, h)")
    assert [width.layer for width in widths(compile_network(network))] == ["h"]
