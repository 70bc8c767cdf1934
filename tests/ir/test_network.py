"""The IR: what it refuses, what it answers, and its canonical form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.effort.search import PointEffort
from rectifold.errors import NetworkError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, concat
from rectifold.ir.builder import Builder
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.domain import Constraint, Domain, DomainError
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate, evaluate_float, evaluate_points, trace
from rectifold.ir.names import fresh_name, require_name, safe_name
from rectifold.ir.network import Layer, Network
from support import net, random_network


def layer(name: str, rows: list[list[int]], reads: str = "x", activation: str = "relu") -> Layer:
    weights = {reads: Matrix.from_fractions(rows)}
    return Layer(name, activation, Matrix.zeros(len(rows), 1), weights)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layers", "output", "message"),
    [
        (
            [layer("y", [[1, 2]])],
            "y",
            r"weight 1x2 of layer y reads x, which has 3 units \(columns must match: 1x3\)",
        ),
        ([layer("y", [[1, 2, 3]], reads="z")], "y", "layer y reads z, which is no layer"),
        ([layer("y", [[1, 2, 3]])], "w", "the output w is no layer"),
        ([layer("y", [[1, 2, 3]]), layer("y", [[1, 2, 3]])], "y", "two layers are called y"),
        ([layer("a", [[1]], reads="b"), layer("b", [[1]], reads="a")], "b", "form a cycle"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers: list[Layer], output: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        Network("x", 3, layers, output)


def test_a_layer_checks_itself() -> None:
    with pytest.raises(NetworkError, match="unknown activation 'sigmoid'"):
        layer("y", [[1]], activation="sigmoid")
    with pytest.raises(NetworkError, match="has 2 rows, but the bias has 1"):
        Layer("y", "relu", Matrix.zeros(1, 1), {"x": Matrix.zeros(2, 3)})
    with pytest.raises(NetworkError, match="not a column"):
        Layer("y", "relu", Matrix.zeros(1, 2), {})


@pytest.mark.parametrize("name", ["relu", "a b", "", "1a", "x\n", "a;import os", "ü", "n" * 101])
def test_names_of_another_kind_are_refused(name: str) -> None:
    with pytest.raises(NetworkError, match="cannot be a name"):
        require_name(name)
    require_name(safe_name(name, "layer"))


def test_fresh_names() -> None:
    assert fresh_name("h", ["a"]) == "h"
    assert fresh_name("h", ["h", "h_2"]) == "h_3"


def test_domain_of_another_size_is_refused() -> None:
    with pytest.raises(NetworkError, match="2 ranges, but the network has 1 input$"):
        Network("x", 1, [layer("y", [[1]])], "y", Domain.cube(0, 1, 2))


def test_questions_about_a_network() -> None:
    network = net("""
        input x[2] in [0, 1]
        h = relu([[1, 0], [0, 0]] @ x)
        y = h[0] + x[1]
        output y
    """)
    assert network.sizes.units == 2
    assert network.sizes.weights == 3
    assert network.sizes.macs == 8
    assert not network.is_chain
    assert network.depth == 1
    assert network.hidden_sizes() == [2]
    assert network.successors("x") == ["h", "y"]
    assert network.cone("y") == {"x", "h"}
    assert "2-2-1" in repr(network)
    assert "<table>" in network._repr_html_()


def test_draft_edits_and_freezes() -> None:
    network = net("""
        input x[1] in [0, 1]
        h = relu([1, 2, 3] * x[0])
        y = [1, 1, 1] @ h
        output y
    """)
    draft = Draft(network)
    draft.keep_units("h", [2, 0])
    draft.add_edge("x", "y", Matrix.from_floats([[1]]))
    draft.add_edge("x", "y", Matrix.from_floats([[-1]]))
    small = draft.freeze()
    assert small.layer("h").weights["x"].column_values() == [3, 1]
    assert set(small.output_layer.weights) == {"h"}
    assert network.layer("h").size == 3


def test_domain_refuses_what_is_none() -> None:
    with pytest.raises(DomainError, match="input 1 has the empty range"):
        Domain((Fraction(0), Fraction(2)), (Fraction(1), Fraction(1)))
    with pytest.raises(DomainError, match="2 lower ends but 1 upper"):
        Domain((Fraction(0), Fraction(0)), (Fraction(1),))
    with pytest.raises(DomainError, match="speaks of 1 input,"):
        Domain((), (), (Constraint((Fraction(1),), Fraction(1)),))


def test_domain_contains_clamps_and_rounds_outward() -> None:
    third = Fraction(1, 3)
    domain = Domain(
        (third, None), (third, Fraction(2)), (Constraint((Fraction(0), Fraction(1)), Fraction(1)),)
    )
    assert domain.fixed == {0: third}
    assert domain.clamp([0.0, 5.0]) == [third, 2]
    assert domain.clamp([float("nan"), float("inf")]) == [third, 2]
    assert domain.contains([third, Fraction(1)])
    assert not domain.contains([third, Fraction(3, 2)])
    low, high = domain.float_box
    assert Fraction(float(low[0])) < third < Fraction(float(high[0]))
    assert low[1] == -np.inf
    assert not domain.is_bounded
    assert not domain.is_float_box
    assert "1 linear constraint" in domain.describe()


def test_evaluation_in_fractions_and_floats_agree() -> None:
    for seed in range(20):
        network = random_network(seed)
        assert network.domain is not None
        points = [[Fraction(k + 1, 2)] * network.input_size for k in range(3)]
        exact = evaluate_points(network, points)
        floats = evaluate_float(network, np.array([[float(v) for v in p] for p in points]))
        assert (
            np.abs(floats - np.array(exact, dtype=float)).max() < 1e-9
        )  # float rounding of small numbers
        before = trace(network, Matrix.from_fractions(points).T, with_activations=False)[
            network.output
        ]
        assert before.shape == (network.output_size, 3)
    with pytest.raises(ValueError, match="inputs, the point has"):
        evaluate(network, [])


def test_canonical_form_and_digest() -> None:
    one = net("input x[2] in [0, 1]\ny = relu([[1, 0], [0, 1/3]] @ x + [0, 1/2])\noutput y")
    other = net("input z[2] in [0, 2]\nout = relu([[1, 0], [0, 1/3]] @ z + [0, 1/2])\noutput out")
    assert canonical_text(one) == (
        '{"format":"rectifold-network/1","inputs":2,"layers":[{"activation":"R","bias":"1:1/2",'
        '"units":2,"weights":[[0,["0:1","1:1/3"]]]}],"output":1}'
    )
    assert digest(one) == digest(other)
    changed = net(
        "input x[2] in [0, 1]\ny = relu([[1, 0], [0, 1/3]] @ x + [0, 0.5000001])\noutput y"
    )
    assert digest(one) != digest(changed)
    assert domain_text(Domain((None,), (Fraction(1, 3),))) == (
        '{"constraints":[],"format":"rectifold-domain/1","lower":[null],"upper":["1/3"]}'
    )


def test_affine_forms() -> None:
    builder = Builder("x", 2)
    x = builder.input
    both = concat([x, x.scale(2)])
    assert both.weights()["x"].fractions() == [[1, 0], [0, 1], [2, 0], [0, 2]]
    assert concat([x, x.select([1])]).weights()["x"].fractions() == [[1, 0], [0, 1], [0, 1]]
    assert concat([Affine.constant([5]), x]).bias.column_values() == [5, 0, 0]
    with pytest.raises(NetworkError, match="lower end is above"):
        builder.apply("clip", [x], [Fraction(1), Fraction(0)], "c")
    with pytest.raises(NetworkError, match="too many"):
        Builder("x", 10**18)


def test_an_equal_network_may_go_while_a_digest_is_asked_for() -> None:
    text = "input x[2] in [0, 1]\nh = relu([x[0] + x[1], x[0] - x[1]])\noutput h[0] - h[1]"
    others = [net(text)]
    known, looks = digest(others[0]), list[int]()

    class Last(Network):
        """An equal network; at the second look the other one is gone."""

        def __hash__(self) -> int:
            looks.append(1)
            if len(looks) == 2:
                others.clear()
            return super().__hash__()

    first = others[0]
    last = Last(
        first.input_name, first.input_size, first.layers, first.output, first.domain, first.name
    )
    del first
    assert digest(last) == known


def test_points_together_are_as_one_by_one_where_denominators_are_long() -> None:
    odd = [Fraction(k - 40, (2 * k + 3) ** 40) for k in range(80)]
    layers = [
        Layer(
            "a",
            "relu",
            Matrix.column(odd[:40]),
            {"x": Matrix.from_fractions([odd[k : k + 2] for k in range(40)])},
        ),
        Layer(
            "b",
            "linear",
            Matrix.column(odd[:3]),
            {
                "a": Matrix.from_fractions([odd[k : k + 40] for k in (0, 17, 40)]),
                "x": Matrix.from_fractions([[1, 0], [0, 0], [2, 1]]),
            },
        ),
        Layer(
            "y",
            "linear",
            Matrix.zeros(2, 1),
            {
                "b": Matrix.from_fractions([[1, 2, 3], [Fraction(1, 7), 0, 0]]),
                "a": Matrix.from_fractions([[1] * 40, odd[:40]]),
            },
        ),
    ]
    network = Network("x", 2, layers, "y")
    assert network.layer("a").weights["x"].bits > PointEffort.common_bits
    points = [[Fraction(k, 3), Fraction(7, k + 1)] for k in range(-3, -1)]
    assert evaluate_points(network, points) == [evaluate(network, p) for p in points]
