"""ONNX: each supported operator against onnxruntime, what is refused, and export."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from conftest import OnnxRun
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.float_range import rounded_parameters
from rectifold.formats.onnx.reader import read_onnx
from rectifold.formats.onnx.tensors import OnnxError
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Layer, Network
from support import net, random_network

RANDOM = np.random.default_rng(5)


def array(*shape: int, low: float = -1.0) -> np.ndarray:
    return RANDOM.uniform(low, 1.0, shape).astype(np.float32)


def node(op: str, inputs: Sequence[str], output: str | list[str], **attributes: Any) -> Any:
    outputs = output if isinstance(output, list) else [output]
    return helper.make_node(op, list(inputs), outputs, name=f"{op.lower()}_node", **attributes)


def model(
    shape: Sequence[int | str], nodes: list[Any], constants: dict[str, np.ndarray], opset: int = 13
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(made.SerializeToString())


def imported(data: bytes, tmp_path: Path) -> tuple[Network, list[str]]:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    return read_onnx(path)


I64 = np.int64
CASES: dict[str, tuple[Sequence[int | str], list[Any], dict[str, np.ndarray], int]] = {
    "gemm alpha beta transB": (
        ["N", 3],
        [node("Gemm", ["x", "w", "b"], "y", alpha=0.5, beta=2.0, transB=1)],
        {"w": array(4, 3), "b": array(4)},
        13,
    ),
    "gemm plain, bias broadcast": (
        [1, 3],
        [node("Gemm", ["x", "w", "b"], "y")],
        {"w": array(3, 4), "b": array(1)},
        13,
    ),
    "gemm transA": ([3, 1], [node("Gemm", ["x", "w"], "y", transA=1)], {"w": array(3, 2)}, 13),
    "gemm weight left, both transposed": (
        [1, 3],
        [node("Gemm", ["w", "x"], "y", transA=1, transB=1)],
        {"w": array(3, 2)},
        13,
    ),
    "matmul weight right": ([1, 3], [node("MatMul", ["x", "w"], "y")], {"w": array(3, 4)}, 13),
    "matmul weight left": ([3, 1], [node("MatMul", ["w", "x"], "y")], {"w": array(4, 3)}, 13),
    "matmul of a vector": ([3], [node("MatMul", ["x", "w"], "y")], {"w": array(3, 4)}, 13),
    "matmul weight left of a vector": (
        [3],
        [node("MatMul", ["w", "x"], "y")],
        {"w": array(4, 3)},
        13,
    ),
    "matmul with leading axes": (
        [1, 2, 3],
        [node("MatMul", ["x", "w"], "y")],
        {"w": array(3, 2)},
        13,
    ),
    "matmul weight left of a matrix": (
        [3, 2],
        [node("MatMul", ["w", "x"], "y")],
        {"w": array(4, 3)},
        13,
    ),
    "add sub broadcast": (
        [1, 2, 3],
        [node("Add", ["x", "a"], "t"), node("Sub", ["b", "t"], "y")],
        {"a": array(3), "b": array(2, 1)},
        13,
    ),
    "mul div": (
        [1, 3],
        [node("Mul", ["a", "x"], "t"), node("Div", ["t", "b"], "y")],
        {"a": array(3), "b": array(1, 3, low=0.5)},
        13,
    ),
    "neg abs sum": (
        [1, 3],
        [node("Neg", ["x"], "n"), node("Abs", ["n"], "a"), node("Sum", ["x", "n", "a"], "y")],
        {},
        13,
    ),
    "relu skip": (
        [1, 3],
        [node("Gemm", ["x", "w"], "g"), node("Relu", ["g"], "r"), node("Add", ["r", "x"], "y")],
        {"w": array(3, 3)},
        13,
    ),
    "flatten reshape transpose": (
        [1, 2, 3],
        [
            node("Transpose", ["x"], "t", perm=[0, 2, 1]),
            node("Reshape", ["t", "s"], "r"),
            node("Flatten", ["r"], "y", axis=1),
        ],
        {"s": np.array([1, -1, 2], dtype=I64)},
        13,
    ),
    "squeeze unsqueeze, old opset": (
        [1, 3, 1],
        [node("Squeeze", ["x"], "s", axes=[2]), node("Unsqueeze", ["s"], "y", axes=[0])],
        {},
        11,
    ),
    "squeeze unsqueeze, new opset": (
        [1, 3, 1],
        [node("Squeeze", ["x", "a"], "s"), node("Unsqueeze", ["s", "b"], "y")],
        {"a": np.array([2], dtype=I64), "b": np.array([0], dtype=I64)},
        13,
    ),
    "identity dropout cast": (
        [1, 3],
        [
            node("Identity", ["x"], "i"),
            node("Dropout", ["i"], "d"),
            node("Cast", ["d"], "y", to=TensorProto.FLOAT),
        ],
        {},
        13,
    ),
    "concat split slice": (
        [1, 4],
        [
            node("Split", ["x"], ["a", "b"], axis=1),
            node("Relu", ["b"], "r"),
            node("Concat", ["r", "a", "c"], "k", axis=1),
            node("Slice", ["k", "s", "e", "ax", "st"], "y"),
        ],
        {
            "c": array(1, 2),
            "s": np.array([5], dtype=I64),
            "e": np.array([-99], dtype=I64),
            "ax": np.array([1], dtype=I64),
            "st": np.array([-2], dtype=I64),
        },
        13,
    ),
    "split with sizes": (
        [1, 5],
        [node("Split", ["x", "s"], ["a", "b"], axis=1), node("Add", ["b", "a"], "y")],
        {"s": np.array([1, 4], dtype=I64)},
        13,
    ),
    "gather expand": (
        [1, 3],
        [node("Gather", ["x", "i"], "g", axis=1), node("Expand", ["g", "s"], "y")],
        {"i": np.array([2, 0], dtype=I64), "s": np.array([2, 2], dtype=I64)},
        13,
    ),
    "shape chain as PyTorch writes it": (
        [1, 2, 3],
        [
            node("Shape", ["x"], "s"),
            node("Gather", ["s", "zero"], "n", axis=0),
            node("Unsqueeze", ["n", "axes"], "u"),
            node("Concat", ["u", "rest"], "target", axis=0),
            node("Reshape", ["x", "target"], "y"),
        ],
        {
            "zero": np.array(0, dtype=I64),
            "axes": np.array([0], dtype=I64),
            "rest": np.array([-1], dtype=I64),
        },
        13,
    ),
    "shape arithmetic": (
        [1, 2, 3],
        [
            node("Shape", ["x"], "s"),
            node("Slice", ["s", "one", "three", "zero"], "tail"),
            node("Cast", ["tail"], "t", to=TensorProto.INT64),
            node("Mul", ["t", "one"], "m"),
            node("Concat", ["one", "m"], "k", axis=0),
            node("Reshape", ["x", "k"], "y"),
        ],
        {
            "one": np.array([1], dtype=I64),
            "three": np.array([3], dtype=I64),
            "zero": np.array([0], dtype=I64),
        },
        13,
    ),
    "constants": (
        [1, 3],
        [
            node("Constant", [], "c", value=numpy_helper.from_array(array(3), "v")),
            node(
                "ConstantOfShape",
                ["s"],
                "o",
                value=numpy_helper.from_array(np.array([2], dtype=np.float32), "v"),
            ),
            node("Mul", ["c", "o"], "m"),
            node("Add", ["x", "m"], "y"),
        ],
        {"s": np.array([3], dtype=I64)},
        13,
    ),
    "conv": (
        [1, 2, 5, 5],
        [node("Conv", ["x", "w", "b"], "y", pads=[1, 0, 1, 2], strides=[2, 1])],
        {"w": array(3, 2, 3, 3), "b": array(3)},
        13,
    ),
    "conv groups dilations": (
        [1, 4, 6, 6],
        [node("Conv", ["x", "w"], "y", group=2, dilations=[2, 2])],
        {"w": array(4, 2, 2, 2)},
        13,
    ),
    "conv same upper": (
        [1, 1, 5, 5],
        [node("Conv", ["x", "w"], "y", auto_pad="SAME_UPPER", strides=[2, 2])],
        {"w": array(2, 1, 2, 2)},
        13,
    ),
    "conv one-dimensional": (
        [1, 2, 7],
        [node("Conv", ["x", "w"], "y", pads=[1, 1])],
        {"w": array(2, 2, 3)},
        13,
    ),
    "average pool": (
        [1, 2, 5, 5],
        [node("AveragePool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0])],
        {},
        13,
    ),
    "average pool counting pads": (
        [1, 1, 4, 4],
        [
            node(
                "AveragePool",
                ["x"],
                "y",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                count_include_pad=1,
            )
        ],
        {},
        13,
    ),
    "global average pool": ([1, 2, 3, 3], [node("GlobalAveragePool", ["x"], "y")], {}, 13),
    "max pool": (
        [1, 2, 5, 5],
        [node("MaxPool", ["x"], "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])],
        {},
        13,
    ),
    "max pool ceil": (
        [1, 1, 5, 5],
        [node("MaxPool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)],
        {},
        13,
    ),
    "batch normalization": (
        [1, 2, 3],
        [node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", epsilon=1e-3)],
        {"s": array(2), "b": array(2), "m": array(2), "v": array(2, low=0.5)},
        13,
    ),
    "clip inputs": (
        [1, 3],
        [node("Clip", ["x", "l", "h"], "y")],
        {"l": np.array(-0.25, dtype=np.float32), "h": np.array(0.5, dtype=np.float32)},
        13,
    ),
    "clip one side": (
        [1, 3],
        [node("Clip", ["x", "", "h"], "y")],
        {"h": np.array(0.5, dtype=np.float32)},
        13,
    ),
    "clip attributes": ([1, 3], [node("Clip", ["x"], "y", min=0.0, max=6.0)], {}, 10),
    "leaky relu and prelu": (
        [1, 3],
        [node("LeakyRelu", ["x"], "l", alpha=0.2), node("PRelu", ["l", "s"], "y")],
        {"s": array(3)},
        13,
    ),
    "leaky relu default slope": ([1, 3], [node("LeakyRelu", ["x"], "y")], {}, 13),
    "max min": (
        [1, 3],
        [
            node("Max", ["x", "a", "b"], "m"),
            node("Min", ["m", "a"], "t"),
            node("Add", ["t", "x"], "y"),
        ],
        {"a": array(3), "b": array(1)},
        13,
    ),
    "as MATLAB writes it": (
        [1, 1, 1, 5],
        [
            node("Sub", ["x", "mean"], "s"),
            node("Flatten", ["s"], "f", axis=1),
            node("MatMul", ["f", "w"], "m"),
            node("Add", ["m", "b"], "a"),
            node("Relu", ["a"], "y"),
        ],
        {"mean": array(1, 1, 1, 5), "w": array(5, 4), "b": array(4)},
        8,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_agrees_with_onnxruntime(name: str, tmp_path: Path, onnx_run: OnnxRun) -> None:
    shape, nodes, constants, opset = CASES[name]
    data = model(shape, nodes, constants, opset)
    network, _ = imported(data, tmp_path)
    for _ in range(5):
        x = array(*(d if isinstance(d, int) else 1 for d in shape))
        expected = onnx_run(data, x).ravel()
        ours = evaluate_float(network, x.ravel().astype(np.float64))
        assert ours.shape == expected.shape
        assert np.abs(ours - expected).max() < 1e-5  # float32 against float64


def test_a_square_root_is_reported(tmp_path: Path) -> None:
    shape, nodes, constants, opset = CASES["batch normalization"]
    _, notes = imported(model(shape, nodes, constants, opset), tmp_path)
    assert any("irrational" in note and "float64" in note for note in notes)


def test_weights_are_the_exact_numbers_of_their_bits(tmp_path: Path) -> None:
    data = model(
        [1, 1],
        [node("Gemm", ["x", "w"], "y", alpha=float(np.float32(0.1)))],
        {"w": np.array([[0.1]], dtype=np.float32)},
    )
    network, _ = imported(data, tmp_path)
    tenth = Fraction(float(np.float32(0.1)))
    assert network.output_layer.weights["x"].entry(0, 0) == tenth * tenth


REFUSED: dict[str, tuple[list[Any], dict[str, np.ndarray], str]] = {
    "unknown operator": (
        [node("Sigmoid", ["x"], "y")],
        {},
        r"node 'sigmoid_node' \(Sigmoid\) is not supported",
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
        match=r"2 outputs \(y, x\); choose with --outputs NAME, or join several with --outputs y,x",
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
    network, _ = read_onnx(inner / "m.onnx")
    assert np.array_equal(network.output_layer.weights["x"].floats, weight.T.astype(np.float64))
    stored = onnx.load(str(inner / "m.onnx"), load_external_data=False)
    (tmp_path / "secret.data").write_bytes(b"\0" * 100)
    for entry in stored.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = "../secret.data"
    (inner / "bad.onnx").write_bytes(stored.SerializeToString())
    with pytest.raises(InputError, match="lies outside the network's folder"):
        read_onnx(inner / "bad.onnx")


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_export_agrees_with_the_reference(precision: str, onnx_run: OnnxRun) -> None:
    kind = np.float32 if precision == "float32" else np.float64
    for seed in range(25):
        network = random_network(seed)
        x = np.linspace(-1, 1, network.input_size).reshape(1, -1).astype(kind)
        ours = evaluate_float(network, x[0].astype(np.float64))
        theirs = onnx_run(onnx_bytes(network, precision), x)[0]
        scale = 1 + np.abs(ours).max()
        assert np.abs(ours - theirs).max() <= scale * (1e-4 if precision == "float32" else 1e-12)


def test_export_of_a_constant_network_and_import_again(onnx_run: OnnxRun, tmp_path: Path) -> None:
    constant = Network(
        "x", 2, [Layer("y", "linear", Matrix.column([7]), {})], "y", Domain.cube(0, 1, 2)
    )
    again, _ = imported(onnx_bytes(constant, "float64"), tmp_path)
    assert again.input_size == 2
    assert onnx_run(onnx_bytes(constant), np.zeros((1, 2), dtype=np.float32)).ravel().tolist() == [
        7.0
    ]


def test_rounded_parameters_are_counted_and_overflow_is_refused() -> None:
    network = net("input x[2] in [0, 1]\ny = [1/3, 0.1f64] @ x + 0.5\noutput y")
    assert rounded_parameters(network, "float64") == 1
    assert rounded_parameters(network, "float32") == 2
    huge = net("input x[1] in [0, 1]\ny = 1e300*x\noutput y")
    with pytest.raises(InputError, match="beyond the range of float32"):
        onnx_bytes(huge)
