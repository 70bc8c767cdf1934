"""Layers that stay as they are: no rule touches them, and what reads them may change."""

from __future__ import annotations

from fractions import Fraction

from rectifold.language.elaborate import parse
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options

# a: an inactive unit, one that nobody reads, an active one, two that are parallel
TEXT = """
input x[2] in [0, 1]
a = relu([[-1, -1], [1, -1], [1, 1], [1, -2], [2, -4]] @ x + [0, 0, 0, 0, 0])
b = relu([[5, 0, 1, 1, 1], [1, 0, 1, 1, 1], [-1, 0, -1, 0, 0], [1, 0, 2, 2, 2]] @ a - 1)
output [[1, 2, 3, 4]] @ b
"""


def test_a_frozen_layer_keeps_its_units_and_its_readers_stop_reading_constant_ones() -> None:
    network = parse(TEXT, "net", None)
    frozen = compile_network(network, options=Options(frozen=frozenset({"a"})), check=True)
    assert frozen.network.layer("a") == network.layer("a")
    reading = frozen.network.layer("b").weights["a"]
    assert not reading.nonzero[:, 0].any()
    assert frozen.network.layer("b").size < 4


def test_without_frozen_layers_the_same_units_go() -> None:
    network = parse(TEXT, "net", None)
    assert compile_network(network, check=True).network.layer("a").size < 4


def test_a_second_rewriting_changes_nothing() -> None:
    options = Options(frozen=frozenset({"a"}))
    once = compile_network(parse(TEXT, "net", None), options=options)
    again = compile_network(once.network, options=options)
    assert again.network == once.network


def test_a_constant_that_is_read_goes_into_the_bias() -> None:
    network = parse(
        "input x[1] in [0, 1]\na = relu([[0], [1]] @ x + [3, 0])\noutput relu([[1, 1]] @ a - 1)\n",
        "net",
        None,
    )
    frozen = compile_network(network, options=Options(frozen=frozenset({"a"})), check=True)
    output = frozen.network.output_layer
    assert output.bias.entry(0, 0) == Fraction(2)
    assert frozen.network.layer("a").size == 2
