"""--outputs: which outputs of an ONNX model a command reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

from cli_refusals import assert_refused
from rectifold.cli.main import main


@pytest.fixture
def two_outputs(tmp_path: Path) -> str:
    """y = relu(x) and z = -x."""
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "yz"],
    )
    path = tmp_path / "two.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString()
    )
    return str(path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_one_output_is_chosen(two_outputs: str) -> None:
    assert call("run", two_outputs, "1,-2", "--exact", "--outputs", "z").stdout.split() == [
        "-1",
        "2",
    ]


def test_several_outputs_are_joined_in_the_order_named_and_that_is_said(two_outputs: str) -> None:
    result = call("run", two_outputs, "1,-2", "--exact", "--outputs", "z, y")
    assert result.stdout.split() == ["-1", "2", "1", "0"]
    assert (
        "the outputs z (2 values), y (2 values) are read as one output, in this order"
        in result.stderr
    )


def test_verify_takes_the_option_once_for_each_network(two_outputs: str) -> None:
    domain = ("--domain", "[0,1]")
    assert (
        call(
            "verify", two_outputs, two_outputs, *domain, "--outputs", "y", "--outputs", "y"
        ).exit_code
        == 0
    )
    assert (
        call(
            "verify", two_outputs, two_outputs, *domain, "--outputs", "y", "--outputs", "z"
        ).exit_code
        == 1
    )


REFUSED = {
    "nothing chosen": ((), "choose with --outputs NAME, or join several with --outputs y,z"),
    "unknown name": (
        ("--outputs", "w"),
        "there is no output 'w', or it is named twice; the outputs are y, z",
    ),
    "the same name twice": (("--outputs", "y,y"), "there is no output 'y', or it is named twice"),
    "an inner value": (("--outputs", "x"), "there is no output 'x'"),
    "given twice": (
        ("--outputs", "y", "--outputs", "z"),
        "it is given 2 times, and the command reads 1 network",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_wrong_choices_are_refused(title: str, two_outputs: str) -> None:
    options, message = REFUSED[title]
    assert_refused("run", two_outputs, "1,2", *options, message=message)


def test_other_formats_have_no_outputs_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "n.relu"
    path.write_text("input x[1]\ny = relu(x)\noutput y\n")
    message = (
        "n.relu has one output; outputs are chosen by name (--outputs), "
        "and networks cut (--until), of ONNX models only"
    )
    assert_refused("run", str(path), "1", "--outputs", "y", message=message)
