"""`rectifold verify`: the questions, their answers everywhere, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main

A = """network first
input x[2] in [-1, 1]
h = relu([[1, 1/2], [-1, 1], [1/4, -1]] @ x + [1/8, 0, 1/16])
y = [[1, -1, 1/2], [0, 1, -1]] @ h
output y
"""
B = A.replace("1/16", "17/256").replace("first", "second")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("a.relu").write_text(A)
    Path("b.relu").write_text(B)
    Path("swapped.relu").write_text(
        A.replace("[[1, -1, 1/2], [0, 1, -1]]", "[[0, 1, -1], [1, -1, 1/2]]")
    )
    Path("one.relu").write_text("input x[2] in [-1, 1]\noutput relu(x[0])\n")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["verify", *arguments], catch_exceptions=False)

    return invoke


def answer(run: Run, *arguments: str) -> Any:
    result = run(*arguments, "--json", "-")
    return json.loads(result.output)


def test_within_writes_a_certificate_that_check_accepts(run: Run) -> None:
    done = run("a.relu", "b.relu", "--within", "1/100", "--certificate", "c.cert")
    assert done.exit_code == 0, done.output
    assert "within 1/100 on the domain: proved on" in done.output
    assert "and the certificate holds" in done.output
    assert "wrote c.cert" in done.output
    again = CliRunner().invoke(main, ["check", "a.relu", "c.cert", "--result", "b.relu"])
    if again.exit_code == 2:  # the certificate carries B itself
        again = CliRunner().invoke(main, ["check", "a.relu", "c.cert"])
    assert again.exit_code == 0, again.output
    told = answer(run, "a.relu", "b.relu", "--within", "0.01,0.005")
    assert (told["verdict"], told["certificate"]) == ("within", "holds")


def test_a_difference_is_exact_and_saved(run: Run) -> None:
    done = run("a.relu", "b.relu", "--within", "1/1000", "--counterexample", "x.json", "--float")
    assert done.exit_code == 1
    assert "different: output" in done.output
    assert "in float32 A - B is" in done.output
    saved = json.loads(Path("x.json").read_text())
    gap = Fraction(saved["a"][saved["output"]]) - Fraction(saved["b"][saved["output"]])
    assert abs(gap) > Fraction(1, 1000)
    told = answer(
        run, "a.relu", "b.relu", "--within", "1/1000", "--counterexample", "x.npy", "--float"
    )
    assert told["verdict"] == "different"
    assert set(told["floats"]) == {"float32", "float64"}
    assert np.load("x.npy").shape == (2,)


def test_argmax(run: Run) -> None:
    same = run("a.relu", "b.relu", "--argmax", "--margin", "1/20")
    assert same.exit_code == 0, same.output
    assert same.output.startswith(
        "A's winner is not beaten in B on the domain: wherever one output of A is above all others "
        "by more than 1/20,"
    )
    assert "(the argmax has no certificate)" in same.output
    other = run("a.relu", "swapped.relu", "--argmax")
    assert other.exit_code == 1
    assert "is the largest of A, but output" in other.output
    assert answer(run, "a.relu", "b.relu", "--argmax", "--margin", "1/20")["verdict"] == "argmax"


@pytest.mark.parametrize(
    "question",
    [["--tightest", "--time-limit", "1"], ["--argmax", "--margin", "1/20"], ["--within", "1"]],
)
def test_every_question_writes_and_reads_the_log(run: Run, question: list[str]) -> None:
    first = run("a.relu", "b.relu", *question, "--log", "p.log")
    assert Path("p.log").read_text()
    second = run("a.relu", "b.relu", *question, "--jobs", "2", "--log", "p.log")
    assert first.exit_code == second.exit_code == 0, second.output


def test_tightest(run: Run) -> None:
    done = run("a.relu", "b.relu", "--tightest", "--time-limit", "5", "--certificate", "t.cert")
    assert done.exit_code == 0, done.output
    assert "the largest difference lies between" in done.output
    assert "output 1: at most" in done.output
    told = answer(run, "a.relu", "b.relu", "--tightest", "--time-limit", "5")
    lower, upper = (Fraction(told["bound"][side]) for side in ("lower", "upper"))
    assert 0 < lower <= upper < lower * Fraction(101, 100)
    assert len(told["per_output"]) == 2
    assert CliRunner().invoke(main, ["check", "a.relu", "t.cert"]).exit_code == 0


def test_the_time_limit_ends_undecided_with_what_is_known(run: Run) -> None:
    told = run("a.relu", "b.relu", "--within", "1/250", "--time-limit", "0")
    assert told.exit_code == 3
    assert "undecided" in told.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--within", "1", "--argmax"],
            "--within and --argmax are different questions; ask one of them",
        ),
        (
            ["--tightest", "--argmax"],
            "--argmax and --tightest are different questions; ask one of them",
        ),
        (["--margin", "1"], "--margin goes with --argmax"),
        (
            ["--argmax", "--certificate", "c"],
            "there are certificates of equality and of --within, not of --argmax",
        ),
        (["--argmax", "--margin", "-1"], "the margin -1 is negative"),
        (["--within", "1,2,3"], "3 tolerances given, but the networks have 2 outputs"),
        (["--within", "-1"], "the tolerance -1 is negative"),
        (["--within", "a lot"], "'a lot'"),
        (["--argmax", "--domain", "all"], "--argmax needs a bounded domain"),
        (["--tightest", "--domain", "all"], "--tightest needs a bounded domain"),
    ],
)
def test_bad_questions(run: Run, arguments: list[str], message: str) -> None:
    result = run("a.relu", "b.relu", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_networks_that_cannot_be_compared(run: Run) -> None:
    result = run("a.relu", "one.relu")
    assert result.exit_code == 2
    assert "first has 2 outputs, but" in result.stderr
    alone = run("one.relu", "one.relu", "--argmax")
    assert alone.exit_code == 2
    assert "these networks have only one" in alone.stderr


def test_a_network_equals_itself_with_a_certificate(run: Run) -> None:
    done = run("a.relu", "a.relu", "--certificate", "c.cert")
    assert done.exit_code == 0
    assert "one and the same network, and the certificate holds" in done.output
    assert CliRunner().invoke(main, ["check", "a.relu", "c.cert"]).exit_code == 0


def test_a_deep_network_equals_its_shallow_form_with_a_certificate(run: Run) -> None:
    """Compared region by region; the certificate lets the checker do the same."""
    Path("deep.relu").write_text(
        "input x[2] in [-1, 1]\nh = relu([[1, 1/2], [-1, 1]] @ x + [1/8, 1/4])\n"
        "k = relu([[1, -1], [-1/2, 1]] @ h + [1/16, -1/8])\n"
        "m = relu([[1, -2], [-1, 1]] @ k + [1/8, 1/32])\noutput [[1, 1]] @ m\n"
    )
    made = CliRunner().invoke(
        main, ["shallow", "deep.relu", "-o", "shallow.relu", "--kind", "exact"]
    )
    assert made.exit_code == 0, made.output
    done = run("deep.relu", "shallow.relu", "--certificate", "c.cert")
    assert done.exit_code == 0, done.output
    assert "they agree on each of " in done.output
    assert "and the certificate holds" in done.output
    assert (
        CliRunner()
        .invoke(main, ["check", "deep.relu", "c.cert", "--result", "shallow.relu"])
        .exit_code
        == 0
    )


def test_an_answer_without_a_certificate_says_so(run: Run) -> None:
    """Twelve directions are too many for cells, and no units are multiples: Z3 answers."""
    others = " + ".join(f"relu(x[{k}])" for k in range(3, 12))
    start = f"input x[12] in [-1, 1]\ns = {others}\n"
    Path("one.relu").write_text(start + "output max(max(x[0], x[1]), x[2] + s)\n")
    Path("other.relu").write_text(start + "output max(x[0], max(x[1], x[2] + s))\n")
    done = run("one.relu", "other.relu", "--certificate", "c.cert")
    assert done.exit_code == 4, done.output
    assert run("one.relu", "other.relu", "--allow-trusted").exit_code == 0
    assert "given 1 trusted claim" in done.output
    assert "no certificate was written" in done.output
    assert not Path("c.cert").exists()
