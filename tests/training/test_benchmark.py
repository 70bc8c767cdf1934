"""The benchmark of the recipes runs on digits: a layer shrinks, and the certificate holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")

ROOT = Path(__file__).resolve().parents[2]


def test_the_benchmark_of_recipes_runs_on_digits(tmp_path: Path) -> None:
    told = tmp_path / "rows.json"
    command = [sys.executable, "benchmarks/training.py", "--quick", "--only", "collapsing"]
    options = ["--processes", "1", "--json", str(told)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(told.read_text())
    units = [row["sizes"][kind]["units"] for kind in ("trained", "structure", "proof", "carriers")]
    assert units[0] == 80
    assert units == sorted(units, reverse=True)
    assert units[2] < units[1]
    assert row["certificate"] == "holds"
    assert row["before"] == row["after"]
    assert f"| {row['name']} | 1 |" in done.stdout
