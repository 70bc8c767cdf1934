"""The language: meaning of each construct, the printed form, and every kind of error with several
bad programs.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from rectifold.language.elaborate import parse, parse_box
from rectifold.language.printer import print_network
from rectifold.language.source import SourceError
from support import net, random_network

F = Fraction


@pytest.mark.parametrize(
    ("expression", "point", "value"),
    [
        ("relu(x[0]) - relu(-x[0])", ["-3", "0"], ["-3"]),
        ("abs(x)", ["-3", "2"], ["3", "2"]),
        ("max(x[0], x[1], 1)", ["-3", "2"], ["2"]),
        ("min(x, 1/2)", ["-3", "2"], ["-3", "1/2"]),
        ("clip(x, -1, 1)", ["-3", "1/3"], ["-1", "1/3"]),
        ("leaky_relu(x, 0.1)", ["-3", "2"], ["-3/10", "2"]),
        ("hard_sigmoid(x)", ["-4", "1"], ["0", "2/3"]),
        ("hard_sigmoid(x, 1/2)", ["1/2", "-9"], ["3/4", "0"]),
        ("hard_sigmoid(x, -1, 1/4)", ["-3", "1/8"], ["1", "1/8"]),
        ("concat(x, 5, x[1])", ["1", "2"], ["1", "2", "5", "2"]),
        ("[[1, 2], [3, 4]] @ x + [1, -1]", ["1", "2"], ["6", "10"]),
        ("x @ [[1, 2], [3, 4]]", ["1", "2"], ["7", "10"]),
        ("[1, 2] @ x", ["1", "2"], ["5"]),
        ("x @ [1, 2]", ["1", "2"], ["5"]),
        ("[1, 2] * x / 2", ["1", "2"], ["1/2", "2"]),
        ("2 * x - x", ["1", "2"], ["1", "2"]),
        ("x[0:1]", ["1", "2"], ["1"]),
        ("x[-1]", ["1", "2"], ["2"]),
        ("x[:] + 1", ["1", "2"], ["2", "3"]),
        ("(ones(2, 2) + eye(2)) @ x", ["1", "2"], ["4", "5"]),
        ("[x[1], 2*x[0], 7]", ["1", "2"], ["2", "2", "7"]),
        ("[[1, 2], [3, 4]][1, 0] * x", ["1", "2"], ["3", "6"]),
        ("[[1, 2], [3, 4]][1] + x", ["1", "2"], ["4", "6"]),
        ("zeros(2) + x", ["1", "2"], ["1", "2"]),
        ("x - 1e-1 + 0x1p-1", ["0", "0"], ["2/5", "2/5"]),
        ("-(-x)", ["1", "2"], ["1", "2"]),
        ("3", ["1", "2"], ["3"]),
        ("[1/3, -1/3]", ["1", "2"], ["1/3", "-1/3"]),
        ("relu(2)", ["1", "2"], ["2"]),
    ],
)
def test_meaning(expression: str, point: list[str], value: list[str]) -> None:
    if expression.startswith("[[1, 2], [3, 4]][") or "eye" in expression:
        expression = expression.replace("[[1, 2], [3, 4]]", "W")
    text = f"input x[2] in [-9, 9]\nconst W = [[1, 2], [3, 4]]\ny = {expression}\noutput y\n"
    network = parse(text)
    assert evaluate(network, [F(v) for v in point]) == [F(v) for v in value]
    assert parse(print_network(network)) == network


def test_a_relu_equation_is_a_relu_layer_of_that_name() -> None:
    network = net("input x[1] in [0, 1]\nh = relu(2*x)\ny = h - 1\noutput y")
    assert [(v.name, v.activation) for v in network.layers] == [("h", "relu"), ("y", "linear")]


def test_domain_and_assumptions() -> None:
    network = net("""
        input x[2] in [[0, 1], [-inf, 1/2]]
        assume 0 <= x[0] + x[1] <= 1
        assume x == [1/4, 1/4]
        output x
    """)
    domain = network.domain
    assert domain is not None
    assert domain.lower == (F(0), None)
    assert domain.upper == (F(1), F(1, 2))
    assert len(domain.constraints) == 6
    assert domain.contains([F(1, 4), F(1, 4)])
    assert not domain.contains([F(1, 4), F(1, 2)])
    assert parse(print_network(network)) == network


def test_assumptions_alone_make_a_domain() -> None:
    network = net("input x[1]\nassume x[0] <= 1\noutput x")
    assert network.domain is not None
    assert network.domain.lower == (None,)


def test_constants_from_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([[1, 2]], dtype=np.float32), b=np.array([3.5]))
    np.save(tmp_path / "v.npy", np.array([1.0, 2.0]))
    text = (
        'input x[2] in [0, 1]\nconst W = load("w.npz", "a")\nconst b = load("w.npz", "b")\ny '
        '= W @ x + b\nz = load("v.npy") @ x\noutput concat(y, z)'
    )
    network = parse(text, folder=tmp_path)
    assert evaluate(network, [F(1), F(1)]) == [F(13, 2), F(3)]


def test_unused_layers_are_left_out() -> None:
    network = net("input x[1] in [0, 1]\nh = relu(x)\nunused = relu(-x)\noutput h")
    assert [v.name for v in network.layers] == ["h"]


def test_generated_names_avoid_the_users_names() -> None:
    network = net("input x[1] in [-1, 1]\ny = abs(x)\ny_abs = 2*y\noutput y_abs")
    assert evaluate(network, [F(-1)]) == [2]


@pytest.mark.parametrize("seed", range(60))
def test_printed_form_reads_back_as_the_same_network(seed: int) -> None:
    network = random_network(seed)
    assert parse(print_network(network)) == network


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(st.one_of(finite.map(F), st.fractions()), min_size=4, max_size=4), st.text(max_size=20)
)
def test_any_numbers_and_titles_survive_printing(values: list[Fraction], title: str) -> None:
    weight, bias = Matrix.from_fractions([values[:2]]), Matrix.column(values[2:3])
    domain = Domain((min(values), None), (max(values), None))
    network = Network("x", 2, [Layer("y", "relu", bias, {"x": weight})], "y", domain, "t", title)
    assert parse(print_network(network)) == network


def test_zero_width_layers_and_no_inputs_survive_printing() -> None:
    empty = Layer("h", "relu", Matrix.zeros(0, 1), {"x": Matrix.zeros(0, 2)})
    out = Layer("y", "linear", Matrix.column([3]), {"h": Matrix.zeros(1, 0)})
    for network in (
        Network("x", 2, [empty, out], "y", Domain.everywhere(2)),
        Network("x", 0, [Layer("y", "linear", Matrix.column([1]), {})], "y", Domain((), ())),
    ):
        assert parse(print_network(network)) == network


BAD = {
    "unclosed bracket": [
        ("input x[2]\nh = relu([1, 2\noutput h\n", "2:10: error: this '[' is never closed"),
        ("input x[2]\nh = relu([1, 2,\noutput h\n", "2:10: error: this '[' is never closed"),
        ("input x[2]\nh = relu(x\nconst c = 3\noutput h\n", "2:9: error: this '(' is never closed"),
        ("input x[1]\ny = ((((x\noutput y", "2:8: error: this '(' is never closed"),
        ("input x[1]\ny = (x[0] + 1\n", "2:5: error: this '(' is never closed"),
    ],
    "missing comma": [
        ("input x[2]\nh = [1 2] @ x\noutput h\n", "2:8: error: a comma is missing before '2'"),
        (
            "input x[2]\nh = [[1, 2] [3, 4]] @ x\noutput h\n",
            "error: a comma is missing after this row",
        ),
        ("input x[2]\nh = concat(x[0] x[1])\noutput h\n", "error: a comma is missing before 'x'"),
        ("input x[2]\nh = [x[0], 2 x[1]]\noutput h\n", "error: a comma is missing before 'x'"),
    ],
    "stray signs": [
        ("input x[2]\nh = x]\noutput h\n", "closes a bracket that was never opened"),
        ("input x[2]\nh = (x]\noutput h\n", "closes nothing; ')' is expected"),
        ("input x[2]\nh = x $ 2\noutput h\n", "2:7: error: '$' does not belong here"),
        ("input x[2]\nh = x ** 2\noutput h\n", "error: powers are not piecewise linear"),
        ("input x[2]\nh = x ^ 2\noutput h\n", "powers are not piecewise linear"),
        ("input x[1]\nassume x[0] \u2264 1\noutput x", "write '<=' or '>='"),
        ("input x[1]\ny = x = 2\noutput y", "'=' does not belong here"),
        ("input x[1]\nfoo bar\noutput x", "a statement begins with a keyword"),
    ],
    "statement ends early": [
        ("input x[1]\ny = x +\noutput y", "the statement ends too early"),
        ("input x[1]\ny =\noutput y", "the statement ends too early"),
        ('input x[1]\ny = "abc\noutput y', "this string is never closed"),
    ],
    "names": [
        ("input x[1]\ny = rellu(x)\noutput y", "help: did you mean 'relu'?"),
        ("input x[1]\nhidden = x\ny = hiden\noutput y", "help: did you mean 'hidden'?"),
        ("input x[1]\ny = x\ny = x\noutput y", "note: 'y' is first defined here"),
        ("input x[1]\nrelu = x\noutput relu", "'relu' is a word of the language"),
        ("input x[1]\ny = relu + 1\noutput y", "'relu' is a function"),
        ("input x[1]\noutput z", "unknown name 'z'"),
        (f"input x[1]\n{'n' * 101} = x\noutput x", "a name of 101 characters"),
        ("network input\ninput x[1]\noutput x", "'input' is a word of the language"),
    ],
    "shapes": [
        ("input x[3]\ny = [[1, 2]] @ x\noutput y", "columns must match: 1x3"),
        (
            "input x[3]\ny = x + [1, 2]\noutput y",
            "a vector of 3 and a vector of 2 do not fit together",
        ),
        (
            "input x[2]\ny = x[0] - [[1, 2], [3, 4]]\noutput y",
            "a number and a 2x2 matrix do not fit together",
        ),
        ("input x[2]\ny = [[1, 2], [3]] @ x\noutput y", "note: the first row has 2"),
        ("input x[2]\ny = x[2]\noutput y", "index 2 is out of range"),
        ("input x[2]\ny = x[1/2]\noutput y", "an index is a whole number"),
        ("input x[2]\ny = x[0][0]\noutput y", "a single number has no entries"),
        ("input x[2]\ny = x[0, 1]\noutput y", "2 indices for a vector of 2"),
        ("input x[2]\noutput [[1, 2], [3, 4]]", "a layer is a vector, this is a 2x2 matrix"),
        ("input x[2]\ny = [x, x]\noutput y", "use concat(a, b)"),
        ("input x[2]\ny = 2 @ x\noutput y", "use '*' with a number"),
        ("input x[2]\ny = concat(ones(2, 2), x)\noutput y", "concat joins numbers and vectors"),
    ],
    "not piecewise linear": [
        ("input x[2]\ny = x[0] * x[1]\noutput y", "not piecewise linear"),
        ("input x[2]\ny = x @ x\noutput y", "not piecewise linear"),
        ("input x[2]\ny = 1 / x[0]\noutput y", "divide by constants only"),
        ("input x[2]\ny = x / 0\noutput y", "division by zero"),
        ("input x[2]\ny = x * [1/0, 1]\noutput y", "division by zero"),
        ("input x[2]\ny = x / [1, 2]\noutput y", "divide by a number"),
    ],
    "functions": [
        ("input x[2]\ny = relu(x, x)\noutput y", "relu needs 1 argument, 2 given"),
        ("input x[2]\ny = max(x)\noutput y", "max needs two arguments or more"),
        ("input x[2]\ny = clip(x, 1, 0)\noutput y", "the lower end is above the upper end"),
        ("input x[2]\ny = clip(x, x[0], 1)\noutput y", "an end of clip must be a constant number"),
        (
            "input x[2]\ny = clip(x, 1)\noutput y",
            "clip needs 3 arguments, 2 given",
        ),
        (
            "input x[2]\ny = hard_sigmoid(x, 1, 1, 1)\noutput y",
            "hard_sigmoid needs 1 to 3 arguments, 4 given",
        ),
        (
            "input x[2]\ny = hard_sigmoid(x, x[0])\noutput y",
            "the slope of hard_sigmoid must be a constant number",
        ),
        (
            "input x[2]\ny = hardsigmoid(x)\noutput y",
            "did you mean 'hard_sigmoid'?",
        ),
        (
            "input x[2]\nhard_sigmoid = relu(x)\noutput hard_sigmoid",
            "'hard_sigmoid' is a word of the language",
        ),
        ("input x[2]\ny = concat()\noutput y", "concat needs an argument"),
        ("input x[2]\ny = zeros(1/2) + x\noutput y", "sizes must be whole numbers"),
        ("input x[2]\ny = zeros(99999999, 99999999) @ x\noutput y", "sizes must be whole numbers"),
        ("input x[2]\ny = zeros(1, 2, 3) @ x\noutput y", "zeros needs 1 or 2 sizes"),
        ('input x[2]\ny = load("w.npz")\noutput y', "load is not possible here"),
        ("input x[2]\ny = load(3)\noutput y", "load needs a file name"),
        ('input x[2]\ny = "text"\noutput y', "a string is only allowed inside load"),
    ],
    "numbers": [
        ("input x[1]\noutput x*1e99999", "exponent 99999 is too large"),
        (f"input x[1]\noutput x*{'1' * 2600}", "2,600 characters"),
        ("input x[1]\noutput x*[1e5000]", "entry 1 of this row: exponent 5000 is too large"),
        ("input x[1]\noutput x*[1/0]", "division by zero"),
    ],
    "input and domain": [
        ("h = 3\noutput h", "the input must come first"),
        ("", "there is no input"),
        ("input x[2]\nh = x\n", "there is no output"),
        ("input x[2]\ninput z[2]\noutput x", "a second input"),
        ("input x[2]\noutput x\noutput x", "a second output"),
        ("input x[1/2]\noutput x", "error: '/' does not belong here"),
        ("input x[99999999999]\noutput x", "is no number of inputs"),
        ("input x[2] in [1, 0]\noutput x", "input 0 has the empty range"),
        ("input x[2] in [0, 1, 2]\noutput x", "a range has two ends, this has 3"),
        ("input x[2] in [[0, 1]]\noutput x", "1 range for 2 inputs"),
        ("input x[2] in [inf, inf]\noutput x", "an infinite end on the wrong side"),
        ("input x[2] in 3\noutput x", "a domain is a range"),
        ("input x[2] in [a, 1]\noutput x", "an end of a range is a number"),
        ("input x[2]\nassume x[0] < 1\noutput x", "would make an open domain"),
        ("input x[2]\nassume 1 <= 2\noutput x", "does not speak of the input"),
        ("input x[2]\nh = relu(x)\nassume h[0] <= 2\noutput x", "may only use the input"),
        ("input x[2]\nconst c = x\noutput x", "a constant cannot depend on the input"),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(*case, id=f"{kind} {k}")
        for kind, cases in BAD.items()
        for k, case in enumerate(cases)
    ],
)
def test_error_names_place_and_remedy(text: str, expected: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text, "bad.relu")
    message = str(caught.value)
    assert message.startswith("bad.relu:")
    assert expected in message


def test_several_errors_are_reported_in_one_run_and_followers_are_not() -> None:
    text = "input x[2]\nh = rellu(x)\ng = h + 1\nk = [1 2] @ x\nm = x[7]\noutput k\n"
    with pytest.raises(SourceError) as syntax:
        parse(text, "bad.relu")
    assert "comma" in str(syntax.value)
    with pytest.raises(SourceError) as meaning:
        parse(text.replace("[1 2]", "[1, 2]"), "bad.relu")
    assert [d.span.line for d in meaning.value.diagnostics] == [2, 5]


def test_deep_nesting_is_refused_and_long_sums_are_not() -> None:
    with pytest.raises(SourceError, match="nested more than 100 deep"):
        parse("input x[1]\ny = " + "(" * 200 + "x" + ")" * 200 + "\noutput y")
    with pytest.raises(SourceError, match="nested more than"):
        parse("input x[1]\ny = " + "-" * 400 + "x\noutput y")
    long_sum = parse("input x[1]\ny = x" + " + x" * 3000 + "\noutput y")
    assert evaluate(long_sum, [F(1)]) == [3001]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../w.npz", "lies outside the network's folder"),
        ("none.npz", "there is no file 'none.npz'"),
        ("bad.npz", "no readable .npz"),
    ],
)
def test_files_that_load_refuses(tmp_path: Path, name: str, message: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    np.savez(tmp_path / "w.npz", a=np.ones((1, 1)))
    (folder / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(SourceError, match=message):
        parse(f'input x[1]\nconst W = load("{name}", "a")\noutput W @ x', folder=folder)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(SourceError, match=r"no readable \.npy file"):
        parse('input x[1]\nconst W = load("w.npy")\noutput W * x', folder=tmp_path)


def test_a_large_file_of_inline_numbers_loads() -> None:
    random = np.random.default_rng(0)
    rows = ",\n ".join(
        "[" + ", ".join(f"{v:.8g}" for v in row) + "]" for row in random.standard_normal((345, 784))
    )
    network = parse(f"input x[784] in [0, 1]\ny = [{rows}] @ x\noutput y\n")
    assert network.sizes.macs == 270_480


def test_box_on_its_own() -> None:
    assert parse_box("[0, 1]", 3) == Domain.cube(0, 1, 3)
    assert parse_box("[[0,1],[-1/2,inf]]", 2).upper == (F(1), None)
    with pytest.raises(SourceError, match="2 ranges for 3 inputs"):
        parse_box("[[0,1],[0,1]]", 3)
    with pytest.raises(SourceError, match="domain:1:1: error"):
        parse_box("[0", 1)
