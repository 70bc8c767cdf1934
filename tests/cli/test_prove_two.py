"""`rectifold prove` with VNN-LIB 2.0: one network, or two that the file relates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

from rectifold.cli.main import main

Invoke = Callable[..., Result]
NETWORK = "network n\ninput x[2] in [-1, 1]\noutput relu([[1, 1/2], [-1, 1]] @ x)\n"
ONE = """(vnnlib-version <2.0>)
(declare-network f (declare-input X real [1,2]) (declare-output Y real [1,2]))
(assert (and (>= X[0,0] -1.0) (<= X[0,0] 1.0) (>= X[0,1] -1.0) (<= X[0,1] 1.0)))
"""
RISING = """(vnnlib-version <2.0>)
(declare-network f (declare-input X_f real [2]) (declare-output Y_f real [2]))
(declare-network g {relation} (declare-input X_g real [2]) (declare-output Y_g real [2]))
(assert (and (<= X_f[0] 1.0) (>= X_f[0] -1.0)))
(assert (== X_f[1] 0.227))
(assert (and (<= X_f[0] X_g[0]) (<= X_g[0] 1.0)))
(assert (== X_f[1] X_g[1]))
(assert (> Y_f[{output}] (+ Y_g[{output}] 0.01)))
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(NETWORK)
    Path("m.relu").write_text(NETWORK.replace("1/2", "1/4"))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return invoke


def write(name: str, text: str) -> None:
    Path(name).write_text(text)


def test_a_property_of_one_network(run: Invoke) -> None:
    write("true.vnnlib", ONE + "(assert (or (>= Y[0,0] 1.75) (== Y[0,1] -1.0)))")
    write("false.vnnlib", ONE + "(assert (!= Y[0,1] 0.0))")
    done = run("prove", "n.relu", "true.vnnlib", "--certificate", "p.cert")
    assert (done.exit_code, "the certificate holds" in done.output) == (0, True)
    assert run("check", "n.relu", "p.cert", "--property", "true.vnnlib").exit_code == 0
    refused = run("check", "n.relu", "p.cert", "--property", "false.vnnlib")
    assert (refused.exit_code, "another property" in refused.output) == (1, True)
    refuted = run("prove", "n.relu", "false.vnnlib")
    assert (refuted.exit_code, "is met, exactly" in refuted.output) == (1, True)


def test_a_network_that_the_file_says_is_the_same(run: Invoke) -> None:
    write("up.vnnlib", RISING.format(relation="(equal-to f)", output=0))
    write("down.vnnlib", RISING.format(relation="(equal-to f)", output=1))
    done = run("prove", "n.relu", "up.vnnlib", "--certificate", "p.cert")
    assert (done.exit_code, "no pair of points" in done.output) == (0, True)
    again = run("check", "n.relu", "p.cert", "--property", "up.vnnlib")
    assert (again.exit_code, "beside it: 2 inputs" in again.output) == (0, True)
    named = run("check", "n.relu", "p.cert", "--property", "up.vnnlib", "--beside", "n.relu")
    assert named.exit_code == 0
    other = run("check", "m.relu", "p.cert", "--property", "up.vnnlib")
    assert (other.exit_code, "about another network" in other.output) == (1, True)
    falls = run("prove", "n.relu", "down.vnnlib")
    assert (falls.exit_code, "at these two points" in falls.output) == (1, True)


@pytest.mark.parametrize("relation", ["", "(isomorphic-to f)"])
def test_two_networks(run: Invoke, relation: str) -> None:
    write("p.vnnlib", RISING.format(relation=relation, output=0).replace("0.01", "0.06"))
    done = run("prove", "n.relu", "p.vnnlib", "--beside", "m.relu", "--certificate", "p.cert")
    assert done.exit_code == 0
    again = run("check", "n.relu", "p.cert", "--property", "p.vnnlib", "--beside", "m.relu")
    assert again.exit_code == 0
    swapped = run("check", "m.relu", "p.cert", "--property", "p.vnnlib", "--beside", "n.relu")
    assert swapped.exit_code == 1


@pytest.mark.parametrize(
    ("relation", "arguments", "message"),
    [
        ("", ["prove", "n.relu", "p.vnnlib"], "declares two networks, f and g; give the second"),
        ("(isomorphic-to f)", ["prove", "n.relu", "p.vnnlib"], "declare it (equal-to f)"),
        (
            "(equal-to f)",
            ["prove", "n.relu", "p.vnnlib", "--beside", "m.relu"],
            "g is equal to the first network, but --beside names another one",
        ),
        (
            "(equal-to f)",
            ["reduce", "n.relu", "p.vnnlib", "-o", "s.onnx"],
            "p is about two networks side by side: reduce writes one network",
        ),
        (
            "",
            ["prove", "p.vnnlib", "n.relu"],
            "the network comes first, then the property: n.relu p.vnnlib",
        ),
        (
            "",
            ["prove", "p.vnnlib"],
            "the network comes first, then the property: NET p.vnnlib",
        ),
        (
            "(equal-to f)",
            ["prove", "n.relu", "n.relu"],
            "n.relu is a network, and a property is a .vnnlib file; a second network is named with",
        ),
    ],
)
def test_what_is_refused(run: Invoke, relation: str, arguments: list[str], message: str) -> None:
    write("p.vnnlib", RISING.format(relation=relation, output=0))
    done = run(*arguments)
    assert (done.exit_code, message in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("X real [1,2]", "X real [1,3]", "f has 3 inputs, but n, which is given for it, has 2"),
        ("Y real [1,2]", "Y real [3]", "f has 3 outputs, but n, which is given for it, has 2"),
    ],
)
def test_a_declaration_that_does_not_fit(run: Invoke, old: str, new: str, message: str) -> None:
    write("p.vnnlib", ONE.replace(old, new))
    done = run("prove", "n.relu", "p.vnnlib")
    assert (done.exit_code, message in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("X real [1,2]", "X float32 [1,1,2]", None),
        ("X real [1,2]", "X float64 [1,2]", "elements of type float32; write that, or real"),
        ("Y real [1,2]", "Y real [2,1]", None),
    ],
)
def test_a_declaration_and_a_model(run: Invoke, old: str, new: str, message: str | None) -> None:
    run("compile", "n.relu", "-o", "n.onnx", "--domain", "[-1,1]", "--to", "onnx")
    text = ONE.replace("X[0,", "X[0,0," if "1,1,2" in new else "X[0,").replace(old, new)
    write("p.vnnlib", text + "(assert (>= Y[{}] 1.75))".format("0,0"))
    done = run("prove", "n.onnx", "p.vnnlib")
    assert done.exit_code == (0 if message is None else 2), done.output
    assert message is None or message in done.output


def test_a_model_that_goes_on_is_refused(run: Invoke) -> None:
    """softmax(relu(x)) is never 2, and relu(x) is."""
    value = helper.make_tensor_value_info
    ends = [value("x", TensorProto.FLOAT, [1, 2])], [value("y", TensorProto.FLOAT, [1, 2])]
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Softmax", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "g", *ends)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, "soft.onnx")
    write("p.vnnlib", ONE + "(assert (<= X[0,0] 1.0)) (assert (>= Y[0,0] 0.75))")
    message = "soft goes on behind the network (Softmax), and a property is about what comes last"
    for asked in (["p.vnnlib"], ["--robust", "1/8", "--at", "1, 0"]):
        done = run("prove", "soft.onnx", *asked)
        assert (done.exit_code, message in done.output) == (2, True), done.output
        assert "--until h" in done.output
    until = run("prove", "soft.onnx", "p.vnnlib", "--until", "h")
    assert until.exit_code == 1
    assert "the case is met there too" in until.output  # of h, not of y


def test_a_model_with_two_inputs_is_declared_with_two(run: Invoke) -> None:
    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    nodes = [
        helper.make_node("Concat", ["a", "b"], ["c"], axis=1),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "g", [value("a", "batch", 1), value("b", "batch", 2)], [value("y", "batch", 3)]
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, "two.onnx")
    inputs = "(declare-input A float32 [1,1]) (declare-input B float32 [1,2])"
    text = f"""(vnnlib-version <2.0>)
    (declare-network f {inputs} (declare-output Y float32 [1,3]))
    (assert (and (>= A[0,0] 0.0) (<= A[0,0] 1.0) (== B[0,0] 2.0) (>= B[0,1] -1.0)))
    (assert (and (<= B[0,1] 0.0) (> Y[0,2] 0.0)))"""
    write("p.vnnlib", text)
    assert run("prove", "two.onnx", "p.vnnlib").exit_code == 0
    merged = text.replace(inputs, "(declare-input A float32 [1,3])")
    write("p.vnnlib", merged.replace("B[0,0]", "A[0,1]").replace("B[0,1]", "A[0,2]"))
    done = run("prove", "two.onnx", "p.vnnlib")
    assert done.exit_code == 2
    assert "f declares 1 input, but the model two has 2: a, b; declare each" in done.output
