"""What floats are off by at points: seen in the floats of the format, against exact values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from conftest import OnnxRun
from onnx_models import Array
from rectifold.bounds.code_error import code_error
from rectifold.emitters.observed import Observed, float_outputs, observed_error
from rectifold.emitters.precision import usual_precision
from rectifold.emitters.table import written_form
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from support import net, random_network

BOX = Domain.cube(0, 1, 2)
PLAIN = "input x[2] in [0, 1]\noutput relu([[1, 1/3]] @ x)"
SHIFTED = "input x[2] in [0, 1]\ny = relu([[1, 1/3]] @ x + 4096)\noutput y - 4096"


def seen(source: str, result: str, chosen: str) -> Observed:
    found = observed_error(net(source), net(result), BOX, chosen, usual_precision(chosen))
    assert found is not None
    return found


@pytest.mark.parametrize("chosen", ["onnx", "c"])
def test_a_shift_that_cancels_is_seen_beside_the_source(chosen: str) -> None:
    found = seen(PLAIN, SHIFTED, chosen)
    unit = 2.0**-24 if chosen == "onnx" else 2.0**-53
    assert found.precision == ("float32" if chosen == "onnx" else "float64")
    assert 0 < found.source <= 4 * unit
    assert 100 * unit < found.result <= 4096 * 4 * unit
    assert 1 <= found.points <= 4


def test_an_exact_format_and_an_empty_choice_of_points_show_nothing() -> None:
    assert observed_error(net(PLAIN), net(SHIFTED), BOX, "relu", None) is None
    third = Domain((Fraction(1, 3),) * 2, (Fraction(1, 3),) * 2)  # no float is in it
    assert observed_error(net(PLAIN), net(SHIFTED), third, "onnx", "float32") is None


def test_values_beyond_the_floats_show_nothing() -> None:
    huge = "input x[2] in [0, 1]\noutput relu([[1e38, 1e38]] @ (1000*x + 1000))"
    assert observed_error(net(huge), net(huge), BOX, "onnx", "float32") is None


def exact_at(network: Network, points: Array) -> list[list[Fraction]]:
    return evaluate_points(network, [[Fraction(float(v)) for v in x] for x in points])


@pytest.mark.parametrize("seed", range(20))
def test_the_layers_are_computed_as_onnxruntime_does_within_the_bound(
    seed: int, onnx_run: OnnxRun
) -> None:
    network = random_network(seed)
    assert network.domain is not None
    low, high = network.domain.float_box
    points = np.random.default_rng(seed).uniform(low, high, (5, len(low))).astype(np.float32)
    bound = code_error(network, network.domain, None, "float32")
    ours = float_outputs(written_form(network, "onnx"), points)
    assert ours.dtype == np.float32
    for got in (ours, onnx_run(onnx_bytes(network), points)):
        for row, values in zip(got, exact_at(network, points), strict=True):
            for a, b, most in zip(row, values, bound, strict=True):
                assert abs(Fraction(float(a)) - b) <= Fraction(float(most))
