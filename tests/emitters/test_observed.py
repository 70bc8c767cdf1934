"""What floats are off by at points: seen in the floats of the format, against exact values."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from conftest import OnnxRun
from float_sums import FLOAT32, Machine
from onnx_models import Array
from rectifold.bounds.code_error import code_error, rounding_error
from rectifold.bounds.summation import IN_ORDER, Order, in_lanes
from rectifold.effort.writing import ObservedEffort
from rectifold.emitters.observed.float_layers import float_outputs, ordered_outputs
from rectifold.emitters.observed.float_points import FloatPoints
from rectifold.emitters.observed.observed import Observed, observed_error
from rectifold.emitters.observed.reference import Source, as_pairs
from rectifold.emitters.precision import usual_precision
from rectifold.emitters.table import written_form
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from support import float_network, net, random_network

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
    assert found.source is not None
    assert 0 < found.source <= 4 * unit
    assert 100 * unit < found.result <= 4096 * 4 * unit
    assert found.points == 10_000
    assert found.in_order == (0 if chosen == "onnx" else 10_000)
    assert ("in the code's order" in found.how) == (chosen == "c")


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


@pytest.mark.parametrize("precision", ["float32", "mixed", "float64"])
def test_what_is_seen_is_there_and_below_the_bound(precision: str) -> None:
    for seed in range(6):
        network = random_network(seed)
        assert network.domain is not None
        found = observed_error(network, network, network.domain, "rust", precision)
        bound = rounding_error(network, network.domain, None, precision, order=IN_ORDER).per_output
        assert found is not None
        assert found.source == found.result <= max(bound)


def test_more_points_than_little_work_allows_are_added_as_a_library_does() -> None:
    network = float_network(1, 100, 250, 3)
    found = observed_error(network, network, network.domain or BOX, "c", "mixed")
    assert found is not None
    assert found.points == 10_000
    assert found.in_order == ObservedEffort.ordered_work // (network.sizes.macs + 1)
    assert f"in the code's order at {found.in_order:,} of them" in found.how


@pytest.mark.parametrize("count", [1, 2, 8])
def test_sums_in_order_are_those_of_a_loop(count: int) -> None:
    network = random_network(3)
    edges = [(layer.name, source) for layer in network.layers for source in layer.weights]
    order = Order(dict.fromkeys(edges, in_lanes(count)))
    assert network.domain is not None
    points = FloatPoints(network.domain, "float32").some(40).astype(np.float32)
    got = ordered_outputs(written_form(network, "c"), points, "float32", order)
    machine = Machine(FLOAT32, FLOAT32, Random(0), order, fuses=False)
    for row, values in zip(points, got, strict=True):
        exact = machine.outputs(network, [Fraction(float(v)) for v in row])
        assert [Fraction(float(v)) for v in values] == exact


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_points_lie_in_the_domain_whatever_its_ends_are(kind: str) -> None:
    rows = (Constraint((Fraction(1), Fraction(-1), Fraction(0)), Fraction(1, 7)),)
    lower, upper = (Fraction(1, 10), Fraction(-1, 3), None), (Fraction(1, 3), None, Fraction(2, 7))
    domain = Domain(lower, upper, rows)
    points = FloatPoints(domain, kind).some(200)
    assert len(points) > 50
    assert (points == points.astype(kind)).all()
    assert all(domain.contains([Fraction(float(v)) for v in x]) for x in points)
    thin = Domain((Fraction(1, 3),), (Fraction(1, 3),))
    assert len(FloatPoints(thin, kind).some(5)) == 0
    assert FloatPoints(domain, kind).exactly(3)


THIRDS = """
    input x[2] in [-1, 1]
    h = relu([[1/3, -1/7], [1e8, 3e-9]] @ x + [1/9, 1])
    y = [[1e-3, 7], [1, 1e6]] @ h - [0, 1e14]
    output y
"""


@pytest.mark.parametrize("levels", [1, 2, 3, 5])
@pytest.mark.parametrize("text", [THIRDS, SHIFTED, None])
def test_values_in_sums_of_floats_are_within_their_error(text: str | None, levels: int) -> None:
    network = float_network(2, 3, 9, 7, 2) if text is None else net(text)
    points = np.random.default_rng(levels).uniform(-1, 1, (8, network.input_size))
    source = Source.of(network, levels)
    assert source is not None
    found = source.at(points.T)
    assert found is not None
    for k, values in enumerate(exact_at(network, points)):
        for i, value in enumerate(values):
            near = Fraction(float(found.high[i, k])) + Fraction(float(found.low[i, k]))
            assert abs(near - value) <= Fraction(float(found.error[i]))
    assert levels < 5 or found.error.max() < 1e-22 * max(1.0, np.abs(found.high).max())


def test_huge_numbers_have_no_sums_of_floats_but_exact_values() -> None:
    huge = net("input x[2] in [0, 1]\noutput [[1e200, 1]] @ x")
    assert Source.of(huge, 3) is None
    found = observed_error(huge, huge, BOX, "c", "float64")
    assert found is not None
    assert 1 <= found.points <= 4
    source = Source.of(net("input x[1] in [0, 1]\ny = 2*x[0]\noutput y + 1"), 3)
    assert source is not None
    assert source.at(np.array([[1e305]])) is None
    assert as_pairs([[Fraction(10) ** 400]]) is None
