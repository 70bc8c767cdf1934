"""Pairs of mirrored units as one leaky unit: the same function, read back as it was."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

from conftest import OnnxRun
from onnx_models import imported
from rectifold.bounds.code_error import rounding_error
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.ir.leaky import LeakyForm, leaky_form
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from support import net, random_network

ZERO = Fraction(0)
LEAKY = """
    input x[2] in [-1, 1]
    y = [[1, 2, 3]] @ leaky_relu(
        [[1, 2], [-1, 1], [3, 4]] @ leaky_relu([[1, 2], [-1, 1]] @ x + [1, 0], 0.25) + [1, 0, 2],
        0.5)
    output y
"""
MIXED = """
    input x[2] in [-1, 1]
    h = relu([[1, 2], [-1, 1], [-1, -2], [3, 1], [1, -1]] @ x + [1, 0, -1, 2, 0])
    y = [[4, 2, -1, 1, 0], [8, 0, -2, 1, 7]] @ h
    output y
"""  # units 0 and 2 are a pair of slope 1/4; 1 and 4 are mirrored, with other columns


def domain_of(network: Network) -> Domain:
    assert network.domain is not None
    return network.domain


def test_leaky_layers_are_one_unit_for_two_and_are_read_back_as_they_were(tmp_path: Path) -> None:
    network = net(LEAKY)
    form = leaky_form(network)
    assert (network.sizes.units, form.sizes.units) == (10, 5)
    assert form.sizes.macs == 2 * 2 + 2 * 3 + 3
    assert form.sizes.weights == 4 + 1 + 6 + 2 + 3 + 2
    data = onnx_bytes(network)
    operators = [node.op_type for node in onnx.load_from_string(data).graph.node]
    assert operators == ["Gemm", "LeakyRelu", "Gemm", "LeakyRelu", "Gemm"]
    again, _ = imported(data, tmp_path)
    assert digest(again) == digest(network)


def test_a_layer_of_pairs_and_plain_units_is_written_with_a_slope_each(
    tmp_path: Path, onnx_run: OnnxRun
) -> None:
    network = net(MIXED)
    form = leaky_form(network)
    (slopes,) = form.slopes.values()
    assert slopes == (Fraction(1, 4), ZERO, ZERO, ZERO)
    data = onnx_bytes(network)
    again, _ = imported(data, tmp_path)
    assert again.sizes == network.sizes
    points = sample_points(domain_of(network), 40, 1)
    assert evaluate_points(again, points) == evaluate_points(network, points)
    whole = np.array([[1, -1], [-1, 0], [0.5, 0.25], [-1, -1]], dtype=np.float32)  # exact in floats
    expected = [
        [float(v) for v in evaluate(network, [Fraction(float(c)) for c in x])] for x in whole
    ]
    assert onnx_run(data, whole).tolist() == expected


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        pytest.param("[[1, 2], [-1, -2]]", "[[4, 1], [8, 3]]", id="columns not proportional"),
        pytest.param("[[1, 2], [-2, -4]]", "[[4, 1], [8, 2]]", id="rows mirrored but for a factor"),
        pytest.param("[[1, 2], [-1, -1.9999999999f64]]", "[[4, 1], [8, 2]]", id="one bit off"),
        pytest.param("[[1, 2], [1, 2]]", "[[4, 1], [8, 2]]", id="the same side twice"),
        pytest.param("[[1, 2], [-1, -2]]", "[[4, 0], [8, 0]]", id="one side is not read"),
        pytest.param("[[0, 0], [0, 0]]", "[[4, 1], [8, 2]]", id="constant units"),
    ],
)
def test_other_units_stay_two(rows: str, columns: str) -> None:
    network = net(f"input x[2] in [-1, 1]\nh = relu({rows} @ x)\ny = {columns} @ h\noutput y")
    form = leaky_form(network)
    assert form.network is network
    assert not form.slopes


def test_mirrored_units_that_are_the_output_stay_two() -> None:
    assert not leaky_form(net("input x[1]\ny = relu([[1], [-1]] @ x)\noutput y")).slopes


def test_a_layer_that_nothing_reads_has_no_pairs() -> None:
    network = net(LEAKY)
    first, last = network.layers[0], network.layers[-1]
    alone = replace(last, weights={}, bias=last.bias)
    unread = replace(network, layers=[first, alone])
    assert leaky_form(unread).network is unread


def test_pairs_of_frozen_layers_stay_pairs() -> None:
    network = net(LEAKY)
    first, second = (layer.name for layer in network.relu_layers)
    form = leaky_form(network, {first})
    assert list(form.slopes) == [second]
    assert form.network.layer(first) == network.layer(first)


def test_units_whose_columns_differ_for_one_of_two_successors_stay_two() -> None:
    network = net("""
        input x[1] in [-1, 1]
        h = relu([[1], [-1]] @ x)
        k = relu([[2, -1]] @ h)
        y = [[1]] @ k + [[2, 1]] @ h
        output y
    """)
    assert not leaky_form(network).slopes


def test_the_unit_with_the_larger_column_stands_for_both() -> None:
    network = net("input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, -3]] @ h\noutput y")
    form = leaky_form(network)
    assert list(form.slopes.values()) == [(Fraction(1, 3),)]
    assert form.network.layer("h").weights["x"].fractions() == [[Fraction(-1)]]


def value(form: LeakyForm, x: list[Fraction]) -> list[Fraction]:
    """The function of a form, exactly, layer by layer."""
    known = {form.network.input_name: x}
    for layer in form.network.layers:
        z = layer.bias.column_values()
        for source, weight in layer.weights.items():
            for i, row in enumerate(weight.fractions()):
                z[i] += sum((w * a for w, a in zip(row, known[source], strict=True)), Fraction(0))
        slopes = form.slopes.get(layer.name, (Fraction(0),) * layer.size)
        if layer.is_relu:
            z = [v if v >= 0 else s * v for v, s in zip(z, slopes, strict=True)]
        known[layer.name] = z
    return known[form.network.output]


def leaky_network(seed: int) -> Network:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 4))
    rows = random.integers(-2, 3, (size, 2)).tolist()
    columns = random.integers(-2, 3, (2, size)).tolist()
    slope = random.choice(["0.25", "-1", "3", "1/3"])
    return net(f"""
        input x[2] in [-1, 1]
        h = leaky_relu({rows} @ x + {random.integers(-1, 2, size).tolist()}, {slope})
        k = relu({columns} @ h + [1, 0])
        y = [[1, -2]] @ k + {random.integers(-2, 3, (1, size)).tolist()} @ h
        output y
    """)


@pytest.mark.parametrize("seed", range(30))
def test_the_form_is_the_same_function_everywhere(seed: int) -> None:
    for network in (leaky_network(seed), random_network(seed)):
        form = leaky_form(network)
        for x in sample_points(domain_of(network), 10, seed):
            assert value(form, x) == evaluate(network, x)


def test_the_bound_of_the_code_covers_a_slope_whose_product_underflows(onnx_run: OnnxRun) -> None:
    network = net("""
        input x[1] in [-1e-37, 1e-37]
        h = leaky_relu([[1]] @ x, 0.0001220703125)
        y = [[1e37]] @ h
        output y
    """)
    slopes = leaky_form(network).slopes
    assert slopes
    bound = rounding_error(network, domain_of(network), None, "float32", slopes).per_output[0]
    x = np.array([[-1e-38]], dtype=np.float32)
    got = float(onnx_run(onnx_bytes(network), x)[0, 0])
    exact = evaluate(network, [Fraction(float(x[0, 0]))])[0]
    for result in (got, 0.0):  # 0: on a processor that replaces subnormal numbers
        assert abs(Fraction(result) - exact) <= Fraction(bound)
    plain = rounding_error(network, domain_of(network), None, "float32").per_output[0]
    assert bound >= plain + 2.0**-126 * 1e37
