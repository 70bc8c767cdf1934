"""Programs that are timed take turns, and say why they ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rectifold.effort.running import RacingEffort
from rectifold.runtime.compilers import ToolFailed
from rectifold.runtime.racing import Racer, least_seconds

TWICE = """
import sys
name, seconds = sys.argv[1:]
print("ready", flush=True)
for line in sys.stdin:
    with open("turns", "a") as turns:
        turns.write(f"{name}{line.strip()} ")
    print("0x1.8p+1 2.5 -inf" if line == "p\\n" else float(seconds) * int(line), flush=True)
"""


def racer(folder: Path, name: str, seconds: float = 0.001, text: str = TWICE) -> Racer:
    return Racer(name, [sys.executable, "-c", text, name, str(seconds)], folder)


def test_windows_take_turns_and_the_least_counts(tmp_path: Path) -> None:
    effort = RacingEffort(window_seconds=0.004, rounds=3)
    with racer(tmp_path, "a") as a, racer(tmp_path, "b", 0.002) as b:
        assert least_seconds([a, b], effort) == [0.001, 0.002]
    assert (tmp_path / "turns").read_text().split()[-6:] == ["a4", "b2"] * 3


def test_code_that_takes_no_time_has_windows_of_many_evaluations(tmp_path: Path) -> None:
    effort = RacingEffort(rounds=1, most_evaluations=8)
    with racer(tmp_path, "a", 0.0) as a:
        assert least_seconds([a], effort) == [0.0]
    assert (tmp_path / "turns").read_text().split() == ["a1", "a2", "a4", "a8", "a8"]


def test_outputs_are_read_as_hexadecimal_or_decimal(tmp_path: Path) -> None:
    with racer(tmp_path, "a") as a:
        assert a.outputs() == [3.0, 2.5, -float("inf")]


def test_a_program_that_ends_is_said_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="^a ended: ValueError: no$"):
        racer(tmp_path, "a", text="raise ValueError('no')")
    with pytest.raises(ToolFailed, match="^a ended: it said nothing$"):
        racer(tmp_path, "a", text="")
    once = "print('ready', flush=True); input()"
    with racer(tmp_path, "a", text=once) as a, pytest.raises(ToolFailed, match="^a ended"):
        a.window(1)


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="a cannot be started"):
        Racer("a", [str(tmp_path / "nothing")], tmp_path)


def test_a_program_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    text = "import time; time.sleep(60)"
    with pytest.raises(ToolFailed, match="a took more than 0.2 s and was ended"):
        Racer("a", [sys.executable, "-c", text], tmp_path, answer_seconds=0.2)
