"""Convolutions, pruned networks and removed units in C: small, and within the certified bound."""

from __future__ import annotations

import ctypes
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from c_builds import compiler
from onnx_models import array, imported, model, node
from rectifold.bounds.code_error import code_error
from rectifold.emitters.c.code import stored_costs
from rectifold.emitters.header import Origin
from rectifold.emitters.storage.storage import storage_of, stored_bytes
from rectifold.emitters.table import FORMATS
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from support import points_of
from weight_matrices import random_numbers

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic", "-O1"]


def boxed(network: Network) -> Network:
    size = network.input_size
    domain = Domain((Fraction(-1),) * size, (Fraction(1),) * size, ())
    return Network(network.input_name, size, network.layers, network.output, domain)


def convolutional(folder: Path, *, groups: int = 1, pads: int = 1, stride: int = 1) -> Network:
    """3 channels of 9x9, a convolution to 6, another to 4, an average, and a sum."""
    nodes = [
        node("Conv", ["x", "w", "b"], "c", pads=[pads] * 4, strides=[stride] * 2),
        node("Relu", ["c"], "r"),
        node("Conv", ["r", "v"], "d", group=groups, pads=[1, 0, 0, 1]),
        node("Relu", ["d"], "s"),
        node("AveragePool", ["s"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p"], "f"),
        node("ReduceSum", ["f", "axis"], "y", keepdims=1),
    ]
    constants = {
        "w": array(6, 3, 3, 3),
        "b": array(6),
        "v": array(4, 6 // groups, 2, 2, seed=6),
        "axis": np.array([1]),
    }
    return boxed(imported(model([1, 3, 9, 9], nodes, constants), folder)[0])


def without_units(network: Network, kept: float, seed: int = 1) -> Network:
    """A part of the units of every layer but the last, as a rewrite leaves them."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[int]] = {}
    layers = []
    for layer in network.layers:
        chosen = [
            i for i in range(layer.size) if layer.name == network.output or rng.random() < kept
        ]
        rows[layer.name] = chosen
        weights = {
            source: weight.select_rows(chosen).select_columns(
                rows.get(source, range(network.size_of(source)))
            )
            for source, weight in layer.weights.items()
        }
        layers.append(Layer(layer.name, layer.activation, layer.bias.select_rows(chosen), weights))
    return Network(network.input_name, network.input_size, layers, network.output, network.domain)


def pruned(density: float) -> Network:
    """A perceptron most of whose weights are zero."""
    sizes = (12, 60, 50, 3)
    layers, before = [], "x"
    for k, (inputs, units) in enumerate(pairwise(sizes)):
        numbers = random_numbers(units, inputs, density, seed=k).astype(np.float32)
        bias = Matrix.from_floats(random_numbers(units, 1, 1.0, seed=9 + k).astype(np.float32))
        weights = {before: Matrix.from_floats(numbers)}
        layers.append(Layer(f"h{k}", "relu", bias, weights))
        before = f"h{k}"
    return boxed(Network("x", sizes[0], layers, before))


def built(network: Network, precision: str, folder: Path) -> tuple[ctypes.CDLL, list[float]]:
    """The compiled code, and its certified bound."""
    assert network.domain is not None
    bound = code_error(network, network.domain, None, precision).tolist()
    origin = Origin(digest(network), network.sizes, tuple(bound), precision=precision)
    for name, data in FORMATS["c"].emit(network, origin, "unit.c").files.items():
        (folder / name).write_bytes(data)
    command = [compiler(), *FLAGS, "-ffp-contract=off", "-shared", "-fPIC", "unit.c"]
    subprocess.run([*command, "-o", "unit.so", "-lm"], check=True, cwd=folder)
    return ctypes.CDLL(str(folder / "unit.so")), bound


def assert_within_bound(network: Network, precision: str, folder: Path) -> None:
    library, bound = built(network, precision, folder)
    kind = np.float32 if precision == "float32" else np.float64
    assert network.domain is not None
    for point in points_of(network.domain, 5, 1):
        x = np.array([float(v) for v in point]).astype(kind)
        y = np.zeros(network.output_size, kind)
        status = library.unit_evaluate(
            x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p)
        )
        assert status == 0
        exact = evaluate(network, [Fraction(v) for v in x.tolist()])
        for value, want, allowed in zip(y.tolist(), exact, bound, strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


def source_bytes(network: Network, precision: str) -> tuple[int, int]:
    """Bytes of the stored weights, and of dense ones."""
    size = 8 if precision == "float64" else 4
    edges = [(layer, source) for layer in network.layers for source in layer.weights]
    return (
        sum(stored_bytes(storage_of(layer, source, precision)) for layer, source in edges),
        sum(
            size * layer.weights[source].shape[0] * layer.weights[source].shape[1]
            for layer, source in edges
        ),
    )


@pytest.mark.parametrize(
    ("form", "precision"),
    [
        ({}, "float32"),
        ({}, "mixed"),
        ({}, "float64"),
        ({"pads": 0}, "float32"),
        ({"stride": 2}, "mixed"),
        ({"groups": 2}, "mixed"),
    ],
)
def test_a_convolution_is_small_and_within_its_bound(
    form: dict[str, int], precision: str, tmp_path: Path
) -> None:
    network = convolutional(tmp_path, **form)
    stored, dense = source_bytes(network, precision)
    assert 10 * stored < dense
    _, products = stored_costs(network, precision)
    weights = [weight for layer in network.layers for weight in layer.weights.values()]
    assert sum(w.nonzero_count for w in weights) <= products < network.sizes.macs // 4
    assert_within_bound(network, precision, tmp_path)


@pytest.mark.parametrize("kept", [0.9, 0.5])
def test_a_convolution_whose_units_were_removed_is_small(kept: float, tmp_path: Path) -> None:
    network = without_units(convolutional(tmp_path), kept)
    stored, dense = source_bytes(network, "mixed")
    assert 5 * stored < dense
    assert_within_bound(network, "mixed", tmp_path)


@pytest.mark.parametrize("precision", ["float32", "mixed", "float64"])
def test_a_pruned_perceptron_is_small_and_within_its_bound(precision: str, tmp_path: Path) -> None:
    network = pruned(0.15)
    stored, dense = source_bytes(network, precision)
    assert 4 * stored < dense
    assert_within_bound(network, precision, tmp_path)


def test_a_layer_of_several_sources_adds_them_in_order(tmp_path: Path) -> None:
    """Skip connections: one dense, one an identity, one sparse."""
    first = Matrix.from_floats(random_numbers(30, 20, 1.0).astype(np.float32))
    few = Matrix.from_floats(random_numbers(30, 30, 0.1).astype(np.float32))
    layers = [
        Layer("a", "relu", Matrix.zeros(30, 1), {"x": first}),
        Layer("b", "relu", Matrix.zeros(30, 1), {"a": few}),
        Layer("c", "linear", Matrix.zeros(30, 1), {"a": Matrix.identity(30), "b": few, "x": first}),
    ]
    assert_within_bound(boxed(Network("x", 20, layers, "c")), "mixed", tmp_path)
