"""Weights in the smallest exact form: dense, without zeros, or every value of a kernel once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.emitters.storage.placed_rows import PlacedRows
from rectifold.emitters.storage.shared_rows import SharedRows
from rectifold.emitters.storage.storage import (
    DenseRows,
    SparseRows,
    bias_of,
    storage_of,
    stored_bytes,
)
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer
from weight_matrices import convolution, places, random_numbers, stored, strips


@pytest.mark.parametrize("precision", ["float32", "mixed", "float64"])
def test_a_full_matrix_is_dense(precision: str) -> None:
    form = stored(random_numbers(5, 7, 1.0), precision)
    assert isinstance(form, DenseRows)
    assert form.values.shape == (7, 5)
    assert stored_bytes(form) == 35 * (8 if precision == "float64" else 4)
    assert form.products == 35


@pytest.mark.parametrize(("shape", "by"), [((40, 300), "unit"), ((300, 40), "input")])
def test_few_numbers_are_stored_with_their_gaps(shape: tuple[int, int], by: str) -> None:
    numbers = random_numbers(*shape, density=0.1)
    form = stored(numbers)
    assert isinstance(form, SparseRows)
    assert form.by == by
    assert form.products == np.count_nonzero(numbers) == len(form.values)
    assert stored_bytes(form) == 5 * form.products + 40


def test_most_weights_must_be_zero_for_the_sparse_form() -> None:
    assert isinstance(stored(random_numbers(30, 30, 0.6)), DenseRows)


def test_a_full_matrix_is_shared_where_that_halves_it() -> None:
    values = random_numbers(1, 60, 1.0)[0]
    assert isinstance(stored(np.stack([np.roll(values, 20 * k) for k in range(3)])), DenseRows)
    assert isinstance(stored(np.tile(values, (8, 1))), SharedRows)


def test_gaps_beyond_a_byte_are_wider() -> None:
    numbers = np.zeros((2, 70_000))
    numbers[0, [0, 300, 69_999]] = 1.5, 2.5, 3.5
    numbers[1, 299] = 4.5
    form = stored(numbers)
    assert isinstance(form, SparseRows)
    assert form.by == "unit"
    assert [table.dtype.name for table in form.tables.values()] == ["float32", "uint32", "uint8"]


@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3)])
@pytest.mark.parametrize("kernel", [2, 3])
def test_every_value_of_a_kernel_is_stored_once(padding: int, stride: int, kernel: int) -> None:
    numbers, values = convolution((3, 4), 9, kernel, padding, stride)
    form, placed = strips(numbers), places(numbers)
    assert form is not None
    assert placed is not None
    expected = sorted(values.ravel().tolist())
    assert sorted(form.values.tolist()) == sorted(placed.values.ravel().tolist()) == expected
    assert form.products == placed.products == np.count_nonzero(numbers)
    borders = len(form.patterns.starts) - 1
    assert borders <= (1 if padding == 0 else 9 if kernel <= 3 and padding < 2 else 25)
    assert placed.places.unit_step == len(numbers) // 4


def test_a_convolution_without_a_border_has_one_pattern_and_one_strip_a_line() -> None:
    form = strips(convolution((2, 3), 8, 3)[0])
    assert form is not None
    assert form.patterns.starts.tolist() == [0, 6]
    assert form.patterns.gap.tolist() == [0, 5, 5, 45, 5, 5]  # lines and channels of the input
    assert form.patterns.length.tolist() == [3] * 6
    assert form.strips.units.tolist() == [6] * 18
    assert form.strips.column_step.tolist() == [1] * 18
    assert set(form.tables) == {"values", "starts", "gap", "value", "column"}


@pytest.mark.parametrize("kept_inputs", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("kept_units", [1.0, 0.6])
def test_removed_units_leave_the_kernel_shared(kept_inputs: float, kept_units: float) -> None:
    """Of the layer, and of the one before: then no row may read the kernel whole."""
    numbers, values = convolution((4, 6), 10, 3, 1)
    rng = np.random.default_rng(7)
    numbers = numbers[rng.random(len(numbers)) < kept_units]
    numbers = numbers[:, rng.random(numbers.shape[1]) < kept_inputs]
    form, placed = strips(numbers), places(numbers)
    assert form is not None
    expected = sorted(values.ravel().tolist())
    assert sorted(form.values.tolist()) == expected
    if placed is not None:
        assert sorted(placed.values.ravel().tolist()) == expected
    assert (placed is None) == (kept_units < 2 / 3)
    assert stored_bytes(stored(numbers)) < 1.2 * np.count_nonzero(numbers)


def test_values_that_occur_twice_in_a_kernel_are_told_apart() -> None:
    numbers, values = convolution((3, 3), 8, 3, 1)
    one, other = values[0, 0, 1, 1], values[0, 2, 0, 1]
    numbers[numbers == other] = one
    numbers = numbers[:, np.random.default_rng(2).random(numbers.shape[1]) < 0.7]
    form = stored(numbers)
    assert isinstance(form, SharedRows)
    assert len(form.values) < 2 * values.size


@pytest.mark.parametrize("levels", [1, 2])
def test_kernels_of_few_different_weights_share_too(levels: int) -> None:
    numbers = np.round(levels * convolution((3, 8), 12, 3, 1)[0]) / levels
    form = stored(numbers)
    assert isinstance(form, SharedRows)
    assert len(form.values) <= 3 * 8 * 9
    assert 10 * stored_bytes(form) < 6 * np.count_nonzero(numbers)


def test_groups_and_pools_share() -> None:
    one, other = (convolution((1, 1), 8, 3, 1, seed=seed)[0] for seed in (1, 2))
    grouped = np.block([[one, np.zeros_like(one)], [np.zeros_like(one), other]])
    form = stored(grouped)
    assert isinstance(form, SharedRows)
    assert len(form.values) == 18
    pool = np.where(convolution((1, 1), 8, 2, 0, 2)[0] != 0, 0.25, 0.0)
    form = stored(pool)
    assert isinstance(form, SharedRows)
    assert form.values.tolist() == [0.25] * 4


def test_an_identity_is_one_strip() -> None:
    form = stored(np.eye(100))
    assert isinstance(form, SharedRows)
    assert form.values.tolist() == [1.0]
    assert form.strips.units.tolist() == [100]
    assert stored_bytes(form) < 8


def test_rows_that_are_equal_or_empty_cost_no_values() -> None:
    numbers = np.tile(random_numbers(1, 40, 0.9), (30, 1))
    numbers[::7] = 0.0
    form = stored(numbers)
    assert isinstance(form, SharedRows)
    assert len(form.values) == np.count_nonzero(numbers[1])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (40, 50)])
def test_nothing_and_zeros_take_no_bytes(shape: tuple[int, int]) -> None:
    assert stored_bytes(stored(np.zeros(shape))) == 0


def test_a_form_that_saves_less_than_its_code_is_not_taken() -> None:
    assert isinstance(stored(np.eye(5)), DenseRows)


def test_numbers_are_compared_as_they_are_stored() -> None:
    """Two rationals that float32 does not tell apart are one value; what underflows is a zero."""
    tiny = Fraction(1, 10**60)
    rows = [[Fraction(0)] * k + [Fraction(1, 3) + k * tiny, tiny] for k in range(30)]
    weight = Matrix.from_fractions([row + [Fraction(0)] * (31 - len(row)) for row in rows])
    layer = Layer("h", "relu", Matrix.zeros(30, 1), {"x": weight})
    form = storage_of(layer, "x", "float32")
    assert isinstance(form, SharedRows)
    assert form.values.tolist() == [np.float32(1 / 3)]


def test_matrices_of_few_numbers_are_never_larger_than_dense() -> None:
    rng = np.random.default_rng(11)
    for _ in range(60):
        rows, columns = rng.integers(1, 12, 2)
        numbers = rng.integers(-1, 2, (rows, columns)) * (rng.random((rows, columns)) < 0.6)
        assert stored_bytes(stored(numbers.astype(np.float64))) <= 4 * numbers.size


def test_rows_are_found_only_where_numbers_repeat() -> None:
    assert strips(random_numbers(20, 20, 0.2)) is None


def test_kernels_lie_side_by_side_where_all_read_at_a_place() -> None:
    numbers, values = convolution((3, 8), 6, 3, 1)
    form = stored(numbers)
    assert isinstance(form, PlacedRows)
    assert form.values.shape == (27, 8)
    assert np.array_equal(form.values, values.reshape(8, 27).T)
    assert form.places.units[:, 0].tolist() == list(range(36))
    assert form.places.unit_step == 36
    assert len(form.patterns.starts) == 10
    assert set(form.tables) == {
        "values",
        "starts",
        "gap",
        "skip",
        "length",
        "pattern",
        "column",
        "units",
    }


def test_a_place_says_which_of_its_units_were_removed() -> None:
    numbers, _ = convolution((3, 8), 6, 3, 1)
    form = places(np.delete(numbers, [5, 100], axis=0))
    assert form is not None
    assert form.places.unit_step is None
    places_of, kernels = np.nonzero(form.places.units == 286)
    assert sorted(kernels.tolist()) == [0, 2]
    others = form.places.units[places_of]
    assert sorted(others[:, 3].tolist()) == [5 + 3 * 36 - 2, 28 + 3 * 36 - 2]
    assert form.products == np.count_nonzero(numbers)


def test_rows_that_are_equal_are_no_units_of_one_place() -> None:
    numbers, _ = convolution((3, 8), 6, 3, 1)
    assert places(np.concatenate([numbers, numbers[:1]])) is None


def test_a_place_that_has_few_of_the_kernels_has_strips() -> None:
    """A grouped convolution: half of the sums of a place would be of no unit."""
    parts = [convolution((1, 4), 6, 3, 1, seed=seed)[0] for seed in (1, 2)]
    none = np.zeros_like(parts[0])
    assert places(np.block([[parts[0], none], [none, parts[1]]])) is None


def test_a_marked_kernel_value_that_border_rows_mark_otherwise_is_one_place() -> None:
    """A value that a kernel has twice, where its neighbour lies beyond the border."""
    numbers, values = convolution((2, 4), 8, 3, 1)
    numbers[numbers == values[1, 1, 2, 2]] = values[1, 0, 1, 0]
    form = places(numbers)
    assert form is not None
    assert form.values.shape == (18, 4)


def test_channels_that_come_last_make_strips_of_channels() -> None:
    numbers, values = convolution((2, 6), 8, 3, 1)
    units = np.arange(len(numbers)).reshape(6, -1).T.ravel()  # place by place
    columns = np.arange(numbers.shape[1]).reshape(2, -1).T.ravel()
    form = strips(numbers[units][:, columns])
    assert form is not None
    assert len(form.values) == values.size
    assert form.strips.units.tolist() == [6] * 64
    assert set(form.strips.value_step.tolist()) == {18}
    assert set(form.strips.column_step.tolist()) == {0}


@pytest.mark.parametrize(
    ("biases", "kept"),
    [
        ([0.5, -1.5, 2.0], {"values": 12}),
        ([0.5, -1.5] * 40, {"values": 8, "which": 80}),
        ([0.5] * 40 + [-1.5] * 39 + [0.5] * 2, {"values": 12, "counts": 3}),
        ([0.5] * 40 + [-1.5] * 40, {"values": 8}),
        ([3.0] * 19, {"values": 4}),
        ([3.0] * 9, {"values": 36}),  # the loop would take more
        ([], {"values": 0}),
    ],
)
def test_biases_are_shared_where_that_is_smaller(biases: list[float], kept: dict[str, int]) -> None:
    layer = Layer("h", "relu", Matrix.column([Fraction(b) for b in biases]), {})
    form = bias_of(layer, "mixed")
    assert form.vector().tolist() == biases
    assert {key: table.nbytes for key, table in form.tables.items()} == kept
    assert bias_of(layer, "float64").vector().dtype == np.float64
