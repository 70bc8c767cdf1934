"""A sample of benchmarks/damaged_files.py: a damaged file is read or refused, never a fault of
ours.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rectifold.errors import InputError
from rectifold.formats.load import load

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "damaged_files.py"


def test_a_sample_of_damaged_files() -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        str(SCRIPT),
        "--count",
        "40",
        "--seed",
        "5",
        "--seconds",
        "inf",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert len(rows) == 9
    for row in rows:
        assert int(row[1]) + int(row[2]) == 40, row


def test_a_file_of_an_editor_that_marks_utf_8_is_read(tmp_path: Path) -> None:
    (tmp_path / "n.relu").write_bytes("\ufeffinput x[1]\r\noutput 2*x\r\n".encode())
    assert load(tmp_path / "n.relu").network.input_size == 1
    (tmp_path / "n.relu").write_bytes("input x[1]\noutput 2*x\n".encode("utf-16"))
    with pytest.raises(InputError, match="no readable text"):
        load(tmp_path / "n.relu")
