"""`emit --to c-int16` and `compile --to c-int32`: what is printed, written and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import rectifold
from rectifold.cli.main import main
from rectifold.errors import InputError

TEXT = "input x[2] in [0, 1]\nh = relu([[1, 2], [-3, 1/3]] @ x)\noutput h[0] - h[1]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(TEXT)
    return tmp_path


def run(status: int, *words: str) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == status, done.output
    return done.output


def test_the_bound_is_in_the_json_and_never_below_what_is_seen(folder: Path) -> None:
    told = json.loads(run(0, "emit", "n.relu", "--to", "c-int16", "-o", "o.c", "--json", "-"))
    assert [one["file"] for one in told["files"]] == ["o.c", "o.h"]
    assert 0 < told["observed_error"]["result"] <= told["error_bound"] < 0.01
    assert told["observed_error"]["points"] == 10_000
    weights, biases_and_shifts, ends = 6 * 2, 3 * (4 + 1), 2 * 2 * 2
    assert told["costs"]["constants"] == weights + biases_and_shifts + ends


def test_an_error_that_is_asked_for_chooses_the_words(folder: Path) -> None:
    words = ("emit", "n.relu", "--to", "c-int32", "-o", "o.c", "--force", "--max-error")
    for error, kind in (("1/100", "int16_t o_value"), ("1e-7", "int32_t o_value")):
        run(0, *words, error)
        assert kind in (folder / "o.h").read_text(encoding="ascii")
    told = json.loads(run(0, *words, "1e-7", "--json", "-"))
    assert [one["words"] for one in told["words_tried"]][:1] == [
        "int16 weights, int16 values, int32 sums"
    ]
    assert all(one["error_bound"] > 1e-7 for one in told["words_tried"])
    header = (folder / "o.h").read_text(encoding="ascii").replace("\n *  ", "")
    assert "asked for: int16 weights, int16 values, int32 sums: at most " in header
    assert "is certified with no words of up to 32 bits" in run(2, *words, "1e-30")
    assert "'abc' is not a number; give a number such as 0.01" in run(2, *words, "abc")
    assert "no error can be asked of the format c, " in run(
        2, "emit", "n.relu", "--to", "c", "-o", "p.c", "--max-error", "1"
    )


def test_compile_writes_integers_of_the_smaller_network(folder: Path) -> None:
    out = run(0, "compile", "n.relu", "--to", "c-int32", "-o", "o.c", "--single-file")
    assert "rounding of the written code: at most " in out
    assert (
        "seen at 10,000 points (NumPy computes the layers in int32, in the code's order): " in out
    )
    assert not (folder / "o.h").exists()
    assert "int32 weights, int32 values, int64 sums" in (folder / "o.c").read_text()


def test_the_json_of_compile_has_the_error_of_integers_that_was_seen(folder: Path) -> None:
    words = ("compile", "n.relu", "--to", "c-int16", "-o", "o.c", "--json", "-")
    told = json.loads(run(0, *words))
    seen = told["observed_error"]
    assert 0 < seen["result"] <= told["error_bound"]
    assert (seen["points"], seen["precision"], seen["source"]) == (10_000, "int16", None)


def test_errors_of_a_compiled_network_are_seen_inside_its_constraints(folder: Path) -> None:
    """Outside of them the unit that was removed counts."""
    (folder / "n.relu").write_text(
        "input x[2] in [0, 1]\nassume x[0] + x[1] <= 1/2\n"
        "h = relu([[4, 4], [1, 2]] @ x + [-3, 0])\noutput h[0] + h[1]\n"
    )
    words = ("compile", "n.relu", "--to", "c-int16", "-o", "o.c", "--json", "-")
    told = json.loads(run(0, *words))
    assert told["observed_error"]["result"] <= told["error_bound"] < 0.01
    assert 500 < told["observed_error"]["points"] < 5000


def test_a_domain_without_ends_is_refused_and_nothing_is_written(folder: Path) -> None:
    out = run(2, "emit", "n.relu", "--domain", "all", "--to", "c-int16", "-o", "o.c")
    assert "a domain without ends, and integers need the range of every value" in out
    assert "--domain [0,1]" in out.replace('"', "")
    assert not (folder / "o.c").exists()


def test_python_writes_integers_with_an_error_that_is_asked_for(folder: Path) -> None:
    compiled = rectifold.compile("n.relu")
    compiled.save("o.c", "c-int32", max_error=0.001)
    assert "int16_t o_value" in (folder / "o.h").read_text(encoding="ascii")
    bound = compiled.error_bound("c-int16")
    assert bound is not None
    assert 0 < bound[0] < 0.001
    with pytest.raises(InputError, match="an error of at most 1e-9 is certified with no words"):
        compiled.save("o.c", "c-int16", max_error=1e-9, force=True)
    with pytest.raises(InputError, match="max_error is one number"):
        rectifold.emit("n.relu", "p.c", "c-int16", max_error=[1, 2])
