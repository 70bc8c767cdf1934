"""The box of a data set: every sample is in it, exactly, and every end is one that a sample has."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.ir.domain import Domain, DomainError

F = Fraction


def test_the_box_of_samples_is_their_extremes() -> None:
    domain = Domain.of([[0.5, -1], [0.25, 3]])
    assert domain == Domain((F(1, 4), F(-1)), (F(1, 2), F(3)))


def test_ends_are_the_floats_themselves() -> None:
    X = np.array([[0.1], [0.3]], dtype=np.float32)
    domain = Domain.of(X)
    assert domain.lower == (F(float(np.float32(0.1))),)
    assert domain.upper == (F(float(np.float32(0.3))),)


def test_every_sample_of_any_shape_is_inside() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2, 3))
    domain = Domain.of(X)
    assert domain.size == 6
    assert all(domain.contains([F(v) for v in x.ravel().tolist()]) for x in X)


@pytest.mark.parametrize(
    ("margin", "lower", "upper"),
    [
        (0, F(0), F(2)),
        (0.5, F(-1, 2), F(5, 2)),
        (F(1, 3), F(-1, 3), F(7, 3)),
        ("1/3", F(-1, 3), F(7, 3)),
        ("10%", F(-1, 5), F(11, 5)),
        (" 0.1 %", F(-1, 500), F(1001, 500)),
        (np.float32(0.5), F(-1, 2), F(5, 2)),
    ],
)
def test_a_margin_widens_both_ends(
    margin: Fraction | float | str, lower: Fraction, upper: Fraction
) -> None:
    assert Domain.of([[0], [2]], margin) == Domain((lower,), (upper,))


def test_a_share_of_no_range_is_nothing() -> None:
    assert Domain.of([[1.0, 0], [1.0, 4]], "50%") == Domain((F(1), F(-2)), (F(1), F(6)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            [1.0, 2.0],
            r"the data set has the shape \(2,\); samples first and then the inputs are ex",
        ),
        (3.0, r"the data set has the shape \(\)"),
        (np.zeros((0, 3)), r"the data set has the shape \(0, 3\): it has no numbers"),
        (np.zeros((3, 0)), r"the data set has the shape \(3, 0\): it has no numbers"),
        ([[1.0], [float("nan")]], "the data set holds NaN or infinite entries"),
        ([[float("inf")]], "the data set holds NaN or infinite entries"),
        ([[1.0, 2.0], [1.0]], "the data set has rows of different lengths; give a rectangular"),
        ([["a"]], "the data set holds <U1 entries; numbers up to 64 bits are expected"),
        ([[2**60 + 1]], "the data set holds integers that are too large"),
    ],
)
def test_what_is_no_data_set_is_refused(X: object, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Domain.of(X)


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        (-0.5, "the margin is -0.5; it is at least 0"),
        ("-1%", "the margin is -1%; it is at least 0"),
        (float("nan"), "the margin is 'nan'; a number, or a text such as"),
        (float("inf"), "the margin is 'inf'; a number"),
        ("much", "the margin is 'much'; a number, or a text such as \"10%\", is expected"),
        ("", "the margin is ''; a number"),
        ("%", "the margin is '%'; a number"),
    ],
)
def test_what_is_no_margin_is_refused(margin: float | str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Domain.of([[1.0]], margin)
