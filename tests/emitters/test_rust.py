"""Emitted Rust: compiled without warnings in a crate without std, run, and compared exactly."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emitters.test_tails import WHOLE, assert_near, of_the_model, read
from onnx_models import array
from rectifold.bounds.code_error import code_error
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.choice import Choice, choice_of
from rectifold.emitters.header import Origin
from rectifold.emitters.rust import rust_code
from rectifold.emitters.table import drop_in_format, emit
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.tail import Step, Tail
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from support import MANY_PARAMETERS, float_network, net, points_of, random_network

RUSTC = shutil.which("rustc") or shutil.which("rustc", path=str(Path.home() / ".cargo" / "bin"))
needs_rust = pytest.mark.skipif(RUSTC is None, reason="Rust is not installed")
PRECISIONS = ("float32", "mixed", "float64")
MAIN = """
fn {name}() {{
    for words in [{points}] as [[u64; {name}::INPUTS]; {count}] {{
        let x = words.map(|word| f64::from_bits(word) as {name}::Real);
        let mut y = [7.0; {name}::OUTPUTS];
        let answer = {name}::evaluate(&x, &mut y);
        let values: Vec<String> = y.iter().map(|&v| f64::from(v).to_bits().to_string()).collect();
        println!("{{answer:?}};{{}}", values.join(","));
    }}
}}
"""
PREDICT = (
    MAIN.replace("evaluate", "predict")
    .replace("[7.0; {name}::OUTPUTS]", "[7_i64; {name}::PREDICTED]")
    .replace("f64::from(v).to_bits()", "v")
)
Points = Sequence[Sequence[float]]
Answer = tuple[str, list[float]]  # Ok(()) or why not, and the outputs
Parse = Callable[[str], Answer]


def emitted(network: Network, path: Path, precision: str = "float64") -> None:
    bound = None
    if network.domain is not None:
        bound = tuple(code_error(network, network.domain, None, precision).tolist())
    origin = Origin(digest(network), network.sizes, bound, precision=precision)
    write_artifact(rust_code(network, origin, path.name), path, force=True)


def compiled(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What rustc says of a crate in the folder, which it may write to."""
    assert RUSTC is not None
    command = [RUSTC, "--edition", "2021", "-C", "opt-level=1", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def self_tests(folder: Path) -> str:
    """What the tests of the modules say."""
    command = [str(folder / "self_test")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def answers(
    folder: Path, asked: Mapping[str, Points], main: str = MAIN, parse: Parse | None = None
) -> list[Answer]:
    """Ok(()) or why not, and y, of each module at its points; the crate is built without std, and
    its modules test themselves.
    """
    modules = "".join(f"pub mod {name};\n" for name in asked)
    (folder / "nets.rs").write_text(f"#![no_std]\n#![deny(warnings)]\n{modules}")
    calls = "".join(f"    {name}();\n" for name in asked)
    functions = "".join(
        main.format(
            name=name,
            count=len(points),
            points=", ".join(f"[{', '.join(str(_bits(v)) for v in x)}]" for x in points),
        )
        for name, points in asked.items()
    )
    uses = "".join(f"use nets::{name};\n" for name in asked)
    (folder / "main.rs").write_text(f"{uses}{functions}fn main() {{\n{calls}}}\n")
    for arguments in (
        ["--crate-type", "rlib", "nets.rs"],
        ["--test", "nets.rs", "-o", "self_test"],
        ["main.rs", "--extern", "nets=libnets.rlib"],
    ):
        run = compiled(folder, *arguments)
        assert run.returncode == 0, run.stderr
        assert "warning" not in run.stderr
    assert f"test result: ok. {len(asked)} passed" in self_tests(folder)
    lines = subprocess.run([str(folder / "main")], capture_output=True, text=True, check=True)
    return [(parse or _answer)(line) for line in lines.stdout.splitlines()]


def _bits(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def _answer(line: str) -> Answer:
    said, _, words = line.partition(";")
    values = [struct.unpack("<d", struct.pack("<Q", int(w)))[0] for w in words.split(",") if w]
    return said, values


@needs_rust
def test_outputs_stay_within_the_certified_bound(tmp_path: Path) -> None:
    asked: dict[str, Points] = {}
    wanted: list[tuple[list[Fraction], list[float]]] = []
    for seed in range(12):
        precision = PRECISIONS[seed % 3]
        network = random_network(seed) if seed % 2 else float_network(seed, 3, 8, 6, 2)
        assert network.domain is not None
        emitted(network, tmp_path / f"net{seed}.rs", precision)
        bound = code_error(network, network.domain, None, precision).tolist()
        kind = np.float32 if precision == "float32" else np.float64
        points = [[float(kind(float(v))) for v in x] for x in points_of(network.domain, 10, seed)]
        asked[f"net{seed}"] = points
        wanted += [(evaluate(network, list(map(Fraction, x))), bound) for x in points]
    for (said, got), (exact, bound) in zip(answers(tmp_path, asked), wanted, strict=True):
        assert said == "Ok(())"
        for value, want, allowed in zip(got, exact, bound, strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


@needs_rust
def test_refused_points_leave_the_outputs_alone(tmp_path: Path) -> None:
    network = net("input x[2] in [[1/10, 1], [0, 3/10]]\nassume x[0] + x[1] <= 3/10\noutput 2*x")
    emitted(network, tmp_path / "double.rs")
    emitted(network, tmp_path / "single.rs", "float32")
    single = [float(np.float32(v)) for v in (0.1, 0.2, 0.21)]
    asked: dict[str, list[tuple[list[float], str]]] = {
        "double": [
            ([0.1, 0.2], "Ok(())"),  # typed decimals count as what they mean
            ([0.1, 0.2 + 1e-16], "Err(Violated(0))"),
            ([0.09999999999999999, 0.2], "Err(Outside(0))"),
            ([0.1, 1.0], "Err(Outside(1))"),
            ([float("nan"), 0.2], "Err(NotFinite(0))"),
            ([0.1, float("inf")], "Err(NotFinite(1))"),
            ([0.1, float("-inf")], "Err(NotFinite(1))"),
        ],
        "single": [(single[:2], "Ok(())"), ([single[0], single[2]], "Err(Violated(0))")],
    }
    points = {name: [x for x, _ in rows] for name, rows in asked.items()}
    expected = [want for rows in asked.values() for _, want in rows]
    found = answers(tmp_path, points)
    assert [said for said, _ in found] == expected
    assert found[0][1] == [0.2, 0.4]
    assert all(y == [7.0, 7.0] for said, y in found if said != "Ok(())")


@needs_rust
def test_constraints_are_exact_at_any_magnitude(tmp_path: Path) -> None:
    rows = (
        Constraint((Fraction(1), Fraction(1, 3**40)), Fraction(1)),
        Constraint((Fraction(10) ** 320, Fraction(-1, 7)), Fraction(10) ** 330),
    )
    domain = Domain((None, None), (None, None), rows)
    matrix = Matrix.from_fractions([[Fraction(1), Fraction(1)]])
    layer = Layer("y", "linear", Matrix.column([Fraction(0)]), {"x": matrix})
    emitted(Network("x", 2, [layer], "y", domain), tmp_path / "net.rs")
    points = [
        [1.0, -1e-300],
        [1.0, 1e-300],
        [1.0, 1e4],
        [5e-324, 0.0],
        [-1e308, 1e300],
        [1e10, 1.0],
    ]
    found = answers(tmp_path, {"net": points})
    for (said, _), x in zip(found, points, strict=True):
        exact = [Fraction(v) for v in x]
        holds = [
            sum(c * v - abs(c * v) / 2**53 for c, v in zip(row.coefficients, exact, strict=True))
            <= row.bound
            for row in rows
        ]
        assert said == ("Ok(())" if all(holds) else f"Err(Violated({holds.index(False)}))")


@needs_rust
def test_layers_without_units_inputs_or_readers_are_no_warnings(tmp_path: Path) -> None:
    one = Matrix.column([Fraction(1)])
    empty = Layer("e", "relu", Matrix.zeros(0, 1), {"x": Matrix.zeros(0, 2)})
    unread = Layer("u", "linear", one, {"x": Matrix.zeros(1, 2)})
    last = Layer("y", "linear", one, {"e": Matrix.zeros(1, 0)})
    emitted(Network("x", 2, [empty, unread, last], "y", Domain.cube(0, 1, 2)), tmp_path / "a.rs")
    constant = Layer("y", "linear", Matrix.column([Fraction(-3)]), {})
    emitted(Network("x", 0, [constant], "y", Domain((), ())), tmp_path / "b.rs")
    found = answers(tmp_path, {"a": [[0.0, 0.5]], "b": [[]]})
    assert found == [("Ok(())", [1.0]), ("Ok(())", [-3.0])]


@needs_rust
def test_many_weights_lie_beside_and_belong_to_their_source(tmp_path: Path) -> None:
    network = float_network(0, *MANY_PARAMETERS)
    emitted(network, tmp_path / "net.rs", "mixed")
    weights = tmp_path / "net_weights.bin"
    assert weights.stat().st_size == 32 + 4 * network.parameters
    (tmp_path / "lib.rs").write_text("#![no_std]\n#![deny(warnings)]\npub mod net;\n")
    arguments = ["--test", "lib.rs", "-o", "self_test"]
    run = compiled(tmp_path, *arguments)
    assert run.returncode == 0, run.stderr
    assert "test result: ok. 2 passed" in self_tests(tmp_path)
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert compiled(tmp_path, *arguments).returncode == 0
    assert "the_weights_are_intact" in self_tests(tmp_path).partition("failures:")[2]
    other = tmp_path / "other"
    other.mkdir()
    emitted(float_network(1, *MANY_PARAMETERS), other / "net.rs", "mixed")
    for wrong in (data[:-4], (other / "net_weights.bin").read_bytes()):
        weights.write_bytes(wrong)
        run = compiled(tmp_path, *arguments)
        assert run.returncode != 0
        assert "the weights beside this file are not its own; emit both again" in run.stderr


def test_a_file_name_that_the_code_cannot_say_is_refused_where_it_must(tmp_path: Path) -> None:
    network = float_network(0, *MANY_PARAMETERS)
    for stem in ('q"; fn', "a\\", "\u00e9", "-", "a b"):
        with pytest.raises(InputError, match="choose a name of letters, digits and _"):
            emit(network, tmp_path / f"{stem}.rs")
    assert os.listdir(tmp_path) == []


@needs_rust
def test_nothing_of_the_networks_text_reaches_code(tmp_path: Path) -> None:
    text = "input x[1] in [0, 1]\nfoul = relu(x - 1/2)\noutput foul"
    network = net(text).renamed("net", '*/ \n foul!(); "#" \\ \u202e //! foul')
    emitted(network, tmp_path / "net.rs")
    code = [v for v in (tmp_path / "net.rs").read_text("ascii").splitlines() if v[:3] != "//!"]
    assert "foul" not in "\n".join(code)
    assert answers(tmp_path, {"net": [[1.0]]}) == [("Ok(())", [0.5])]


@needs_rust
def test_a_choice_among_outputs_is_what_the_model_chooses(tmp_path: Path) -> None:
    x = array(20, 2).astype(np.float64)
    asked: dict[str, Points] = {}
    for k, title in enumerate(WHOLE):
        _, network, interface = read(title)
        origin = Origin(digest(network), network.sizes, interface=interface)
        code = rust_code(network, origin, f"net{k}.rs").main.decode("ascii")
        (tmp_path / f"net{k}.rs").write_text(code)
        asked[f"net{k}"] = x.tolist()
    before = answers(tmp_path, asked)
    found = answers(tmp_path, asked, main=PREDICT, parse=_whole)
    for k, title in enumerate(WHOLE):
        model, _, interface = read(title)
        ours, ends = (
            np.array([y for _, y in rows[k * len(x) : (k + 1) * len(x)]])
            for rows in (before, found)
        )
        assert_near(ends, ours, of_the_model(model, interface, x), whole=True)


def _whole(line: str) -> Answer:
    said, _, words = line.partition(";")
    return said, [float(word) for word in words.split(",")]


@pytest.mark.parametrize("title", ["softmax", "sigmoid", "two classes", "log softmax"])
def test_a_tail_that_is_no_choice_is_refused_with_the_remedy(title: str) -> None:
    _, _, interface = read(title)
    with pytest.raises(
        InputError,
        match="code without a math library cannot hold the model's tail .*the choice of a class",
    ):
        drop_in_format("rust", interface)


CHOICES = {
    "argmin of groups": (
        [Step("softmax", 2, 3, 4), Step("argmin", 2, 3, 4)],
        Choice(Step("argmin", 2, 3, 4), ()),
    ),
    "softmax over other groups": ([Step("softmax", 1, 6, 4), Step("argmax", 2, 3, 4)], None),
    "sigmoid of each": (
        [Step("sigmoid", 1, 6, 1), Step("argmax", 1, 6, 1), Step("label", 1, 1, 1, (4, 9))],
        Choice(Step("argmax", 1, 6, 1), (4, 9)),
    ),
    "two classes": (
        [Step("sigmoid", 1, 1, 1), Step("both_classes", 1, 1, 1), Step("argmax", 1, 2, 1)],
        Choice(None, ()),
    ),
    "the less likely of two classes": (
        [Step("sigmoid", 1, 1, 1), Step("both_classes", 1, 1, 1), Step("argmin", 1, 2, 1)],
        None,
    ),
    "no choice": ([Step("argmax", 1, 6, 1), Step("softmax", 1, 1, 1)], None),
    "labels of nothing chosen": ([Step("label", 1, 1, 1, (4, 9))], None),
}


@pytest.mark.parametrize("title", CHOICES)
def test_choices_that_need_no_exp(title: str) -> None:
    steps, wanted = CHOICES[title]
    assert choice_of(Tail("y", tuple(steps), ("Some",))) == wanted
