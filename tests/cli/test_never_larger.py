"""A result is never larger than the ONNX file that it was compiled from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from rectifold.cli.main import main
from rectifold.formats.onnx.whole import standalone_bytes


def convolution(path: Path) -> None:
    """Eight channels of 3×3 kernels over 6×6 values: 80 weights, 288 units."""
    random = np.random.default_rng(1)
    kernel = (random.standard_normal((8, 1, 3, 3)) / 3).astype(np.float32)
    stored = [
        numpy_helper.from_array(kernel, "k"),
        numpy_helper.from_array(np.zeros(8, np.float32), "b"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "k", "b"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 288])],
        stored,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(path))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    convolution(tmp_path / "conv.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_convolution_is_written_as_it_was(folder: Path) -> None:
    arguments = ["compile", "conv.onnx", "--domain", "[-1,1]", "-o", "out.onnx"]
    more = ["--certificate", "c", "--json", "r.json"]
    result = CliRunner().invoke(main, [*arguments, *more])
    assert result.exit_code == 0, result.output
    assert Path("out.onnx").read_bytes() == Path("conv.onnx").read_bytes()
    assert "nothing is gained as ONNX" in result.stderr
    assert "--larger" in result.stderr
    report = json.loads(Path("r.json").read_text())
    assert report["after"] == report["before"]
    assert report["certificate"]["verdict"] == "holds"
    checked = CliRunner().invoke(
        main, ["check", "conv.onnx", "c", "--domain", "[-1,1]", "--result", "out.onnx"]
    )
    assert checked.exit_code == 0, checked.output


def test_larger_writes_the_rewritten_network(folder: Path) -> None:
    arguments = ["compile", "conv.onnx", "--domain", "[-1,1]", "-o", "out.onnx", "--larger"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert len(Path("out.onnx").read_bytes()) > len(Path("conv.onnx").read_bytes())
    assert "nothing is gained" not in result.stderr


def test_what_got_smaller_is_written_rewritten(folder: Path) -> None:
    Path("net.relu").write_text(
        "input x[2] in [0, 1]\nh = relu([[1, 2], [-1, -1], [2, 4]] @ x + [0, 0, 0])\n"
        "output [[1, 1, 1]] @ h\n"
    )
    assert CliRunner().invoke(main, ["emit", "net.relu", "-o", "net.onnx"]).exit_code == 0
    result = CliRunner().invoke(main, ["compile", "net.onnx", "--domain", "[0,1]", "-o", "s.onnx"])
    assert result.exit_code == 0, result.output
    assert "nothing is gained" not in result.stderr
    assert len(Path("s.onnx").read_bytes()) < len(Path("net.onnx").read_bytes())


def stored_outside() -> onnx.TensorProto:
    """A tensor whose data lies in another file."""
    tensor = numpy_helper.from_array(np.zeros(8, np.float32), "c")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


@pytest.mark.parametrize("place", ["initializer", "constant"])
def test_a_model_that_needs_another_file_is_written_with_it(folder: Path, place: str) -> None:
    assert standalone_bytes(folder / "conv.onnx") == (folder / "conv.onnx").read_bytes()
    model = onnx.load(str(folder / "conv.onnx"))
    if place == "initializer":
        model.graph.initializer.append(stored_outside())
    else:
        node = helper.make_node("Constant", [], ["c"], value=stored_outside())
        model.graph.node.insert(0, node)
    (folder / "outside.onnx").write_bytes(model.SerializeToString())
    (folder / "weights.bin").write_bytes(np.arange(8, dtype=np.float32).tobytes())
    alone = onnx.load_model_from_string(standalone_bytes(folder / "outside.onnx") or b"")
    held = [*alone.graph.initializer, *(n.attribute[0].t for n in alone.graph.node[:1])]
    (found,) = [tensor for tensor in held if tensor.name == "c"]
    assert numpy_helper.to_array(found).tolist() == list(range(8))
    assert standalone_bytes(folder / "outside.onnx", outputs=2) is None


def test_a_model_of_several_inputs_is_written_as_it_was(folder: Path) -> None:
    model = onnx.load("conv.onnx")
    model.graph.input.append(helper.make_tensor_value_info("t", TensorProto.FLOAT, [1, 288]))
    model.graph.node[-1].output[0] = "flat"
    model.graph.node.append(helper.make_node("Add", ["flat", "t"], ["y"]))
    onnx.save(model, "two.onnx")
    arguments = ["compile", "two.onnx", "--domain", "[-1,1]", "-o", "out.onnx"]
    result = CliRunner().invoke(main, [*arguments, "--no-certificate"])
    assert result.exit_code == 0, result.output
    assert Path("out.onnx").read_bytes() == Path("two.onnx").read_bytes()
    assert "nothing is gained as ONNX" in result.stderr
