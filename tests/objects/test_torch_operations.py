"""Each operation of the table against PyTorch itself; and what is refused, with its sentence."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import onnx.reference
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from objects.torch_cases import (  # noqa: E402
    EXACT,
    REFUSED,
    ROUNDED,
    TAILS,
    Case,
    Through,
    eighths,
)
from rectifold.errors import InputError  # noqa: E402
from rectifold.formats.onnx.reader import read_model  # noqa: E402
from rectifold.ir.evaluate import evaluate  # noqa: E402
from rectifold.objects.torch_model import model_of  # noqa: E402
from rectifold.objects.torch_operations.table import OPERATIONS  # noqa: E402

SAMPLES = 3
ROUNDING = 1e-13  # of float64, for values below 10 that few operations make


def compared(case: Case) -> tuple[list[list[Fraction]], Any]:
    """(the exact values of the network, those of PyTorch in float64) at multiples of 1/4."""
    make, shape = case
    module = eighths(make())
    read = read_model(model_of(module, shape), "net")
    batched = read.interface.inputs[0].shape[0] == "N"
    sizes = (SAMPLES, *shape) if batched else shape
    points = np.random.default_rng(0).integers(-8, 9, sizes) / 4
    with torch.no_grad():
        values = module(torch.tensor(points))
    samples = points.reshape(SAMPLES if batched else 1, -1)
    exact = [evaluate(read.network, [Fraction(v) for v in row]) for row in samples]
    return exact, values.numpy().reshape(len(samples), -1)


@pytest.mark.parametrize("name", EXACT)
def test_values_are_equal_where_floats_are_exact(name: str) -> None:
    exact, found = compared(EXACT[name])
    assert exact == [[Fraction(v) for v in row] for row in found.tolist()]


@pytest.mark.parametrize("name", ROUNDED)
def test_values_differ_by_rounding_alone(name: str) -> None:
    exact, found = compared(ROUNDED[name])
    assert np.abs(np.array(exact, dtype=np.float64) - found).max() <= ROUNDING


@pytest.mark.parametrize("name", TAILS)
def test_ends_are_written_as_their_own_nodes(name: str) -> None:
    make, shape = TAILS[name]
    module = eighths(make())
    points = np.random.default_rng(0).integers(-8, 9, (SAMPLES, *shape)) / 4
    runner = onnx.reference.ReferenceEvaluator(model_of(module, shape))
    (result,) = runner.run(None, {str(runner.input_names[0]): points})
    found = np.asarray(result)
    with torch.no_grad():
        values = module(torch.tensor(points)).numpy()
    assert found.shape == values.shape
    assert np.abs(found - values).max() <= ROUNDING


def test_every_operation_of_the_table_has_a_case() -> None:
    cases = {name.partition(":")[0] for name in (*EXACT, *ROUNDED, *TAILS)}
    assert set(OPERATIONS) <= cases


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_and_what_to_do(name: str, capfd: Any) -> None:
    make, shape, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        model_of(make().eval(), shape)
    assert capfd.readouterr() == ("", "")


def test_a_product_of_two_values_is_refused_by_the_reader() -> None:
    with pytest.raises(InputError, match="mul.*a product of two tensors that depend on the input"):
        read_model(model_of(Through(lambda m, x: x * m.linear(x)), (4,)), "net")
