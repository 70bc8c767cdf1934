"""`rectifold reduce`: verdicts that carry over, what is written, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.formats.vnnlib_property import read_property
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.sampling import sample_points
from rectifold.properties.answers import Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.runtime.run import Limits, Run
from support import float_network

F = Fraction
Invoke = Callable[..., Result]
BOX = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return invoke


def model(name: str, seed: int, inputs: str = "x", widths: tuple[int, ...] = (2, 6, 5, 2)) -> None:
    """A random network as an ONNX file whose input is 1×1×n, with weights of 8 bits."""
    rng = np.random.default_rng(seed)
    nodes = [helper.make_node("Flatten", [inputs], ["v0"])]
    tensors = []
    for k, (rows, columns) in enumerate(zip(widths[1:], widths, strict=False)):
        weight = (rng.integers(-127, 128, (rows, columns)) / 64).astype(np.float32)
        bias = (rng.integers(-127, 128, rows) / 64).astype(np.float32)
        tensors += [
            numpy_helper.from_array(weight, f"w{k}"),
            numpy_helper.from_array(bias, f"b{k}"),
        ]
        is_last = k == len(widths) - 2
        target = "out" if is_last else f"z{k}"
        nodes.append(helper.make_node("Gemm", [f"v{k}", f"w{k}", f"b{k}"], [target], transB=1))
        if not is_last:
            nodes.append(helper.make_node("Relu", [target], [f"v{k + 1}"]))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value(inputs, TensorProto.FLOAT, [1, 1, widths[0]])],
        [value("out", TensorProto.FLOAT, [1, widths[-1]])], tensors,
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, name)


def told(file: str) -> Any:
    return json.loads(Path(file).read_text())


def verdict(network: str, file: str) -> str:
    loaded = load(network).network
    asked = read_property(Path(file), loaded.input_size, loaded.output_size)
    answer = decide_property(loaded, asked, Run(Limits(5.0)))
    return {Holds: "holds", Refuted: "refuted"}.get(type(answer), "undecided")


def test_the_result_is_called_as_the_source_and_is_equal_where_the_property_is(
    run: Invoke,
) -> None:
    model("n.onnx", 1)
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 (+ Y_1 1.5)))")
    done = run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx", "--json", "j.json")
    assert done.exit_code == 0
    assert "the same verdict: the networks are equal on its domain" in done.output
    assert "wrote s.vnnlib, s.onnx" in done.output
    small = onnx.load("s.onnx")
    assert [v.name for v in small.graph.input] == ["x"]
    assert [d.dim_value for d in small.graph.input[0].type.tensor_type.shape.dim] == [1, 1, 2]
    assert [v.name for v in small.graph.output] == ["out"]
    one, other = load("n.onnx").network, load("s.onnx").network
    asked = read_property(Path("p.vnnlib"), 2, 2)
    assert read_property(Path("s.vnnlib"), 2, 2).parts == asked.parts
    points = sample_points(asked.parts[0].domain, 20, 0)
    assert evaluate_points(one, points) == evaluate_points(other, points)
    result = told("j.json")
    assert result["guarantee"]["verdict"] == "same"
    assert result["after"]["weights"] == other.sizes.weights < result["before"]["weights"]


@pytest.mark.parametrize("seed", range(6))
def test_both_pairs_have_one_verdict(run: Invoke, seed: int) -> None:
    model("n.onnx", seed)
    rng = Random(seed)
    bounds = [F(rng.randint(-40, 40), 16) for _ in range(3)]
    cases = (
        f"(or (and (<= Y_0 {float(bounds[0])}) (>= Y_1 {float(bounds[1])}))"
        f" (<= (+ Y_0 (* 2 X_1)) (- Y_1 {float(abs(bounds[2]))})))"
    )
    Path("p.vnnlib").write_text(f"{BOX}(assert {cases})")
    assert run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx").exit_code == 0
    before = verdict("n.onnx", "p.vnnlib")
    assert before != "undecided"
    assert verdict("s.onnx", "s.vnnlib") == before


def test_the_certificate_is_replayed_on_a_box_around_several_parts(run: Invoke) -> None:
    model("n.onnx", 3)
    parts = " ".join(
        f"(and (>= X_0 {low}) (<= X_0 {low + 0.25}) (>= X_1 0) (<= X_1 {low + 0.5}) (>= Y_0 9))"
        for low in (0.0, 0.5)
    )
    Path("p.vnnlib").write_text(f"(assert (or {parts}))")
    done = run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx", "--certificate", "c")
    assert done.exit_code == 0
    assert "equal on a box around its domains" in done.output
    assert (
        read_property(Path("s.vnnlib"), 2, 2).parts == read_property(Path("p.vnnlib"), 2, 2).parts
    )
    for file in ("p.vnnlib", "s.vnnlib"):
        again = run("check", "n.onnx", "c", "--property", file, "--result", "s.onnx")
        assert again.exit_code == 0
        assert "holds: A and B are equal on the whole domain" in again.output
        assert "domain: [0, 3/4] x [0, 1]" in again.output
    model("other.onnx", 4)
    assert (
        run("check", "other.onnx", "c", "--property", "p.vnnlib", "--result", "s.onnx").exit_code
        == 1
    )


THIRDS = (
    "input x[2] in [0, 1]\nh = relu([[1/3, 1], [1, -1/7]] @ x - [1/9, 2])\noutput [[1, 1/3]] @ h"
)


def test_rounded_weights_move_the_property_outward(run: Invoke) -> None:
    Path("n.relu").write_text(THIRDS)
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 1.25))")
    done = run(
        "reduce", "n.relu", "p.vnnlib", "-o", "s.onnx", "--json", "j.json", "--certificate", "c"
    )
    assert done.exit_code == 0
    assert '"holds" carries over to the source; a counterexample must be tried' in done.output
    guarantee = told("j.json")["guarantee"]
    assert (guarantee["verdict"], guarantee["floats"]) == ("holds", "float64")
    ((condition,),) = read_property(Path("s.vnnlib"), 2, 1).parts[0].cases
    (moved,) = (F(v) for v in guarantee["moved"])
    assert 0 < moved < F(1, 10**9)
    assert condition.bound == F(-5, 4) + moved
    again = run("check", "n.relu", "c", "--property", "p.vnnlib", "--result", "s.onnx")
    assert again.exit_code == 0
    assert verdict("s.onnx", "s.vnnlib") == verdict("n.relu", "p.vnnlib") == "holds"
    exact, found = load("n.relu").network, load("s.onnx").network
    points = sample_points(read_property(Path("p.vnnlib"), 2, 1).parts[0].domain, 50, 0)
    pairs = zip(evaluate_points(exact, points), evaluate_points(found, points), strict=True)
    assert all(abs(a - b) <= moved for (a,), (b,) in pairs)


@pytest.mark.parametrize(
    ("is_short", "verdict", "carried"),
    [
        (True, "same", "the same verdict"),
        (False, "holds", 'numbers rounded to it, so that only "holds" carries over'),
    ],
    ids=["numbers of 8 bits", "numbers of 24 bits"],
)
def test_every_rewrite_leaves_fewer_units(
    run: Invoke, is_short: bool, verdict: str, carried: str
) -> None:
    model("n.onnx", 1, widths=(2, 12, 10, 8, 1))
    if not is_short:
        Path("n.onnx").write_bytes(onnx_bytes(float_network(1, 2, 10, 8, 1)))
    box = "(>= X_0 0.4) (<= X_0 0.6) (>= X_1 0.4) (<= X_1 0.6)"
    Path("p.vnnlib").write_text(f"(assert (and {box} (>= Y_0 1000)))")
    exact = run("reduce", "n.onnx", "p.vnnlib", "-o", "e.onnx", "--json", "e.json")
    arguments = ["-o", "s.onnx", "--rewrites", "all", "--json", "j.json", "--certificate", "c"]
    done = run("reduce", "n.onnx", "p.vnnlib", *arguments)
    assert (exact.exit_code, done.exit_code) == (0, 0)
    first, second = told("e.json"), told("j.json")
    units = second["after"]["units"]
    assert first["guarantee"]["units_of_all_rewrites"] == units < first["after"]["units"]
    assert f"--rewrites all would leave {units} units, in float64, with {carried}" in exact.output
    assert first["guarantee"]["verdict"] == "same"
    assert second["guarantee"]["verdict"] == verdict
    assert second["guarantee"]["units_of_all_rewrites"] is None
    assert (
        run("check", "n.onnx", "c", "--property", "p.vnnlib", "--result", "s.onnx").exit_code == 0
    )
    moved = max((F(v) for v in second["guarantee"]["moved"]), default=F(0))
    source, found = load("n.onnx").network, load("s.onnx").network
    points = sample_points(read_property(Path("p.vnnlib"), 2, 1).parts[0].domain, 50, 0)
    pairs = zip(evaluate_points(source, points), evaluate_points(found, points), strict=True)
    assert max(abs(a - b) for (a,), (b,) in pairs) <= moved < F(1, 10**12)


def test_a_note_says_that_convolutions_are_written_dense(run: Invoke) -> None:
    value, rng = helper.make_tensor_value_info, np.random.default_rng(0)
    kernel, dense = ((rng.integers(-9, 10, shape) / 8) for shape in ((1, 1, 2, 1), (1, 1)))
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Flatten", ["h"], ["v"]),
        helper.make_node("MatMul", ["v", "w"], ["y"]),
    ]
    tensors = [
        numpy_helper.from_array(kernel.astype(np.float32), "k"),
        numpy_helper.from_array(dense.astype(np.float32), "w"),
    ]
    x, y = (value(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 1, 2, 1]), ("y", [1, 1])))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), "n.onnx")
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 4))")
    done = run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx")
    assert done.exit_code == 0, done.output
    assert "note: convolutions are written as dense layers" in done.output


def test_an_end_without_a_decimal_form_makes_the_domain_larger(run: Invoke) -> None:
    model("n.onnx", 1)
    Path("p.vnnlib").write_text(BOX.replace("X_1 1", "X_1 (/ 1 3)") + "(assert (>= Y_0 4))")
    done = run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx", "--certificate", "c")
    assert done.exit_code == 0
    assert "ends of inputs without a decimal form are moved outward" in done.output
    (part,) = read_property(Path("s.vnnlib"), 2, 2).parts
    assert part.domain.upper[1] is not None
    assert 0 < part.domain.upper[1] - F(1, 3) < F(1, 10**16)
    again = run("check", "n.onnx", "c", "--property", "p.vnnlib")
    assert again.exit_code == 2
    assert "c is about two networks and does not prove p.vnnlib" in again.output
    again = run("check", "n.onnx", "c", "--property", "p.vnnlib", "--result", "s.onnx")
    assert again.exit_code == 0


def scaled(times: int) -> None:
    """n.onnx with its input multiplied by 1.1 (a float32) so often, before the first layer."""
    model("n.onnx", 1)
    made = onnx.load("n.onnx")
    factor = np.array(1.1, np.float32)
    made.graph.initializer.append(numpy_helper.from_array(factor, "factor"))
    names = ["x", *(f"s{k}" for k in range(times))]
    for k, (source, target) in enumerate(pairwise(names)):
        made.graph.node.insert(k, helper.make_node("Mul", [source, "factor"], [target]))
    made.graph.node[times].input[0] = names[-1]
    onnx.save(made, "n.onnx")


@pytest.mark.parametrize(("times", "carried"), [(1, "same"), (3, "holds")])
def test_weights_in_float64_keep_the_names_types_and_shapes(
    run: Invoke, times: int, carried: str
) -> None:
    scaled(times)
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 (+ Y_1 5)))")
    arguments = ["n.onnx", "p.vnnlib", "-o", "s.onnx", "--json", "j.json", "--certificate", "c"]
    assert run("reduce", *arguments).exit_code == 0
    guarantee = told("j.json")["guarantee"]
    assert (guarantee["floats"], guarantee["verdict"]) == ("float64", carried)
    one, other = onnx.load("n.onnx").graph, onnx.load("s.onnx").graph
    assert list(one.input) == list(other.input)
    assert list(one.output) == list(other.output)
    again = run("check", "n.onnx", "c", "--property", "p.vnnlib", "--result", "s.onnx")
    assert again.exit_code == 0


def test_names_stay_data(run: Invoke) -> None:
    model("n.onnx", 1, inputs="x\n(assert (<= Y_0 -99))\té")
    file = "a;b (assert) é.vnnlib"
    Path(file).write_text(f"{BOX}(assert (>= Y_0 4))")
    Path("out;(x").mkdir()
    done = run("reduce", "n.onnx", file, "-o", "out;(x/s\n(exit).onnx")
    assert done.exit_code == 0
    (written,) = Path("out;(x").glob("*.vnnlib")
    text = written.read_text(encoding="ascii")
    assert text.count("(assert") == 5
    assert read_property(written, 2, 2).parts == read_property(Path(file), 2, 2).parts


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["n.onnx", "p.vnnlib", "-o", "s.relu"], "other verifiers read ONNX; give a name that"),
        (["n.onnx", "p.vnnlib", "-o", "n.onnx"], "n.onnx"),
        (["n.onnx", "p.vnnlib", "-o", "p.onnx"], "p.vnnlib"),
        (["n.onnx", "never.vnnlib", "-o", "s.onnx"], "holds of every network: no case of it"),
        (["free.relu", "open.vnnlib", "-o", "s.onnx"], "does not bound every input"),
        (["large.relu", "p.vnnlib", "-o", "s.onnx"], "beyond the range of float64"),
        (["tail.onnx", "p.vnnlib", "-o", "s.onnx"], "(Softmax), and a property is about what"),
    ],
)
def test_what_is_refused(run: Invoke, arguments: list[str], said: str) -> None:
    model("n.onnx", 1)
    Path("free.relu").write_text(THIRDS)
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 4))")
    Path("large.relu").write_text(f"input x[2]\noutput relu({10**400}*x)\n")
    Path("never.vnnlib").write_text(f"{BOX}(assert (>= 0 1))")
    Path("open.vnnlib").write_text("(assert (and (>= X_0 0) (>= X_1 0) (<= X_1 1) (>= Y_0 4)))")
    tail = onnx.load("n.onnx")
    tail.graph.node.append(helper.make_node("Softmax", ["out"], ["soft"], axis=1))
    tail.graph.output[0].name = "soft"
    onnx.save(tail, "tail.onnx")
    before = Path("n.onnx").read_bytes(), Path("p.vnnlib").read_bytes()
    done = run("reduce", *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert (Path("n.onnx").read_bytes(), Path("p.vnnlib").read_bytes()) == before
    assert not Path("s.onnx").exists()
    if "tail.onnx" in arguments:
        assert run("reduce", *arguments, "--until", "out").exit_code == 0


def test_a_note_says_where_an_operator_comes_in(run: Invoke) -> None:
    Path("n.relu").write_text("input x[1]\noutput [[1, -1/4]] @ relu([[1], [-1]] @ x)\n")
    Path("p.vnnlib").write_text("(assert (and (>= X_0 -1) (<= X_0 1) (>= Y_0 2)))")
    done = run("reduce", "n.relu", "p.vnnlib", "-o", "s.onnx")
    assert done.exit_code == 0
    assert "written as LeakyRelu, which not every verifier reads" in done.output
    assert "LeakyRelu" in [node.op_type for node in onnx.load("s.onnx").graph.node]


def test_nothing_is_written_where_the_time_is_up(run: Invoke) -> None:
    model("n.onnx", 1)
    Path("p.vnnlib").write_text(f"{BOX}(assert (>= Y_0 4))")
    done = run("reduce", "n.onnx", "p.vnnlib", "-o", "s.onnx", "--time-limit", "0")
    assert done.exit_code in (0, 3)  # 3: cut off, perhaps with what was proved by then
    assert Path("s.onnx").exists() == Path("s.vnnlib").exists()
    assert Path("s.onnx").exists() == ("wrote s.vnnlib" in done.output)
