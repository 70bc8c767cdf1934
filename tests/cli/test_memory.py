"""--memory-limit: one line instead of a machine that swaps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rectifold.runtime.memory import used_megabytes

pytestmark = pytest.mark.skipif(
    used_megabytes() == 0, reason="this system does not say what a process uses"
)


def stability(network: Path, limit: int) -> tuple[int, list[str]]:
    """The exit status and the lines of standard error."""
    command = [
        sys.executable,
        "-m",
        "rectifold",
        "stability",
        str(network),
        "--domain",
        "[0,1]",
        "--quiet",
    ]
    done = subprocess.run(
        [*command, "--memory-limit", str(limit)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    return done.returncode, done.stderr.splitlines()


def test_a_network_beyond_the_limit_is_refused_in_one_line(tmp_path: Path) -> None:
    weights = np.full((6000, 6000), 0.3)  # 288 MB, and the program itself
    np.savez(tmp_path / "big.npz", W0=weights, b0=np.zeros(6000), W1=weights[:1], b1=np.zeros(1))
    status, lines = stability(tmp_path / "big.npz", 300)
    assert status == 2
    assert len(lines) == 1
    assert "memory" in lines[0]


def test_a_limit_that_is_enough_changes_nothing_and_one_that_is_used_up_says_so(
    tmp_path: Path,
) -> None:
    np.savez(
        tmp_path / "small.npz",
        W0=np.ones((2, 2)),
        b0=np.zeros(2),
        W1=np.ones((1, 2)),
        b1=np.zeros(1),
    )
    assert stability(tmp_path / "small.npz", 4000) == (0, [])
    status, lines = stability(tmp_path / "small.npz", 1)
    assert status == 2
    assert lines[0].startswith(
        "error: the memory limit of 1 MB is reached before anything is read ("
    )
    assert lines[0].endswith("give more")
