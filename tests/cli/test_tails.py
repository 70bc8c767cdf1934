"""What commands say of models with a tail: equal before it, hence equal; and no more than that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from click.testing import CliRunner, Result

from onnx_models import node
from onnx_tails import made
from rectifold.cli.main import main
from rectifold.formats.interface import with_tail
from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx.same_tail import is_same_tail

DOMAIN = ("--domain", "[0,1]")
SOFTMAX = [node("Softmax", ["h"], "p", axis=1)]
LABEL = [*SOFTMAX, node("ArgMax", ["p"], "l", axis=1)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    onnx.save(made([], ["h"]), "plain.onnx")
    onnx.save(made(SOFTMAX, ["p"]), "soft.onnx")
    onnx.save(made(LABEL, ["l", "p"]), "both.onnx")
    onnx.save(made([node("Softmax", ["h"], "q", axis=-1)], ["q"]), "last.onnx")
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def told(*arguments: str) -> Any:
    return json.loads(call(*arguments, "--json", "-").stdout)


def test_compile_says_equal_before_the_tail(folder: Path) -> None:
    result = call("compile", "soft.onnx", *DOMAIN, "-o", "small.onnx")
    assert "The result is equal before the tail (Softmax), hence equal." in result.stdout
    said = told("compile", "soft.onnx", *DOMAIN, "-o", "small.c")
    assert said["guarantee"] == "equal before the tail (Softmax), hence equal"
    header = (folder / "small.h").read_text().replace("\n *  ", "")
    assert "the certificate holds) before the tail (Softmax), hence equal." in header
    small = ort.InferenceSession("small.onnx")
    assert [output.name for output in small.get_outputs()] == ["p"]


def test_a_network_without_a_tail_is_said_to_be_equal(folder: Path) -> None:
    result = call("compile", "plain.onnx", *DOMAIN, "-o", "small.onnx")
    assert "tail" not in result.output
    assert told("compile", "plain.onnx", *DOMAIN, "-o", "s.c")["guarantee"] == "equal"


def test_verify_of_the_same_tail(folder: Path) -> None:
    call("compile", "soft.onnx", *DOMAIN, "-o", "small.onnx")
    result = call("verify", "soft.onnx", "small.onnx", *DOMAIN)
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("; before the tail (Softmax), hence equal")
    assert told("verify", "soft.onnx", "small.onnx", *DOMAIN)["statement"].endswith("hence equal")


ANOTHER = "; said of the values before the tails ({}), which differ: nothing is claimed behind them"
SAME = "; said of the values before the tail (Softmax), and not of what it makes of them"
STATEMENTS = {
    "one tail": (("soft.onnx", "plain.onnx"), ANOTHER.format("A: Softmax; B: none"), 0),
    "the other tail": (("plain.onnx", "soft.onnx"), ANOTHER.format("A: none; B: Softmax"), 0),
    "two tails": (("soft.onnx", "both.onnx"), ANOTHER.format("A: Softmax; B: Softmax, ArgMax"), 0),
    "within": (("soft.onnx", "soft.onnx", "--within", "0.1"), SAME, 0),
    "argmax": (("soft.onnx", "soft.onnx", "--argmax"), SAME, 0),
    "different": (("soft.onnx", "up.onnx"), SAME, 1),
    "tightest": (("soft.onnx", "up.onnx", "--tightest"), SAME, 0),
}


@pytest.mark.parametrize("title", STATEMENTS)
def test_verify_claims_nothing_behind_a_tail(title: str, folder: Path) -> None:
    up = made([node("Add", ["h", "one"], "u"), node("Softmax", ["u"], "p", axis=1)],
              ["p"], {"one": np.float32(1)})  # fmt: skip
    onnx.save(up, "up.onnx")
    arguments, words, status = STATEMENTS[title]
    result = call("verify", *arguments, *DOMAIN)
    assert result.exit_code == status
    assert words in result.stdout
    assert "hence equal" not in result.stdout
    assert told("verify", *arguments, *DOMAIN)["statement"].endswith(words)


def test_run_says_which_values_stand_before_the_tail(folder: Path) -> None:
    lines = call("run", "both.onnx", "0.5,0.25").stdout.split("\n")
    assert lines[0] == "before the tail (Softmax, ArgMax):"
    assert lines[4] == "l, behind it:"
    assert lines[6] == "p, behind it:"
    x = np.array([[0.5, 0.25]], dtype=np.float32)
    model = made(LABEL, ["p"])
    (expected,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    found = np.array([float(v) for v in lines[7:10]])
    # h is off by less than 16 roundings of values below 4, and softmax moves by no more
    assert np.abs(found - np.asarray(expected)[0]).max() <= 64 * 2.0**-24
    exact = told("run", "both.onnx", "0.5,0.25", "--exact")
    assert exact["behind_tail"]["l"] == [int(lines[5])]
    assert "/" in exact["output"][0]
    assert "behind_tail" not in told("run", "plain.onnx", "0.5,0.25")


def test_a_target_that_cannot_hold_the_tail_is_refused_before_the_work(folder: Path) -> None:
    result = call("compile", "both.onnx", *DOMAIN, "-o", "s.relu")
    assert result.exit_code == 2
    words = "type relu cannot hold the model's tail (Softmax, ArgMax); choose one output"
    assert words in result.stderr
    assert call("emit", "both.onnx", "-o", "s.py").exit_code == 0
    assert "as its output p (left out: l)" in (folder / "s.py").read_text()
    assert call("emit", "both.onnx", "-o", "p.py", "--outputs", "p").exit_code == 0
    assert call("emit", "both.onnx", "-o", "h.relu", "--until", "fc2").exit_code == 0


def test_names_do_not_count_but_attributes_and_constants_do() -> None:
    def tail(*nodes: Any, **constants: Any) -> Any:
        return read_model(made(nodes, ["y"], constants), "net").interface

    scaled = [node("Softmax", ["h"], "p", axis=1), node("Mul", ["p", "c"])]
    renamed = [node("Softmax", ["h"], "q", axis=1), node("Mul", ["q", "d"])]
    first = tail(*scaled, c=np.float32(2))
    assert is_same_tail(first, tail(*renamed, d=np.float32(2)))
    assert not is_same_tail(first, tail(*renamed, d=np.float32(3)))
    other_axis = [node("Softmax", ["h"], "p", axis=0), node("Mul", ["p", "c"])]
    assert not is_same_tail(first, tail(*other_axis, c=np.float32(2)))
    swapped = [node("Softmax", ["h"], "p", axis=1), node("Mul", ["c", "p"])]
    assert not is_same_tail(first, tail(*swapped, c=np.float32(2)))
    assert not is_same_tail(first, tail(node("Softmax", ["h"], axis=1)))


HEADS = [
    node("Gemm", ["a", "w2", "b2"], "g", alpha=0.5),
    node("Softmax", ["h"], "p", axis=1),
    node("Sigmoid", ["g"], "q"),
]


def test_two_outputs_with_a_tail_each_are_the_same_behind_a_written_file(folder: Path) -> None:
    both = ("--outputs", "p,q")
    onnx.save(made(HEADS, ["p", "q"]), "heads.onnx")
    assert (
        call("compile", "heads.onnx", *DOMAIN, *both, "--larger", "-o", "small.onnx").exit_code == 0
    )
    said = told("verify", "heads.onnx", "small.onnx", *DOMAIN, *both, *both)["statement"]
    assert said.endswith("; before the tail (Softmax, Sigmoid), hence equal")


def _heads(*tail: Any) -> Any:
    """Three values as two heads, of which the tail makes p and q."""
    sizes = {"sizes": np.array([2, 1]), "rows": np.array([-1, 2]), "one": np.array([1, 2])}
    tail = (node("Split", ["h", "sizes"], ["c", "d"], axis=1), *tail)
    return read_model(made(tail, ["p", "q"], sizes), "net", ["p", "q"]).interface


def test_tails_of_the_same_values_are_the_same_however_these_are_cut_out() -> None:
    sigmoid, softmax = node("Sigmoid", ["d"], "q"), node("Softmax", ["c"], "p", axis=1)
    plain = _heads(softmax, sigmoid)
    shaped = [node("Reshape", ["c", "rows"], "e"), node("Softmax", ["e"], "p", axis=1)]
    assert is_same_tail(plain, _heads(*shaped, sigmoid))
    row = [node("Reshape", ["c", "one"], "e"), node("Softmax", ["e"], "p", axis=1)]
    assert not is_same_tail(plain, _heads(*row, sigmoid))  # joins a batch of several rows
    swapped = [node("Softmax", ["d"], "p", axis=1), node("Sigmoid", ["c"], "q")]
    assert not is_same_tail(plain, _heads(*swapped))


def test_a_tail_that_reads_an_input_of_another_shape_is_another() -> None:
    tail = [*SOFTMAX, node("ArgMax", ["x"], "s", axis=1), node("Gather", ["p", "s"], "y", axis=1)]
    first = read_model(made(tail, ["y"]), "net").interface
    turned = replace(first, inputs=(replace(first.inputs[0], shape=(2, 1)),))
    assert is_same_tail(first, first)
    assert not is_same_tail(first, turned)


def test_a_form_that_is_equal_outside_the_strips_is_not_said_to_be_equal() -> None:
    interface = read_model(made(SOFTMAX, ["p"]), "net").interface
    said = with_tail("equal outside the strips", interface)
    assert said == "equal outside the strips before the tail (Softmax)"
