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
from rectifold.ir.domain import Domain
from rectifold.ir.property import Condition, Property, Unsafe
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


@pytest.mark.parametrize("heading", NEEDED)
def test_a_solver_finds_the_largest_output_with_proved_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str
) -> None:
    missing = [name for name in NEEDED[heading] if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    written_as_pytorch_does(Path("net.onnx"))
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


def test_the_recipes_are_python() -> None:
    code = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)```", code, re.DOTALL)
    assert len(found) == len(NEEDED)
    for text in found:
        compile(text, "solvers.md", "exec")
