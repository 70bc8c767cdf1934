"""compile --keep-argmax: another function with the same largest output, told so."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from approximate_networks import jittery
from cli_answers import told
from cli_refusals import assert_refused
from rectifold.cli.main import main
from rectifold.language.printer import print_network


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.relu"
    path.write_text(print_network(jittery(12, 8, 6, 3)), encoding="utf-8")
    return path


def test_the_certificate_says_what_holds_of_the_largest_output(net: Path) -> None:
    out, certificate = net.with_name("out.relu"), net.with_name("out.certificate")
    names = "-o", str(out), "--certificate", str(certificate)
    done = told("compile", str(net), "--keep-argmax", "--margin", "0.05", *names)
    assert (done["guarantee"], done["margin"], done["lead"]) == ("argmax", 0.05, None)
    assert done["certificate"]["verdict"] == "holds"
    assert done["after"]["weights"] < done["before"]["weights"] / 2
    judged = told("check", str(net), str(certificate), "--result", str(out))
    assert judged["claim"]["eps"] is None
    claimed = Fraction(judged["claim"]["margin"])
    assert 0 < claimed <= Fraction(1, 20)
    assert float(claimed) == pytest.approx(done["certified_margin"])
    agreed = told("verify", str(net), str(out), "--argmax", "--margin", "0.05")
    assert agreed["verdict"] == "argmax"


def test_one_line_says_which_guarantee_holds(net: Path) -> None:
    given = ["compile", str(net), "-o", str(net.with_name("out.c")), "--keep-argmax"]
    said = CliRunner().invoke(main, [*given, "--margin", "0.05"]).stdout
    assert "guarantee: wherever an output of f leads all others by more than 0.05" in said
    header = net.with_name("out.h").read_text(encoding="ascii")
    assert "with the largest output, wherever it leads by more than 0.05, of the source" in header


def test_without_a_margin_the_lead_of_the_source_counts(net: Path) -> None:
    near = "[0.3,0.31]"
    out = str(net.with_name("near.relu"))
    done = told("compile", str(net), "--domain", near, "-o", out, "--keep-argmax")
    assert done["guarantee"] == "argmax"
    assert done["margin"] == 0
    assert done["certified_margin"] < done["lead"]
    assert done["certificate"]["verdict"] == "holds"
    said = Path(out).read_text(encoding="utf-8")
    assert "as one does everywhere by bounds that stand in no certificate" in said


CROOKED = (
    "input x[1] in [-1, 1]\n"
    "h = relu([[1], [2]] @ x - [0, 1])\n"
    "y = [[1, -1], [1/1000, 1/1000]] @ h + [1/20, 0]\n"
    "output y\n"
)


def test_what_is_proved_without_a_certificate_is_said_to_be(net: Path) -> None:
    net.write_text(CROOKED, encoding="utf-8")
    given = ["compile", str(net), "-o", str(net.with_name("out.relu")), "--keep-argmax"]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    assert "it is among the largest of g: proved, no certificate" in result.stdout
    assert "the time was up" not in result.output
    file = net.with_name("out.certificate")
    refused = CliRunner().invoke(main, [*given, "--force", "--certificate", str(file)])
    assert refused.exit_code == 2
    assert "of a margin of 0 there is no certificate" in refused.output
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--margin", "1"], "--margin goes with --keep-argmax"),
        (["--keep-argmax", "--margin", "x"], "--margin is 'x'; a number from 0 on is expected"),
        (["--keep-argmax", "--margin", "-1"], "a number from 0 on is expected"),
        (["--keep-argmax", "--within", "1"], "are different goals"),
        (["--keep-argmax", "--shallow"], "compile with --keep-argmax first"),
        (["--keep-argmax", "--domain", "all"], "--keep-argmax needs a bounded domain"),
    ],
)
def test_what_does_not_go_together_is_refused(
    net: Path, arguments: list[str], message: str
) -> None:
    out = str(net.with_name("out.relu"))
    assert_refused("compile", str(net), "-o", out, *arguments, message=message)
