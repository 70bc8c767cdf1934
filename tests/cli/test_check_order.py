"""check: files in the wrong order, and what is no text, are told by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.relu").write_text("input x[1] in [-1, 1]\noutput relu(x)\n")


def refusal(*words: str) -> str:
    result = CliRunner().invoke(main, ["check", *words])
    assert result.exit_code == 2, result.output
    return result.output


def test_swapped_files_are_said_to_be_swapped() -> None:
    Path("proof.certificate").write_text("{}\n")
    said = refusal("proof.certificate", "a.relu")
    assert "the network comes first, then the certificate: rectifold check a.relu proof" in said


def test_bytes_are_no_certificate() -> None:
    Path("c").write_bytes(b"\xed\xff")
    assert "c is no certificate, which is a text; --certificate writes one" in refusal(
        "a.relu", "c"
    )


def test_a_certificate_may_be_called_json() -> None:
    runner = CliRunner()
    made = runner.invoke(main, ["compile", "a.relu", "o.relu", "--certificate", "proof.json"])
    assert made.exit_code == 0, made.output
    assert runner.invoke(main, ["check", "a.relu", "proof.json"]).exit_code == 0
