"""Lists of (W, b): told apart by the shapes that fit, exact, with a relu between."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.language.elaborate import parse
from rectifold.objects.layer_lists import network_of_list

F = Fraction
W0, B0 = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.0]]), np.array([0.5, -1.0, 0.25])
W1, B1 = np.array([[1.0, 2.0, -4.0]]), np.array([0.125])
WANTED = parse(
    """input x[2]
h1 = relu([[1, -2], [0.5, 1], [-1, 0]] @ x + [0.5, -1, 0.25])
y = [[1, 2, -4]] @ h1 + [0.125]
output y
""",
    "wanted.relu",
)


@pytest.mark.parametrize(
    "given",
    [
        [(W0, B0), (W1, B1)],
        [[W0.tolist(), B0.tolist()], [W1.tolist(), B1.tolist()]],
        [(W0.T, B0), (W1.T, B1)],
        [W0, B0, W1, B1],
        [W0.T, B0, W1.T, B1],
        (W0.T.tolist(), B0.tolist(), W1.T.tolist(), B1.tolist()),
        [(W0.astype(np.float32), B0), (W1, B1.astype(np.float16))],
    ],
)
def test_both_orientations_and_both_forms_are_one_network(given: list[object]) -> None:
    loaded = network_of_list(given)
    assert same_at_points(loaded.network, WANTED)
    assert loaded.notes == ()
    assert loaded.interface is None
    assert [(layer.name, layer.is_relu) for layer in loaded.network.layers] == [
        ("h1", True),
        ("y", False),
    ]


def same_at_points(a: Network, b: Network) -> bool:
    points = [[F(p, 3), F(q, 5)] for p in range(-4, 5) for q in range(-4, 5)]
    return all(evaluate(a, point) == evaluate(b, point) for point in points)


def test_a_missing_bias_is_zero() -> None:
    for given in ([(W0, None), (W1, B1)], [W0, W1, B1]):
        assert evaluate(network_of_list(given).network, [F(0), F(0)]) == [F(1, 8)]


def test_weights_may_be_fractions() -> None:
    network = network_of_list([([[F(1, 3), 2]], [F(-1, 7)])]).network
    assert evaluate(network, [F(3), F(0)]) == [F(6, 7)]


def test_one_layer_has_no_relu() -> None:
    network = network_of_list([(W1, B1)]).network
    assert evaluate(network, [F(0), F(0), F(1)]) == [F(-31, 8)]


def test_squares_are_outputs_by_inputs_and_a_note_says_so() -> None:
    square = [[1.0, 2.0], [3.0, 4.0]]
    loaded = network_of_list([(square, [0.0, 0.0])])
    assert evaluate(loaded.network, [F(1), F(0)]) == [F(1), F(3)]
    assert loaded.notes == (
        "the shapes of the list fit W as outputs x inputs and as inputs x outputs; it was read as "
        "outputs x inputs (give W.T for the other)",
    )


def test_a_bias_beside_a_square_tells_the_orientation_of_all() -> None:
    loaded = network_of_list([([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]), ([[1.0], [0.0]], [0.0])])
    assert evaluate(loaded.network, [F(1), F(0)]) == [F(1)]
    assert evaluate(loaded.network, [F(0), F(1)]) == [F(3)]
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], r"the list of layers is empty; give \[\(W0, b0\), \(W1, b1\), ...\]"),
        (
            [(W0, B0), (np.ones((2, 2)), None)],
            "the layers do not fit together: with W as outputs x inputs, W1 has 2 inputs where 3 "
            "values come in; with W as inputs x outputs, W0|with W as inputs x outputs, b0 has",
        ),
        ([(W0, np.zeros(4))], r"b0 has the shape \(4,\) where \(3,\) is expected; with W as"),
        ([(np.ones((0, 2)), None)], r"W0 has the shape \(0, 2\)"),
        ([B0, W0], r"an array of shape \(3,\) follows 0 layers; W with two dimensions or its b"),
        ([W0, B0, B0], r"an array of shape \(3,\) follows 1 layer; W with two dimensions"),
        ([np.ones((2, 2, 2))], r"an array of shape \(2, 2, 2\) follows 0 layers"),
        ([(np.ones(2), None)], r"W0 has the shape \(2,\)"),
        ([(W0, "b")], "b0 is the str 'b'; numbers are expected"),
        ([(W0 * np.nan, B0)], "W0 holds NaN or infinite entries; finite numbers are expected"),
        ([([[F(1), float("nan")]], [0])], "entry 1 of W0 is nan; finite numbers are expected"),
        (["net.onnx"], "entry 0 of the list of layers is the str 'net.onnx'; numbers are expec"),
    ],
)
def test_what_is_no_list_of_layers_is_refused(given: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        network_of_list(given)
