"""docs/from-pytorch.md: its program runs, and writes what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-pytorch.md"


def test_the_program_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile(program, "from-pytorch.md", "exec"), names)
    said = capsys.readouterr().out
    assert said.startswith("holds\n")
    text = Path("controller.h").read_text()
    assert "controller_eval" in text
    names["small"].certificate.save("controller.certificate")
    names["small"].save("words.c", "c-int16", max_error=0.01)
    assert names["small"].to_torch() is not None
