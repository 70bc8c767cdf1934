"""compile --max-error-growth: what is not taken in floats is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main

STEEP = """input x[3] in [0, 1]
h = relu([[1, 1025/1024, 3], [1, 1, -1], [2, 2049/1024, 2], [0, 1/1024, 4], [1, -1, 1]] @ x +
  [1, 2, 1, 1, 0])
k = relu([[1, 0, 1, 2, 1], [0, 1, -1, 0, -1], [1, 2, -1, 1, 1]] @ h - [8, -2, 3])
output [[1, -1, 2]] @ k
"""


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    source = folder / "steep.relu"
    source.write_text(STEEP, encoding="utf-8")
    result = CliRunner().invoke(main, ["compile", str(source), *arguments])
    return result.exit_code, result.output


def test_what_is_not_taken_is_said_with_the_option_that_takes_it(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    target = str(tmp_path / "o.onnx")
    status, output = run(tmp_path, "-o", target, "--json", str(told))
    assert status == 0
    assert "carriers in 1 layer (1 unit less) were not taken: they would multiply" in " ".join(
        output.split()
    )
    assert "(--max-error-growth)" in output
    (declined,) = json.loads(told.read_text(encoding="utf-8"))["declined"]
    assert declined["layer"] == "h"
    assert declined["growth"] > 4
    free = run(tmp_path, "-o", target, "--force", "--max-error-growth", "inf")
    assert free[0] == 0
    assert "not taken" not in free[1]


def test_an_exact_format_takes_all(tmp_path: Path) -> None:
    status, output = run(tmp_path, "-o", str(tmp_path / "o.relu"), "--max-error-growth", "1")
    assert status == 0
    assert "not taken" not in output


@pytest.mark.parametrize("factor", ["nan", "0.5", "-1"])
def test_a_factor_below_one_is_refused(tmp_path: Path, factor: str) -> None:
    status, output = run(tmp_path, "-o", str(tmp_path / "o.c"), "--max-error-growth", factor)
    assert status == 2
    assert f"--max-error-growth is {float(factor)}; a number from 1 on is expected" in output
