"""apply("file", a): the network of a file beside a text, as a function."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper, save

from rectifold.cli.main import main
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.language.elaborate import parse
from support import points_of

F = Fraction
TEACHER = """network teacher
input v[3] in [0, 1/2]
h = relu([[1, -1, 2], [1/3, 1, 0]] @ v + [1, -1/7])
g = relu(h[0] - h[1] + v[2])
ensure g < 0
output [g, h[1] - v[0]]
"""
BOTH = """input x[2] in [-1, 1]
a = apply("teacher.relu", [x[0] + x[1], 2*x[1] - 1, 1/3])
k = relu(a)
b = 2*apply("teacher.relu", concat(k, x[0]))
output concat(a, b - a)
"""


def test_a_network_is_applied_to_forms(tmp_path: Path) -> None:
    (tmp_path / "teacher.relu").write_text(TEACHER)
    (tmp_path / "both.relu").write_text(BOTH)
    loaded, teacher = load(tmp_path / "both.relu"), load(tmp_path / "teacher.relu").network
    assert {file.name for file in loaded.files} == {"teacher.relu"}
    for x in points_of(Domain.cube(-2, 2, 2), 20, 0):
        a = evaluate(teacher, [x[0] + x[1], 2 * x[1] - 1, F(1, 3)])
        b = evaluate(teacher, [*(max(v, F(0)) for v in a), x[0]])
        expected = [*a, *(2 * v - u for u, v in zip(a, b, strict=True))]
        assert evaluate(loaded.network, x) == expected


def test_a_network_that_is_its_input(tmp_path: Path) -> None:
    (tmp_path / "same.relu").write_text("input x[2]\noutput x\n")
    (tmp_path / "n.relu").write_text('input x[2]\noutput relu(apply("same.relu", 2*x))\n')
    assert evaluate(load(tmp_path / "n.relu").network, [F(3), F(-1)]) == [6, 0]


def test_networks_related_in_the_language_are_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """|x| = max(x, −x): at x, and at an affine image of x, which the other network undoes."""
    monkeypatch.chdir(tmp_path)
    Path("one.relu").write_text("input x[1]\noutput relu(x) + relu(-x)\n")
    Path("other.relu").write_text(
        "input x[2]\nh = relu(x[0] - x[1])\noutput 2*h - x[0] + x[1]\n"  # |x_0 − x_1|
    )
    text = """input x[1] in [-1, 1]
    a = apply("one.relu", x)
    b = apply("other.relu", [2*x[0] + 1, x[0] + 1])
    ensure a - b <= {0}
    ensure b - a <= {0}
    output a
    """

    def run(*arguments: str) -> int:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False).exit_code

    Path("p.relu").write_text(text.format("1/100"))
    assert run("prove", "p.relu", "--certificate", "p.cert") == 0
    assert run("check", "p.relu", "p.cert") == 0
    Path("one.relu").write_text("input x[1]\noutput relu(x) + relu(-2*x)\n")
    assert run("check", "p.relu", "p.cert") == 1
    assert run("prove", "p.relu") == 1
    assert run("compile", "p.relu", "-o", "one.relu", "--force") == 2  # it is read


def softmax(path: Path) -> None:
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["z"]),
        helper.make_node("Softmax", ["z"], ["y"], axis=1),
    ]
    weight = numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, [1, 2])],
        [value("y", TensorProto.FLOAT, [1, 2])], [weight],
    )  # fmt: skip
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('apply("teacher.relu", x)', "teacher reads a vector of 3, this is one of 2"),
        ('apply("none.onnx", x)', "there is no file 'none.onnx' beside the network"),
        ('apply("../n.relu", x)', "lies outside the network's folder"),
        ('apply("n.relu", x)', "apply is not possible here: .* one that another text applies"),
        ('apply("teacher.relu")', "apply needs the file of a network and a vector"),
        ("apply(x, x)", "apply needs the file of a network and a vector"),
        ('apply("w.txt", x)', r"files of type \.txt cannot be read"),
        ('apply("teacher.relu", [[1, 2, 3]])', "a layer is a vector"),
        ('apply("tail.onnx", x)', r"goes on behind the network \(Softmax\)"),
        ('apply("broken.relu", x)', "unknown function 'rellu'"),
    ],
)
def test_what_is_refused(tmp_path: Path, call: str, message: str) -> None:
    (tmp_path / "teacher.relu").write_text(TEACHER)
    (tmp_path / "w.txt").write_text("1")
    (tmp_path / "broken.relu").write_text("input x[2]\noutput rellu(x)\n")
    if "tail" in call:
        softmax(tmp_path / "tail.onnx")
    (tmp_path / "n.relu").write_text(f"input x[2]\ny = {call}\noutput y\n")
    with pytest.raises(InputError, match=message):
        load(tmp_path / "n.relu")


def test_a_text_without_a_file_applies_nothing() -> None:
    with pytest.raises(InputError, match="not a file that was opened itself, but no file"):
        parse('input x[2]\noutput apply("teacher.relu", x)\n')


def test_what_is_applied_often_is_counted(tmp_path: Path) -> None:
    rows = ", ".join("[" + ", ".join(["1"] * 100) + "]" for _ in range(100))
    (tmp_path / "wide.relu").write_text(f"input x[100]\noutput relu([{rows}] @ x)\n")
    lines = "\n".join(f'y{k} = apply("wide.relu", y{k - 1})' for k in range(1, 6000))
    (tmp_path / "n.relu").write_text(f"input y0[100]\n{lines}\noutput y5999\n")
    with pytest.raises(InputError, match="this unfolds to far more than is written"):
        load(tmp_path / "n.relu")
