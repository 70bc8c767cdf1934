"""compile --within: another function, told so, with a certificate that the checker replays."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from approximate_networks import jittery
from cli_answers import told
from cli_refusals import assert_refused
from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.ir.canonical import canonical_text
from rectifold.ir.evaluate import evaluate
from rectifold.language.printer import print_network
from rectifold.operations.compiling import compile_network
from rectifold.runtime.status import Status


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.relu"
    path.write_text(print_network(jittery(12, 8, 6, 2)), encoding="utf-8")
    return path


def test_the_certificate_of_both_steps_is_replayed(net: Path) -> None:
    out, certificate = net.with_name("out.relu"), net.with_name("out.certificate")
    names = "-o", str(out), "--certificate", str(certificate)
    done = told("compile", str(net), "--within", "1%", *names)
    assert done["guarantee"] == "within"
    assert done["certificate"]["verdict"] == "holds"
    assert all(0 < c <= t for c, t in zip(done["certified_error"], done["tolerance"], strict=True))
    assert done["moves"]["tiny weights"] > 0
    assert done["after"]["weights"] < done["before"]["weights"] / 2
    judged = told("check", str(net), str(certificate), "--result", str(out))
    claimed = [Fraction(v) for v in judged["claim"]["eps"]]
    assert [float(v) for v in claimed] == pytest.approx(done["certified_error"])
    point = [Fraction(1, 3)] * 12
    values = [evaluate(load(str(file)).network, point) for file in (net, out)]
    assert all(abs(p - q) <= e for p, q, e in zip(*values, claimed, strict=True))


def test_one_line_says_which_guarantee_holds(net: Path) -> None:
    given = ["compile", str(net), "-o", str(net.with_name("out.c")), "--within", "0.01"]
    said = CliRunner().invoke(main, given).stdout
    assert "guarantee: |f − g| ≤ 0.01 on the domain for every output, certified 0.00" in said
    assert "from the source, with what the edits change; of the source's layers: " in said
    assert "equal to" not in net.with_name("out.h").read_text(encoding="ascii")
    unchecked = CliRunner().invoke(main, [*given, "--no-certificate", "--force"]).stdout
    assert "proved by our own bounds, unchecked: 0.00" in unchecked


def test_the_size_that_is_asked_for_is_reached(net: Path) -> None:
    out = net.with_name("out.relu")
    done = told("compile", str(net), "-o", str(out), "--max-weights", "50", "--max-units", "12")
    assert done["after"]["weights"] <= 50
    assert done["after"]["units"] <= 12
    assert done["guarantee"] == "within"
    assert done["tolerance"] == done["certified_error"]


def test_what_is_too_close_is_the_same_function(net: Path) -> None:
    given = ["compile", str(net), "-o", str(net.with_name("out.relu")), "--within", "1e-30"]
    assert "guarantee: the same function" in CliRunner().invoke(main, given).stdout


def test_the_exact_mode_knows_nothing_of_it(net: Path) -> None:
    out = net.with_name("out.relu")
    done = told("compile", str(net), "-o", str(out))
    assert done["guarantee"] == "equal"
    assert not {"tolerance", "certified_error", "moves"} & set(done)
    exact = compile_network(load(str(net)).network).network
    assert canonical_text(load(str(out)).network) == canonical_text(exact)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--within", "x"], "a number such as 0.01"),
        (["--within", "-1"], "it is more than 0"),
        (["--within", "1,2,3"], "3 entries, but the network has 2 outputs"),
        (["--within", "1", "--shallow"], "--shallow writes the same function"),
        (["--within", "1", "--domain", "all"], "bounded domain"),
        (["--max-units", "1", "--shallow"], "--shallow writes the same function"),
        (["--max-weights", "3", "--within", "1e-9"], "times what --within allows there"),
    ],
)
def test_what_does_not_go_together_is_refused(
    net: Path, arguments: list[str], message: str
) -> None:
    out = str(net.with_name("out.relu"))
    assert_refused("compile", str(net), "-o", out, *arguments, message=message)


def test_a_search_that_the_time_limit_ended_is_told(net: Path) -> None:
    given = ["compile", str(net), "-o", str(net.with_name("o.relu")), "--within", "1%"]
    result = CliRunner().invoke(main, [*given, "--time-limit", "0", "--json", "-"])
    assert result.exit_code == Status.UNDECIDED
    assert json.loads(result.stdout)["complete"] is False
    again = CliRunner().invoke(main, [*given, "--time-limit", "0", "--force"])
    assert "The search for edits was ended early" in again.stdout
