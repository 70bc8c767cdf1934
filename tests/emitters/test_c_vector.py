"""The vector path of emitted C gives the bits of the portable path, whoever compiles it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from c_builds import compiles, unit, write_c
from rectifold.bounds.summation import in_halves
from rectifold.emitters.c.order import c_order
from rectifold.emitters.c.vector import DenseShape, vector_path
from rectifold.emitters.observed.float_layers import ordered_outputs
from rectifold.emitters.table import written_form
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network
from support import float_network

PRECISIONS = ("float32", "mixed", "float64")
SIZES = (5, 1, 2, 3, 7, 15, 16, 17, 50, 65, 130, 3)  # around all widths, more than one panel
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")


def branching(units: int) -> Network:
    """Layers that read the layer before and the input as well."""
    chain = float_network(units, 6, units, units, 3)
    draw = np.random.default_rng(units)
    layers = [
        replace(layer, weights=dict(layer.weights) | {"x": _weights(draw, layer.size, 6)})
        if place
        else layer
        for place, layer in enumerate(chain.layers)
    ]
    return replace(chain, layers=layers)


def _weights(draw: np.random.Generator, units: int, inputs: int) -> Matrix:
    numbers = draw.standard_normal((units, inputs)).astype(np.float32)
    return Matrix.from_floats(numbers.astype(np.float64))


def points(network: Network, precision: str) -> np.ndarray:
    """Points with zeros, with few of them, and with none but zeros."""
    draw = np.random.default_rng(0)
    x = draw.uniform(-1, 1, (60, network.input_size)) * (draw.random((60, 1)) < 0.9)
    x[::3] *= draw.random(x[::3].shape) < 0.3
    return x.astype(np.float32 if precision == "float32" else np.float64)


def answers(source: Path, x: np.ndarray, outputs: int, by: str, *flags: str) -> bytes:
    """The bits of the outputs at points."""
    target = source.with_name(f"unit{len(list(source.parent.iterdir()))}.so")
    command = [by, *STRICT, *flags, "-shared", "-fPIC", "-o", str(target), str(source), "-lm"]
    subprocess.run(command, check=True, cwd=source.parent)
    y = np.zeros((len(x), outputs), x.dtype)
    places = [ctypes.c_void_p(array.ctypes.data) for array in (x, y)]
    code = ctypes.CDLL(str(target))
    assert code.unit_evaluate_batch(*places, ctypes.c_size_t(len(x))) == 0
    assert np.count_nonzero(y) > 20
    return y.tobytes()


def tools() -> list[str]:
    """The compilers that have vector extensions, or the test is skipped."""
    found = [name for name in ("gcc", "clang") if shutil.which(name)]
    if not found:
        pytest.skip("neither gcc nor clang is installed")
    return found


@pytest.mark.parametrize("precision", PRECISIONS)
def test_both_paths_give_the_same_bits(precision: str, tmp_path: Path) -> None:
    """Also where gcc would contract (gnu99 on a processor with multiply-add)."""
    network = float_network(1, *SIZES)
    source, x = write_c(network, tmp_path, precision), points(network, precision)
    for by in tools():
        portable = ("-std=c99", "-O2", "-ffp-contract=off", "-DUNIT_PORTABLE")
        want = answers(source, x, network.output_size, by, *portable)
        for flags in (("-std=c99", "-O2"), ("-std=gnu99", "-O3", "-march=native")):
            assert answers(source, x, network.output_size, by, *flags) == want


def long_rows(draw: np.random.Generator) -> Network:
    """Many inputs for few units, from the network's input and from a layer, or from both."""
    inputs, units, last = (int(draw.integers(*ends)) for ends in ((32, 200), (1, 5), (1, 3)))
    network = float_network(int(draw.integers(100)), inputs, units, 37, last)
    layers = [*network.layers]
    both = dict(layers[2].weights) | {"x": _weights(draw, last, inputs)}
    layers[2] = replace(layers[2], weights=both)
    return replace(network, layers=layers)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_sums_in_lanes_have_the_bits_of_the_order_that_is_bounded(
    precision: str, tmp_path: Path
) -> None:
    draw, taken = np.random.default_rng(5), 0
    for k in range(2):
        network = long_rows(draw)
        order = c_order(network, precision)
        taken += len(order.edges)
        (tmp_path / str(k)).mkdir()
        source = write_c(network, tmp_path / str(k), precision)
        x = points(network, precision)
        stored = "float64" if precision == "float64" else "float32"
        want = ordered_outputs(written_form(network, "c"), x, stored, order)
        for by in tools():
            for flags in (("-O2",), ("-O2", "-march=native"), ("-O1", "-DUNIT_PORTABLE")):
                got = answers(source, x, network.output_size, by, *flags)
                np.testing.assert_array_equal(np.frombuffer(got, x.dtype).reshape(want.shape), want)
    assert taken >= 4


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("inputs", [16, 33, 44])
def test_sums_of_two_halves_have_the_bits_of_the_order_that_is_bounded(
    inputs: int, precision: str, tmp_path: Path
) -> None:
    """At every width of vectors: side by side, in turns, and with zeros skipped."""
    network = float_network(inputs, 3, inputs, 1000 // inputs, inputs, 9)
    assert len(c_order(network, precision).edges) == (2 if inputs == 16 else 3)
    source, x = write_c(network, tmp_path, precision), points(network, precision)
    stored = "float64" if precision == "float64" else "float32"
    order = c_order(network, precision)
    want = ordered_outputs(written_form(network, "c"), x, stored, order).tobytes()
    for by in tools():
        for flags in (("-O1",), ("-O1", "-march=native"), ("-O1", "-DUNIT_PORTABLE")):
            assert answers(source, x, network.output_size, by, *flags) == want


def test_small_layers_have_two_sums_as_registers_allow() -> None:
    shapes = [
        DenseShape(inputs, units, begins=True, cuts=False, halved=True)
        for inputs, units in ((22, 30), (30, 34), (20, 6))
    ]
    text = vector_path(shapes, "float32", "UNIT")
    assert "SMALL_HALVES(half_dense_22_30, 22, 30, 64, TIMES_2, 30, BIAS, KEEP)" in text
    assert "SMALL_TURNS(half_dense_22_30, 22, 30, 32, TIMES_4, 30, BIAS, KEEP)" in text
    assert "HALVES(half_dense_30_34, 30, 34, 16, TIMES_9, 34, BIAS, KEEP)" in text
    assert "SMALL_HALVES(half_dense_20_6, 20, 6, 16, TIMES_2, 6, BIAS, KEEP)" in text


def test_only_long_dense_rows_are_summed_in_lanes() -> None:
    lanes = {"float32": 16, "mixed": 8, "float64": 8}
    for precision, count in lanes.items():
        order = c_order(float_network(0, 64, 4, 64, 1, 300, 5), precision)
        sums = [len(order.groups(f"h{k}", f"h{k - 1}" if k else "x")) for k in range(4)]
        assert sums == [count, 1, count, 1]
    assert c_order(float_network(0, 33, 31), "float32").groups("h0", "x") == in_halves(33)
    for few, many in ((15, 20), (33, 32)):  # inputs below what is worth it; too many weights
        assert not c_order(float_network(0, few, many), "float32").edges
    wide = float_network(0, 70, 15, 300, 10)  # few inputs for a unit; too many that may be zero
    sparse = np.where(np.arange(300) % 20 == 0, 1.5, 0.0).reshape(1, 300)
    layer = replace(float_network(0, 300, 1).layers[0], weights={"x": Matrix.from_floats(sparse)})
    assert not c_order(wide, "float32").edges
    assert not c_order(replace(float_network(0, 300, 1), layers=[layer]), "float32").edges


@pytest.mark.parametrize("units", [12, 130])
def test_layers_of_several_sources_give_the_same_bits(units: int, tmp_path: Path) -> None:
    """Sums are continued in registers, unless a panel would be added twice."""
    network = branching(units)
    source, x = write_c(network, tmp_path, "float32"), points(network, "float32")
    assert (f" onto_6_{units}_relu(" in source.read_text()) == (units == 12)
    by = tools()[0]
    want = answers(source, x, network.output_size, by, "-O2", "-DUNIT_PORTABLE")
    for flags in (("-O2",), ("-O3", "-march=native")):
        assert answers(source, x, network.output_size, by, *flags) == want


def short_points(inputs: int) -> np.ndarray:
    """Numbers of 24 bits of all magnitudes; some points have one of 53 bits, first or last."""
    draw = np.random.default_rng(3)
    x = draw.uniform(-1, 1, (120, inputs)).astype(np.float32).astype(np.float64)
    x[::5] *= draw.random(x[::5].shape) < 0.3
    sizes = [0, 0, 0, -1070, -1020, -223, -200, -199, 200, 201, 202, 600]
    x *= 2.0 ** np.resize(sizes, (120, 1))
    x[1::12, 0] = x[2::12, -1] = 0.1
    return x


def partly_biased(inputs: int) -> Network:
    """One layer, without a domain; sums without a bias are as small as what is added."""
    network = float_network(2, inputs, 70)
    biases = np.where(np.arange(70) % 10 == 0, 0.0, np.linspace(-1, 1, 70).astype(np.float32))
    numbers = np.random.default_rng(4).standard_normal((70, inputs)).astype(np.float32)
    weights = numbers * 2.0 ** -(9 * np.arange(inputs) % 25)
    layer = replace(
        network.layers[0],
        bias=Matrix.from_floats(biases.reshape(70, 1)),
        weights={"x": Matrix.from_floats(weights)},
    )
    return replace(network, layers=[layer], domain=None)


@pytest.mark.parametrize("inputs", [3, 8, 21])
def test_exact_products_are_added_to_the_same_bits(inputs: int, tmp_path: Path) -> None:
    """Mixed: in one rounding at points of short numbers, in two at all others."""
    network, x = partly_biased(inputs), short_points(inputs)
    source = write_c(network, tmp_path, "mixed")
    assert "CHOOSE(given_dense_" in source.read_text()
    for by in tools():
        want = answers(source, x, 70, by, "-O2", "-DUNIT_PORTABLE")
        for flags in (("-O2",), ("-O0", "-march=native"), ("-O2", "-march=native")):
            assert answers(source, x, 70, by, *flags) == want


def test_only_mixed_layers_of_the_input_look_for_exact_products(tmp_path: Path) -> None:
    network = float_network(2, 3, 70, 9, 4)
    for precision in PRECISIONS:
        (tmp_path / precision).mkdir()
        text = write_c(network, tmp_path / precision, precision).read_text()
        chosen = [line for line in text.splitlines() if line.startswith("CHOOSE(")]
        names = "given_dense_3_70_relu, fused_given_dense_3_70_relu, plain_given_dense_3_70_relu"
        assert chosen == ([f"CHOOSE({names}, 3)"] if precision == "mixed" else [])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("by", ["gcc", "clang", "g++"])
def test_no_width_has_a_warning(by: str, precision: str, tmp_path: Path) -> None:
    if shutil.which(by) is None:
        pytest.skip(f"{by} is not installed")
    source = write_c(float_network(1, 3, 17, 5, 1), tmp_path, precision)
    language = ["-xc++"] if by == "g++" else ["-std=c99"]
    for width in ("-mavx", "-mavx512f"):
        result = compiles(source, *language, *STRICT, "-O2", width, by=by)
        if "unrecognized" in result.stderr or "unsupported" in result.stderr:
            pytest.skip(f"{by} knows no {width} for this processor")
        assert (result.returncode, result.stderr) == (0, "")


def test_a_network_without_dense_layers_has_no_vector_path(tmp_path: Path) -> None:
    plain = float_network(1, 2, 1)
    constant = replace(plain, layers=[replace(layer, weights={}) for layer in plain.layers])
    assert "VECTOR" not in write_c(constant, tmp_path, "float32").read_text()
    assert vector_path([], "float32", "UNIT") == ""


def test_continued_sums_are_taken_where_no_panel_overlaps_another() -> None:
    shapes = [DenseShape(4, units, begins=False, cuts=True) for units in (1, 50, 52, 104, 130)]
    assert [shape.fits("float32") for shape in shapes] == [True, True, True, True, False]
    assert DenseShape(4, 130, begins=True, cuts=True).fits("float32")


def test_a_shape_is_written_once() -> None:
    shape = DenseShape(30, 50, begins=True, cuts=True)
    text = vector_path([shape, shape], "float32", "UNIT")
    assert text.count("LAYER(dense_30_50_relu, 30, 50, 64, TIMES_4, 50, BIAS, ADD, RELU)") == 1
    assert text.count("LAYER(dense_30_50_relu, 30, 50, 16, TIMES_13, 50, BIAS, ADD, RELU)") == 1


def test_inputs_of_a_small_layer_are_all_taken_where_vectors_are_wide() -> None:
    text = vector_path([DenseShape(30, 32, begins=True, cuts=False)], "float32", "UNIT")
    assert "SMALL(dense_30_32, 30, 32, 64, TIMES_2, 32, BIAS, ADD, KEEP)" in text
    assert "SMALL(dense_30_32, 30, 32, 32, TIMES_4, 32, BIAS, ADD, KEEP)" in text
    assert "LAYER(dense_30_32, 30, 32, 16, TIMES_8, 32, BIAS, ADD, KEEP)" in text


@pytest.mark.parametrize("level", ["-O3", "-Os"])
def test_every_input_is_checked_where_all_are_looked_at_together(
    level: str, tmp_path: Path
) -> None:
    evaluated = unit(float_network(1, 37, 2), tmp_path, "float32", level)
    assert evaluated([1.0] * 37)[0] == 0
    for place in range(37):
        for value, status in ((1.5, 2), (-1.5, 2), (float("nan"), 1), (float("inf"), 1)):
            assert evaluated([value if j == place else -1.0 for j in range(37)])[0] == status
