"""ONNX files that are refused, and what is read of one with external data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from onnx_models import array, imported, model, node
from rectifold.errors import InputError
from rectifold.formats.onnx.reader import read_onnx
from rectifold.formats.onnx.tensors import OnnxError

I64 = np.int64
REFUSED: dict[str, tuple[list[Any], dict[str, np.ndarray], str]] = {
    "unknown operator": (
        [node("Erf", ["x"], "y")],
        {},
        r"node 'erf_node' \(Erf\) is not supported",
    ),
    "product of inputs": ([node("Mul", ["x", "x"], "y")], {}, "'mul_node' .* not piecewise linear"),
    "matmul of inputs": (
        [node("Transpose", ["x"], "t"), node("MatMul", ["x", "t"], "y")],
        {},
        "not piecewise linear",
    ),
    "division by input": ([node("Div", ["a", "x"], "y")], {"a": array(3)}, "division by a tensor"),
    "division by zero": (
        [node("Div", ["x", "a"], "y")],
        {"a": np.zeros(3, dtype=np.float32)},
        "division by zero",
    ),
    "NaN weight": (
        [node("Add", ["x", "a"], "y")],
        {"a": np.array([np.nan, 0, 0], dtype=np.float32)},
        "'a' holds NaN",
    ),
    "infinite weight": (
        [node("Add", ["x", "a"], "y")],
        {"a": np.array([np.inf, 0, 0], dtype=np.float32)},
        "NaN or infinite",
    ),
    "missing tensor": (
        [node("Add", ["x", "nowhere"], "y")],
        {},
        "reads 'nowhere', which nothing computes",
    ),
    "shapes": ([node("MatMul", ["x", "w"], "y")], {"w": array(2, 2)}, "do not fit"),
    "training batch normalization": (
        [node("BatchNormalization", ["x", "s", "s", "s", "s"], "y", training_mode=1)],
        {"s": array(3)},
        "'training_mode' is not understood",
    ),
    "training dropout": (
        [node("Dropout", ["x", "r", "t"], "y")],
        {"r": np.array(0.5, dtype=np.float32), "t": np.array(True)},
        "training mode",
    ),
    "cast to integers": (
        [node("Cast", ["x"], "y", to=TensorProto.INT64)],
        {},
        "not piecewise linear",
    ),
    "string constant": (
        [node("Add", ["x", "a"], "y")],
        {"a": np.array(["q"], dtype=object)},
        "of type",
    ),
    "no output": ([node("Relu", ["x"], "z")], {}, "output 'y' is never computed"),
    "kernel from the input": ([node("PRelu", ["x", "x"], "y")], {}, "a constant is expected"),
    "reshape": (
        [node("Reshape", ["x", "s"], "y")],
        {"s": np.array([7], dtype=I64)},
        "cannot reshape",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_node_name(name: str, tmp_path: Path) -> None:
    nodes, constants, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        imported(model([1, 3], nodes, constants), tmp_path)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    for data in (b"not onnx at all", b""):
        with pytest.raises(OnnxError, match="model.onnx is no"):
            imported(data, tmp_path)


def test_open_dimensions_are_refused_except_the_batch(tmp_path: Path) -> None:
    with pytest.raises(OnnxError, match="dimension 1 of the input 'x' is not fixed"):
        imported(model([1, "n"], [node("Relu", ["x"], "y")], {}), tmp_path)


def test_initializers_that_are_inputs_are_constants_and_reported(tmp_path: Path) -> None:
    made = onnx.load_model_from_string(
        model([1, 2], [node("Add", ["x", "a"], "y")], {"a": array(2)})
    )
    made.graph.input.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, [2]))
    network, notes = imported(made.SerializeToString(), tmp_path)
    assert network.input_size == 2
    assert "also graph inputs" in notes[0]
    made.graph.input.append(helper.make_tensor_value_info("free", TensorProto.FLOAT, [3]))
    network, notes = imported(made.SerializeToString(), tmp_path)
    assert network.input_size == 5
    assert (
        notes[1]
        == "the inputs x (2 values), free (3 values) are read as one input of 5 values, in this "
        "order"
    )


def test_two_outputs_are_refused(tmp_path: Path) -> None:
    made = onnx.load_model_from_string(model([1, 2], [node("Relu", ["x"], "y")], {}))
    made.graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2]))
    with pytest.raises(
        OnnxError,
        match=r"2 outputs \(y, x\); choose with outputs=.*, or join .* outputs=\[.y., .x.\]",
    ):
        imported(made.SerializeToString(), tmp_path)


def test_external_data_is_read_and_stays_in_the_folder(tmp_path: Path) -> None:
    weight = array(3, 2)
    made = onnx.load_model_from_string(
        model([1, 3], [node("MatMul", ["x", "w"], "y")], {"w": weight})
    )
    inner = tmp_path / "inner"
    inner.mkdir()
    onnx.save_model(
        made, str(inner / "m.onnx"), save_as_external_data=True, location="m.data", size_threshold=0
    )
    network = read_onnx(inner / "m.onnx").network
    assert np.array_equal(network.output_layer.weights["x"].floats, weight.T.astype(np.float64))
    stored = onnx.load(str(inner / "m.onnx"), load_external_data=False)
    (tmp_path / "secret.data").write_bytes(b"\0" * 100)
    for entry in stored.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = "../secret.data"
    (inner / "bad.onnx").write_bytes(stored.SerializeToString())
    with pytest.raises(InputError, match="lies outside the network's folder"):
        read_onnx(inner / "bad.onnx")
