"""`rectifold prove`: its answers everywhere, what it writes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main

NETWORK = "input x[2] in [-1, 1]\noutput relu([[1, 1/2], [-1, 1]] @ x)\n"
BOX = "(assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))\n"
Invoke = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(NETWORK)
    Path("true.vnnlib").write_text(f"{BOX}(assert (>= Y_0 1.75))")
    Path("false.vnnlib").write_text(f"{BOX}(assert (or (<= Y_0 -1) (>= Y_0 1.25)))")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return invoke


def test_a_property_that_holds_has_a_certificate(run: Invoke) -> None:
    done = run("prove", "n.relu", "true.vnnlib", "--certificate", "p.cert")
    assert done.exit_code == 0
    assert "true holds: no point of its domain meets its unsafe case" in done.output
    assert "the certificate holds" in done.output
    assert "wrote p.cert" in done.output
    again = run("check", "n.relu", "p.cert", "--property", "true.vnnlib")
    assert again.exit_code == 0
    assert "holds: the property is true" in again.output
    other = run("check", "n.relu", "p.cert", "--property", "false.vnnlib")
    assert other.exit_code == 1
    assert "another property" in other.output


def test_a_property_that_is_refuted_has_an_exact_point(run: Invoke) -> None:
    done = run("prove", "n.relu", "false.vnnlib", "--counterexample", "x.json")
    assert done.exit_code == 1
    assert "false is refuted: at this point case 2 is met, exactly" in done.output
    saved = json.loads(Path("x.json").read_text())
    x = [Fraction(v) for v in saved["input"]]
    assert all(-1 <= v <= 1 for v in x)
    assert Fraction(saved["outputs"][0]) == max(x[0] + x[1] / 2, Fraction(0))
    assert Fraction(saved["outputs"][0]) >= Fraction(5, 4)
    assert (saved["part"], saved["case"]) == (0, 1)


@pytest.mark.parametrize(
    ("never", "why"),
    [
        ("(>= X_0 2)", "input 0 has the empty range"),
        (
            "(>= (+ X_0 X_1) 3)",
            "the domain is empty: no point of the box satisfies the linear constraints",
        ),
    ],
)
@pytest.mark.parametrize(("least", "status"), [("1.75", 0), ("1.25", 1)])
def test_a_case_that_no_input_meets_decides_nothing(
    run: Invoke, never: str, why: str, least: str, status: int
) -> None:
    Path("p.vnnlib").write_text(f"{BOX}(assert (or (and {never} (>= Y_1 0)) (>= Y_0 {least})))")
    done = run("prove", "n.relu", "p.vnnlib", "--certificate", "p.cert")
    assert done.exit_code == status, done.output
    assert f"of 2 is met by no input ({why}" in done.stderr
    if status == 0:
        again = run("check", "n.relu", "p.cert", "--property", "p.vnnlib", "--quiet")
        assert (again.exit_code, again.stderr) == (0, "")


def test_a_pair_of_which_a_case_has_no_pair_of_points(run: Invoke) -> None:
    both = BOX + BOX.replace("X_0", "X_2").replace("X_1", "X_3")
    same = "(= X_0 X_2) (= X_1 X_3)"
    Path("p.vnnlib").write_text(
        f"{both}(assert (or (and {same} (>= X_0 (+ X_2 1)) (>= Y_0 0)) "
        f"(and {same} (>= (- Y_0 Y_2) 1))))"
    )
    done = run("prove", "n.relu", "p.vnnlib", "--beside", "n.relu")
    assert done.exit_code == 0, done.output
    assert "is met by no input" in done.stderr


def test_a_point_for_other_programs(run: Invoke) -> None:
    run("compile", "n.relu", "-o", "n.onnx", "--domain", "[-1,1]", "--to", "onnx")
    done = run("prove", "n.onnx", "false.vnnlib", "--counterexample", "x.npy")
    assert done.exit_code == 1
    assert "at a float32 point near it o" in done.output  # onnxruntime, or onnx.reference
    assert "the case is met there too" in done.output
    assert "wrote x.npy (an unsafe float32 point of the domain)" in done.output
    x = np.load("x.npy")
    assert (x.shape, x.dtype) == ((1, 2), np.float32)
    exact = [Fraction(float(v)) for v in x.ravel()]
    assert max(exact[0] + exact[1] / 2, Fraction(0)) >= Fraction(5, 4)


def test_a_domain_without_floats_has_no_point_for_other_programs(run: Invoke) -> None:
    third = "(assert (and (= X_0 (/ 1 3)) (>= X_1 0) (<= X_1 1) (>= Y_0 0)))"
    Path("third.vnnlib").write_text(third)
    done = run("prove", "n.relu", "third.vnnlib", "--counterexample", "x.npy")
    assert done.exit_code == 1
    assert "x.npy was not written: no float64 point of the domain that is unsafe" in done.output
    assert not Path("x.npy").exists()


def test_json(run: Invoke) -> None:
    told = json.loads(run("prove", "n.relu", "true.vnnlib", "--json", "-").output)
    assert (told["verdict"], told["certificate"], told["trusted"]) == ("holds", "holds", 0)
    told = json.loads(run("prove", "n.relu", "false.vnnlib", "--json", "-").output)
    assert (told["verdict"], told["certificate"], told["cases"]) == ("refuted", None, 2)


def test_what_can_be_neither_proved_nor_refuted_is_undecided(run: Invoke) -> None:
    """y_0 reaches 3/2 and not more, but a margin above 0 is asked for, as one end is closed."""
    Path("just.vnnlib").write_text(f"{BOX}(assert (and (> Y_0 1.5) (<= Y_0 5)))")
    done = run("prove", "n.relu", "just.vnnlib", "--time-limit", "1")
    assert done.exit_code == 3
    assert "just is undecided: no unsafe point was found; 0 of 1 case proved" in done.output
    told = json.loads(
        run("prove", "n.relu", "just.vnnlib", "--time-limit", "1", "--json", "-").output
    )
    assert (told["verdict"], told["proved"], told["counterexample"]) == ("undecided", 0, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove", "n.relu", "gone.vnnlib"], "there is no file 'gone.vnnlib'"),
        (["prove", "n.relu", "true.vnnlib", "--certificate", "n.relu"], "n.relu"),
        (
            ["check", "n.relu", "n.relu", "--property", "true.vnnlib", "--domain", "[0,1]"],
            "--domain and a property do not go together",
        ),
        (
            ["check", "n.relu", "n.relu", "--property", "true.vnnlib", "--result", "n.relu"],
            "--result does not go with a property",
        ),
    ],
)
def test_what_is_refused(run: Invoke, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_an_empty_domain_is_refused(run: Invoke) -> None:
    Path("empty.vnnlib").write_text(f"{BOX}(assert (>= (+ X_0 X_1) 3)) (assert (>= Y_0 1))")
    done = run("prove", "n.relu", "empty.vnnlib")
    assert done.exit_code == 2
    assert "the domain is empty" in done.output


# ---- what a text ensures ------------------------------------------------------------------------

ENSURING = """network level
input x[2] in [-1, 1]
h = relu(x)
ensure 0 <= h <= 1
ensure h[0] + h[1] < 2.5
{more}
output h[0] - h[1]
"""


def test_what_a_text_ensures_is_proved_and_checked(run: Invoke) -> None:
    Path("level.relu").write_text(ENSURING.format(more=""))
    done = run("prove", "level.relu", "--certificate", "l.cert")
    assert done.exit_code == 0
    assert "level holds: no point of its domain meets an unsafe case" in done.output
    assert run("check", "level.relu", "l.cert").exit_code == 0
    small = run("prove", "level.relu", "--domain", "[0,1/2]")
    assert small.exit_code == 0
    Path("level.relu").write_text(ENSURING.format(more="ensure h[0] < 1"))
    changed = run("check", "level.relu", "l.cert")
    assert changed.exit_code == 1
    assert "another network" in changed.output


def test_a_strict_sign_is_strict(run: Invoke) -> None:
    """h_0 reaches 1, so h_0 <= 1 holds and h_0 < 1 does not."""
    Path("level.relu").write_text(ENSURING.format(more="ensure h[0] < 1"))
    done = run("prove", "level.relu", "--json", "-")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert Fraction(told["counterexample"]["input"][0]) == 1


def test_a_network_that_ensures_nothing_is_told_so(run: Invoke) -> None:
    done = run("prove", "n.relu")
    assert done.exit_code == 2
    assert "ensures nothing, and no property is given; name a VNN-LIB file" in done.output
    assert "(check: --property FILE)" in done.output


@pytest.mark.parametrize("asked", [("prove", "n.relu"), ("verify", "n.relu", "n.relu")])
def test_a_file_for_a_point_is_refused_before_any_work(run: Invoke, asked: tuple[str, ...]) -> None:
    done = run(*asked, "--counterexample", "point.txt")
    assert done.exit_code == 2
    assert "--counterexample point.txt: a point is written as .json (exactly)" in done.output


def test_compile_proves_first_what_is_ensured(run: Invoke) -> None:
    Path("level.relu").write_text(ENSURING.format(more=""))
    done = run("compile", "level.relu", "-o", "small.relu", "--ensure", "--json", "r.json")
    assert done.exit_code == 0
    assert "level holds: no point of its domain meets an unsafe case" in done.output
    told = json.loads(Path("r.json").read_text())
    assert told["ensured"] == "level holds: no point of its domain meets an unsafe case"
    assert told["guarantee"] == "equal"
    Path("level.relu").write_text(ENSURING.format(more="ensure h[0] < 1"))
    failed = run("compile", "level.relu", "-o", "other.relu", "--ensure", "--json", "f.json")
    assert failed.exit_code == 1
    assert "nothing is written: --ensure asks for what NET ensures" in failed.output
    assert not Path("other.relu").exists()
    assert json.loads(Path("f.json").read_text())["verdict"] == "refuted"


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        ("n.relu", [], "ensures nothing"),
        ("level.relu", ["--within", "1"], "--ensure proves something of NET, and what is compiled"),
    ],
)
def test_where_nothing_can_be_ensured(
    run: Invoke, network: str, options: list[str], message: str
) -> None:
    Path("level.relu").write_text(ENSURING.format(more=""))
    done = run("compile", network, "-o", "out.relu", "--ensure", *options)
    assert done.exit_code == 2
    assert message in done.output


def test_relations_of_two_points(run: Invoke) -> None:
    rises = ("--monotone", "x[0] y[0]", "--decreasing", "x[0] y[1]")
    done = run("prove", "n.relu", *rises, "--certificate", "m.cert")
    assert done.exit_code == 0
    assert "monotone x[0] y[0], decreasing x[0] y[1] holds: no pair of points" in done.output
    again = run("check", "n.relu", "m.cert", *rises)
    assert again.exit_code == 0
    assert "true of the two networks side by side" in again.output
    assert run("check", "n.relu", "m.cert", *rises, "--slack", "1").exit_code == 1
    alone = run("check", "n.relu", "m.cert")
    assert alone.exit_code == 2
    assert "name what it was proved of" in alone.output


def test_a_refuted_relation_shows_both_points(run: Invoke) -> None:
    done = run("prove", "n.relu", "--monotone", "x[0] y[1]", "--counterexample", "x.json")
    assert done.exit_code == 1
    assert "at these two points its unsafe case is met, exactly" in done.output
    assert "  x'[1] = " in done.output
    assert "  y'[0] = " in done.output
    saved = json.loads(Path("x.json").read_text())
    a, b, c, d = (Fraction(v) for v in saved["input"])
    y = [Fraction(v) for v in saved["outputs"]]
    assert (b, c > a, y[3] < y[1]) == (d, True, True)
    assert (y[1], y[3]) == (max(b - a, Fraction(0)), max(d - c, Fraction(0)))
    arrays = run("prove", "n.relu", "--monotone", "x[0] y[1]", "--counterexample", "x.npy")
    assert "two points are no input of the model" in arrays.output
    assert not Path("x.npy").exists()


def test_a_property_of_two_networks(run: Invoke) -> None:
    Path("m.relu").write_text("input x[2] in [-1, 1]\noutput relu([[1, 1/2], [-1, 1]] @ x) + 1\n")
    box = "".join(f"(assert (and (>= X_{k} -1) (<= X_{k} 1)))" for k in range(4))
    same = "(assert (and (= X_0 X_2) (= X_1 X_3)))"
    Path("less.vnnlib").write_text(f"{box}{same}(assert (<= Y_2 Y_0))")
    done = run("prove", "n.relu", "less.vnnlib", "--beside", "m.relu", "--certificate", "b.cert")
    assert done.exit_code == 0
    both = ("--property", "less.vnnlib", "--beside", "m.relu")
    assert run("check", "n.relu", "b.cert", *both).exit_code == 0
    assert run("check", "m.relu", "b.cert", *both).exit_code == 1


def test_robustness_around_a_sample(run: Invoke) -> None:
    np.save("s.npy", np.array([0.5, 0.0]))
    done = run("prove", "n.relu", "--robust", "1/8", "--at", "s.npy", "--certificate", "r.cert")
    assert done.exit_code == 0
    assert "y[0] largest within 1/8 holds" in done.output
    assert run("check", "n.relu", "r.cert", "--robust", "1/8", "--at", "s.npy").exit_code == 0
    assert run("prove", "n.relu", "--robust", "1", "--at", "1/2, 0").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lipschitz", "1", "--monotone", "x[0] y[0]"], "ask one thing at a time"),
        (["true.vnnlib", "--lipschitz", "1"], "ask one thing at a time"),
        (["--beside", "n.relu"], "--beside needs a property file"),
        (["--robust", "1"], "--robust RADIUS and --at POINT go together"),
        (["--robust", "1", "--at", "0, 1", "--slack", "1"], "--slack goes with --monotone"),
        (["--lipschitz", "-1"], "--lipschitz is -1; it is at least 0"),
        (["--monotone", "x[0]"], "an input and an output are expected"),
        (["true.vnnlib", "--beside", "n.relu"], "is not declared"),
    ],
)
def test_relations_that_are_not_read(run: Invoke, arguments: list[str], message: str) -> None:
    Path("true.vnnlib").write_text(f"(declare-const X_0 Real)\n{BOX}")
    done = run("prove", "n.relu", *arguments)
    assert done.exit_code == 2
    assert message in done.output
