"""An ONNX file that a command writes takes the place of the one that it read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from onnx_models import Array
from rectifold.cli.main import main


def classifier(path: Path, kind: int = TensorProto.FLOAT) -> None:
    """Two inputs in a picture 1×2, 18 units of which most are one, a softmax over two classes."""
    numpy_kind = helper.tensor_dtype_to_np_dtype(kind)
    w = np.array([*([k, -k] for k in range(1, 17)), [1, 1], [-1, -1]])
    v = np.array([[1, 2] * 8 + [-1, 0], [0, 1] * 8 + [1, 3]])
    stored = {"W": w, "V": v, "b": np.array([0] * 16 + [1, -9])}
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"], "flatten"),
        helper.make_node("Gemm", ["flat", "W", "b"], ["pre"], "fc1", transB=1),
        helper.make_node("Relu", ["pre"], ["hidden"], "relu"),
        helper.make_node("Gemm", ["hidden", "V"], ["logits"], "fc2", transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], "softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", kind, ["batch", 1, 1, 2])],
        [helper.make_tensor_value_info("probabilities", kind, ["batch", 2])],
        [numpy_helper.from_array(v.astype(numpy_kind), k) for k, v in stored.items()],
    )
    imports = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), str(path))


def users_code(path: str, kind: type) -> Array:
    """What runs today with the source, and is not changed."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    image: Array = (np.random.default_rng(0).integers(-8, 9, (5, 1, 1, 2)) / 8).astype(kind)
    (found,) = session.run(["probabilities"], {"image": image})
    return np.asarray(found)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["compile", "emit", "shallow"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_file_is_swapped_under_unchanged_code(
    folder: Path, command: str, kind: type[np.float32] | type[np.float64]
) -> None:
    classifier(Path("net.onnx"), helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
    result = run(command, "net.onnx", "--domain", "[-1,1]", "-o", "out.onnx")
    wanted, found = users_code("net.onnx", kind), users_code("out.onnx", kind)
    assert found.dtype == wanted.dtype
    assert np.abs(found - wanted).max() <= 1e-5
    assert "place of" not in result.stderr


def test_a_compiled_file_is_smaller_and_checked(folder: Path) -> None:
    classifier(Path("net.onnx"))
    run("compile", "net.onnx", "--domain", "[-1,1]", "-o", "out.onnx", "--certificate", "c")
    stored = onnx.load("out.onnx").graph.initializer
    assert sum(np.prod(tensor.dims) for tensor in stored) <= 12
    run("check", "net.onnx", "c", "--domain", "[-1,1]", "--result", "out.onnx")
    assert (
        "equal on the domain" in run("verify", "net.onnx", "out.onnx", "--domain", "[-1,1]").output
    )


def test_the_text_in_a_file_gives_way_where_it_would_make_it_larger(folder: Path) -> None:
    classifier(Path("net.onnx"))
    run("compile", "net.onnx", "--domain", "[-1,1]", "-o", "out.onnx")
    assert Path("out.onnx").stat().st_size <= Path("net.onnx").stat().st_size
    run("compile", "net.onnx", "--domain", "[-1,1]", "-o", "plain.onnx", "--plain-onnx")
    said, whole = (onnx.load(name).graph.doc_string for name in ("out.onnx", "plain.onnx"))
    assert "Guarantee: equal to the source" in said
    assert len(said) < len(whole) / 3
    assert "Source (SHA-256" in whole


@pytest.mark.parametrize("command", ["compile", "emit", "shallow"])
def test_plain_onnx_has_one_flat_input_and_says_what_is_left_out(
    folder: Path, command: str
) -> None:
    classifier(Path("net.onnx"))
    result = run(command, "net.onnx", "--domain", "[-1,1]", "-o", "out.onnx", "--plain-onnx")
    graph = onnx.load("out.onnx").graph
    (given,) = graph.input
    assert [d.dim_value for d in given.type.tensor_type.shape.dim] == [0, 2]
    assert "what follows the network in the source is not written: Softmax" in result.stderr


def test_float64_of_a_float32_model_is_said_to_be_no_replacement(folder: Path) -> None:
    classifier(Path("net.onnx"))
    result = run("emit", "net.onnx", "--to", "onnx64", "-o", "out.onnx")
    assert "cannot be used in place of the source: its floats are float32" in result.stderr
    assert "not written: Softmax" in result.stderr
    (given,) = onnx.load("out.onnx").graph.input
    assert given.type.tensor_type.elem_type == TensorProto.DOUBLE


def test_a_source_that_is_no_onnx_file_is_written_as_before(folder: Path) -> None:
    Path("net.relu").write_text("input x[2] in [0, 1]\nh = relu([[1, 2]] @ x)\noutput 3*h\n")
    run("emit", "net.relu", "-o", "a.onnx")
    run("emit", "net.relu", "-o", "b.onnx", "--plain-onnx")
    assert Path("a.onnx").read_bytes() == Path("b.onnx").read_bytes()


@pytest.mark.parametrize("command", ["compile", "emit", "shallow"])
def test_plain_onnx_of_another_format_is_refused(folder: Path, command: str) -> None:
    Path("net.relu").write_text("input x[2] in [0, 1]\nh = relu([[1, 2]] @ x)\noutput 3*h\n")
    done = CliRunner().invoke(main, [command, "net.relu", "-o", "o.c", "--plain-onnx"])
    assert done.exit_code == 2
    assert "--plain-onnx is for onnx and onnx64; the format c is no ONNX" in done.output
    assert not Path("o.c").exists()


def test_notes_about_a_file_are_not_shown_with_quiet(folder: Path) -> None:
    classifier(Path("net.onnx"))
    assert run("emit", "net.onnx", "--to", "onnx64", "-o", "out.onnx", "--quiet").stderr == ""
