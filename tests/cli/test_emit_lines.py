"""What is said of a rounding that is none of floats: integers, programs, and no bound at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main

TEXT = "h = relu([[1, 2], [-3, 1/3]] @ x)\noutput h[0] - h[1]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(f"input x[2] in [0, 1]\n{TEXT}")
    (tmp_path / "open.relu").write_text(f"input x[2]\n{TEXT}")
    return tmp_path


def said(*words: str) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", ["emit", "compile"])
def test_the_words_of_integers_are_said(folder: Path, command: str) -> None:
    words = "int16 weights, int16 values, int32 sums"
    asked = (command, "n.relu", "--to", "c-int32", "--max-error", "0.01", "-o", "o.c", "--force")
    assert f"integers: {words}\n" in said(*asked)
    assert words in (folder / "o.h").read_text()
    assert json.loads(said(*asked, "--json", "-"))["words"] == words
    floats = (command, "n.relu", "-o", "o.c", "--force")
    assert "integers" not in said(*floats)
    assert json.loads(said(*floats, "--json", "-"))["words"] is None


def test_a_shallow_form_in_integers_says_its_words(folder: Path) -> None:
    told = said("compile", "n.relu", "--shallow", "--to", "c-int16", "-o", "o.c", "--json", "-")
    assert json.loads(told)["words"] == "int16 weights, int16 values, int32 sums"


@pytest.mark.parametrize("command", ["emit", "compile"])
@pytest.mark.parametrize("form", ["mps", "lp"])
def test_a_program_is_off_by_what_its_header_says(folder: Path, command: str, form: str) -> None:
    output = said(command, "n.relu", "--to", form, "-o", "o.txt")
    found = re.search(r"exact network\| <= (\S+)\.\n", (folder / "o.txt").read_text())
    assert found is not None
    assert re.search(
        rf"^rounding of its numbers: at most {re.escape(found[1])} on the domain", output, re.M
    )
    assert "seen at" not in output


@pytest.mark.parametrize("form", ["c", "numpy", "onnx"])
def test_without_a_domain_a_line_says_why_no_bound_is_known(folder: Path, form: str) -> None:
    output = said("emit", "open.relu", "--to", form, "-o", "o.c")
    assert (
        "rounding of the code: no bound is known without a bounded domain; give one with --domain\n"
    ) in output
