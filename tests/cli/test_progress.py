"""The progress line: what is done, of how many where that is known, and for how long."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rectifold.cli.progress import Line, progress_line, progress_text


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("h", 0, 3, 0.4), "h (1 of 3), 0 s"),
        (("rewriting", 0, 0, 59.9), "rewriting, 59 s"),
        (
            ("1,000 regions compared, 7 cells wait", 49, 100, 3605.0),
            "1,000 regions compared, 7 cells wait (50 of 100), 60 min 5 s",
        ),
    ],
)
def test_the_line_says_what_of_how_many_and_since_when(
    given: tuple[str, int, int, float], line: str
) -> None:
    assert progress_text(*given) == line


def test_without_a_terminal_nobody_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        with progress_line(quiet=quiet) as progress:
            assert progress is None
    assert capsys.readouterr() == ("", "")


NETWORK = """input x[3] in [-1, 1]
h = relu([[1, 1, -1], [1, -1, 2], [2, 1, 1], [1, 0, 0]] @ x + [1/3, 0, 1, 2])
k = relu([[1, -2, 1, 0], [-1, 1, 1, 1]] @ h - [1, 0])
output k
"""


def on_a_terminal(folder: Path, *words: str) -> tuple[str, str]:
    """What is printed, and what a terminal at standard error was shown; escapes are left out."""
    main, side = pty.openpty()
    code = "from rectifold.cli.main import main; main(prog_name='rectifold')"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder, stdout=subprocess.PIPE, stderr=side, text=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    ) as process:  # fmt: skip
        os.close(side)
        shown = _all_of(main)
        assert process.stdout is not None
        printed = process.stdout.read()
    assert process.returncode == 0, shown
    return printed, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def _all_of(descriptor: int) -> str:
    parts = []
    with os.fdopen(descriptor, "rb", closefd=True) as file:
        while True:
            try:
                part = os.read(file.fileno(), 65536)
            except OSError:  # Linux says so at the end of a terminal
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.skipif(sys.platform != "linux", reason="a pseudo-terminal as Linux has it")
@pytest.mark.parametrize(
    ("words", "stages"),
    [
        (["compile", "a.relu", "o.py", "--quiet"], []),
        (
            ["compile", "a.relu", "o.py", "--certificate", "c"],
            [r"reading a.relu, \d+ s", r"making and checking the certificate, \d+ s"],
        ),
        (["verify", "a.relu", "a.relu", "--tightest"], [r"bounding the difference, \d+ s"]),
        (["stability", "a.relu"], [r"reading a.relu"]),
    ],
)
def test_a_terminal_is_told_the_stage_and_the_seconds(
    tmp_path: Path, words: list[str], stages: list[str]
) -> None:
    (tmp_path / "a.relu").write_text(NETWORK)
    _, shown = on_a_terminal(tmp_path, *words)
    if not stages:
        assert shown == ""
    for stage in stages:
        assert re.search(stage, shown), shown


def test_what_is_begun_inside_speaks_on_the_same_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_line(quiet=False, what="outer") as outer:
        assert outer is not None
        outer("first", 0, 2)
        with progress_line(quiet=False, what="inner") as inner:
            assert inner is not None
            inner("second", 1, 2)
        outer("third", 1, 2)


def test_seconds_go_on_by_themselves() -> None:
    line = Line("proving", 1, 3, started=time.monotonic() - 200)
    assert line.__rich__().plain.startswith("proving (2 of 3), 3 min ")
