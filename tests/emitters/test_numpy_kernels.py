"""Convolutions in emitted NumPy: kernels stored once, within the bound at points and in batches."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from onnx_models import array, imported, model, node
from rectifold.bounds.code_error import code_error
from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.costs import costs_of
from rectifold.emitters.numpy.gathered import gathered_of
from rectifold.emitters.table import FORMATS
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from support import points_of
from weight_matrices import convolution

F = Fraction


def convolutional(
    folder: Path, *, groups: int = 1, pads: int = 1, stride: int = 1, size: int = 11
) -> Network:
    """4 channels, a convolution to 8, one in groups and what it reads added, averages, a sum."""
    nodes = [
        node("Conv", ["x", "w", "b"], "c", pads=[pads] * 4, strides=[stride] * 2),
        node("Relu", ["c"], "r"),
        node("Conv", ["r", "v"], "d", group=groups, pads=[1, 0, 0, 1]),
        node("Add", ["d", "r"], "a"),
        node("Relu", ["a"], "s"),
        node("AveragePool", ["s"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p"], "f"),
        node("ReduceSum", ["f", "axis"], "y", keepdims=1),
    ]
    constants = {
        "w": array(8, 4, 3, 3),
        "b": array(8),
        "v": array(8, 8 // groups, 2, 2, seed=6),
        "axis": np.array([1]),
    }
    network = imported(model([1, 4, size, size], nodes, constants), folder)[0]
    domain = Domain.cube(-1, 1, network.input_size)
    return Network(network.input_name, network.input_size, network.layers, network.output, domain)


def without_units(network: Network, kept: float) -> Network:
    """A part of the units of every layer but the last, as a rewrite leaves them."""
    rng = np.random.default_rng(1)
    rows: dict[str, list[int]] = {network.input_name: list(range(network.input_size))}
    layers = []
    for layer in network.layers:
        is_last = layer.name == network.output
        chosen = [i for i in range(layer.size) if is_last or rng.random() < kept]
        rows[layer.name] = chosen
        weights = {
            source: weight.select_rows(chosen).select_columns(rows[source])
            for source, weight in layer.weights.items()
        }
        layers.append(Layer(layer.name, layer.activation, layer.bias.select_rows(chosen), weights))
    return Network(network.input_name, network.input_size, layers, network.output, network.domain)


def emitted(network: Network, precision: str, folder: Path) -> tuple[ModuleType, list[float]]:
    """The module, and the certified bound."""
    assert network.domain is not None
    bound = code_error(network, network.domain, None, precision).tolist()
    origin = Origin(digest(network), network.sizes, tuple(bound), precision=precision)
    artifact = FORMATS["numpy"].emit(network, origin, "code.py")
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    loaded = ModuleType("code")
    loaded.__file__ = str(folder / "code.py")
    exec(compile(artifact.main, loaded.__file__, "exec"), loaded.__dict__)
    return loaded, bound


def assert_within_bound(network: Network, precision: str, folder: Path) -> ModuleType:
    """Of points alone and of the same points in a batch."""
    code, bound = emitted(network, precision, folder)
    assert code.self_test() > 0
    assert network.domain is not None
    points = np.array(
        [[float(v) for v in p] for p in points_of(network.domain, 2, 1)], dtype=precision
    )
    batch = code.evaluate(points)
    assert batch.dtype == precision
    assert code.evaluate(points[:0]).shape == (0, network.output_size)
    for x, row in zip(points, batch, strict=True):
        exact = evaluate(network, [F(v) for v in x.tolist()])
        for got in (row, code.evaluate(x)):
            for value, want, allowed in zip(got.tolist(), exact, bound, strict=True):
                assert abs(F(value) - want) <= F(allowed)
    return code


@pytest.mark.parametrize(
    ("form", "precision"),
    [
        ({}, "float64"),
        ({"pads": 0, "size": 13}, "float32"),
        ({"stride": 2, "size": 20}, "float32"),
        ({"groups": 4}, "float32"),
        ({"groups": 8}, "float64"),
    ],
    ids=str,
)
def test_convolutions_are_within_the_bound(
    form: dict[str, int], precision: str, tmp_path: Path
) -> None:
    network = convolutional(tmp_path, **form)
    code = assert_within_bound(network, precision, tmp_path)
    assert {name for name in vars(code) if name.startswith("V")} == {"V1_0", "V2_1"}


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_kernels_with_holes_of_removed_units_are_within_the_bound(
    precision: str, tmp_path: Path
) -> None:
    network = without_units(convolutional(tmp_path), 0.9)
    code = assert_within_bound(network, precision, tmp_path)
    assert any(name.startswith("U") for name in vars(code))


def test_the_files_hold_a_kernel_once(tmp_path: Path) -> None:
    network = convolutional(tmp_path)
    emitted(network, "float32", tmp_path)
    origin = Origin(digest(network), network.sizes, precision="float32")
    artifact = FORMATS["numpy"].emit(network, origin, "code.py")
    costs = costs_of(artifact, network, "numpy", "float32", None)
    assert 8 * costs.multiply_adds < network.sizes.macs
    stored = (tmp_path / "code_weights.npz").stat().st_size
    edges = [w.approximation[0] for layer in network.layers for w in layer.weights.values()]
    assert 8 * stored < sum(4 * np.count_nonzero(w) for w in edges)
    kept = sum(entries.nbytes for entries in np.load(tmp_path / "code_weights.npz").values())
    assert stored - 1000 < kept <= stored
    assert costs.constants == kept + 2 * 4 * network.input_size


def test_a_form_is_taken_only_where_it_is_smaller_and_faster() -> None:
    numbers, kernel = convolution((4, 8), 11, 3, padding=1)
    form = gathered_of(numbers)
    assert form is not None
    assert form.values.size == kernel.size
    assert (form.matrix() == numbers).all()
    assert form.units is None
    random = np.random.default_rng(1)
    assert gathered_of(random.standard_normal((300, 300))) is None  # no zeros
    one_each = np.where(random.random((300, 300)) < 0.1, random.standard_normal((300, 300)), 0)
    assert gathered_of(one_each) is None  # nothing repeats
    few = convolution((1, 8), 9, 3)[0]
    assert few.size < NumpyEffort.gathered_cells
    assert gathered_of(few) is None  # a product is a few microseconds
    channels, _ = convolution((64, 64), 6, 3, padding=1)
    dense = convolution((64, 64), 3, 3, padding=1)[0]  # reads nearly all it could
    assert gathered_of(channels) is not None
    assert gathered_of(dense) is None


def test_any_order_of_units_is_read_back_and_those_that_read_nothing_or_the_same() -> None:
    numbers, kernel = convolution((4, 8), 11, 3, padding=1)
    shuffled = numbers[np.random.default_rng(1).permutation(len(numbers))]
    silent = numbers.copy()
    silent[[0, 5, -1]] = 0
    last = numbers.reshape(8, 121, -1).swapaxes(0, 1).reshape(numbers.shape)  # channels come last
    for changed in (shuffled, silent, last, np.vstack([numbers, numbers[:9]])):
        form = gathered_of(changed)
        assert form is not None
        assert form.units is not None
        assert form.values.size == kernel.size
        assert (form.matrix() == changed).all()


def test_silent_units_are_their_bias_in_the_code(tmp_path: Path) -> None:
    network = convolutional(tmp_path)
    first, *others = network.layers
    (weight,) = first.weights.values()
    numbers = weight.approximation[0].copy()
    numbers[::50] = 0
    silent = Layer(
        first.name, first.activation, first.bias, {network.input_name: Matrix.from_floats(numbers)}
    )
    layers = [silent, *others]
    changed = Network(
        network.input_name, network.input_size, layers, network.output, network.domain
    )
    assert_within_bound(changed, "float32", tmp_path)
