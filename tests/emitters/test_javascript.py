"""Emitted JavaScript, run by Node and compared with exact evaluation: values, checks, tails."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emitters.test_tails import TAILS, WHOLE, assert_near, of_the_model, read
from onnx_models import array
from rectifold.bounds.code_error import code_error
from rectifold.emitters.header import Origin
from rectifold.emitters.javascript import javascript_code
from rectifold.emitters.table import emit, format_for, suffix_note
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.interface import Interface
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from support import MANY_PARAMETERS, float_network, net, points_of, random_network

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")
DRIVER = """
import { readFileSync } from "node:fs";
for (const [file, call, inputs] of JSON.parse(readFileSync(0, "utf8"))) {
  const module = await import(file);
  for (const x of inputs) {
    let line;
    try {
      const answer = module[call](...x);
      line = typeof answer === "number" ? answer : Array.from(answer);
    } catch (error) {
      line = `${error.name}: ${error.message}`;
    }
    console.log(JSON.stringify(line));
  }
}
"""
Call = tuple[Path, str, Sequence[Sequence[Any]]]  # module, function, and its arguments time by time


def answers(calls: Sequence[Call], folder: Path) -> list[Any]:
    """What the functions give or throw, one after the other, of one run of Node."""
    assert NODE is not None
    driver = folder / "driver.mjs"
    driver.write_text(DRIVER, encoding="ascii")
    asked = json.dumps([[path.as_uri(), call, list(inputs)] for path, call, inputs in calls])
    run = subprocess.run(
        [NODE, str(driver)], input=asked, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def emitted(
    network: Network, path: Path, precision: str = "float64", interface: Interface | None = None
) -> Path:
    bound = None
    if network.domain is not None:
        bound = tuple(code_error(network, network.domain, None, precision).tolist())
    origin = Origin(digest(network), network.sizes, bound, precision=precision, interface=interface)
    path.write_bytes(javascript_code(network, origin, path.name).main)
    return path


@needs_node
@pytest.mark.parametrize("precision", ["float64", "mixed"])
def test_outputs_stay_within_the_certified_bound(precision: str, tmp_path: Path) -> None:
    calls: list[Call] = []
    wanted: list[tuple[list[Fraction], list[float]]] = []
    for seed in range(16):
        network = random_network(seed) if seed % 2 else float_network(seed, 3, 8, 6, 2)
        assert network.domain is not None
        path = emitted(network, tmp_path / f"net{seed}.mjs", precision)
        bound = code_error(network, network.domain, None, precision).tolist()
        points = [[float(v) for v in x] for x in points_of(network.domain, 10, seed)]
        calls += [(path, "selfTest", [[]]), (path, "evaluate", [[x] for x in points])]
        wanted += [(evaluate(network, list(map(Fraction, x))), bound) for x in points]
    found = answers(calls, tmp_path)
    assert [v for v in found if not isinstance(v, list)] == [5] * 16
    for got, (exact, bound) in zip([v for v in found if isinstance(v, list)], wanted, strict=True):
        for value, want, allowed in zip(got, exact, bound, strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


@needs_node
def test_input_checks(tmp_path: Path) -> None:
    network = net("input x[2] in [[1/10, 1], [0, 3/10]]\nassume x[0] + x[1] <= 3/10\noutput 2*x")
    path = emitted(network, tmp_path / "net.mjs")
    asked: list[tuple[list[Any], Any]] = [
        ([[0.1, 0.2]], [0.2, 0.4]),  # typed decimals count as what they mean
        ([[0.1, 0.2 + 1e-16]], "RangeError: [0.1,0.20000000000000012] violates"),
        ([[0.09999999999999999, 0.2]], "RangeError: input 0 = 0.09999999999999999 is outside the"),
        ([[0.1, 1]], "RangeError: input 1 = 1 is outside the domain [0, 0.3]"),
        ([[0.1]], "RangeError: expected 2 inputs, got 1"),
        (["ab"], "TypeError: input 0 is a string, not a number"),
        ([{"0": 1}], "RangeError: expected 2 inputs, got undefined"),
        ([None], "RangeError: expected 2 inputs, got undefined"),
        ([], "RangeError: expected 2 inputs, got undefined"),
        ([["0.1", "0.2"]], "TypeError: input 0 is a string, not a number"),
        ([[0.1, None]], "TypeError: input 1 is a object, not a number"),
        ([[0.1, 0.2], [0]], "RangeError: expected 2 places, got 1"),
        ([[0.1, 0.2], [0, 0]], [0.2, 0.4]),
    ]
    found = answers([(path, "evaluate", [arguments for arguments, _ in asked])], tmp_path)
    for got, (_, want) in zip(found, asked, strict=True):
        assert str(got).startswith(want) if isinstance(want, str) else got == want, (got, want)


@needs_node
def test_what_is_no_finite_number_is_refused_and_outputs_are_left_alone(tmp_path: Path) -> None:
    assert NODE is not None
    path = emitted(net("input x[1]\noutput relu(x)"), tmp_path / "net.mjs")
    script = f"""
import {{ evaluate }} from "{path.as_uri()}";
const y = new Float64Array([7]);
for (const v of [NaN, Infinity, -Infinity]) {{
  try {{ evaluate([v], y); }} catch (error) {{ console.log(error.message, y[0]); }}
}}
const x = new Float64Array([3]);
console.log(evaluate(x, x) === x, x[0]);
"""
    (tmp_path / "script.mjs").write_text(script)
    run = subprocess.run(
        [NODE, str(tmp_path / "script.mjs")], capture_output=True, text=True, check=True
    )
    assert run.stdout == "input 0 is not finite 7\n" * 3 + "true 3\n"


@needs_node
def test_constraints_are_exact_at_any_magnitude(tmp_path: Path) -> None:
    rows = (
        Constraint((Fraction(1), Fraction(1, 3**40)), Fraction(1)),
        Constraint((Fraction(10) ** 320, Fraction(-1, 7)), Fraction(10) ** 330),
    )
    domain = Domain((None, None), (None, None), rows)
    matrix = Matrix.from_fractions([[Fraction(1), Fraction(1)]])
    layer = Layer("y", "linear", Matrix.column([Fraction(0)]), {"x": matrix})
    path = emitted(Network("x", 2, [layer], "y", domain), tmp_path / "net.mjs")
    points = [[1.0, -1e-300], [1.0, 1e-300], [1.0, 1e4], [5e-324, 0.0], [-1e308, 1e300], [1e8, 0.0]]
    found = answers([(path, "evaluate", [[x] for x in points])], tmp_path)
    for got, x in zip(found, points, strict=True):
        exact = [Fraction(v) for v in x]
        slack = [
            Fraction(sum(abs(c * v) for c, v in zip(row.coefficients, exact, strict=True)), 2**53)
            for row in rows
        ]
        holds = all(
            Constraint(row.coefficients, row.bound + more).holds_at(exact)
            for row, more in zip(rows, slack, strict=True)
        )
        assert isinstance(got, list) == holds, x


@needs_node
def test_the_self_test_finds_a_wrong_weight(tmp_path: Path) -> None:
    path = emitted(net("input x[1] in [0, 1]\noutput relu(2*x + 1)"), tmp_path / "net.mjs")
    text = path.read_text()
    assert "AAAAAAAAAEAAAAAAAADwPw==" in text  # 2 and 1
    path.write_text(text.replace("AAAAAAAAAEAAAAAAAADwPw==", "AAAAAAAACEAAAAAAAADwPw=="))
    (found,) = answers([(path, "selfTest", [[]])], tmp_path)
    assert found.startswith("Error: self-test failed at point 0, output 0: off by ")


@needs_node
def test_many_weights_stand_in_the_module_too(tmp_path: Path) -> None:
    network = float_network(0, *MANY_PARAMETERS)
    (path,) = emit(network, tmp_path / "net.mjs")
    assert path.stat().st_size < 11 * network.parameters + 10_000
    assert answers([(path, "selfTest", [[]])], tmp_path) == [5]


@needs_node
@pytest.mark.parametrize("whole", [False, True])
def test_predicts_what_the_model_gives(whole: bool, tmp_path: Path) -> None:
    titles = [title for title in TAILS if (title in WHOLE) == whole]
    x = array(20, 2).astype(np.float64)
    calls: list[Call] = []
    for k, title in enumerate(titles):
        _, network, interface = read(title)
        path = emitted(network, tmp_path / f"net{k}.mjs", interface=interface)
        calls += [(path, call, [[p] for p in x.tolist()]) for call in ("evaluate", "predict")]
    found = answers(calls, tmp_path)
    for k, title in enumerate(titles):
        model, _, interface = read(title)
        ours, ends = (
            np.array(found[start : start + len(x)], dtype=np.float64)
            for start in (2 * k * len(x), (2 * k + 1) * len(x))
        )
        assert_near(ends, ours, of_the_model(model, interface, x), whole=whole)


def test_suffixes_choose_it() -> None:
    assert format_for(Path("a.js"), None) == format_for(Path("a.mjs"), None) == "js"
    assert suffix_note(Path("a.mjs"), "js") is None
    assert (
        suffix_note(Path("a.mjs"), "c")
        == "a.mjs is written as c (to=), although its suffix says js"
    )


@needs_node
@pytest.mark.parametrize("stem", ["a*/b", "`${process.exit(3)}`", "a\nb", 'q";x', "\u00e9"])
def test_nothing_of_names_reaches_code(stem: str, tmp_path: Path) -> None:
    text = "input x[1] in [0, 1]\nprocess = relu(x - 1/2)\noutput process"
    network = net(text).renamed("net", "*/ process.exit(3); /* \u2028 `${process}` \\")
    stem = stem.replace("/", "\u2215")
    path = emitted(network, tmp_path / f"{stem}.mjs")
    source = path.read_text("ascii")
    assert source.count("*/") == source.count("/*")
    assert "process" not in source[source.index("*/") :]
    assert answers([(path, "selfTest", [[]])], tmp_path) == [5]


@pytest.mark.parametrize(("precision", "weight"), [("float64", "1e400"), ("mixed", "1e39")])
def test_weights_beyond_the_range_are_refused(precision: str, weight: str, tmp_path: Path) -> None:
    network = net(f"input x[1]\noutput {weight}*x")
    with pytest.raises(InputError, match="beyond the range of float"):
        emitted(network, tmp_path / "net.mjs", precision)
