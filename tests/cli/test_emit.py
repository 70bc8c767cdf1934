"""`rectifold emit`: what it says of the files that it wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main

TEXT = "input x[2] in [0, 1]\nh = relu([[1, 2], [-3, 1/3]] @ x)\noutput h[0] - h[1]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(TEXT)
    return tmp_path


def said(*words: str) -> str:
    done = CliRunner().invoke(main, ["emit", "n.relu", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_line_says_the_rounding_and_a_line_the_costs(folder: Path) -> None:
    rounding, costs, wrote = said("-o", "o.py").splitlines()
    assert rounding.startswith("rounding of the code: at most ")
    assert "; seen at " in rounding
    assert costs == "costs: 104 bytes of constants, 6 multiply-adds, at most 14 operations"
    assert wrote == "wrote o.py"


def test_exact_formats_round_nothing(folder: Path) -> None:
    assert said("-o", "o.relu").splitlines() == [
        "costs: 6 multiply-adds, at most 14 operations",
        "wrote o.relu",
    ]


def test_quiet_says_nothing(folder: Path) -> None:
    assert said("-o", "o.c", "--quiet") == ""


def test_standard_output_gets_the_network_alone(folder: Path) -> None:
    assert "costs" not in said("-o", "-", "--to", "relu")


def test_the_json_names_the_files_by_their_digests(folder: Path) -> None:
    told = json.loads(said("-o", "o.c", "--json", "-"))
    assert [one["file"] for one in told["files"]] == ["o.c", "o.h"]
    for one in told["files"]:
        data = (folder / one["file"]).read_bytes()
        assert one["bytes"] == len(data)
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
    assert (told["format"], told["precision"]) == ("c", "float64")
    assert told["observed_error"]["result"] <= told["error_bound"]


def test_json_to_standard_output_beside_the_network_is_refused(folder: Path) -> None:
    done = CliRunner().invoke(main, ["emit", "n.relu", "-o", "-", "--to", "relu", "--json", "-"])
    assert done.exit_code == 2
