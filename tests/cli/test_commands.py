"""The command line: results, exit statuses, JSON keys, and the message of every user's mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import rectifold
import rectifold_check
from rectifold.certificate.refused import ClaimRefused
from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate

NET = """network demo
input x[2] in [[0, 1], [-1, 1]]
h = relu([[1, 0], [-1, 0], [1, 1], [2, 2]] @ x + [0, 0, 0, 0])
y = [[1, 1, 1, 1]] @ h
output y
"""
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command beside net.relu and same.relu (equal) and other.relu (different)."""
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    Path("same.relu").write_text(
        "input x[2] in [[0, 1], [-1, 1]]\ny = x[0] + 3*relu(x[0] + x[1])\noutput y\n"
    )
    Path("other.relu").write_text(
        "input x[2] in [[0, 1], [-1, 1]]\ny = x[0] + 3*relu(x[0] + x[1]) + 1e-9*x[1]\noutput y\n"
    )
    Path("nodomain.relu").write_text("input x[2]\noutput relu(x)\n")

    def invoke(*arguments: str, **options: Any) -> Result:
        result = CliRunner().invoke(main, list(arguments), **options)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


def test_compile_writes_reports_and_certifies(run: Run) -> None:
    result = run(
        "compile",
        "net.relu",
        "-o",
        "out.relu",
        "--certificate",
        "c.jsonl",
        "--json",
        "r.json",
        "-v",
    )
    assert result.exit_code == 0, result.output
    assert "certificate: holds" in result.output
    assert "4 → 2" in result.output
    assert "merge parallel units in h" in result.output
    small = load("out.relu").network
    assert small.sizes.units == 2
    assert evaluate(small, [Fraction(1, 2), Fraction(1)]) == [5]
    report = json.loads(Path("r.json").read_text())
    assert report["before"]["units"] == 4
    assert report["after"]["units"] == 2
    assert report["guarantee"] == "equal"
    assert report["certificate"] == {
        "file": "c.jsonl",
        "verdict": "holds",
        "trusted": 0,
        "left_out": [],
    }
    assert report["layers"] == [
        {"layer": "h", "units": 4, "active": 1, "inactive": 1, "unstable": 2, "open": 0}
    ]
    assert {"error_bound", "seconds", "stages", "steps", "files"} <= set(report)
    assert run("check", "net.relu", "c.jsonl").output.startswith(
        "holds: A and B are equal on the whole domain\n  A: 2 inputs, "
    )
    assert run("check", "net.relu", "c.jsonl", "--result", "out.relu").exit_code == 0
    wrong = run("check", "net.relu", "c.jsonl", "--result", "other.relu", "--json", "-")
    assert wrong.exit_code == 1
    assert json.loads(wrong.output)["verdict"] == "refused"
    wider = run("check", "net.relu", "c.jsonl", "--domain", "[-1,1]")
    assert wider.exit_code == 1
    assert "refused: a leaf does not hold" in wider.output


def test_compile_can_use_skip_edges_and_objectives(run: Run) -> None:
    assert run("compile", "net.relu", "-o", "out.relu", "--skips", "--quiet").output == ""
    assert load("out.relu").network.sizes.units == 1
    assert (
        run(
            "compile", "net.relu", "-o", "u.relu", "--objective", "units", "--prover", "z3"
        ).exit_code
        == 0
    )
    assert (
        run(
            "compile", "net.relu", "-o", "b.relu", "--no-certificate", "--prover", "bounds"
        ).output.count("not made")
        == 1
    )


@pytest.mark.parametrize("file", ["o.py", "o.onnx", "o.npz", "o.relu"])
def test_compile_to_every_suffix(run: Run, file: str) -> None:
    result = run("compile", "net.relu", "-o", file)
    assert result.exit_code == 0, result.output
    assert Path(file).is_file()


def test_compile_does_not_overwrite(run: Run) -> None:
    Path("out.relu").write_text("mine")
    result = run("compile", "net.relu", "-o", "out.relu")
    assert result.exit_code == 2
    assert "give --force" in result.output
    assert Path("out.relu").read_text() == "mine"
    assert run("compile", "net.relu", "-o", "out.relu", "--force").exit_code == 0


def test_time_limit_ends_with_a_valid_result_and_status_3(run: Run) -> None:
    result = run("compile", "net.relu", "-o", "out.relu", "--time-limit", "0")
    assert result.exit_code == 3
    assert "ended early" in result.output
    small = load("out.relu").network
    assert evaluate(small, [Fraction(1, 2), Fraction(1)]) == [5]
    assert run("stability", "net.relu", "--time-limit", "0").exit_code == 3


def test_a_refused_certificate_writes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ClaimRefused(rectifold_check.Verdict("refused", reason="for the test"))

    monkeypatch.setattr("rectifold.certificate.leaving_out.require_accepted", refuse)
    result = run(
        "compile", "net.relu", "-o", "out.relu", "--certificate", "c.jsonl", "--json", "r.json"
    )
    assert result.exit_code == 3
    assert (
        "undecided: the checker refuses the certificate (for the test); this is a fault of "
        "rectifold" in result.stderr
    )
    assert "nothing was claimed or written" in result.stderr
    assert not [name for name in ("out.relu", "c.jsonl", "r.json") if Path(name).exists()]


def test_stability_table_and_json(run: Run) -> None:
    result = run("stability", "net.relu")
    assert result.exit_code == 0
    assert "inactive" in result.output
    data = json.loads(run("stability", "net.relu", "--json", "-").output)
    assert data["layers"][0]["active"] == 1
    assert [u["verdict"] for u in data["units"]] == ["active", "inactive", "unstable", "unstable"]
    assert set(data["units"][0]) == {"layer", "index", "verdict", "lo", "up", "stage"}
    assert "seconds" in data


def test_emit_writes_the_network_as_it_is(run: Run) -> None:
    assert run("emit", "net.relu", "-o", "o.onnx").exit_code == 0
    assert load("o.onnx").network.sizes.units == 4
    assert run("emit", "net.relu", "-o", "o.py", "--to", "numpy", "--quiet").output == ""
    assert run("emit", "nodomain.relu", "-o", "n.py").exit_code == 0


def test_verify_equal_different_undecided(run: Run) -> None:
    equal = run("verify", "net.relu", "same.relu", "--json", "e.json")
    assert equal.exit_code == 0
    assert equal.output.startswith("equal on the domain")
    assert json.loads(Path("e.json").read_text())["verdict"] == "equal"
    assert "one and the same" in run("verify", "net.relu", "net.relu").output
    different = run("verify", "net.relu", "other.relu", "--counterexample", "c.json", "--json", "-")
    assert different.exit_code == 1
    data = json.loads(different.output)
    assert data["verdict"] == "different"
    point = [Fraction(v) for v in data["counterexample"]["input"]]
    a, b = (evaluate(load(f).network, point) for f in ("net.relu", "other.relu"))
    assert [str(v) for v in a] == data["counterexample"]["a"]
    assert a != b
    assert json.loads(Path("c.json").read_text())["input"] == data["counterexample"]["input"]
    assert run("verify", "net.relu", "other.relu", "--counterexample", "c.npy").exit_code == 1
    assert np.load("c.npy").shape == (2,)
    assert "output 0 differs" in run("verify", "net.relu", "other.relu").output
    assert run("verify", "net.relu", "other.relu", "--within", "1e-8").exit_code == 0
    undecided = run("verify", "net.relu", "same.relu", "--time-limit", "0")
    assert undecided.exit_code == 3
    assert "undecided" in undecided.output


def test_verify_of_large_networks(run: Run) -> None:
    rows = ", ".join(f"[{k}, 1]" for k in range(100))
    halves = ", ".join(f"[{k}/2, 1/2]" for k in reversed(range(100)))
    Path("big.relu").write_text(
        f"input x[2] in [-1, 1]\nh = relu([{rows}] @ x)\ny = ones(100) @ h\noutput y"
    )
    Path("same.relu").write_text(
        f"input x[2] in [-1, 1]\nh = relu([{halves}] @ x)\ny = 2*(ones(100) @ h)\noutput y"
    )
    equal = run("verify", "big.relu", "same.relu", "--certificate", "c.jsonl", "--json", "r.json")
    assert equal.exit_code == 0, equal.output
    assert "the certificate holds" in equal.output
    assert json.loads(Path("r.json").read_text())["certificate"] == "holds"
    assert run("check", "big.relu", "c.jsonl", "--result", "same.relu").exit_code == 0
    tent = "input x[1] in [0, 1]\nh0 = relu([1, 1]*x[0] - [0, 1/2])\n"
    layers = "".join(
        f"h{k} = relu([[2, -4], [2, -4]] @ h{k - 1} - [0, 1/2])\n" for k in range(1, 60)
    )
    Path("tent.relu").write_text(tent + layers + "y = [[2, -4]] @ h59\noutput y")
    Path("tent2.relu").write_text(tent + layers + "y = relu([[2, -4]] @ h59)\noutput y")
    Path("r.json").unlink()
    result = run("verify", "tent.relu", "tent2.relu", "--json", "r.json", "--time-limit", "4")
    assert result.exit_code == 3
    if Path("r.json").exists():  # else a busy machine has ended the command at its time limit
        assert result.output.startswith("undecided: no counterexample was found")
        assert json.loads(Path("r.json").read_text())["verdict"] == "undecided"
    else:
        assert "undecided: the time limit was over before" in result.output


def test_show_and_run(run: Run) -> None:
    shown = run("show", "net.relu", "--json", "s.json")
    assert "2 inputs, 1 output " in shown.output
    assert json.loads(Path("s.json").read_text())["sizes"]["units"] == 4
    assert rectifold.parse(run("show", "net.relu", "--text").output) == load("net.relu").network
    assert run("show", "net.relu", "--canonical").output.startswith(
        '{"format":"rectifold-network/1"'
    )
    assert run("run", "net.relu", "1/3, 0.25", "--exact").output == "25/12\n"
    assert json.loads(run("run", "net.relu", "0.5 0", "--json", "-").output) == {
        "output": [2.0],
        "exact": False,
        "inside": True,
    }
    assert run("run", "net.relu", "-", input="1/2\n0\n").output == "2.0\n"
    np.save("p.npy", np.array([0.5, 0.0]))
    assert run("run", "net.relu", "p.npy", "--exact").output == "2\n"


MISTAKES = [
    (["compile", "gone.relu", "-o", "o.py"], "there is no file 'gone.relu'"),
    (["compile", "nodomain.relu", "-o", "o.py"], "states no domain"),
    (["compile", "net.relu", "-o", "o.xyz"], "cannot tell the format"),
    (["compile", "net.relu", "-o", "o.py", "--to", "fortran"], "unknown format 'fortran'"),
    (["compile", "net.relu", "-o", "gone/o.py"], "there is no folder 'gone'"),
    (["compile", "net.relu", "-o", "o.py", "--domain", "[1,0]"], "empty range"),
    (["compile", "net.relu", "-o", "o.py", "--domain", "[[0,1]]"], "1 range for 2 inputs"),
    (
        ["compile", "net.relu", "-o", "o.py", "--domain", "gone.vnnlib"],
        "there is no file 'gone.vnnlib'",
    ),
    (["compile", "bad.relu", "-o", "o.py"], "bad.relu:2:5: error: unknown function 'rellu'"),
    (["compile", "data.txt", "-o", "o.py"], "cannot be read"),
    (["stability", "nodomain.relu"], "--domain all"),
    (["verify", "net.relu", "nodomain3.relu"], "has 2 inputs, but"),
    (["verify", "net.relu", "two.relu"], "has 1 output, but"),
    (["verify", "net.relu", "elsewhere.relu"], "state different domains"),
    (["verify", "net.relu", "same.relu", "--within", "-1"], "is negative"),
    (["verify", "net.relu", "same.relu", "--within", "much"], "is not a number"),
    (["run", "net.relu", "1"], "has 2 inputs, but 1 number is given"),
    (["run", "net.relu", "1, two"], "is not a number"),
    (["run", "net.relu", "1/0, 2"], "divides by zero"),
    (["run", "net.relu", "gone.npy"], "there is no file 'gone.npy'"),
    (["run", "net.relu", "bad.npy"], "no readable .npy"),
    (["check", "net.relu", "gone.jsonl"], "there is no file 'gone.jsonl'"),
    (["check", "net.relu", "."], "no readable certificate"),
    (
        ["emit", "net.relu", "-o", "net.relu"],
        "-o and the input net.relu are one file, net.relu; give -o another name",
    ),
    (["emit", "skip.relu", "-o", "o.npz"], "cannot be written as .npz"),
    (
        ["compile", "net.relu", "-o", "o.relu", "--no-certificate", "--certificate", "c"],
        "--certificate asks for a certificate and --no-certificate for none",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "message"), [pytest.param(*m, id=" ".join(m[0])[:50]) for m in MISTAKES]
)
def test_a_mistake_is_one_message_and_status_2(
    run: Run, arguments: list[str], message: str
) -> None:
    Path("bad.relu").write_text("input x[1]\ny = rellu(x)\noutput y\n")
    Path("data.txt").write_text("")
    Path("bad.npy").write_text("")
    Path("nodomain3.relu").write_text("input x[3]\noutput x[0]\n")
    Path("two.relu").write_text("input x[2] in [[0, 1], [-1, 1]]\noutput x\n")
    Path("elsewhere.relu").write_text("input x[2] in [5, 6]\noutput x[0]\n")
    Path("skip.relu").write_text("input x[1] in [0, 1]\nh = relu(x)\noutput h + x\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_notes_about_reading_go_to_standard_error(run: Run) -> None:
    np.savez("n.npz", W0=np.ones((1, 2)), other=np.zeros(1))
    result = run("show", "n.npz", "--canonical")
    assert "note: n.npz: the members other" in result.stderr
    assert result.stdout.startswith("{")


def test_help_and_version(run: Run) -> None:
    for command in ("compile", "emit", "stability", "verify", "check", "show", "run"):
        assert run(command, "--help").exit_code == 0
        assert command in run("--help").output
    assert "version" in run("--version").output
    assert run("compile", "net.relu").exit_code == 2


def test_library_names_are_there() -> None:
    for name in rectifold.__all__:
        assert getattr(rectifold, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rectifold.nothing
