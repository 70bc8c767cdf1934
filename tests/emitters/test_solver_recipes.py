"""The recipes of docs/guide/solvers.md run, and find what `prove` says of the network."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Domain
from rectifold.ir.property import Condition, Property, Unsafe
from rectifold.language.elaborate import parse
from rectifold.properties.answers import Answer, Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.runtime.run import Limits, Run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "solvers.md"
NEEDED = {
    "OMLT": ("omlt", "pyomo", "highspy"),
    "gurobi-machinelearning": ("gurobipy", "gurobi_ml"),
    "PySCIPOpt": ("pyscipopt",),
}
TOLERANCE = Fraction(1, 10_000)  # far above what the solvers may be off by


def recipe(heading: str) -> str:
    """The code below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(code)


def written_as_pytorch_does(path: Path) -> None:
    """2-5-4-1 with weights of 6 bits; every node with a name, every Gemm with all attributes."""
    rng = np.random.default_rng(7)
    nodes, tensors, source = [], [], "x"
    for k, (rows, columns) in enumerate([(5, 2), (4, 5), (1, 4)]):
        for name, shape in (("w", (rows, columns)), ("b", (rows,))):
            values = (rng.integers(-31, 32, shape) / 16).astype(np.float32)
            tensors.append(numpy_helper.from_array(values, f"{name}{k}"))
        inputs, target = [source, f"w{k}", f"b{k}"], "y" if k == 2 else f"z{k}"
        nodes.append(
            helper.make_node("Gemm", inputs, [target], f"Gemm_{k}", alpha=1.0, beta=1.0, transB=1)
        )
        source = f"h{k}"
        if k < 2:
            nodes.append(helper.make_node("Relu", [target], [source], f"Relu_{k}"))
    value = helper.make_tensor_value_info
    x, y = (value(name, TensorProto.FLOAT, ["N", n]) for name, n in (("x", 2), ("y", 1)))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


def written_again_by_us(path: Path) -> None:
    """The same network in a model of ours."""
    path.rename("source.onnx")
    arguments = ["compile", "source.onnx", "--domain", "[-1,1]", "-o", str(path), "--larger"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert path.read_bytes() != Path("source.onnx").read_bytes()


@pytest.mark.parametrize(
    ("heading", "by_us"),
    [(name, False) for name in NEEDED] + [("OMLT", True), ("gurobi-machinelearning", True)],
)
def test_a_solver_finds_the_largest_output_with_proved_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str, by_us: bool
) -> None:
    missing = [name for name in NEEDED[heading] if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    written_as_pytorch_does(Path("net.onnx"))
    if by_us:
        written_again_by_us(Path("net.onnx"))
    arguments = ["stability", "net.onnx", "--domain", "[-1,1]", "--bounds", "bounds.json"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    command = [sys.executable, "-c", recipe(heading)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    largest = Fraction(float(done.stdout.strip().splitlines()[-1]))
    assert isinstance(reached(largest + TOLERANCE), Holds)
    assert isinstance(reached(largest - TOLERANCE), Refuted)


def reached(value: Fraction) -> Answer:
    """Is the output nowhere so large?"""
    never = Condition((), ((0, Fraction(-1)),), -value)
    asked = Property((Unsafe(Domain.cube(-1, 1, 2), ((never,),)),))
    return decide_property(load("net.onnx").network, asked, Run(Limits(20.0)))


def test_every_attribute_of_a_gemm_is_written() -> None:
    """OMLT looks each of them up, and refuses nodes without a name."""
    text = "network n\ninput x[2]\nh = relu([[1, 2], [3, 4]] @ x)\ny = h[0] + h[1]\noutput y"
    model = onnx.load_from_string(onnx_bytes(parse(text), "float32", ""))
    products = [node for node in model.graph.node if node.op_type == "Gemm"]
    assert [len({a.name for a in node.attribute}) for node in products] == [4, 4]
    assert all(node.name for node in model.graph.node)


def test_the_recipes_are_python() -> None:
    code = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)```", code, re.DOTALL)
    assert len(found) == len(NEEDED)
    for text in found:
        compile(text, "solvers.md", "exec")
