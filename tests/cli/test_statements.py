"""What is printed around a proof: no larger than the proof, at points where it can be seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.file import Certificate
from rectifold.certificate.pair import certify_same
from rectifold.certificate.refused import ClaimRefused
from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate

Run = Callable[..., Result]

BOX = "input x[1] in [0, 1]\n"
FILES = {
    "third": f"{BOX}h = relu([[1/3], [-1]] @ x)\noutput [[1, -1]] @ h\n",
    "none": f"{BOX}output [[1]] @ relu(-x)\n",
    "two": f"{BOX}output concat(x, 1 - x)\n",
    "twice": f"{BOX}output concat(2*x, 2 - 2*x)\n",
    "wide": "input x[14] in [0, 1]\noutput concat(x[0] + 1/4, x[13])\n",
    "flat": "input x[14] in [0, 1]\noutput concat(0*x[0], 0*x[0])\n",
    "swapped": f"{BOX}output concat(1 - x, x)\n",
    "line": f"{BOX}output relu(x)\n",
    "nearly": f"{BOX}output relu((1 + 1/1152921504606846976)*x)\n",
    "thin": "input x[1] in [1/3, 1/3]\noutput relu(x)\n",
    "thin2": "input x[1] in [1/3, 1/3]\noutput relu(2*x)\n",
    "edge": "input x[1] in [1/3, 1]\noutput relu(1/3 - x)\n",
    "edge1": "input x[1] in [1/3, 1]\n"
    "output relu(1/3 - x) + 2*relu(-(3*x - 1) + 1/1000000000000000000000)\n",
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(f"{name}.relu").write_text(text)

    def invoke(command: str, *arguments: str) -> Result:
        names = [f"{word}.relu" if word in FILES else word for word in arguments]
        return CliRunner().invoke(main, [command, *names], catch_exceptions=False)

    return invoke


def told(run: Run, *arguments: str) -> Any:
    return json.loads(run("verify", *arguments, "--json", "-").output)


# ---- the argmax --------------------------------------------------------------------------------


def test_a_constant_tie_is_not_called_the_same_argmax(run: Run) -> None:
    done = run("verify", "wide", "flat", "--argmax")
    assert done.exit_code == 0
    first, second = done.output.splitlines()
    assert first.startswith(
        "A's winner is not beaten in B on the domain: wherever one output of A is above all "
        "others, "
        "no output of B is above that one: proved on "
    )
    assert re.fullmatch(
        r"  ties are not excluded: output [01] is the largest of A, but outputs 0 and 1 of B are "
        r"equal at x\[0\] = .*; "
        "where outputs of A tie nothing is said",
        second,
    )
    answer = told(run, "wide", "flat", "--argmax")
    assert (answer["verdict"], answer["with_ties"], answer["tie"]["tied"]) == (
        "argmax",
        False,
        [0, 1],
    )
    point = [Fraction(v) for v in answer["tie"]["input"]]
    of_a, of_b = (evaluate(load(f"{name}.relu").network, point) for name in ("wide", "flat"))
    assert of_a[answer["tie"]["winner"]] > min(of_a)
    assert of_b[0] == of_b[1]


def test_the_same_differences_are_the_same_argmax_with_ties(run: Run) -> None:
    Path("lifted.relu").write_text(f"{BOX}output concat(x + 5, 6 - x)\n")
    done = run("verify", "two", "lifted.relu", "--argmax")
    assert done.output.startswith("same argmax on the domain, ties included: ")
    assert told(run, "two", "lifted.relu", "--argmax")["with_ties"] is True


def test_the_margin_is_part_of_the_statement(run: Run) -> None:
    assert (
        "above all others by more than 1/7, no output"
        in run("verify", "two", "twice", "--argmax", "--margin", "1/7").output
    )


def test_floats_name_the_winners(run: Run) -> None:
    done = run("verify", "two", "swapped", "--argmax", "--float")
    assert done.exit_code == 1
    found = re.findall(
        r"in (float\d\d) the largest output of A is output (\d), of B output (\d)", done.output
    )
    assert [kind for kind, *_ in found] == ["float32", "float64"]
    assert all(a != b for _, a, b in found)
    floats = told(run, "two", "swapped", "--argmax", "--float")["floats"]
    assert all(
        set(values) == {"input", "a", "b"} and values["a"] != values["b"]
        for values in floats.values()
    )


# ---- bounds ------------------------------------------------------------------------------------


def test_a_bound_is_printed_at_its_value_or_above(run: Run) -> None:
    assert "differ by at most 1/3 on" in run("verify", "third", "none", "--within", "1/3").output
    loose = run("verify", "third", "none", "--within", "0.33333333333333333333333334").output
    assert loose.startswith("within 0.333334 on the domain: ")


def test_the_tightest_bound_is_one_that_the_checker_accepts(run: Run) -> None:
    """The difference is 2^-60 at most, below what the checker resolves at first."""
    done = run(
        "verify", "line", "nearly", "--tightest", "--time-limit", "1", "--certificate", "c.cert"
    )
    assert done.exit_code == 0
    assert done.output.endswith("the certificate holds\n")
    lower, upper = re.findall(r"between (\S+) \(attained\) and (\S+) \(proved\)", done.output)[0]
    assert Fraction(lower) <= Fraction(1, 2**60) <= Fraction(upper)
    checked = run("check", "line", "c.cert", "--result", "nearly", "--json", "-")
    assert checked.exit_code == 0
    assert Fraction(json.loads(checked.output)["claim"]["eps"][0]) <= Fraction(upper)


def test_a_refused_certificate_is_no_claim() -> None:
    network = load_text(FILES["line"])
    domain = network.domain
    assert domain is not None
    good = certify_same(network)
    assert require_accepted(network, network, domain, good).status == "holds"
    with pytest.raises(
        ClaimRefused, match=r"the checker refuses the certificate \(the certificate ends without"
    ):
        require_accepted(network, network, domain, Certificate(good.lines[:-1]))


def load_text(text: str) -> Any:
    from rectifold.language.elaborate import parse

    return parse(text)


# ---- points for other programs -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_counterexample_in_floats_lies_inside_and_shows_the_difference(
    run: Run, kind: str
) -> None:
    done = run("verify", "third", "none", "--counterexample", "x.npy", "--dtype", kind)
    assert done.exit_code == 1
    assert f"wrote x.npy (a {kind} point of the domain; output 0 differs by" in done.output
    point = np.load("x.npy")
    assert point.dtype == np.dtype(kind)
    exact = [Fraction(float(v)) for v in point]
    assert 0 <= exact[0] <= 1
    a, b = (evaluate(load(f"{name}.relu").network, exact) for name in ("third", "none"))
    assert a != b


def test_where_no_float_shows_it_nothing_is_written_and_that_is_said(run: Run) -> None:
    """1/3 alone is in the domain, and no float."""
    done = run("verify", "thin", "thin2", "--counterexample", "x.npy", "--float", "--quiet")
    assert done.exit_code == 1
    assert not Path("x.npy").exists()
    assert done.stderr == (
        "note: x.npy was not written: the range of input 0 holds no float64 number; "
        "--counterexample FILE.json has the exact point\n"
    )
    floats = run("verify", "thin", "thin2", "--float").output
    assert "in float32 there is no answer: the range of input 0 holds no float32 number" in floats
    assert told(run, "thin", "thin2", "--float")["floats"] == {"float32": None, "float64": None}


def test_a_difference_between_floats_alone_is_said_not_to_be_shown(run: Run) -> None:
    """They differ on [1/3, 1/3 + 10^-21/3] only, where there is no float."""
    done = run("verify", "edge", "edge1", "--counterexample", "x.npy")
    assert done.exit_code == 1
    assert not Path("x.npy").exists()
    assert (
        "no float64 point of the domain that shows the difference was found near the exact one"
        in done.stderr
    )


def test_the_exact_point_is_in_json(run: Run) -> None:
    done = run("verify", "thin", "thin2", "--counterexample", "x.json")
    assert "wrote x.json (the exact point)" in done.output
    assert json.loads(Path("x.json").read_text())["input"] == ["1/3"]


def test_an_infinite_float_is_null_in_json(run: Run) -> None:
    result = run("stability", "none", "--domain", "all", "--json", "-")
    unit = json.loads(result.output, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))[
        "units"
    ][0]
    assert (unit["lo"], unit["up"]) == (None, None)
