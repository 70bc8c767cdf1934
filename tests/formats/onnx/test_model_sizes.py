"""Sizes of a model are counted on its own nodes: a kernel for a convolution, a unit for two."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from onnx_models import Array, array, model, node, whole
from rectifold.cli.main import main
from rectifold.formats.onnx.model_sizes import ModelSizes, model_sizes, sizes_of_bytes


def bytes_of(*tensors: Array) -> int:
    """Bytes of their data alone."""
    return sum(tensor.nbytes for tensor in tensors)


def test_a_leaky_perceptron_counts_each_activation_once() -> None:
    w, b, v = array(5, 3), array(5), array(2, 5)
    w[0, 0] = 0.0
    nodes = [
        node("Gemm", ["x", "w", "b"], "g", transB=1),
        node("LeakyRelu", ["g"], "l"),
        node("Gemm", ["l", "v"], "h", transB=1),
        node("Softmax", ["h"]),
    ]
    found = sizes_of_bytes(model(["N", 3], nodes, {"w": w, "b": b, "v": v}))
    assert found is not None
    assert (found.units, found.weights, found.macs) == (5, 15 - 1 + 5 + 10, 25)
    assert bytes_of(w, b, v) <= found.bytes <= bytes_of(w, b, v) + 100


def test_a_convolution_is_its_kernel_at_every_place_and_a_maxpool_no_unit() -> None:
    kernel, w = array(4, 1, 3, 3), array(36, 2)
    nodes = [
        node("Conv", ["x", "k"], "c", group=2),
        node("Relu", ["c"], "r"),
        node("MaxPool", ["r"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p"], "f"),
        node("MatMul", ["f", "w"], "y"),
    ]
    found = sizes_of_bytes(model([1, 2, 8, 8], nodes, {"k": kernel, "w": w}))
    assert found is not None
    assert found.units == 4 * 6 * 6
    assert found.macs == 4 * 36 * 9 + 36 * 2
    assert found.weights == 36 + 72


def test_a_transposed_convolution_adds_each_entry_to_what_its_kernel_reaches() -> None:
    nodes = [node("ConvTranspose", ["x", "k"], "y", strides=[2, 2])]
    found = sizes_of_bytes(model([1, 2, 3, 3], nodes, {"k": array(2, 4, 3, 3)}))
    assert found is not None
    assert (found.macs, found.weights) == (2 * 9 * 4 * 9, 2 * 4 * 9)


def test_a_transposed_left_factor_sums_over_its_first_axis() -> None:
    nodes = [
        node("Transpose", ["x"], "t", perm=[1, 0]),
        node("Gemm", ["t", "w"], "y", transA=1),
    ]
    found = sizes_of_bytes(model([1, 3], nodes, {"w": array(3, 4)}))
    assert found is not None
    assert found.macs == 12


def test_whole_numbers_are_no_weights() -> None:
    nodes = [node("Reshape", ["x", "s"], "r"), node("Relu", ["r"])]
    found = sizes_of_bytes(model([1, 2, 3], nodes, {"s": whole(1, 6)}))
    assert found is not None
    assert (found.units, found.weights, found.macs) == (6, 0, 0)


@pytest.mark.parametrize("what", ["a shape that is not known", "a graph within a node"])
def test_a_model_that_does_not_say_what_it_costs_has_no_sizes(what: str) -> None:
    if what.startswith("a shape"):
        nodes = [node("NonZero", ["x"], "n"), node("Cast", ["n"], "c", to=1), node("Relu", ["c"])]
        assert sizes_of_bytes(model([1, 3], nodes)) is None
        return
    inner = helper.make_graph(
        [node("Relu", ["x"], "z")], "g", [], [helper.make_tensor_value_info("z", 1, None)]
    )
    nodes = [node("If", ["t"], "y", then_branch=inner, else_branch=inner)]
    assert sizes_of_bytes(model([1, 3], nodes, {"t": np.array(True)})) is None


def test_external_data_is_counted_in_its_folder(tmp_path: Path) -> None:
    data = model([1, 3], [node("MatMul", ["x", "w"], "y")], {"w": array(3, 400)})
    whole_model = onnx.load_model_from_string(data)
    path = tmp_path / "m.onnx"
    onnx.save_model(whole_model, str(path), save_as_external_data=True, location="m.data")
    outside = onnx.load(str(path), load_external_data=False)
    assert outside.graph.initializer[0].data_location == TensorProto.EXTERNAL
    inside = sizes_of_bytes(data)
    found = model_sizes(outside, tmp_path)
    assert found is not None
    assert inside is not None
    assert (found.weights, found.macs) == (inside.weights, inside.macs)


def test_compile_compares_the_files_as_they_are(tmp_path: Path) -> None:
    w = np.array([[1, 2], [3, -1], [1, 1]], dtype=np.float32)
    b = np.array([0, 0.5, 9], dtype=np.float32)
    v = np.array([[1, 2, 3], [2, -1, 1], [1, 1, 0.5]], dtype=np.float32)
    nodes = [
        node("Gemm", ["x", "w", "b"], "g", transB=1),
        node("LeakyRelu", ["g"], "l", alpha=0.25),
        node("Gemm", ["l", "v"], transB=1),
    ]
    source, told = tmp_path / "m.onnx", tmp_path / "told.json"
    source.write_bytes(model(["N", 2], nodes, {"w": w, "b": b, "v": v}))
    arguments = ["compile", str(source), "--domain", "[-1,1]", "-o", str(tmp_path / "o.onnx")]
    result = CliRunner().invoke(main, [*arguments, "--json", str(told)])
    assert result.exit_code == 0, result.output
    sizes = json.loads(told.read_text(encoding="utf-8"))["model"]
    before, after = (ModelSizes(**sizes[key]) for key in ("before", "after"))
    assert (before.units, before.weights, before.macs) == (3, 6 - 0 + 2 + 9, 15)
    assert after.units <= before.units
    assert after.bytes <= before.bytes
    assert f"the model's own nodes: units 3 → {after.units}" in result.output
