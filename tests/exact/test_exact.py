"""Exact matrices against fractions, and the reading and printing of numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectifold.exact.conversion import dyadic_integers
from rectifold.exact.literals import (
    NumberError,
    format_float,
    format_number,
    parse_number,
    parse_rational,
)
from rectifold.exact.matrix import Matrix, hstack, positive_part, vstack
from rectifold.exact.numerals import round_down, round_up

rationals = st.one_of(
    st.fractions(max_denominator=50, min_value=-20, max_value=20),
    st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
    st.integers(-3, 3).map(Fraction),
)


def tables(rows: int, columns: int) -> st.SearchStrategy[list[list[Fraction]]]:
    return st.lists(
        st.lists(rationals, min_size=columns, max_size=columns), min_size=rows, max_size=rows
    )


@given(tables(3, 4), tables(4, 2))
def test_product_is_exact(a: list[list[Fraction]], b: list[list[Fraction]]) -> None:
    product = Matrix.from_fractions(a) @ Matrix.from_fractions(b)
    expected = [
        [
            sum((p * q for p, q in zip(row, col, strict=True)), Fraction(0))
            for col in zip(*b, strict=True)
        ]
        for row in a
    ]
    assert product.fractions() == expected


@given(tables(2, 3), tables(2, 3), rationals)
def test_sum_scale_and_transpose_are_exact(
    a: list[list[Fraction]], b: list[list[Fraction]], c: Fraction
) -> None:
    p, q = Matrix.from_fractions(a), Matrix.from_fractions(b)
    assert (p + q).fractions() == [
        [x + y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)
    ]
    assert (p - p).is_zero
    assert p.scale(c).fractions() == [[c * x for x in r] for r in a]
    assert p == p.T.T
    assert p.scale_rows([c, 1]).row(0) == [c * x for x in a[0]]


@given(tables(2, 3))
def test_form_is_canonical_and_approximation_is_rigorous(a: list[list[Fraction]]) -> None:
    matrix = Matrix.from_fractions(a)
    again = Matrix.from_fractions([[x * 3 for x in r] for r in a]).scale(Fraction(1, 3))
    assert again == matrix
    assert again.is_float == matrix.is_float
    mid, radius = matrix.approximation
    for i, row in enumerate(a):
        for j, value in enumerate(row):
            slack = Fraction(0) if radius is None else Fraction(float(radius[i, j]))
            assert abs(Fraction(float(mid[i, j])) - value) <= slack
    assert positive_part(matrix).fractions() == [[max(x, Fraction(0)) for x in r] for r in a]


@given(tables(3, 3))
def test_rref_reproduces_the_matrix(a: list[list[Fraction]]) -> None:
    matrix = Matrix.from_fractions(a)
    rows, pivots = matrix.rref()
    assert len(pivots) == matrix.rank() >= matrix.modular_rank
    assert matrix.select_columns(pivots) @ rows == matrix


def test_rank_is_exact_where_singular_values_mislead() -> None:
    tenths = Matrix.from_fractions(
        [[Fraction(1, 10), Fraction(3, 10)], [Fraction(7, 10), Fraction(21, 10)]]
    )
    floats = Matrix.from_floats([[0.1, 0.3], [0.7, 2.1]])
    assert tenths.rank() == 1
    assert floats.rank() == 2


def test_floats_stay_floats_and_minus_zero_is_zero() -> None:
    matrix = Matrix.from_floats(np.array([[0.5, -0.0]], dtype=np.float32))
    assert matrix.is_float
    assert not np.signbit(matrix.floats).any()
    assert not matrix.floats.flags.writeable
    assert (matrix @ Matrix.identity(2)).is_float
    assert not Matrix.from_fractions([[Fraction(1, 3)]]).is_float


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(bad: float) -> None:
    with pytest.raises(NumberError, match="NaN or infinite"):
        Matrix.from_floats([[bad]])


def test_selecting_scattering_and_stacking() -> None:
    third = Fraction(1, 3)
    for matrix in (
        Matrix.from_floats([[1, 2], [3, 4]]),
        Matrix.from_fractions([[third, 2], [3, 4]]),
    ):
        assert matrix.select_rows([1, 0]).row(1) == matrix.row(0)
        assert matrix.select_columns([1]).column_values() == [2, 4]
        assert matrix.scatter_columns([2, 0], 3).row(1) == [4, 0, 3]
        assert matrix.scatter_columns([1, 1], 2).row(1) == [0, 7]
        assert hstack([matrix, matrix]).shape == (2, 4)
        assert vstack([matrix, Matrix.zeros(1, 2)]).row(2) == [0, 0]
    empty = Matrix.zeros(0, 3)
    assert (empty @ Matrix.identity(3)).shape == (0, 3)
    assert (Matrix.zeros(2, 0) @ Matrix.zeros(0, 2)).is_zero


def test_sparse_product_equals_dense_product() -> None:
    random = np.random.default_rng(0)
    dense = np.where(random.random((400, 400)) < 0.05, random.standard_normal((400, 400)), 0.0)
    right = Matrix.from_fractions([[Fraction(k, 7)] for k in range(400)])
    product = Matrix.from_floats(dense) @ right
    row = [Fraction(float(v)) for v in dense[17]]
    assert product.entry(17, 0) == sum((v * Fraction(k, 7) for k, v in enumerate(row)), Fraction(0))


def test_product_with_a_sparse_right_factor_is_exact() -> None:
    random = np.random.default_rng(0)
    sparse = np.where(random.random((400, 400)) < 0.05, random.standard_normal((400, 400)), 0.0)
    left = Matrix.from_fractions([[Fraction(k, 7) for k in range(400)]])
    product = left @ Matrix.from_floats(sparse)
    column = [Fraction(float(v)) for v in sparse[:, 17]]
    assert product.entry(0, 17) == sum(
        (v * Fraction(k, 7) for k, v in enumerate(column)), Fraction(0)
    )


def test_large_float32_product_is_exact() -> None:
    random = np.random.default_rng(1)
    a = random.standard_normal((400, 400)).astype(np.float32)
    b = (random.standard_normal((400, 784)) * 10.0 ** random.integers(-8, 1, (400, 784))).astype(
        np.float32
    )
    product = Matrix.from_floats(a) @ Matrix.from_floats(b)
    assert product.shape == (400, 784)
    exact = sum(
        (Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a[3], b[:, 5], strict=True)),
        Fraction(0),
    )
    assert product.entry(3, 5) == exact


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_dyadic_integers(values: list[float]) -> None:
    integers, den = dyadic_integers(np.array(values))
    assert [Fraction(v, den) for v in integers] == [Fraction(v) for v in values]


@given(rationals)
def test_rounding_goes_outward(value: Fraction) -> None:
    assert Fraction(round_down(value)) <= value <= Fraction(round_up(value))
    if Fraction(round_down(value)) != value:
        assert np.nextafter(round_down(value), np.inf) == round_up(value)


def test_rounding_beyond_the_range() -> None:
    huge = Fraction(10) ** 400
    assert round_up(huge) == np.inf
    assert round_down(huge) == np.finfo(np.float64).max
    assert round_down(-huge) == -np.inf


@given(rationals)
def test_printed_number_reads_back(value: Fraction) -> None:
    text = format_number(value)
    top, _, bottom = text.partition("/")
    assert parse_rational(top) / parse_rational(bottom or "1") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_printed_float_reads_back(value: float) -> None:
    assert parse_rational(format_float(value)) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("1e-3", Fraction(1, 1000)),
        ("0x1.8p-1", Fraction(3, 4)),
        ("0x10", Fraction(16)),
        ("0.1f64", Fraction(0.1)),
        ("0.1f32", Fraction(float(np.float32(0.1)))),
        ("-1/3", Fraction(-1, 3)),
        ("+2", Fraction(2)),
    ],
)
def test_notations(text: str, value: Fraction) -> None:
    assert parse_rational(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e1101", "exponent 1101 is too large"),
        ("1e999999999999", "is too large"),
        ("0x1p99999", "is too large"),
        ("1" * 2501, "2,501 characters"),
        ("abc", "is not a number"),
        ("1e39f32", "beyond the range of f32"),
        ("1/0", "divides by zero"),
        ("", "is not a number"),
        ("__import__('os')", "is not a number"),
    ],
)
def test_numbers_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(NumberError, match=message):
        parse_rational(text)


def test_a_sign_is_no_part_of_an_unsigned_number() -> None:
    with pytest.raises(NumberError):
        parse_number("-1")


def test_a_number_that_could_not_be_read_back_is_not_written() -> None:
    assert format_number(Fraction(10) ** 2400).startswith("1000")
    with pytest.raises(
        NumberError, match=r"a number of about 2,80\d digits cannot be written; the limit is 2,500"
    ):
        format_number(Fraction(10) ** 2800 / 3)


@pytest.mark.parametrize("rows", [0, 1023, 1025])
def test_sums_and_opposites_of_floats_are_exact_in_every_block(rows: int) -> None:
    values = np.random.default_rng(rows).integers(-3, 4, (rows, 2)).astype(np.float64)
    matrix = Matrix.from_floats(values)
    assert (matrix + matrix) == Matrix.from_floats(2 * values)
    assert (matrix + (-matrix)).is_zero
    assert not np.signbit((-matrix).floats[values == 0]).any()
    if rows:
        tiny = values.copy()
        tiny[-1] = [2.0**-60, 1.0]
        other = np.ones_like(values)
        total = Matrix.from_floats(tiny) + Matrix.from_floats(other)
        assert total.entry(rows - 1, 0) == 1 + Fraction(1, 2**60)
