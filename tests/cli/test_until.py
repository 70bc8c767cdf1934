"""--until: the node or tensor of an ONNX model with which the network ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

from cli_refusals import assert_refused
from rectifold.cli.main import main


@pytest.fixture
def erf(tmp_path: Path) -> str:
    """y = -erf(-x), which is no ReLU network behind -x."""
    nodes = [
        helper.make_node("Neg", ["x"], ["n"], name="first"),
        helper.make_node("Erf", ["n"], ["e"], name="second"),
        helper.make_node("Neg", ["e"], ["y"], name="third"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])]
    graph = helper.make_graph(nodes, "graph", inputs, outputs)
    path = tmp_path / "erf.onnx"
    imports = [helper.make_opsetid("", 13)]
    path.write_bytes(helper.make_model(graph, opset_imports=imports).SerializeToString())
    return str(path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("name", ["first", "n"])
def test_what_follows_is_not_read(erf: str, name: str) -> None:
    result = call("run", erf, "1,-2", "--exact", "--until", name)
    assert result.stdout.split() == ["-1", "2"]
    assert "read up to node 'first' (Neg), which computes 'n'; left out: 2 nodes" in result.stderr


def test_a_refusal_names_the_remedy(erf: str) -> None:
    result = call("run", erf, "1,2")
    assert result.exit_code == 2
    assert "node 'second' (Erf) is not supported" in result.stderr
    assert "it is node 2 of 3, and what stands before it is read with --until first" in (
        result.stderr
    )


def test_verify_takes_the_option_once_for_each_network(erf: str, tmp_path: Path) -> None:
    plain = tmp_path / "neg.relu"
    plain.write_text("input x[2]\noutput -1*x\n")
    domain = ("--domain", "[0,1]")
    assert call("verify", erf, erf, *domain, "--until", "n", "--until", "n").exit_code == 0
    assert call("verify", erf, erf, *domain, "--until", "n", "--until", "x").exit_code == 1
    assert call("verify", erf, str(plain), *domain, "--until", "n").exit_code == 0
    assert call("verify", str(plain), erf, *domain, "--until", "-", "--until", "n").exit_code == 0


REFUSED = {
    "unknown": (("--until", "w"), "--until names 'w', which is no node and no tensor; the nodes"),
    "with outputs": (
        ("--until", "n", "--outputs", "y"),
        "--until and --outputs both say what is read; give one of them",
    ),
    "given twice": (
        ("--until", "n", "--until", "x"),
        "it is given 2 times, and the command reads 1 network",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_wrong_cuts_are_refused(title: str, erf: str) -> None:
    options, message = REFUSED[title]
    assert_refused("run", erf, "1,2", *options, message=message)


def test_other_formats_are_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "n.relu"
    path.write_text("input x[1]\ny = relu(x)\noutput y\n")
    message = "and networks cut (--until), of ONNX models only"
    assert_refused("run", str(path), "1", "--until", "y", message=message)
