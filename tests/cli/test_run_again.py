"""What refutes something of two models is run by another program, in their floats."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main

Run = Callable[..., Result]
NETWORK = (
    "input x[2] in [-1, 1]\noutput [[1, {0}], [1, -1]] @ relu([[1, 1/4], [-1, 1/2]] @ x + 1/8)\n"
)
RELATED = (  # x' = 2 x + 1/4 in the second input: no step is free
    "(vnnlib-version <2.0>)\n"
    "(declare-network f (declare-input X float32 [1,2]) (declare-output Y float32 [1,2]))\n"
    "(declare-network g (declare-input Z float32 [1,2]) (declare-output W float32 [1,2]))\n"
    "(assert (and (>= X[0,0] 0.1) (<= X[0,0] 0.3) (>= X[0,1] -0.5) (<= X[0,1] 0.3)))\n"
    "(assert (and (== Z[0,0] X[0,0]) (== Z[0,1] (+ (* 2.0 X[0,1]) 0.25))))\n"
    "(assert (>= (- W[0,0] Y[0,0]) 0.01))\n"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    for name, number in (("a", "1"), ("b", "5/4")):
        Path(f"{name}.relu").write_text(NETWORK.format(number))
        assert invoke("emit", f"{name}.relu", "-o", f"{name}.onnx").exit_code == 0
    return invoke


def values(file: str, point: list[float]) -> list[float]:
    """What onnxruntime computes."""
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    row = np.array([point], dtype=np.float32)
    return [float(v) for v in np.asarray(session.run(None, {port.name: row})[0]).ravel()]


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == 1, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("asked", [[], ["--within", "1/100"], ["--argmax"]])
def test_verify_says_what_onnxruntime_computes_of_both(run: Run, asked: list[str]) -> None:
    done = run("verify", "a.onnx", "b.onnx", "--domain", "[-1,1]", *asked)
    if done.exit_code != 1:
        assert asked == ["--argmax"]
        return
    assert "at a float32 point near it onnxruntime computes" in done.stdout
    assert done.stdout.rstrip().endswith("of B, which shows it too")
    again = told(run("verify", "a.onnx", "b.onnx", "--domain", "[-1,1]", *asked, "--json", "-"))
    found = again["run_again"]
    assert all(np.float32(v) == v for v in found["input"])
    assert values("a.onnx", found["input"]) == found["a"]
    assert values("b.onnx", found["input"]) == found["b"]
    assert found["shown"] is True


def test_of_a_file_that_is_no_model_nothing_is_run(run: Run) -> None:
    done = run("verify", "a.onnx", "b.relu", "--domain", "[-1,1]", "--json", "-")
    assert told(done)["run_again"] is None
    assert "onnxruntime" not in run("verify", "a.onnx", "b.relu", "--domain", "[-1,1]").stdout


def test_a_difference_that_rounded_sums_do_not_show_is_told_so(run: Run) -> None:
    """x + 2^25 − 2^25 is x, and in float32 a multiple of 4: 0."""
    Path("c.relu").write_text(
        "input x[1] in [1/4, 1]\nh = relu(x + 33554432)\noutput h - 33554432\n"
    )
    Path("d.relu").write_text("input x[1] in [1/4, 1]\noutput 0*relu(x)\n")
    for name in "cd":
        run("emit", f"{name}.relu", "-o", f"{name}.onnx")
    asked = ("verify", "c.onnx", "d.onnx", "--domain", "[1/4,1]", "--no-crosscheck")
    done = run(*asked)
    assert done.exit_code == 1, done.output
    assert "does not show it, for its sums are rounded" in done.stdout
    assert told(run(*asked, "--json", "-"))["run_again"]["shown"] is False


@pytest.mark.parametrize(
    "asked",
    [
        ["a.onnx", "--domain", "[-1,1]", "--lipschitz", "1/2"],
        ["a.onnx", "--domain", "[-1,1]", "--decreasing", "x[0] y[0]"],
        ["a.onnx", "p.vnnlib", "--beside", "b.onnx"],
    ],
)
def test_prove_runs_both_models_at_both_points(run: Run, asked: list[str]) -> None:
    Path("p.vnnlib").write_text(RELATED)
    done = run("prove", *asked)
    assert done.exit_code == 1, done.output
    assert "at two float32 points near them onnxruntime computes" in done.stdout
    assert done.stdout.rstrip().endswith("the case is met there too")
    found = told(run("prove", *asked, "--json", "-"))["run_again"]
    second = "b.onnx" if "--beside" in asked else "a.onnx"
    x, other = found["input"][:2], found["input"][2:]
    assert values("a.onnx", x) + values(second, other) == found["outputs"]
    if "--beside" in asked:
        exact = [Fraction(v) for v in found["input"]]
        assert exact[2:] == [exact[0], 2 * exact[1] + Fraction(1, 4)]
