"""`run`: points that begin with a minus, points outside the domain, numbers beyond floats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(
        "network n\ninput x[2] in [[-1, 1], [0, 2]]\nassume x[0] + x[1] <= 2\noutput x[0] - x[1]\n"
    )
    Path("all.relu").write_text("input x[1]\noutput 2*relu(x)\n")
    return lambda *words: CliRunner().invoke(main, ["run", *words], catch_exceptions=False)


@pytest.mark.parametrize(
    "words",
    [
        ["n.relu", "-1,2"], ["n.relu", "-1/2, 5/2", "--exact"], ["--exact", "n.relu", "-.5,2.5"],
        ["n.relu", "--exact", "--", "-1,2"],
    ],
)  # fmt: skip
def test_a_point_may_begin_with_a_minus(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    assert float(done.stdout) == -3


@pytest.mark.parametrize(
    "words",
    [["n.relu", "-1,2", "--exat"], ["n.relu", "-x"], ["n.relu"], ["n.relu", "-1,2", "-3,4"]],
)
def test_what_is_no_point_is_wrong_use(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize(
    ("point", "note"),
    [
        ("-2,0", "input 0 is -2, below -1"),
        ("0,3", "input 1 is 3, above 2"),
        ("1,3/2", "it breaks linear constraint 1 of 1"),
    ],
)
def test_outside_the_domain_it_is_evaluated_and_said(run: Run, point: str, note: str) -> None:
    done = run("n.relu", point, "--json", "-")
    assert done.exit_code == 0
    assert done.stderr == f"note: the point lies outside the domain: {note}\n"
    assert json.loads(done.stdout)["inside"] is False


def test_inside_nothing_is_said(run: Run) -> None:
    done = run("n.relu", "0,0", "--json", "-")
    assert done.stderr == ""
    assert json.loads(done.stdout)["inside"] is True
    assert json.loads(run("all.relu", "0", "--json", "-").stdout)["inside"] is None


def test_another_domain_may_be_named(run: Run) -> None:
    assert "input 0 is 5, above 3" in run("all.relu", "5", "--domain", "[0, 3]").stderr


def test_the_wrong_number_of_inputs_is_said_in_words(run: Run) -> None:
    assert run("n.relu", "1").stderr == "error: n has 2 inputs, but 1 number is given\n"
    assert run("all.relu", "1,2").stderr.endswith(" has 1 input, but 2 numbers are given\n")


def test_numbers_beyond_the_floats_are_evaluated(run: Run) -> None:
    exact = run("all.relu", "1e1000", "--exact")
    assert exact.stdout == "2" + "0" * 1000 + "\n"


@pytest.mark.parametrize("more", [[], ["--json", "-"]])
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("output 2*relu(x)", "input 0"),
        ("h = relu([[1], [1e300]] @ x)\noutput h[0] - h[1]", "'h': unit 1"),
        ("h = 1e300*x\noutput relu(-h)", "'h': unit 0"),
        ("h = relu(1e300*x)\nk = relu(h - 1e300*h)\noutput k - h", "'h': unit 0"),
        ("output 1e400*x - 1e400*x", ""),
    ],
)
def test_what_overflows_in_floats_is_refused_and_not_printed(
    run: Run, text: str, what: str, more: list[str]
) -> None:
    point = "1e1000" if what == "input 0" else "1e100"
    Path("o.relu").write_text(f"input x[1]\n{text}\n")
    done = run("o.relu", point, *more)
    assert "nan" not in done.stdout
    assert "inf" not in done.stdout
    if what:
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {what} is beyond the range of float64")
        assert "--exact evaluates numbers of any size" in done.stderr
    assert run("o.relu", point, "--exact").exit_code == 0


HUGE = (
    "input x[1] in [0, 1]\n"
    + "".join(f"h{k} = relu(1e1000*{f'h{k - 1}' if k else 'x'})\n" for k in range(5))
    + "output h4\n"
)


def test_weights_beyond_the_floats_are_refused_in_floats(run: Run) -> None:
    Path("huge.relu").write_text(HUGE)
    assert "'h0': unit 0 is beyond the range of float64" in run("huge.relu", "1/3").stderr
    assert run("huge.relu", "1", "--exact").stdout == "1" + "0" * 5000 + "\n"


def test_numbers_longer_than_a_certificate_holds_are_refused_in_a_line(run: Run) -> None:
    Path("long.relu").write_text(HUGE.replace("relu(", "(").replace("1e1000*x", "1e1000*relu(x)"))
    assert CliRunner().invoke(main, ["stability", "long.relu"]).exit_code == 0
    done = CliRunner().invoke(main, ["compile", "long.relu", "-o", "o.relu"])
    assert done.exit_code == 2
    assert done.stderr == (
        "error: a number of the network has about 5,016 digits, and certificates and digests hold "
        "at most 4,300; "
        "scale the weights\n"
    )
    assert not Path("o.relu").exists()


@pytest.mark.parametrize(
    ("point", "message"),
    [("-inf,0", "number 1 of the point '-inf,0'"), ("-x,0", "number 1 of the point '-x,0'")],
)
def test_a_point_that_is_no_number_is_answered_as_a_point(
    run: Run, point: str, message: str
) -> None:
    for words in (["n.relu", point], [point, "n.relu"], ["n.relu", "--exact", point]):
        done = run(*words)
        assert done.exit_code == 2
        assert message in done.stderr
        assert 'a point is written "1/3, 0.25"' in done.stderr


def test_the_value_of_an_option_is_no_point(run: Run) -> None:
    done = run("n.relu", "--domain", "-1", "-1,2")
    assert done.exit_code == 2
    assert done.stderr.startswith("domain:1:")
