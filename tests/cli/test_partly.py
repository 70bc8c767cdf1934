"""Models with convolutions: their nodes stay where that is smaller, the rest is rewritten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from click.testing import CliRunner, Result
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.formats.onnx.whole import tensor_bytes
from rectifold.ir.evaluate import evaluate

Arrays = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]


def model(
    nodes: Sequence[NodeProto], stored: Arrays, *, size: int = 4, opset: int = 17
) -> ModelProto:
    """A model of one channel of size × size values, for any batch, with four outputs y."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(v, k) for k, v in stored.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    made.metadata_props.add(key="trained", value="never")
    onnx.checker.check_model(made)
    return made


def dyadic(seed: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Small multiples of 1/64: sums of them are exact in float32."""
    drawn = np.random.default_rng(seed).integers(-16, 17, shape)
    return (drawn / 64).astype(np.float32)


def dense(values: int, *, inactive: int = 20) -> Arrays:
    """Forty units, of which the first ones never act on the domain."""
    bias = dyadic(3, 40)
    bias[:inactive] = -200
    return {"w": dyadic(2, 40, values), "v": bias, "u": dyadic(4, 4, 40), "t": dyadic(5, 4)}


DENSE = [
    helper.make_node("Flatten", ["features"], ["flat"]),
    helper.make_node("Gemm", ["flat", "w", "v"], ["fc1"], transB=1),
    helper.make_node("Relu", ["fc1"], ["h"]),
    helper.make_node("Gemm", ["h", "u", "t"], ["y"], transB=1),
]


def plain() -> ModelProto:
    """Two convolutions of eight channels, then two dense layers."""
    nodes = [
        helper.make_node("Conv", ["image", "k1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "k2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["features"]),
        *DENSE,
    ]
    kernels = {"k1": dyadic(6, 8, 1, 3, 3), "b1": dyadic(7, 8)}
    kernels |= {"k2": dyadic(8, 8, 8, 3, 3), "b2": dyadic(9, 8)}
    return model(nodes, kernels | dense(128))


def pooled() -> ModelProto:
    """A convolution, a batch normalisation and a maximum pool before the dense layers."""
    nodes = [
        helper.make_node("Conv", ["image", "k1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c1", "s", "o", "m", "d"], ["n1"], epsilon=0.0),
        helper.make_node("Relu", ["n1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["features"], kernel_shape=[2, 2], strides=[2, 2]),
        *DENSE,
    ]
    kernels = {"k1": dyadic(6, 8, 1, 3, 3), "b1": dyadic(7, 8)}
    kernels |= {"s": dyadic(10, 8), "o": np.full(8, 1 / 16, np.float32), "m": dyadic(12, 8)}
    return model(nodes, kernels | {"d": np.full(8, 4, np.float32)} | dense(32))


def residual() -> ModelProto:
    """A convolution whose result is added to what it read."""
    nodes = [
        helper.make_node("Conv", ["image", "k1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "k2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c2", "r1"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["features"]),
        *DENSE,
    ]
    kernels = {"k1": dyadic(6, 4, 1, 3, 3), "b1": dyadic(7, 4)}
    kernels |= {"k2": dyadic(8, 4, 4, 3, 3), "b2": dyadic(9, 4)}
    return model(nodes, kernels | dense(64))


def averaged() -> ModelProto:
    """An average pool, and a softmax behind the network."""
    nodes = [
        helper.make_node("Conv", ["image", "k1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("AveragePool", ["r1"], ["features"], kernel_shape=[2, 2], strides=[2, 2]),
        *DENSE[:3],
        helper.make_node("Gemm", ["h", "u", "t"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["y"], axis=1),
    ]
    return model(nodes, {"k1": dyadic(6, 8, 1, 3, 3), "b1": dyadic(7, 8)} | dense(32))


MODELS = {"plain": plain, "pooled": pooled, "residual": residual, "averaged": averaged}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compiled(source: ModelProto, *more: str) -> Result:
    onnx.save(source, "net.onnx")
    arguments = ["compile", "net.onnx", "--domain", "[0,1]", "-o", "out.onnx", *more]
    return CliRunner().invoke(main, arguments)


def values(of: ModelProto, batch: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """At points whose sums are exact, and at others."""
    points = np.random.default_rng(batch).integers(0, 5, (batch, 1, 4, 4)) / 4
    session = ort.InferenceSession(of.SerializeToString())
    (found,) = session.run(["y"], {"image": points.astype(np.float32)})
    return np.asarray(found)


@pytest.mark.parametrize("kind", MODELS)
def test_a_convolution_stays_and_what_follows_is_rewritten(folder: Path, kind: str) -> None:
    source = MODELS[kind]()
    result = compiled(source, "--certificate", "c", "--json", "r.json")
    assert result.exit_code == 0, result.output
    assert "as the source's own nodes (up to 'features')" in result.stderr
    assert "--larger" in result.stderr
    written = onnx.load("out.onnx")
    onnx.checker.check_model(written)
    assert tensor_bytes(written) < tensor_bytes(source)
    assert written.graph.node[0] == source.graph.node[0]
    assert written.graph.input[0] == source.graph.input[0]
    assert written.graph.output[0] == source.graph.output[0]
    assert written.metadata_props[0] == source.metadata_props[0]
    for batch in (1, 5):
        difference = np.abs(values(written, batch) - values(source, batch))
        assert difference.max() < 1e-5
    report = json.loads(Path("r.json").read_text())
    assert report["after"]["units"] < report["before"]["units"]
    assert report["certificate"]["verdict"] == "holds"


def test_a_partly_rewritten_model_is_equal_at_exact_points(folder: Path) -> None:
    assert compiled(plain()).exit_code == 0
    one, other = load("net.onnx").network, load("out.onnx").network
    for seed in range(3):
        point = [Fraction(k, 4) for k in np.random.default_rng(seed).integers(0, 5, 16).tolist()]
        assert evaluate(one, point) == evaluate(other, point)


def changed(
    source: ModelProto, name: str, index: list[int] | tuple[slice, int | slice], value: float
) -> ModelProto:
    """With this value at the index of a tensor."""
    tensor = next(t for t in source.graph.initializer if t.name == name)
    numbers = numpy_helper.to_array(tensor).copy()
    numbers[index] = value
    tensor.CopyFrom(numpy_helper.from_array(numbers, name))
    return source


def test_only_the_entries_that_are_read_are_gathered(folder: Path) -> None:
    source = changed(plain(), "w", np.s_[:, 10:13], 0)
    assert compiled(source).exit_code == 0
    written = onnx.load("out.onnx")
    (gather,) = [node for node in written.graph.node if node.op_type == "Gather"]
    (units,) = [t for t in written.graph.initializer if t.name == gather.input[1]]
    assert not {10, 11, 12} & set(numpy_helper.to_array(units).tolist())
    assert np.abs(values(written, 3) - values(source, 3)).max() < 1e-5


def test_larger_rewrites_everything(folder: Path) -> None:
    result = compiled(plain(), "--larger")
    assert result.exit_code == 0, result.output
    assert "own nodes" not in result.stderr
    assert not any(node.op_type == "Conv" for node in onnx.load("out.onnx").graph.node)


def test_a_dense_model_is_rewritten_as_ever(folder: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        *DENSE[1:],
    ]
    result = compiled(model(nodes, dense(16)))
    assert result.exit_code == 0, result.output
    assert "own nodes" not in result.stderr


def test_names_of_the_source_are_not_taken_twice(folder: Path) -> None:
    source = plain()
    for node in source.graph.node:
        node.input[:] = ["h_bias" if name == "b1" else name for name in node.input]
    next(t for t in source.graph.initializer if t.name == "b1").name = "h_bias"
    result = compiled(source)
    assert result.exit_code == 0, result.output
    written = onnx.load("out.onnx")
    for named in (written.graph.initializer, written.graph.node):
        names = [one.name for one in named if one.name]
        assert len(names) == len(set(names))
    assert np.abs(values(written, 2) - values(source, 2)).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "bias", "gone"),
    [("plain", "b1", 2), ("plain", "b2", 2), ("pooled", "o", 2), ("averaged", "b1", 2),
     ("residual", "b1", 0)],
)  # fmt: skip
def test_channels_that_never_act_are_removed(folder: Path, kind: str, bias: str, gone: int) -> None:
    source = changed(MODELS[kind](), bias, [1, 3], -100)
    result = compiled(source, "--json", "r.json")
    assert result.exit_code == 0, result.output
    assert (f"; {gone} of " in result.stderr) == bool(gone)
    written = onnx.load("out.onnx")
    onnx.checker.check_model(written)
    kernels = [n.input[1] for n in written.graph.node if n.op_type == "Conv"]
    sizes = [t.dims[0] for t in written.graph.initializer if t.name in kernels]
    before = [t.dims[0] for t in source.graph.initializer if t.name in ("k1", "k2")]
    assert sum(before) - sum(sizes) == gone
    assert np.abs(values(written, 3) - values(source, 3)).max() < 1e-5
    assert json.loads(Path("r.json").read_text())["certificate"]["verdict"] == "holds"


def test_a_channel_that_no_kernel_reads_is_removed(folder: Path) -> None:
    source = changed(plain(), "k2", np.s_[:, 5], 0)
    result = compiled(source)
    assert "; 1 of 8 channels removed" in result.stderr
    assert np.abs(values(onnx.load("out.onnx"), 2) - values(source, 2)).max() < 1e-5


def test_a_channel_that_is_added_to_another_stays(folder: Path) -> None:
    result = compiled(changed(residual(), "b2", [0], -100))
    assert result.exit_code == 0, result.output
    assert "channels removed" not in result.stderr


def test_what_holds_for_a_batch_of_one_only_is_told(folder: Path) -> None:
    source = plain()
    source.graph.node[-1].output[0] = "rows"
    source.graph.node.append(helper.make_node("Transpose", ["rows"], ["y"], perm=[1, 0]))
    source.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, "n"]))
    result = compiled(source, "--no-certificate")
    assert result.exit_code == 0, result.output
    assert "as the source's own nodes" in result.output
    assert "for a batch of one only" in result.output
    written = onnx.load("out.onnx")
    assert np.abs(values(written, 1) - values(source, 1)).max() < 1e-5
