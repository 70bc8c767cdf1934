"""Domains as people say them, for a model with its own shape."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from onnx import load_model_from_string

from onnx_models import model, node
from rectifold.errors import InputError
from rectifold.formats.load import Loaded
from rectifold.ir.domain import Domain
from rectifold.language.elaborate import parse
from rectifold.objects.domains import Ball, domain_of, shape_of
from rectifold.objects.doors import opened

F = Fraction
NETWORK = Loaded(parse("input x[2]\nh = relu(x)\noutput h\n", "n.relu"))
STATED = Loaded(parse("input x[1] in [0, 1]\noutput x\n", "n.relu"))
INF = float("inf")


def image() -> Loaded:
    """A model of inputs 1 × 1 × 2 × 2."""
    nodes = [node("Flatten", ["x"], "f"), node("Relu", ["f"])]
    return opened(load_model_from_string(model(["N", 1, 2, 2], nodes, {}, opset=17)))


def box(low: float | Fraction, high: float | Fraction, size: int = 2) -> Domain:
    return Domain.cube(F(low), F(high), size)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[0,1]", box(0, 1)),
        (box(0, 2), box(0, 2)),
        ((0, 1), box(0, 1)),
        ([0, 1], box(0, 1)),
        ((0.1, F(1, 3)), box(F(0.1), F(1, 3))),
        ((np.float32(0.1), 1), box(F(float(np.float32(0.1))), 1)),
        (([0, -1], [1, 2.5]), Domain((F(0), F(-1)), (F(1), F(5, 2)))),
        ((np.zeros((1, 2)), np.ones((1, 2))), box(0, 1)),
        ((np.zeros(2, dtype=np.uint8), np.full(2, 255, dtype=np.uint8)), box(0, 255)),
        (([0, F(1, 3)], [1, 1]), Domain((F(0), F(1, 3)), (F(1), F(1)))),
        ((-INF, INF), Domain.everywhere(2)),
        (([-INF, 0], [1, INF]), Domain((None, F(0)), (F(1), None))),
        (([0.5, 1], 0.25), Domain((F(1, 4), F(3, 4)), (F(3, 4), F(5, 4)))),
        (([0.5, 1], F(1, 3)), Domain((F(1, 6), F(2, 3)), (F(5, 6), F(4, 3)))),
        (Ball([0.5, 1], 0.25), Domain((F(1, 4), F(3, 4)), (F(3, 4), F(5, 4)))),
        (Ball([0.5, 1], [0, 1]), Domain((F(1, 2), F(0)), (F(1, 2), F(2)))),
        ((2**70, 2**70 + 1), box(F(2**70), F(2**70 + 1))),
    ],
)
def test_a_domain_is_exactly_what_is_said(given: object, expected: Domain) -> None:
    assert domain_of(given, NETWORK) == expected


def test_none_is_the_networks_own_domain() -> None:
    assert domain_of(None, STATED) == box(0, 1, 1)
    with pytest.raises(InputError, match="net states no domain"):
        domain_of(None, NETWORK)


def test_one_input_has_a_ball_around_a_number() -> None:
    assert domain_of(Ball(0.5, 0.25), STATED) == box(0.25, 0.75, 1)


@pytest.mark.parametrize("shape", [(1, 1, 2, 2), (1, 2, 2), (4,)])
def test_arrays_have_the_models_own_shape(shape: tuple[int, ...]) -> None:
    low = np.arange(4.0).reshape(shape)
    domain = domain_of((low, low + 1), image())
    assert domain.lower == tuple(map(F, (0, 1, 2, 3)))
    assert domain.upper == tuple(map(F, (1, 2, 3, 4)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, 'an int is no domain; give text such as "\\[0,1\\]", a Domain, \\(lower, upper\\)'),
        ((1, 2, 3), "a tuple of 3 entries is no domain"),
        ({}, "a dict is no domain"),
        (
            [[0, 1], [0, 1]],
            r"the domain is a list of 2 entries, which could be ends or ranges; giv",
        ),
        ([0, 1, 2], "the domain is a list of 3 entries, which could be ends or ranges"),
        (Domain.cube(0, 1, 3), "the domain has 3 ranges, but the network has 2 inputs"),
        ((0, [1, 1]), "the domain is a number and an array; give \\(lower, upper\\) as two numb"),
        (([0, 0, 0], [1, 1, 1]), r"lower has the shape \(3,\); the model's input has \(1, 2\) or"),
        (([0, 0], [[1], [1]]), r"upper has the shape \(2, 1\); the model's input has \(1, 2\) or"),
        (([0, float("nan")], [1, 1]), "entry 1 of lower is nan; a number or -inf is expected"),
        (([0, INF], [1, INF]), "entry 1 of lower is inf; a number or -inf is expected"),
        ((0, -INF), "entry 0 of upper is -inf; a number or inf is expected"),
        ((1, 0), r"input 0 has the empty range \[1, 0\]"),
        ((["a"], ["b"]), "the first part of the domain is an array of <U1 entries; numbers are"),
        ((0, "b"), "the second part of the domain is the str 'b'; numbers are expected"),
        ((0, True), "the second part of the domain is the bool 'True'; numbers are expected"),
        (([0, [1]], [1, 1]), "the first part of the domain has rows of different lengths"),
        (([0, 1], -1), "entry 0 of the radius is -1; it is how far x may be from x0"),
        (([0, 1], INF), "entry 0 of the radius is inf; finite numbers are expected"),
        (([0, INF], 1), "entry 1 of x0 is inf; finite numbers are expected"),
        (([0, 1, 2], 1), r"x0 has the shape \(3,\); the model's input has"),
        (Ball([0, 1], [1]), r"the radius has the shape \(1,\), and x0 has \(2,\); give a number"),
        (Ball(0, 1), "x0 is one number, but the network has 2 inputs; give the point as an array"),
    ],
)
def test_what_is_no_domain_is_refused(given: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        domain_of(given, NETWORK)


def test_a_wrong_shape_is_told_the_shapes_of_the_model() -> None:
    shapes = r"the model's input has \(1, 1, 2, 2\) or \(1, 2, 2\) or \(4,\)"
    with pytest.raises(InputError, match=rf"lower has the shape \(2, 2\); {shapes}"):
        domain_of((np.zeros((2, 2)), np.ones((2, 2))), image())


def test_the_shape_of_what_is_said() -> None:
    assert shape_of(Ball(np.zeros((1, 3)), 0.1)) == (1, 3)
    assert shape_of((np.zeros((1, 3)), 0.1)) == (1, 3)
    assert shape_of(([0, 0], [1, 1])) == (2,)
    assert shape_of((0, 1)) is None
    assert shape_of("[0,1]") is None
    assert shape_of(None) is None
